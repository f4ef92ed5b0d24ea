/* msync: its errors, and that it succeeds on what it should. */
#include "../posix.h"

void case_msync(void)
{
	int fd = make_file("f", 3 * PAGE);
	unsigned char *p, *q = pages(1);
	struct stat before, after;

	REQUIRE(fd >= 0 && q != MAP_FAILED);
	p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE(p != MAP_FAILED);
	fstat(fd, &before);
	p[0] = 'M', p[2 * PAGE] = 'M';
	EQUALS("msync.RETURN_VALUE.sync", msync(p, 3 * PAGE, MS_SYNC), 0);
	EQUALS("msync.RETURN_VALUE.async", msync(p, 3 * PAGE, MS_ASYNC), 0);
	EQUALS("msync.RETURN_VALUE.invalidate", msync(p, PAGE, MS_INVALIDATE), 0);
	EQUALS("msync.RETURN_VALUE.sync_invalidate", msync(p, PAGE, MS_SYNC | MS_INVALIDATE), 0);
	EQUALS("msync.DESCRIPTION.contents", p[0], 'M');
	fstat(fd, &after);
	CHECK("msync.DESCRIPTION.mtime_marked", after.st_mtime >= before.st_mtime);
	EQUALS("msync.RETURN_VALUE.anonymous", msync(q, PAGE, MS_SYNC), 0);
	EQUALS("msync.RETURN_VALUE.part_of_page", msync(p, 10, MS_SYNC), 0);
	FAILS("msync.ERRORS.EINVAL.unaligned", msync(p + 1, PAGE, MS_SYNC), EINVAL);
	FAILS("msync.ERRORS.EINVAL.sync_and_async", msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
	FAILS("msync.ERRORS.EINVAL.unknown_flag", msync(p, PAGE, 0x4000), EINVAL);
	munmap(p + PAGE, PAGE);
	FAILS("msync.ERRORS.ENOMEM.hole", msync(p, 3 * PAGE, MS_SYNC), ENOMEM);
	FAILS("msync.ERRORS.ENOMEM.unmapped", msync(p + PAGE, PAGE, MS_SYNC), ENOMEM);
	mlock(p, PAGE);
	FAILS("msync.ERRORS.EBUSY.locked", msync(p, PAGE, MS_SYNC | MS_INVALIDATE), EBUSY);
	munlock(p, PAGE);
	EQUALS("msync.RETURN_VALUE.unlocked", msync(p, PAGE, MS_SYNC | MS_INVALIDATE), 0);
	munmap(p, 3 * PAGE), munmap(q, PAGE);
	close(fd);
}
