/* open and its flags, creat, close, dup, descriptor flags. */
#include "../posix.h"

static void check_open(void)
{
	int fd, second;
	struct stat st;
	char byte, name[300];

	fd = open("f", O_RDWR | O_CREAT | O_EXCL, 0640);
	CHECK("open.DESCRIPTION.O_CREAT", fd >= 0);
	REQUIRE(fd >= 0);
	fstat(fd, &st);
	EQUALS("open.DESCRIPTION.size0", st.st_size, 0);
	EQUALS("open.DESCRIPTION.offset0", lseek(fd, 0, SEEK_CUR), 0);
	second = open("f", O_RDONLY);
	EQUALS("open.DESCRIPTION.lowest", second, fd + 1);
	close(second);
	FAILS("open.ERRORS.EEXIST", open("f", O_RDWR | O_CREAT | O_EXCL, 0640), EEXIST);
	FAILS("open.ERRORS.ENOENT", open("none", O_RDONLY), ENOENT);
	FAILS("open.ERRORS.ENOENT.directory", open("none/x", O_RDWR | O_CREAT, 0600), ENOENT);
	FAILS("open.ERRORS.ENOENT.empty", open("", O_RDONLY), ENOENT);
	FAILS("open.ERRORS.ENOTDIR", open("f/x", O_RDONLY), ENOTDIR);
	FAILS("open.ERRORS.ENOTDIR.slash", open("f/", O_RDONLY), ENOTDIR);
	FAILS("open.ERRORS.ENOTDIR.O_DIRECTORY", open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	FAILS("open.ERRORS.EISDIR.write", open(".", O_WRONLY), EISDIR);
	FAILS("open.ERRORS.EISDIR.rdwr", open(".", O_RDWR), EISDIR);
	memset(name, 'n', 256);
	name[256] = 0;
	FAILS("open.ERRORS.ENAMETOOLONG", open(name, O_RDWR | O_CREAT, 0600), ENAMETOOLONG);
	name[255] = 0;
	second = open(name, O_RDWR | O_CREAT, 0600);
	CHECK("open.DESCRIPTION.NAME_MAX", second >= 0);
	close(second);
	unlink(name);
	symlink("loop", "loop");
	FAILS("open.ERRORS.ELOOP", open("loop", O_RDONLY), ELOOP);
	symlink("f", "link");
	FAILS("open.ERRORS.ELOOP.O_NOFOLLOW", open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
	FAILS("open.ERRORS.EEXIST.symlink", open("loop", O_WRONLY | O_CREAT | O_EXCL, 0600),
		EEXIST);
	EQUALS("write.DESCRIPTION", write(fd, "hello", 5), 5);
	second = open("f", O_WRONLY);
	FAILS("read.ERRORS.EBADF.write_only", read(second, &byte, 1), EBADF);
	close(second);
	second = open("f", O_RDONLY);
	FAILS("write.ERRORS.EBADF.read_only", write(second, "x", 1), EBADF);
	EQUALS("open.DESCRIPTION.own_offset", read(second, &byte, 1), 1);
	EQUALS("open.DESCRIPTION.own_offset.value", byte, 'h');
	FAILS("ftruncate.ERRORS.EINVAL.read_only", ftruncate(second, 0), EINVAL);
	close(second);
	second = open("f", O_RDWR | O_TRUNC);
	fstat(fd, &st);
	EQUALS("open.DESCRIPTION.O_TRUNC", st.st_size, 0);
	close(second);
	close(fd);
	fd = creat("c", 0600);
	CHECK("creat.DESCRIPTION", fd >= 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY);
	close(fd);
	FAILS("close.ERRORS.EBADF", close(fd), EBADF);
	FAILS("close.ERRORS.EBADF.negative", close(-1), EBADF);
	FAILS("read.ERRORS.EBADF", read(fd, &byte, 1), EBADF);
	fd = open(".", O_RDONLY | O_DIRECTORY);
	CHECK("open.DESCRIPTION.O_DIRECTORY", fd >= 0);
	FAILS("read.ERRORS.EISDIR", read(fd, &byte, 1), EISDIR);
	second = openat(fd, "f", O_RDONLY);
	CHECK("openat.DESCRIPTION", second >= 0);
	close(second);
	second = openat(AT_FDCWD, "f", O_RDONLY);
	CHECK("openat.DESCRIPTION.AT_FDCWD", second >= 0);
	FAILS("openat.ERRORS.ENOTDIR", openat(second, "x", O_RDONLY), ENOTDIR);
	FAILS("openat.ERRORS.EBADF", openat(700, "x", O_RDONLY), EBADF);
	close(second), close(fd);
}

static void check_umask(void)
{
	mode_t old = umask(027);
	struct stat st;
	int fd = open("u", O_RDWR | O_CREAT, 0777);

	fstat(fd, &st);
	EQUALS("umask.DESCRIPTION.open", st.st_mode & 07777, 0750);
	close(fd);
	mkdir("ud", 0777);
	stat("ud", &st);
	EQUALS("umask.DESCRIPTION.mkdir", st.st_mode & 0777, 0750);
	EQUALS("umask.RETURN_VALUE", umask(old), 027);
}

static void check_append(void)
{
	int fd = open("a", O_WRONLY | O_APPEND | O_CREAT, 0600), other = open("a", O_RDWR),
	    lines = 0;
	struct stat st;
	pid_t children[3];
	char record[64], seen[64];
	bool whole = true;

	REQUIRE(fd >= 0 && other >= 0);
	write(fd, "one", 3);
	pwrite(other, "XYZW", 4, 0);
	EQUALS("write.DESCRIPTION.O_APPEND", write(fd, "two", 3), 3);
	EQUALS("write.DESCRIPTION.O_APPEND.offset", lseek(fd, 0, SEEK_CUR), 7);
	EQUALS("write.DESCRIPTION.O_APPEND.read", pread(other, seen, 10, 0), 7);
	CHECK("write.DESCRIPTION.O_APPEND.value", memcmp(seen, "XYZWtwo", 7) == 0);
	EQUALS("fcntl.DESCRIPTION.F_SETFL", fcntl(other, F_SETFL, O_APPEND), 0);
	CHECK("fcntl.DESCRIPTION.F_GETFL", fcntl(other, F_GETFL) & O_APPEND);
	lseek(other, 0, SEEK_SET);
	write(other, "3", 1);
	fstat(fd, &st);
	EQUALS("fcntl.DESCRIPTION.O_APPEND_set", st.st_size, 8);
	ftruncate(other, 0);
	for (int c = 0; c < 3; c++) {
		children[c] = fork();
		if (children[c] == 0) {
			int mine = open("a", O_WRONLY | O_APPEND);

			memset(record, 'A' + c, sizeof(record));
			for (int i = 0; i < 100; i++)
				if (write(i & 1 ? mine : fd, record, sizeof(record)) !=
					(ssize_t)sizeof(record))
					_exit(1);
			_exit(0);
		}
	}
	for (int c = 0; c < 3; c++)
		EQUALS("write.DESCRIPTION.O_APPEND_processes", ended(children[c]), 0);
	fstat(fd, &st);
	EQUALS("write.DESCRIPTION.O_APPEND_no_loss", st.st_size, 300 * (int)sizeof(record));
	while (pread(other, record, sizeof(record), lines * (int)sizeof(record)) ==
		(ssize_t)sizeof(record)) {
		memset(seen, record[0], sizeof(seen));
		whole &= memcmp(seen, record, sizeof(record)) == 0;
		lines++;
	}
	CHECK("write.DESCRIPTION.O_APPEND_whole", whole && lines == 300);
	close(fd), close(other);
}

static void check_dup(void)
{
	int fd = make_file("d", 100), copy, high;

	REQUIRE(fd >= 0);
	copy = dup(fd);
	EQUALS("dup.DESCRIPTION.lowest", copy, fd + 1);
	lseek(fd, 30, SEEK_SET);
	EQUALS("dup.DESCRIPTION.offset_shared", lseek(copy, 0, SEEK_CUR), 30);
	FAILS("dup.ERRORS.EBADF", dup(700), EBADF);
	EQUALS("dup2.RETURN_VALUE", dup2(fd, 50), 50);
	EQUALS("dup2.DESCRIPTION.same", dup2(fd, fd), fd);
	EQUALS("dup2.DESCRIPTION.closes", dup2(copy, 50), 50);
	FAILS("dup2.ERRORS.EBADF.old", dup2(700, 51), EBADF);
	FAILS("dup2.ERRORS.EBADF.new", dup2(fd, -1), EBADF);
	FAILS("dup2.ERRORS.EBADF.new_too_large", dup2(fd, 100000000), EBADF);
	high = fcntl(fd, F_DUPFD, 60);
	EQUALS("fcntl.DESCRIPTION.F_DUPFD", high, 60);
	EQUALS("fcntl.DESCRIPTION.F_DUPFD_next", fcntl(fd, F_DUPFD, 60), 61);
	FAILS("fcntl.ERRORS.EINVAL.F_DUPFD", fcntl(fd, F_DUPFD, -1), EINVAL);
	EQUALS("fcntl.DESCRIPTION.F_DUPFD_no_cloexec", fcntl(high, F_GETFD), 0);
	EQUALS("fcntl.DESCRIPTION.F_SETFD", fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
	EQUALS("fcntl.DESCRIPTION.F_GETFD", fcntl(fd, F_GETFD), FD_CLOEXEC);
	EQUALS("fcntl.DESCRIPTION.flag_is_descriptor's", fcntl(copy, F_GETFD), 0);
	close(high);
	high = fcntl(fd, F_DUPFD_CLOEXEC, 70);
	CHECK("fcntl.DESCRIPTION.F_DUPFD_CLOEXEC",
		high == 70 && fcntl(high, F_GETFD) == FD_CLOEXEC);
	close(high), close(61), close(50);
	close(fd);
	EQUALS("close.DESCRIPTION.copy_stays", lseek(copy, 0, SEEK_CUR), 30);
	CHECK("fcntl.DESCRIPTION.F_GETFL_mode", (fcntl(copy, F_GETFL) & O_ACCMODE) == O_RDWR);
	FAILS("fcntl.ERRORS.EBADF", fcntl(700, F_GETFL), EBADF);
	FAILS("fcntl.ERRORS.EINVAL.command", fcntl(copy, 12345), EINVAL);
	close(copy);
	fd = open("d", O_RDONLY | O_CLOEXEC);
	EQUALS("open.DESCRIPTION.O_CLOEXEC", fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
}

/* Descriptors run out, and are all there again. */
static void check_emfile(void)
{
	static int fds[2000];
	int count = 0;

	while (count < 2000 && (fds[count] = open("/dev/null", O_RDONLY)) >= 0)
		count++;
	if (count < 2000)
		EQUALS("open.ERRORS.EMFILE", errno, EMFILE);
	FAILS("dup.ERRORS.EMFILE", count < 2000 ? dup(0) : (errno = EMFILE, -1), EMFILE);
	while (count > 0)
		close(fds[--count]);
	fds[0] = open("/dev/null", O_RDONLY);
	CHECK("open.DESCRIPTION.after_EMFILE", fds[0] >= 0);
	close(fds[0]);
}

void case_open(void)
{
	check_open();
	check_umask();
	check_emfile();
}

void case_append(void)
{
	check_append();
}

void case_dup(void)
{
	check_dup();
}
