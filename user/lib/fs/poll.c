/* poll and select.
 *
 * The kernel waits for files and pipes; of a channel it only knows that it is one (POLLASK). So its
 * server is asked (FS_POLL), and if it is not ready will tell the kernel when that may have changed.
 * kernel/poll.c has the protocol.
 *
 * Looking is done under the caller's mask, waiting under the mask of ppoll or pselect, which the
 * kernel sets and takes back. So what is ready is reported before a signal that only the other mask
 * lets through, as on Linux.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>
#include <quire/fs.h>
#include "../internal.h"

_Static_assert(sizeof(struct pollfd) == sizeof(struct quire_pollfd) && POLLIN == QUIRE_POLLIN &&
		       POLLOUT == QUIRE_POLLOUT && POLLHUP == QUIRE_POLLHUP &&
		       POLLNVAL == QUIRE_POLLNVAL,
	"struct pollfd is the kernel's");

#define FEW_FDS	   32
#define POLLED_MAX QUIRE_FD_MAX

/* What a channel's server says; one that can't say is always ready. */
static short ask_events(int fd, short events)
{
	struct __libc_request request = {.label = FS_POLL, .w1 = (uint16_t)events};
	int status = __libc_ask(fd, &request);

	if (status < 0)
		return events & (POLLIN | POLLOUT);
	return (short)(status & (events | POLLERR | POLLHUP));
}

/* A wait, or a look with a deadline of 0; a cancellation point. */
static int ask_kernel(struct quire_pollfd *set, nfds_t count, uint64_t deadline, uint32_t *changes,
	const uint32_t *mask)
{
	int status;

	__libc_cancel_begin();
	status = sys_poll(set, count, deadline, changes, mask);
	__libc_cancel_end();
	return status;
}

/* One look at everything, or a wait if there are no channels. Fills revents; `set` is scratch of the
 * same length. Channels found not ready are counted. */
static int look(struct pollfd *fds, nfds_t count, struct quire_pollfd *set, uint64_t deadline,
	uint32_t *changes, const uint32_t *mask, unsigned int *idle_channels)
{
	int ready = 0;
	int status;

	*idle_channels = 0;
	*changes = 0;
	for (nfds_t i = 0; i < count; i++) {
		set[i] = (struct quire_pollfd){
			.fd = fds[i].fd < 0 ? -1 : fds[i].fd, .events = fds[i].events};
		if (fds[i].fd >= QUIRE_FD_MAX)
			set[i].fd = -1;
	}
	status = ask_kernel(set, count, deadline, changes, mask);
	if (status < 0)
		return status;
	for (nfds_t i = 0; i < count; i++) {
		fds[i].revents = set[i].revents;
		if (fds[i].fd >= QUIRE_FD_MAX)
			fds[i].revents = POLLNVAL;
		else if (set[i].revents & QUIRE_POLLASK) {
			fds[i].revents = ask_events(set[i].fd, fds[i].events);
			if (!fds[i].revents)
				(*idle_channels)++;
		}
		if (fds[i].revents)
			ready++;
	}
	return ready;
}

/* The channels of the set left out, waits for the rest, or for servers to tell of a change. */
static int wait_for_change(struct quire_pollfd *set, nfds_t count, uint64_t deadline,
	uint32_t changes, const uint32_t *mask)
{
	for (nfds_t i = 0; i < count; i++) {
		if (set[i].revents)
			set[i].fd = -1;
		set[i].revents = 0;
	}
	return ask_kernel(set, count, deadline, &changes, mask);
}

static int poll_until(struct pollfd *fds, nfds_t count, uint64_t deadline, const uint32_t *mask)
{
	struct quire_pollfd few[FEW_FDS];
	struct quire_pollfd *set = few;
	int ready;

	if (count > POLLED_MAX)
		return -EINVAL;
	if (!__libc_writable(fds, count * sizeof(*fds)))
		return -EFAULT;
	if (count > FEW_FDS)
		set = malloc(count * sizeof(*set));
	if (!set)
		return -ENOMEM;
	for (;;) {
		unsigned int idle_channels;
		uint32_t changes;
		bool over;

		ready = look(fds, count, set, deadline, &changes, mask, &idle_channels);
		if (ready != 0 || idle_channels == 0)
			break;
		/* With a mask even a wait without time looks for the signals that it lets through. */
		over = deadline <= sys_clock(QUIRE_CLOCK_MONOTONIC);
		if (!over || mask)
			ready = wait_for_change(set, count, deadline, changes, mask);
		if (ready < 0)
			break;
		ready = 0;
		if (over)
			break;
	}
	if (set != few)
		free(set);
	return ready;
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
	uint64_t deadline = QUIRE_FOREVER;

	if (timeout >= 0)
		deadline = sys_clock(QUIRE_CLOCK_MONOTONIC) + (uint64_t)timeout * 1000000;
	return (int)__libc_result(poll_until(fds, count, deadline, NULL));
}

