/* Buffers of system calls that fault: at once, in the middle, or because they are a mapping of the
 * very file that is read or written. */
#include "../posix.h"

#include <sys/uio.h>

static void check_bad_buffers(int fd)
{
	struct iovec vec[2];
	char *bad = (char *)16;

	FAILS("read.DECIDED.EFAULT", pread(fd, bad, 10, 0), EFAULT);
	FAILS("write.DECIDED.EFAULT", pwrite(fd, bad, 10, 0), EFAULT);
	FAILS("open.DECIDED.EFAULT", open(bad, O_RDONLY), EFAULT);
	FAILS("readv.DECIDED.EFAULT.vector", readv(fd, (struct iovec *)16, 1), EFAULT);
	FAILS("writev.ERRORS.EINVAL.negative_count", writev(fd, vec, -1), EINVAL);
	vec[0].iov_base = vec[1].iov_base = bad;
	vec[0].iov_len = vec[1].iov_len = SIZE_MAX;
	FAILS("writev.ERRORS.EINVAL.length_overflow", writev(fd, vec, 2), EINVAL);
#ifndef HOST
	/* Linux looks at the buffers first. */
	vec[0].iov_len = vec[1].iov_len = SIZE_MAX / 2;
	FAILS("writev.ERRORS.EINVAL.sum_overflow", writev(fd, vec, 2), EINVAL);
#endif
}

/* Half of the buffer is there. */
static void check_middle(int fd)
{
	unsigned char *p = pages(2), *at = p + PAGE - 10, page[PAGE];
	struct iovec vec[2];
	int out[2];

	REQUIRE(p != MAP_FAILED && pipe(out) == 0);
	munmap(p + PAGE, PAGE);
	memset(at, 'w', 10);
	EQUALS("write.DECIDED.up_to_the_fault", pwrite(fd, at, 20, 0), 10);
	EQUALS("write.DECIDED.up_to_the_fault.read", pread(fd, page, 11, 0), 11);
	CHECK("write.DECIDED.up_to_the_fault.value", page[9] == 'w' && page[10] == 'a');
	memset(at, 0, 10);
	EQUALS("read.DECIDED.up_to_the_fault", pread(fd, at, 20, 0), 10);
	EQUALS("read.DECIDED.up_to_the_fault.value", at[9], 'w');
	vec[0].iov_base = page, vec[0].iov_len = 100;
	vec[1].iov_base = p + PAGE, vec[1].iov_len = 100;
	lseek(fd, 0, SEEK_SET);
	EQUALS("readv.DECIDED.first_buffer_only", readv(fd, vec, 2), 100);
	EQUALS("readv.DECIDED.offset_after_fault", lseek(fd, 0, SEEK_CUR), 100);
	EQUALS("writev.DECIDED.first_buffer_only", writev(fd, vec, 2), 100);
	EQUALS("writev.DECIDED.offset_after_fault", lseek(fd, 0, SEEK_CUR), 200);
	vec[0].iov_base = p + PAGE;
	FAILS("writev.DECIDED.EFAULT.first", writev(fd, vec, 2), EFAULT);
	EQUALS("writev.DECIDED.EFAULT.offset_stays", lseek(fd, 0, SEEK_CUR), 200);
	FAILS("write.DECIDED.EFAULT.pipe", write(out[1], p + PAGE, 5), EFAULT);
	EQUALS("write.DECIDED.pipe_after_fault", write(out[1], "ok", 2), 2);
	FAILS("read.DECIDED.EFAULT.pipe", read(out[0], p + PAGE, 5), EFAULT);
	mprotect(p, PAGE, PROT_READ);
	FAILS("read.DECIDED.EFAULT.read_only_buffer", pread(fd, p, 5, 0), EFAULT);
	mprotect(p, PAGE, PROT_NONE);
	FAILS("write.DECIDED.EFAULT.prot_none", pwrite(fd, p, 5, 0), EFAULT);
	munmap(p, PAGE);
	close(out[0]), close(out[1]);
}

/* The buffer is a mapping beyond the end of a file. */
static void check_beyond(int fd)
{
	int empty = make_file("empty", 10);
	unsigned char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, empty, 0);

	REQUIRE(p != MAP_FAILED);
	FAILS("write.DECIDED.EFAULT.beyond_end", pwrite(fd, p + PAGE, 5, 0), EFAULT);
	FAILS("read.DECIDED.EFAULT.beyond_end", pread(fd, p + PAGE, 5, 0), EFAULT);
	EQUALS("write.DECIDED.up_to_the_end", pwrite(fd, p + PAGE - 3, 6, 0), 3);
	munmap(p, 2 * PAGE);
	close(empty);
}

/* The buffer is a mapping of the file itself: nothing may deadlock, no byte may be lost. */
static void check_same_file(void)
{
	int fd = make_file("same", 4 * PAGE);
	unsigned char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	unsigned char *q;

	REQUIRE(fd >= 0 && p != MAP_FAILED);
	EQUALS("write.DECIDED.from_own_mapping", pwrite(fd, p, PAGE, 2 * PAGE), PAGE);
	CHECK("write.DECIDED.from_own_mapping.value", p[2 * PAGE] == 'a' && p[3 * PAGE - 1] == 'a');
	EQUALS("read.DECIDED.into_own_mapping", pread(fd, p + PAGE, PAGE, 3 * PAGE), PAGE);
	CHECK("read.DECIDED.into_own_mapping.value", p[PAGE] == 'd' && p[2 * PAGE - 1] == 'd');
	EQUALS("write.DECIDED.page_onto_itself", pwrite(fd, p, PAGE, 0), PAGE);
	EQUALS("write.DECIDED.page_onto_itself.value", p[PAGE - 1], 'a');
	EQUALS("write.DECIDED.append_own_mapping", pwrite(fd, p + 3 * PAGE, PAGE, 4 * PAGE), PAGE);
	EQUALS("write.DECIDED.append_own_mapping.value", p[5 * PAGE - 1], 'd');
	/* None of the pages is in this process's tables yet. */
	q = mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE(q != MAP_FAILED);
	EQUALS("read.DECIDED.absent_own_mapping", pread(fd, q + PAGE, 2 * PAGE, 0), 2 * PAGE);
	CHECK("read.DECIDED.absent_own_mapping.value", p[PAGE] == 'a');
	munmap(p, 8 * PAGE), munmap(q, 5 * PAGE);
	q = mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	EQUALS("read.DECIDED.private_mapping", pread(fd, q, 10, 3 * PAGE), 10);
	CHECK("read.DECIDED.private_mapping.value", q[0] == 'd' && q[10] == 'a');
	munmap(q, 5 * PAGE);
	close(fd);
}

void case_faulting_buffer(void)
{
	int fd = make_file("f", 2 * PAGE);

	REQUIRE(fd >= 0);
	check_bad_buffers(fd);
	check_middle(fd);
	check_beyond(fd);
	close(fd);
	check_same_file();
}
