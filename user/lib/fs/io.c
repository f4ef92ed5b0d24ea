/* read, write and lseek. On a file or a pipe each is exactly one system call; the kernel says
 * ENOTSUP for a channel, and then its server is asked.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <quire/fs.h>
#include "../internal.h"
#include "channel.h"

_Static_assert(sizeof(struct iovec) == sizeof(struct quire_iovec) &&
		       offsetof(struct iovec, iov_len) == offsetof(struct quire_iovec, len),
	"struct iovec is the kernel's");

ssize_t read(int fd, void *buf, size_t len)
{
	long result;

	if (len > INT32_MAX)
		len = INT32_MAX;
	__libc_cancel_begin();
	result = sys_read(__libc_fd(fd), buf, len);
	if (result == -ENOTSUP)
		result = __libc_channel_read(fd, buf, len);
	__libc_cancel_end();
	return __libc_result(result);
}

ssize_t write(int fd, const void *buf, size_t len)
{
	long result;

	if (len > INT32_MAX)
		len = INT32_MAX;
	__libc_cancel_begin();
	result = sys_write(__libc_fd(fd), buf, len);
	if (result == -ENOTSUP)
		result = __libc_channel_write(fd, buf, len);
	__libc_cancel_end();
	return __libc_result(result);
}

ssize_t pread(int fd, void *buf, size_t len, off_t offset)
{
	long result;

	if (offset < 0)
		return __libc_result(-EINVAL);
	if (len > INT32_MAX)
		len = INT32_MAX;
	result = sys_pread(__libc_fd(fd), buf, len, offset);
	return __libc_result(result == -ENOTSUP ? -ESPIPE : result);
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset)
{
	long result;

	if (offset < 0)
		return __libc_result(-EINVAL);
	if (len > INT32_MAX)
		len = INT32_MAX;
	result = sys_pwrite(__libc_fd(fd), buf, len, offset);
	return __libc_result(result == -ENOTSUP ? -ESPIPE : result);
}

/* ------------------------------------------------------------------ vectors */

static int check_vector(const struct iovec *iov, int count)
{
	uint32_t total = 0;

	if (count < 0 || count > UIO_MAXIOV)
		return -EINVAL;
	if (!__libc_readable(iov, (size_t)count * sizeof(*iov)))
		return -EFAULT;
	for (int i = 0; i < count; i++) {
		if (iov[i].iov_len > INT32_MAX - total)
			return -EINVAL;
		total += iov[i].iov_len;
	}
	return 0;
}

/* One element at a time, for what is no stream. */
static long channel_vector(int fd, const struct iovec *iov, int count, bool writing)
{
	long done = 0;

	for (int i = 0; i < count; i++) {
		long moved;

		if (iov[i].iov_len == 0)
			continue;
		moved = writing ? __libc_channel_write(fd, iov[i].iov_base, iov[i].iov_len)
				: __libc_channel_read(fd, iov[i].iov_base, iov[i].iov_len);
		if (moved < 0)
			return done ? done : moved;
		done += moved;
		if ((size_t)moved < iov[i].iov_len)
			break;
	}
	return done;
}

static size_t vector_bytes(const struct iovec *iov, int count)
{
	size_t total = 0;

	for (int i = 0; i < count; i++)
		total += iov[i].iov_len;
	return total;
}

static long vector(int fd, const struct iovec *iov, int count, bool writing)
{
	long done = 0;
	int status = check_vector(iov, count);

	if (status < 0)
		return status;
	do {
		int piece = count < QUIRE_IOV_MAX ? count : QUIRE_IOV_MAX;
		const struct quire_iovec *kernel_iov = (const struct quire_iovec *)iov;
		long moved = writing ? sys_writev(__libc_fd(fd), kernel_iov, piece)
				     : sys_readv(__libc_fd(fd), kernel_iov, piece);

		if (moved == -ENOTSUP)
			return channel_vector(fd, iov, count, writing);
		if (moved < 0)
			return done ? done : moved;
		done += moved;
		if ((size_t)moved < vector_bytes(iov, piece))
			break;
		iov += piece;
		count -= piece;
	} while (count > 0);
	return done;
}

