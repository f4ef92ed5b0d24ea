/* read, write and their forms, lseek, truncate, fallocate, fsync. */
#include "../posix.h"

#include <limits.h>
#include <sys/uio.h>

static void check_seek(void)
{
	int fd = make_file("s", 100), ends[2];
	struct stat st;
	char bytes[8];

	REQUIRE(fd >= 0 && pipe(ends) == 0);
	EQUALS("lseek.DESCRIPTION.SEEK_SET", lseek(fd, 10, SEEK_SET), 10);
	EQUALS("lseek.DESCRIPTION.SEEK_CUR", lseek(fd, -4, SEEK_CUR), 6);
	EQUALS("lseek.DESCRIPTION.SEEK_END", lseek(fd, 20, SEEK_END), 120);
	FAILS("lseek.ERRORS.EINVAL.negative", lseek(fd, -1, SEEK_SET), EINVAL);
	FAILS("lseek.ERRORS.EINVAL.whence", lseek(fd, 0, 99), EINVAL);
	FAILS("lseek.ERRORS.ESPIPE", lseek(ends[0], 0, SEEK_SET), ESPIPE);
	FAILS("lseek.ERRORS.EBADF", lseek(700, 0, SEEK_SET), EBADF);
	EQUALS("lseek.DESCRIPTION.error_keeps_offset", lseek(fd, 0, SEEK_CUR), 120);
	EQUALS("read.DESCRIPTION.at_end", read(fd, bytes, 8), 0);
	EQUALS("write.DESCRIPTION.past_end", write(fd, "E", 1), 1);
	fstat(fd, &st);
	EQUALS("write.DESCRIPTION.extends", st.st_size, 121);
	EQUALS("lseek.DESCRIPTION.gap_read", pread(fd, bytes, 8, 110), 8);
	CHECK("lseek.DESCRIPTION.gap_zero", memcmp(bytes, "\0\0\0\0\0\0\0\0", 8) == 0);
	EQUALS("read.DESCRIPTION.short_at_end", pread(fd, bytes, 8, 118), 3);
	EQUALS("read.DESCRIPTION.0_bytes", read(fd, bytes, 0), 0);
	EQUALS("write.DESCRIPTION.0_bytes", write(fd, bytes, 0), 0);
	lseek(fd, 5, SEEK_SET);
	EQUALS("pwrite.RETURN_VALUE", pwrite(fd, "P", 1, 50), 1);
	EQUALS("pread.RETURN_VALUE", pread(fd, bytes, 1, 50), 1);
	EQUALS("pread.DESCRIPTION.value", bytes[0], 'P');
	EQUALS("pread.DESCRIPTION.offset_stays", lseek(fd, 0, SEEK_CUR), 5);
	FAILS("pread.ERRORS.EINVAL", pread(fd, bytes, 1, -1), EINVAL);
	FAILS("pwrite.ERRORS.EINVAL", pwrite(fd, bytes, 1, -1), EINVAL);
	FAILS("pread.ERRORS.ESPIPE", pread(ends[0], bytes, 1, 0), ESPIPE);
	FAILS("pwrite.ERRORS.ESPIPE", pwrite(ends[1], bytes, 1, 0), ESPIPE);
	close(fd), close(ends[0]), close(ends[1]);
}

static void check_holes(void)
{
	int fd = open("h", O_RDWR | O_CREAT, 0600);
	off_t data, hole;

	REQUIRE(fd >= 0 && pwrite(fd, "x", 1, 64 * PAGE) == 1);
	fsync(fd);
	data = lseek(fd, 0, SEEK_DATA);
	CHECK("lseek.DECIDED.SEEK_DATA", data >= 0 && data <= (off_t)(64 * PAGE));
	hole = lseek(fd, 0, SEEK_HOLE);
	CHECK("lseek.DECIDED.SEEK_HOLE", hole == 0 || hole == (off_t)(64 * PAGE + 1));
	EQUALS("lseek.DECIDED.SEEK_HOLE_at_end", lseek(fd, 64 * PAGE, SEEK_HOLE), 64 * PAGE + 1);
	EQUALS("lseek.DECIDED.SEEK_DATA_in_data", lseek(fd, 64 * PAGE, SEEK_DATA), 64 * PAGE);
	FAILS("lseek.DECIDED.ENXIO.data", lseek(fd, 64 * PAGE + 1, SEEK_DATA), ENXIO);
	FAILS("lseek.DECIDED.ENXIO.hole", lseek(fd, 64 * PAGE + 1, SEEK_HOLE), ENXIO);
	close(fd);
}

static void check_vectors(void)
{
	int fd = open("v", O_RDWR | O_CREAT, 0600);
	char a[4] = "abc", b[6] = "defgh", c[3], d[10];
	struct iovec out[3] = {{a, 3}, {b, 0}, {b, 5}}, in[2] = {{c, 3}, {d, 10}};

	REQUIRE(fd >= 0);
	EQUALS("writev.RETURN_VALUE", writev(fd, out, 3), 8);
	lseek(fd, 0, SEEK_SET);
	EQUALS("readv.RETURN_VALUE", readv(fd, in, 2), 8);
	CHECK("readv.DESCRIPTION.order", memcmp(c, "abc", 3) == 0 && memcmp(d, "defgh", 5) == 0);
	EQUALS("readv.DESCRIPTION.end", readv(fd, in, 2), 0);
	FAILS("readv.ERRORS.EINVAL.count", readv(fd, in, 100000), EINVAL);
	FAILS("readv.ERRORS.EBADF", readv(700, in, 2), EBADF);
	EQUALS("pwritev.DECIDED", pwritev(fd, out, 3, 4), 8);
	EQUALS("preadv.DECIDED", preadv(fd, in, 2, 4), 8);
	CHECK("preadv.DECIDED.value", memcmp(c, "abc", 3) == 0);
	close(fd);
}

