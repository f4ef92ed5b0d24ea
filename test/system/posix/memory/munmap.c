/* munmap: any range of pages, whatever is mapped there. */
#include "../posix.h"

void case_munmap(void)
{
	unsigned char *p = pages(10);
	int fd = make_file("f", 4 * PAGE);

	REQUIRE(p != MAP_FAILED && fd >= 0);
	memset(p, 1, 10 * PAGE);
	FAILS("munmap.ERRORS.EINVAL.unaligned", munmap(p + 1, PAGE), EINVAL);
	FAILS("munmap.ERRORS.EINVAL.length0", munmap(p, 0), EINVAL);
	FAILS("munmap.ERRORS.EINVAL.outside", munmap((void *)(UINTPTR_MAX - PAGE + 1), PAGE),
		EINVAL);
	EQUALS("munmap.DESCRIPTION.nothing_changed", load_faults(p), 0);
	EQUALS("munmap.RETURN_VALUE.head", munmap(p, PAGE), 0);
	EQUALS("munmap.DESCRIPTION.head_gone", load_faults(p), SIGSEGV);
	EQUALS("munmap.DESCRIPTION.maperr", last_fault.si_code, SEGV_MAPERR);
	EQUALS("munmap.DESCRIPTION.rest_stays", load_faults(p + PAGE), 0);
	EQUALS("munmap.RETURN_VALUE.tail", munmap(p + 9 * PAGE, PAGE), 0);
	EQUALS("munmap.DESCRIPTION.tail_gone", load_faults(p + 9 * PAGE), SIGSEGV);
	EQUALS("munmap.RETURN_VALUE.middle", munmap(p + 4 * PAGE, 2 * PAGE), 0);
	CHECK("munmap.DESCRIPTION.middle_gone",
		load_faults(p + 4 * PAGE) == SIGSEGV && load_faults(p + 6 * PAGE - 1) == SIGSEGV);
	CHECK("munmap.DESCRIPTION.both_sides_stay", p[4 * PAGE - 1] == 1 && p[6 * PAGE] == 1);
	EQUALS("munmap.DESCRIPTION.hole_again", munmap(p + 4 * PAGE, PAGE), 0);
	EQUALS("munmap.DESCRIPTION.over_holes_and_regions", munmap(p, 8 * PAGE), 0);
	CHECK("munmap.DESCRIPTION.over_holes.gone",
		load_faults(p + PAGE) == SIGSEGV && load_faults(p + 7 * PAGE) == SIGSEGV);
	EQUALS("munmap.DESCRIPTION.over_holes.after", p[8 * PAGE], 1);
	EQUALS("munmap.DESCRIPTION.part_of_page", munmap(p + 8 * PAGE, 1), 0);
	EQUALS("munmap.DESCRIPTION.whole_page_goes", load_faults(p + 9 * PAGE - 1), SIGSEGV);

	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE(p != MAP_FAILED);
	p[0] = 'A', p[PAGE] = 'B', p[2 * PAGE] = 'C', p[3 * PAGE] = 'D';
	EQUALS("munmap.RETURN_VALUE.file_middle", munmap(p + PAGE, 2 * PAGE), 0);
	CHECK("munmap.DESCRIPTION.file_offsets_kept", p[0] == 'A' && p[3 * PAGE] == 'D');
	p[3 * PAGE + 1] = 'E';
	{
		char bytes[2] = "";

		EQUALS("munmap.DESCRIPTION.stores_in_file", pread(fd, bytes, 1, 2 * PAGE), 1);
		EQUALS("munmap.DESCRIPTION.stores_in_file.value", bytes[0], 'C');
		EQUALS("munmap.DESCRIPTION.split_right_offset", pread(fd, bytes, 2, 3 * PAGE), 2);
		CHECK("munmap.DESCRIPTION.split_right_offset.value",
			bytes[0] == 'D' && bytes[1] == 'E');
	}
	EQUALS("munmap.RETURN_VALUE.file_all", munmap(p, 4 * PAGE), 0);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	REQUIRE(p != MAP_FAILED);
	p[0] = 'z';
	munmap(p, PAGE);
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	EQUALS("munmap.DESCRIPTION.private_changes_discarded", p[0], 'A');
	munmap(p, PAGE);
	close(fd);
}
