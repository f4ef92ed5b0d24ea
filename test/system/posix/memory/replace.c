/* MAP_FIXED replaces at once: a thread that reads the page all the while meets one mapping or the
 * other, never a hole. */
#include "../posix.h"

#include <pthread.h>

#define ROUNDS 300

static unsigned char *volatile page;
static volatile bool stop;
static volatile int strange, reads;

static void *look(void *unused)
{
	(void)unused;
	while (!stop) {
		unsigned char seen = *(volatile unsigned char *)page;

		if (seen != 'a' && seen != 'b')
			strange++;
		reads++;
	}
	return NULL;
}

void case_replace(void)
{
	int fd = make_file("f", 2 * PAGE);
	pthread_t thread;
	int failed = 0;

	REQUIRE(fd >= 0);
	page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	REQUIRE(page != MAP_FAILED && pthread_create(&thread, NULL, look, NULL) == 0);
	while (reads == 0)
		sched_yield();
	for (int i = 0; i < ROUNDS; i++) {
		void *p = mmap(page, PAGE, PROT_READ,
			(i & 2 ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED, fd, i & 1 ? 0 : PAGE);

		failed += p != page;
		if (i % 50 == 0)
			pause_ms(2);
	}
	stop = true;
	EQUALS("mmap.DECIDED.replace_no_hole", pthread_join(thread, NULL), 0);
	EQUALS("mmap.DECIDED.replace_succeeds", failed, 0);
	EQUALS("mmap.DECIDED.replace_one_or_other", strange, 0);
	CHECK("mmap.DECIDED.replace_was_watched", reads > 0);
	munmap(page, PAGE);
	close(fd);
}
