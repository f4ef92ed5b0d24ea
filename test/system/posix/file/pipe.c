/* Pipes, fifos, poll and select. */
#include "../posix.h"

#include <limits.h>
#include <poll.h>
#include <sys/select.h>

static void check_pipe(void)
{
	int ends[2];
	char bytes[PIPE_BUF];
	ssize_t total = 0, n;
	pid_t child;
	struct stat st;

	EQUALS("pipe.RETURN_VALUE", pipe(ends), 0);
	EQUALS("pipe.DESCRIPTION.flags", fcntl(ends[0], F_GETFD) | fcntl(ends[1], F_GETFD), 0);
	EQUALS("pipe.DESCRIPTION.write", write(ends[1], "hello", 5), 5);
	EQUALS("pipe.DESCRIPTION.read_part", read(ends[0], bytes, 3), 3);
	EQUALS("pipe.DESCRIPTION.read_rest", read(ends[0], bytes, 100), 2);
	FAILS("read.ERRORS.EBADF.write_end", read(ends[1], bytes, 1), EBADF);
	FAILS("write.ERRORS.EBADF.read_end", write(ends[0], bytes, 1), EBADF);
	EQUALS("fstat.DESCRIPTION.pipe", fstat(ends[0], &st) == 0 && S_ISFIFO(st.st_mode), 1);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	FAILS("read.ERRORS.EAGAIN", read(ends[0], bytes, 1), EAGAIN);
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	memset(bytes, 'p', sizeof(bytes));
	while ((n = write(ends[1], bytes, sizeof(bytes))) > 0)
		total += n;
	CHECK("write.ERRORS.EAGAIN", n == -1 && errno == EAGAIN);
	CHECK("pipe.DESCRIPTION.capacity", total >= (ssize_t)sizeof(bytes));
	read(ends[0], bytes, 100);
	FAILS("write.DESCRIPTION.PIPE_BUF_all_or_nothing", write(ends[1], bytes, PIPE_BUF), EAGAIN);
	total -= 100;
	while (total > 0 && (n = read(ends[0], bytes, sizeof(bytes))) > 0)
		total -= n;
	EQUALS("pipe.DESCRIPTION.all_read", total, 0);
	close(ends[1]);
	EQUALS("read.DESCRIPTION.end_of_pipe", read(ends[0], bytes, 1), 0);
	close(ends[0]);

	/* More than fits; the writer waits. */
	REQUIRE(pipe(ends) == 0);
	child = fork();
	if (child == 0) {
		static char big[200000];

		close(ends[0]);
		memset(big, 'B', sizeof(big));
		_exit(write(ends[1], big, sizeof(big)) == (ssize_t)sizeof(big) ? 0 : 1);
	}
	close(ends[1]);
	total = 0;
	while ((n = read(ends[0], bytes, sizeof(bytes))) > 0)
		total += n;
	EQUALS("write.DESCRIPTION.blocks_until_all", total, 200000);
	EQUALS("write.DESCRIPTION.blocks_until_all.status", ended(child), 0);
	close(ends[0]);
	FAILS("pipe.ERRORS.EFAULT", pipe((int *)16), EFAULT);
}

/* Writes up to PIPE_BUF from several processes do not mix. */
static void check_atomic(void)
{
	int ends[2], pieces = 0, wrong = 0;
	unsigned char piece[512];
	pid_t children[3];

	REQUIRE(pipe(ends) == 0);
	for (int c = 0; c < 3; c++) {
		children[c] = fork();
		if (children[c] == 0) {
			memset(piece, 'A' + c, sizeof(piece));
			for (int i = 0; i < 60; i++)
				if (write(ends[1], piece, sizeof(piece)) != (ssize_t)sizeof(piece))
					_exit(1);
			_exit(0);
		}
	}
	close(ends[1]);
	for (;;) {
		size_t got = 0;

		while (got < sizeof(piece)) {
			ssize_t n = read(ends[0], piece + got, sizeof(piece) - got);

			if (n <= 0)
				break;
			got += (size_t)n;
		}
		if (got < sizeof(piece))
			break;
		pieces++;
		for (size_t i = 1; i < sizeof(piece); i++)
			wrong += piece[i] != piece[0];
	}
	EQUALS("write.DESCRIPTION.PIPE_BUF_whole", wrong, 0);
	EQUALS("write.DESCRIPTION.PIPE_BUF_all", pieces, 180);
	for (int c = 0; c < 3; c++)
		ended(children[c]);
	close(ends[0]);
}