static int deadline_after(const struct timespec *timeout, uint64_t *deadline)
{
	uint64_t now = sys_clock(QUIRE_CLOCK_MONOTONIC);
	uint64_t ns;

	*deadline = QUIRE_FOREVER;
	if (!timeout)
		return 0;
	if (!__libc_timespec_valid(timeout))
		return -EINVAL;
	ns = __libc_timespec_ns(timeout);
	if (ns < QUIRE_FOREVER - 1 - now)
		*deadline = now + ns;
	return 0;
}

static int masked(const sigset_t *mask, struct pollfd *fds, nfds_t count, uint64_t deadline)
{
	uint32_t bits;

	if (!mask)
		return poll_until(fds, count, deadline, NULL);
	if (!__libc_readable(mask, sizeof(*mask)))
		return -EFAULT;
	bits = (uint32_t)*mask;
	return poll_until(fds, count, deadline, &bits);
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	uint64_t deadline;
	int status = deadline_after(timeout, &deadline);

	return (int)__libc_result(status < 0 ? status : masked(mask, fds, count, deadline));
}

/* ------------------------------------------------------------------ select */

static bool in_set(int fd, const fd_set *set)
{
	return set && FD_ISSET(fd, set);
}

static nfds_t gather(int n, const fd_set *readfds, const fd_set *writefds, const fd_set *exceptfds,
	struct pollfd *fds)
{
	nfds_t count = 0;

	for (int fd = 0; fd < n; fd++) {
		short events = 0;

		if (in_set(fd, readfds))
			events |= POLLIN;
		if (in_set(fd, writefds))
			events |= POLLOUT;
		if (in_set(fd, exceptfds))
			events |= POLLPRI;
		if (events)
			fds[count++] = (struct pollfd){.fd = fd, .events = events};
	}
	return count;
}

static int scatter(const struct pollfd *fds, nfds_t count, fd_set *readfds, fd_set *writefds)
{
	int bits = 0;

	for (nfds_t i = 0; i < count; i++) {
		if (fds[i].events & POLLIN && fds[i].revents & (POLLIN | POLLHUP | POLLERR)) {
			FD_SET(fds[i].fd, readfds);
			bits++;
		}
		if (fds[i].events & POLLOUT && fds[i].revents & (POLLOUT | POLLERR)) {
			FD_SET(fds[i].fd, writefds);
			bits++;
		}
	}
	return bits;
}

static int select_until(int n, fd_set *readfds, fd_set *writefds, fd_set *exceptfds,
	uint64_t deadline, const sigset_t *mask)
{
	struct pollfd few[FEW_FDS];
	struct pollfd *fds = few;
	nfds_t count;
	int status;

	if (n < 0 || n > FD_SETSIZE)
		return -EINVAL;
	if (n > FEW_FDS)
		fds = malloc((size_t)n * sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	count = gather(n, readfds, writefds, exceptfds, fds);
	status = masked(mask, fds, count, deadline);
	for (nfds_t i = 0; status > 0 && i < count; i++) {
		if (fds[i].revents & POLLNVAL)
			status = -EBADF;
	}
	if (status >= 0) {
		if (readfds)
			FD_ZERO(readfds);
		if (writefds)
			FD_ZERO(writefds);
		if (exceptfds)
			FD_ZERO(exceptfds);
		status = scatter(fds, count, readfds, writefds);
	}
	if (fds != few)
		free(fds);
	return status;
}

int select(int n, fd_set *readfds, fd_set *writefds, fd_set *exceptfds, struct timeval *timeout)
{
	struct timespec ts;
	uint64_t deadline;
	int status;

	if (timeout) {
		if (timeout->tv_usec < 0 || timeout->tv_usec >= 1000000)
			return (int)__libc_result(-EINVAL);
		ts = (struct timespec){timeout->tv_sec, timeout->tv_usec * 1000};
	}
	status = deadline_after(timeout ? &ts : NULL, &deadline);
	if (status == 0)
		status = select_until(n, readfds, writefds, exceptfds, deadline, NULL);
	return (int)__libc_result(status);
}

int pselect(int n, fd_set *readfds, fd_set *writefds, fd_set *exceptfds,
	const struct timespec *timeout, const sigset_t *mask)
{
	uint64_t deadline;
	int status = deadline_after(timeout, &deadline);

	if (status == 0)
		status = select_until(n, readfds, writefds, exceptfds, deadline, mask);
	return (int)__libc_result(status);
}