static void check_truncate(void)
{
	int fd = make_file("t", 3 * PAGE), ends[2];
	struct stat st;
	char bytes[4];

	REQUIRE(fd >= 0 && pipe(ends) == 0);
	lseek(fd, 50, SEEK_SET);
	EQUALS("ftruncate.RETURN_VALUE", ftruncate(fd, 100), 0);
	fstat(fd, &st);
	EQUALS("ftruncate.DESCRIPTION.size", st.st_size, 100);
	EQUALS("ftruncate.DESCRIPTION.offset_stays", lseek(fd, 0, SEEK_CUR), 50);
	EQUALS("truncate.RETURN_VALUE.grow", truncate("t", 2 * PAGE), 0);
	EQUALS("truncate.DESCRIPTION.grown_read", pread(fd, bytes, 4, 98), 4);
	CHECK("truncate.DESCRIPTION.zeros", bytes[1] == 'a' && bytes[2] == 0 && bytes[3] == 0);
	FAILS("ftruncate.ERRORS.EINVAL.negative", ftruncate(fd, -1), EINVAL);
	FAILS("truncate.ERRORS.EINVAL.negative", truncate("t", -1), EINVAL);
	FAILS("ftruncate.ERRORS.EBADF", ftruncate(700, 0), EBADF);
	FAILS("ftruncate.ERRORS.EINVAL.pipe", ftruncate(ends[1], 0), EINVAL);
	FAILS("truncate.ERRORS.ENOENT", truncate("none", 0), ENOENT);
	FAILS("truncate.ERRORS.EISDIR", truncate(".", 0), EISDIR);
	FAILS("truncate.ERRORS.ENOTDIR", truncate("t/x", 0), ENOTDIR);
	EQUALS("posix_fallocate.RETURN_VALUE", posix_fallocate(fd, 2 * PAGE, 3 * PAGE), 0);
	fstat(fd, &st);
	EQUALS("posix_fallocate.DESCRIPTION.size", st.st_size, 5 * PAGE);
	EQUALS("posix_fallocate.RETURN_VALUE.inside", posix_fallocate(fd, 0, PAGE), 0);
	fstat(fd, &st);
	EQUALS("posix_fallocate.DESCRIPTION.keeps_size", st.st_size, 5 * PAGE);
	EQUALS("posix_fallocate.DESCRIPTION.keeps_bytes",
		pread(fd, bytes, 1, 99) == 1 && bytes[0] == 'a', 1);
	EQUALS("posix_fallocate.ERRORS.EINVAL.length0", posix_fallocate(fd, 0, 0), EINVAL);
	EQUALS("posix_fallocate.ERRORS.EINVAL.negative", posix_fallocate(fd, -1, 5), EINVAL);
	EQUALS("posix_fallocate.ERRORS.EBADF", posix_fallocate(700, 0, 5), EBADF);
	EQUALS("posix_fallocate.ERRORS.ESPIPE", posix_fallocate(ends[1], 0, 5), ESPIPE);
	EQUALS("fsync.RETURN_VALUE", fsync(fd), 0);
	EQUALS("fdatasync.RETURN_VALUE", fdatasync(fd), 0);
	FAILS("fsync.ERRORS.EBADF", fsync(700), EBADF);
	FAILS("fsync.ERRORS.EINVAL", fsync(ends[0]), EINVAL);
	sync();
	close(fd), close(ends[0]), close(ends[1]);
	fd = open("t", O_RDWR | O_SYNC);
	EQUALS("open.DESCRIPTION.O_SYNC", write(fd, "sync", 4), 4);
	close(fd);
	FAILS("ftruncate.ERRORS.EBADF.closed", ftruncate(fd, 0), EBADF);
}

/* A write and a read that cross pages, at every kind of boundary. */
static void check_large(void)
{
	int fd = open("l", O_RDWR | O_CREAT, 0600);
	size_t size = 40 * PAGE + 123;
	unsigned char *out = malloc(size), *in = calloc(1, size);
	bool same = true;

	REQUIRE(fd >= 0 && out && in);
	for (size_t i = 0; i < size; i++)
		out[i] = (unsigned char)(i * 7 + i / PAGE);
	EQUALS("write.DESCRIPTION.large", write(fd, out, size), size);
	EQUALS("read.DESCRIPTION.large", pread(fd, in, size, 0), size);
	CHECK("read.DESCRIPTION.large.value", memcmp(in, out, size) == 0);
	for (size_t at = 0; at + 5000 < size; at += 3333)
		same &= pread(fd, in, 5000, (off_t)at) == 5000 && memcmp(in, out + at, 5000) == 0;
	CHECK("pread.DESCRIPTION.unaligned", same);
	free(out), free(in);
	close(fd);
}

void case_lseek(void)
{
	check_seek();
	check_holes();
}

void case_readv(void)
{
	check_vectors();
	check_large();
}

void case_truncate(void)
{
	check_truncate();
}