ssize_t readv(int fd, const struct iovec *iov, int count)
{
	return __libc_result(vector(fd, iov, count, false));
}

ssize_t writev(int fd, const struct iovec *iov, int count)
{
	return __libc_result(vector(fd, iov, count, true));
}

static long vector_at(int fd, const struct iovec *iov, int count, off_t offset, bool writing)
{
	long done = 0;
	int status = check_vector(iov, count);

	if (status < 0)
		return status;
	if (offset < 0)
		return -EINVAL;
	for (int i = 0; i < count; i++) {
		int64_t at = (int64_t)offset + done;
		long moved =
			writing ? sys_pwrite(__libc_fd(fd), iov[i].iov_base, iov[i].iov_len, at)
				: sys_pread(__libc_fd(fd), iov[i].iov_base, iov[i].iov_len, at);

		if (moved == -ENOTSUP)
			moved = -ESPIPE;
		if (moved < 0)
			return done ? done : moved;
		done += moved;
		if ((size_t)moved < iov[i].iov_len)
			break;
	}
	return done;
}

ssize_t preadv(int fd, const struct iovec *iov, int count, off_t offset)
{
	return __libc_result(vector_at(fd, iov, count, offset, false));
}

ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
	return __libc_result(vector_at(fd, iov, count, offset, true));
}

/* ------------------------------------------------------------------ seeking */

/* Where the next data, or the next hole, is at or after an offset. A file without a server, such as a
 * memfd, is data up to its end. */
static int next_region(int fd, int64_t from, bool hole, int64_t *found)
{
	struct fs_range range = {.offset = (uint64_t)from};
	struct fs_range answer;
	struct __libc_request request = {.label = FS_SEEK_DATA,
		.w1 = hole,
		.data = &range,
		.data_bytes = sizeof(range),
		.out = &answer,
		.out_size = sizeof(answer)};
	struct quire_obj_info info;
	int status = sys_obj_info(fd, &info);

	if (status < 0)
		return status;
	if (info.kind == QUIRE_OBJ_PIPE || info.kind == QUIRE_OBJ_STREAM_CHANNEL)
		return -ESPIPE;
	if (from < 0 || (uint64_t)from >= info.size)
		return -ENXIO;
	if (info.kind != QUIRE_OBJ_PAGED) {
		*found = hole ? (int64_t)info.size : from;
		return 0;
	}
	status = __libc_ask(fd, &request);
	if (status < 0)
		return status;
	if (request.out_bytes < sizeof(uint64_t))
		return -EIO;
	*found = (int64_t)answer.offset;
	return 0;
}

static int seek(int fd, int64_t offset, int whence, int64_t limit, int64_t *result)
{
	int64_t before = 0;
	int status;

	if (whence == SEEK_DATA || whence == SEEK_HOLE) {
		status = next_region(fd, offset, whence == SEEK_HOLE, &offset);
		if (status < 0)
			return status;
		if (offset > limit)
			return -EOVERFLOW;
		whence = SEEK_SET;
	}
	if (whence != SEEK_SET && offset > 0) {
		status = sys_seek(fd, 0, SEEK_CUR, &before);
		if (status < 0)
			return status;
	}
	status = sys_seek(fd, offset, whence, result);
	if (status < 0 || *result <= limit)
		return status;
	sys_seek(fd, before, SEEK_SET, NULL);
	return -EOVERFLOW;
}

off_t lseek(int fd, off_t offset, int whence)
{
	int64_t result = 0;
	int status = seek(__libc_fd(fd), offset, whence, INT32_MAX, &result);

	if (status == -ENOTSUP)
		status = -ESPIPE;
	return status < 0 ? __libc_result(status) : (off_t)result;
}

__loff_t lseek64(int fd, __loff_t offset, int whence)
{
	int64_t result = 0;
	int status = seek(__libc_fd(fd), offset, whence, INT64_MAX, &result);

	if (status == -ENOTSUP)
		status = -ESPIPE;
	return status < 0 ? __libc_result(status) : result;
}
