/* Large and sparse files, and the end of what a position can be. */
#include "../posix.h"

#include <limits.h>

void case_large(void)
{
	int fd = open("l", O_RDWR | O_CREAT, 0600);
	char bytes[8];
	struct stat st;
	unsigned char *p;

	REQUIRE(fd >= 0);
	EQUALS("pwrite.DESCRIPTION.sparse", pwrite(fd, "far", 3, 500 * 1024 * 1024), 3);
	EQUALS("fstat.DESCRIPTION.sparse_size", fstat(fd, &st) == 0 && st.st_size == 524288003, 1);
	EQUALS("pread.DESCRIPTION.hole", pread(fd, bytes, 4, 100 * 1024 * 1024), 4);
	CHECK("pread.DESCRIPTION.hole_zero", memcmp(bytes, "\0\0\0\0", 4) == 0);
	fsync(fd);
	fstat(fd, &st);
	CHECK("fstat.DESCRIPTION.sparse_blocks", st.st_blocks < 2000);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 500 * 1024 * 1024);
	REQUIRE(p != MAP_FAILED);
	CHECK("mmap.DESCRIPTION.far_offset", !memcmp(p, "far", 3) && p[3] == 0);
	p[0] = 'F';
	munmap(p, 2 * PAGE);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 200 * 1024 * 1024);
	REQUIRE(p != MAP_FAILED);
	EQUALS("mmap.DESCRIPTION.hole_load", load_faults(p), 0);
	EQUALS("mmap.DESCRIPTION.hole_store", store_faults(p + 9, 'h'), 0);
	munmap(p, PAGE);
	EQUALS("mmap.DESCRIPTION.hole_stored", pread(fd, bytes, 1, 200 * 1024 * 1024 + 9), 1);
	EQUALS("mmap.DESCRIPTION.hole_stored.value", bytes[0], 'h');
	EQUALS("pread.DESCRIPTION.far",
		pread(fd, bytes, 3, 500 * 1024 * 1024) == 3 && bytes[0] == 'F', 1);
	EQUALS("ftruncate.DESCRIPTION.sparse", ftruncate(fd, 100), 0);
	EQUALS("ftruncate.DESCRIPTION.sparse_cut", pread(fd, bytes, 1, 200 * 1024 * 1024), 0);
#ifndef HOST
	/* Positions are 32 bits wide. */
	EQUALS("lseek.DECIDED.largest", lseek(fd, INT_MAX, SEEK_SET), INT_MAX);
	FAILS("lseek.ERRORS.EOVERFLOW", lseek(fd, 1, SEEK_CUR), EOVERFLOW);
	EQUALS("lseek.DECIDED.EOVERFLOW_keeps", lseek(fd, 0, SEEK_CUR), INT_MAX);
#endif
#ifndef HOST
	EQUALS("pwrite.DESCRIPTION.as_much_as_fits", pwrite(fd, "ab", 2, INT_MAX - 1), 1);
	FAILS("pwrite.ERRORS.EFBIG", pwrite(fd, "a", 1, INT_MAX), EFBIG);
	EQUALS("fstat.DECIDED.largest_size", fstat(fd, &st) == 0 && st.st_size == INT_MAX, 1);
	EQUALS("ftruncate.DESCRIPTION.largest_cut", ftruncate(fd, 100), 0);
#endif
	close(fd);
	fd = open("l", O_RDWR);
	EQUALS("pwrite.DESCRIPTION.into_hole", pwrite(fd, "x", 1, 3 * PAGE + 5), 1);
	EQUALS("pwrite.DESCRIPTION.into_hole_around", pread(fd, bytes, 8, 3 * PAGE), 6);
	CHECK("pwrite.DESCRIPTION.into_hole_zero", !memcmp(bytes, "\0\0\0\0\0x", 6));
	close(fd);
}