static void check_fifo(void)
{
	struct stat st;
	int in, out;
	char bytes[20];
	pid_t child;

	EQUALS("mkfifo.RETURN_VALUE", mkfifo("p", 0640), 0);
	EQUALS("mkfifo.DESCRIPTION.type", stat("p", &st) == 0 && S_ISFIFO(st.st_mode), 1);
	EQUALS("mkfifo.DESCRIPTION.mode", st.st_mode & 0777, 0640);
	FAILS("mkfifo.ERRORS.EEXIST", mkfifo("p", 0600), EEXIST);
	FAILS("mkfifo.ERRORS.ENOENT", mkfifo("none/p", 0600), ENOENT);
	FAILS("open.ERRORS.ENXIO", open("p", O_WRONLY | O_NONBLOCK), ENXIO);
	child = fork();
	if (child == 0) {
		out = open("p", O_WRONLY);
		_exit(write(out, "through", 7) == 7 ? 0 : 1);
	}
	in = open("p", O_RDONLY);
	CHECK("open.DESCRIPTION.fifo_meets_writer", in >= 0);
	EQUALS("read.DESCRIPTION.fifo", read(in, bytes, sizeof(bytes)), 7);
	EQUALS("open.DESCRIPTION.fifo_writer", ended(child), 0);
	EQUALS("read.DESCRIPTION.fifo_end", read(in, bytes, sizeof(bytes)), 0);
	close(in);
	in = open("p", O_RDONLY | O_NONBLOCK);
	CHECK("open.DESCRIPTION.fifo_nonblock_read", in >= 0);
	out = open("p", O_WRONLY | O_NONBLOCK);
	CHECK("open.DESCRIPTION.fifo_nonblock_write", out >= 0);
	FAILS("read.ERRORS.EAGAIN.fifo", read(in, bytes, 1), EAGAIN);
	EQUALS("write.DESCRIPTION.fifo", write(out, "x", 1), 1);
	EQUALS("read.DESCRIPTION.fifo_byte", read(in, bytes, 1), 1);
	FAILS("lseek.ERRORS.ESPIPE.fifo", lseek(in, 0, SEEK_SET), ESPIPE);
	close(in), close(out);
	unlink("p");
}

static void check_poll(void)
{
	int ends[2], file = make_file("f", 1);
	struct pollfd p[3];
	long long before;
	fd_set r, w;
	struct timeval tv = {0, 30000};
	pid_t child;

	REQUIRE(pipe(ends) == 0 && file >= 0);
	p[0].fd = ends[0], p[0].events = POLLIN, p[1].fd = ends[1], p[1].events = POLLOUT;
	p[2].fd = 700, p[2].events = POLLIN;
	EQUALS("poll.DESCRIPTION.POLLOUT", poll(p, 2, 0), 1);
	CHECK("poll.DESCRIPTION.which", p[0].revents == 0 && p[1].revents == POLLOUT);
	EQUALS("poll.DESCRIPTION.POLLNVAL", poll(p + 2, 1, 0) == 1 && p[2].revents == POLLNVAL, 1);
	p[2].fd = -1;
	EQUALS("poll.DESCRIPTION.negative_ignored", poll(p + 2, 1, 0) == 0 && p[2].revents == 0, 1);
	before = now_ms();
	EQUALS("poll.DESCRIPTION.timeout", poll(p, 1, 30), 0);
	CHECK("poll.DESCRIPTION.timeout_time", now_ms() - before >= 30);
	child = fork();
	if (child == 0) {
		until_waiting(getppid());
		_exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
	}
	EQUALS("poll.DESCRIPTION.waits", poll(p, 1, 100000), 1);
	EQUALS("poll.DESCRIPTION.POLLIN", p[0].revents, POLLIN);
	ended(child);
	p[2].fd = file, p[2].events = POLLIN | POLLOUT;
	EQUALS("poll.DESCRIPTION.regular_file", poll(p + 2, 1, 0), 1);
	EQUALS("poll.DESCRIPTION.regular_file.events", p[2].revents, POLLIN | POLLOUT);
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(ends[0], &r);
	FD_SET(ends[1], &w);
	EQUALS("select.RETURN_VALUE", select(ends[1] + 1, &r, &w, NULL, &tv), 2);
	CHECK("select.DESCRIPTION.set", FD_ISSET(ends[0], &r) && FD_ISSET(ends[1], &w));
	{
		char byte;

		read(ends[0], &byte, 1);
	}
	FD_ZERO(&r);
	FD_SET(ends[0], &r);
	before = now_ms();
	tv.tv_sec = 0, tv.tv_usec = 30000;
	EQUALS("select.DESCRIPTION.timeout", select(ends[0] + 1, &r, NULL, NULL, &tv), 0);
	CHECK("select.DESCRIPTION.timeout_cleared",
		!FD_ISSET(ends[0], &r) && now_ms() - before >= 30);
	{
		int gone = dup(file);

		close(gone);
		FD_ZERO(&r);
		FD_SET(gone, &r);
		FAILS("select.ERRORS.EBADF", select(gone + 1, &r, NULL, NULL, &tv), EBADF);
	}
	FAILS("select.ERRORS.EINVAL", select(-1, NULL, NULL, NULL, &tv), EINVAL);
	close(ends[1]);
	EQUALS("poll.DESCRIPTION.hangup", poll(p, 1, 1000), 1);
	CHECK("poll.DESCRIPTION.POLLHUP", p[0].revents & POLLHUP);
	close(ends[0]);
	REQUIRE(pipe(ends) == 0);
	close(ends[0]);
	p[1].fd = ends[1];
	EQUALS("poll.DESCRIPTION.no_reader", poll(p + 1, 1, 1000), 1);
	CHECK("poll.DESCRIPTION.POLLERR", p[1].revents & POLLERR);
	close(ends[1]), close(file);
	EQUALS("isatty.DESCRIPTION.file", isatty(file), 0);
}

void case_pipe(void)
{
	check_pipe();
	check_atomic();
}

void case_fifo(void)
{
	check_fifo();
}

void case_poll(void)
{
	check_poll();
}
