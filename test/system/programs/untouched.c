/* P2, exactly: what has not been touched takes no frame and no table, and what is touched takes one page
 * each, where the program has said that it jumps about. Counted for this process and its object alone but
 * for the tables, so no slack is needed. */
#include "promise.h"
#include <fcntl.h>
#include <sys/mman.h>

#define GIB   (1u << 30)
#define TIMES 16u
#define TRIES 200u

static uint32_t object_pages(int fd)
{
	struct quire_obj_info info;

	EXPECT(sys_obj_info(fd, &info) == 0, "obj_info");
	return info.resident;
}

/* Maps and touches 16 places far apart. False: page tables were made meanwhile, by us or by a server, for they
 * are counted for the whole system. */
static bool touch_once(int fd, int flags, int advice, bool store, const char *what)
{
	uint32_t before = self_now().resident, size = self_now().size,
		 tables = memory_now().frames_table;
	uint32_t object = fd >= 0 ? object_pages(fd) : 0;
	volatile uint8_t *p = mmap(NULL, GIB, PROT_READ | PROT_WRITE, flags, fd, 0);

	EXPECT(p != MAP_FAILED, "%s: mmap of 1 GiB", what);
	EXPECT(self_now().resident == before && self_now().size == size + GIB / PAGE,
		"%s: only a region is recorded", what);
	bool none_made = memory_now().frames_table <= tables;

	EXPECT(fd < 0 || object_pages(fd) == object, "%s: no page of the file is fetched", what);
	EXPECT(madvise((void *)p, GIB, advice) == 0, "%s: madvise", what);
	for (uint32_t i = 0; i < TIMES; i++) {
		if (store)
			p[i * (GIB / TIMES)] = (uint8_t)i;
		else
			EXPECT(p[i * (GIB / TIMES)] == 0 || fd >= 0, "%s: fresh memory is zero",
				what);
	}
	EXPECT(self_now().resident == before + TIMES, "%s: %lu pages for %u touches", what,
		(unsigned long)(self_now().resident - before), TIMES);
	if (fd >= 0 && (flags & MAP_SHARED))
		EXPECT(object_pages(fd) <= object + TIMES,
			"%s: the file has %lu pages in memory, had %lu", what,
			(unsigned long)object_pages(fd), (unsigned long)object);
	EXPECT(munmap((void *)p, GIB) == 0 && self_now().resident == before,
		"%s: all is given back", what);
	return none_made && memory_now().frames_table <= tables;
}

static void touch(int fd, int flags, int advice, bool store, const char *what)
{
	for (unsigned i = 0; i < TRIES; i++) {
		if (touch_once(fd, flags, advice, store, what))
			return;
		usleep(1000);
	}
	EXPECT(false, "%s: page tables are made for the mapping, or stay when it goes", what);
}

int test_untouched(int argc, char **argv)
{
	int fd = open("/untouched.dat", O_RDWR | O_CREAT | O_TRUNC, 0644);

	(void)argc, (void)argv;
	EXPECT(fd >= 0 && ftruncate(fd, (off_t)GIB) == 0, "a sparse file");
	self_now();
	memory_now(); /* what these calls touch is there from now on */
	touch(-1, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, MADV_NORMAL, true,
		"private memory, stores");
	touch(-1, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, MADV_NORMAL, false,
		"private memory, loads");
	touch(fd, MAP_SHARED, MADV_RANDOM, false, "a file, loads");
	touch(fd, MAP_SHARED, MADV_RANDOM, true, "a file, stores");
	touch(fd, MAP_PRIVATE | MAP_NORESERVE, MADV_RANDOM, false, "a file privately, loads");
	touch(fd, MAP_PRIVATE | MAP_NORESERVE, MADV_RANDOM, true, "a file privately, stores");
	EXPECT(close(fd) == 0 && unlink("/untouched.dat") == 0, "gone");
	printf("untouched: one page a touch\n");
	return 0;
}
