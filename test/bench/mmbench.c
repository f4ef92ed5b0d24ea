/* mmbench: what memory management costs, in instructions.
 *
 * The same source was measured on Linux (linux-rv32.tsv says how); here it runs on Quire through its
 * ordinary headers, with the few hooks that are outside POSIX in hooks.h.
 *
 * Meant for QEMU with -icount shift=0: one instruction is 1 ns of virtual time and the `time` register
 * ticks once per 100 instructions, so a time in ns is a number of instructions, of all harts together.
 * Output: one `name value unit` a line; unit ns is the time per operation and `ops` the number of
 * operations that were timed.
 *
 * The hints `slti x0,x0,N` bracket the timed parts. They do nothing; the plugin icnt.c uses them to
 * count instructions exactly, per hart and split into user, kernel and firmware.
 *
 * Arguments: the groups to run: base mm file io ipc (default) | smp N | pingpong2
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "hooks.h"

#ifndef BENCH_DIR
#define BENCH_DIR "" /* the root: an ext2 file system on virtio-blk */
#endif
#define PAGE	   4096u
#define NPG	   256	/* pages in the resident-set tests */
#define FILE_PAGES 4096 /* bench.dat: 16 MiB */
#define COLD_PAGES 1024 /* cold.dat: 4 MiB */

/* ------------------------------------------------ time and reporting ---- */

#define MARK(n) __asm__ volatile("slti x0, x0, " #n ::: "memory")
/* 1 = timed part begins, 2 = ends, 3 = report, 4 = discard (warm-up over) */

static inline uint64_t ticks(void)
{
	uint32_t h, l, h2;
	do {
		__asm__ volatile("rdtimeh %0\n\trdtime %1\n\trdtimeh %2"
				 : "=r"(h), "=r"(l), "=r"(h2)::"memory");
	} while (h != h2);
	return (uint64_t)h << 32 | l;
}

#ifdef USE_INSTRET
static inline uint64_t instret(void)
{
	uint32_t h, l, h2;
	do {
		__asm__ volatile("rdinstreth %0\n\trdinstret %1\n\trdinstreth %2"
				 : "=r"(h), "=r"(l), "=r"(h2)::"memory");
	} while (h != h2);
	return (uint64_t)h << 32 | l;
}
#else
static inline uint64_t instret(void)
{
	return 0;
}
#endif

static uint64_t t_acc, t_start, i_acc, i_start;

static inline void begin(void)
{
	MARK(1);
	i_start = instret();
	t_start = ticks();
}
static inline void end(void)
{
	uint64_t t = ticks(), i = instret();
	t_acc += t - t_start;
	i_acc += i - i_start;
	MARK(2);
}
/* Loop n times after `w` untimed warm-up rounds. */
static void discard(void)
{
	t_acc = i_acc = 0;
	MARK(4);
}
#define REP(i, w, n) \
	discard();   \
	for (int i = -(w); i < (n); i++, (i == 0 ? discard() : (void)0))

static void puts_(const char *s)
{
	size_t n = 0;
	while (s[n])
		n++;
	write(1, s, n);
}

static char *utoa(char *p, uint64_t v) /* writes backwards, p is the end */
{
	uint32_t hi = v >> 32, lo = v;
	do { /* 64-bit by 10 without libgcc */
		uint32_t q1 = hi / 10, r = hi % 10;
		uint32_t mid = r << 16 | lo >> 16, q2 = mid / 10;
		uint32_t low = (mid % 10) << 16 | (lo & 0xffff), q3 = low / 10;
		*--p = '0' + low % 10;
		hi = q1;
		lo = q2 << 16 | q3;
	} while (hi || lo);
	return p;
}

static void put_line(const char *name, uint64_t tenths, const char *unit)
{
	char buf[160], num[32], *e = num + sizeof num, *p = buf;
	char *d = utoa(e, tenths);
	while (*name)
		*p++ = *name++;
	*p++ = ' ';
	if (e - d == 1)
		*p++ = '0';
	while (d < e) {
		if (e - d == 1)
			*p++ = '.';
		*p++ = *d++;
	}
	*p++ = ' ';
	while (*unit)
		*p++ = *unit++;
	*p++ = '\n';
	write(1, buf, p - buf);
}

static uint64_t div64(uint64_t a, uint32_t b)
{
	uint64_t q = 0, r = 0;
	for (int i = 63; i >= 0; i--) {
		r = r << 1 | (a >> i & 1);
		q <<= 1;
		if (r >= b)
			r -= b, q |= 1;
	}
	return q;
}

/* Print what was accumulated, divided over `ops` operations. */
static void report(const char *name, uint32_t ops)
{
	MARK(3);
	put_line(name, div64(t_acc * 1000, ops), "ns");
	put_line(name, ops * 10, "ops");
	if (i_acc)
		put_line(name, div64(i_acc * 10, ops), "insn");
	t_acc = i_acc = 0;
}

static void die(const char *what)
{
	puts_("FAILED ");
	puts_(what);
	puts_("\n");
	mb_finish();
	_exit(1);
}
#define CHECK(c)                 \
	do {                     \
		if (!(c))        \
			die(#c); \
	} while (0)

/* --------------------------------------------------------- utilities ---- */

static int bench_fd, cold_fd;
static char buf64k[65536] __attribute__((aligned(4096)));
static volatile uint32_t sink;

static void *map_file(uint32_t pages, int prot, int flags)
{
	void *p = mmap(0, pages * PAGE, prot, flags, bench_fd, 0);
	CHECK(p != MAP_FAILED);
	return p;
}
static void *map_anon(uint32_t pages, int flags)
{
	void *p = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	return p;
}
static void unmap(void *p, uint32_t pages)
{
	CHECK(munmap(p, pages * PAGE) == 0);
}

static inline void rd(void *p, uint32_t pages, uint32_t step)
{
	uint32_t s = 0;
	for (uint32_t i = 0; i < pages; i += step)
		s += *(volatile uint32_t *)((char *)p + i * PAGE);
	sink = s;
}
static inline void wr(void *p, uint32_t pages, uint32_t step)
{
	for (uint32_t i = 0; i < pages; i += step)
		*(volatile uint32_t *)((char *)p + i * PAGE) = i;
}

static int open_file(const char *path, uint32_t pages)
{
	int fd = open(path, O_RDWR | O_CREAT, 0644);
	CHECK(fd >= 0);
	/* written on first use, read back into the cache otherwise */
	for (uint32_t i = 0; i < pages; i += 16)
		if (pread(fd, buf64k, 16 * PAGE, (off_t)i * PAGE) < (ssize_t)(16 * PAGE))
			CHECK(pwrite(fd, buf64k, 16 * PAGE, (off_t)i * PAGE) == 16 * PAGE);
	return fd;
}

/* ------------------------------------------------------- base, faults ---- */

static void bench_base(void)
{
	REP(i, 1, 4)
	{ /* the loop itself: subtract if it matters */
		begin();
		end();
	}
	report("timer_overhead", 4);
	REP(i, 1, 4)
	{
		begin();
		for (int k = 0; k < 10000; k++)
			getpid();
		end();
	}
	report("null_syscall_getpid", 40000);
	REP(i, 1, 20)
	{
		char *p = map_anon(NPG, MAP_PRIVATE);
		wr(p, NPG, 1);
		begin();
		rd(p, NPG, 1);
		end();
		unmap(p, NPG);
	}
	report("touch_resident_page", 20 * NPG);
}

/* Each of NPG pages of a fresh mapping is touched once. */
static void fault(const char *name, int flags, int prot, int write, uint32_t step)
{
	REP(i, 2, 20)
	{
		char *p = flags & MAP_ANONYMOUS ? map_anon(NPG, flags) : map_file(NPG, prot, flags);
		begin();
		if (write)
			wr(p, NPG, step);
		else
			rd(p, NPG, step);
		end();
		unmap(p, NPG);
	}
	report(name, 20 * NPG / step);
}

static void cow_after_fork(int shared)
{
	int fd[2];
	char c;
	CHECK(pipe(fd) == 0);
	REP(i, 1, 10)
	{
		char *p = map_anon(NPG, MAP_PRIVATE);
		wr(p, NPG, 1);
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			if (shared)
				read(fd[0], &c, 1); /* keep the pages shared */
			_exit(0);
		}
		if (!shared)
			waitpid(pid, 0, 0);
		else
			sched_yield();
		begin();
		wr(p, NPG, 1);
		end();
		if (shared) {
			write(fd[1], &c, 1);
			waitpid(pid, 0, 0);
		}
		unmap(p, NPG);
	}
	report(shared ? "cow_fault_fork_ref2_copy" : "cow_fault_fork_ref1_reuse", 10 * NPG);
	close(fd[0]);
	close(fd[1]);
}

static void bench_mm(void)
{
	const int RO = PROT_READ, RW = PROT_READ | PROT_WRITE;

	if (mb_fault_around(65536) == 0) {
		fault("shared_read_fault_around64k_per_page", MAP_SHARED, RO, 0, 1);
		fault("shared_read_fault_around64k_per_fault", MAP_SHARED, RO, 0, 16);
		fault("shared_read_fault_around64k_rw_map_per_page", MAP_SHARED, RW, 0, 1);
	}
	if (mb_fault_around(4096) == 0) {
		fault("shared_read_fault", MAP_SHARED, RO, 0, 1);
		fault("shared_read_fault_rw_map", MAP_SHARED, RW, 0, 1);
		fault("private_read_fault", MAP_PRIVATE, RW, 0, 1);
	}

	/* first write, page already dirty in the page cache */
	fault("shared_write_fault_dirty_page", MAP_SHARED, RW, 1, 1);
	/* first write, page clean: it must become dirty (page_mkwrite etc.) */
	REP(i, 1, 5)
	{
		char *p = map_file(NPG, RW, MAP_SHARED);
		CHECK(msync(p, NPG * PAGE, MS_SYNC) == 0);
		begin();
		wr(p, NPG, 1);
		end();
		CHECK(msync(p, NPG * PAGE, MS_SYNC) == 0);
		unmap(p, NPG);
	}
	report("shared_write_fault_clean_page", 5 * NPG);
	/* write to a page that a read fault has already mapped */
	REP(i, 1, 5)
	{
		char *p = map_file(NPG, RW, MAP_SHARED);
		CHECK(msync(p, NPG * PAGE, MS_SYNC) == 0);
		rd(p, NPG, 1);
		begin();
		wr(p, NPG, 1);
		end();
		CHECK(msync(p, NPG * PAGE, MS_SYNC) == 0);
		unmap(p, NPG);
	}
	report("shared_write_upgrade_fault_clean_page", 5 * NPG);

	fault("anon_zero_fill_write_fault", MAP_PRIVATE | MAP_ANONYMOUS, RW, 1, 1);
	fault("anon_read_fault", MAP_PRIVATE | MAP_ANONYMOUS, RW, 0, 1);
	fault("shared_anon_write_fault", MAP_SHARED | MAP_ANONYMOUS, RW, 1, 1);
	fault("private_file_cow_write_fault", MAP_PRIVATE, RW, 1, 1);
	cow_after_fork(1);
	cow_after_fork(0);

	/* mappings that are never touched */
	static const struct {
		uint32_t pages;
		const char *name, *mname, *uname;
	} sz[] = {
		{1, "mmap_munmap_1p", "mmap_1p", "munmap_untouched_1p"},
		{256, "mmap_munmap_256p", "mmap_256p", "munmap_untouched_256p"},
		{4096, "mmap_munmap_4096p", "mmap_4096p", "munmap_untouched_4096p"},
	};
	for (int k = 0; k < 3; k++) {
		uint32_t n = sz[k].pages;
		REP(i, 1, 4)
		{
			begin();
			for (int j = 0; j < 250; j++)
				munmap(mmap(0, n * PAGE, RW, MAP_SHARED, bench_fd, 0), n * PAGE);
			end();
		}
		report(sz[k].name, 1000);
		REP(i, 2, 200)
		{
			begin();
			char *p = mmap(0, n * PAGE, RW, MAP_SHARED, bench_fd, 0);
			end();
			munmap(p, n * PAGE);
		}
		report(sz[k].mname, 200);
		REP(i, 2, 200)
		{
			char *p = mmap(0, n * PAGE, RW, MAP_SHARED, bench_fd, 0);
			begin();
			munmap(p, n * PAGE);
			end();
		}
		report(sz[k].uname, 200);
	}

	/* unmapping NPG resident pages */
	static const struct {
		const char *name;
		int fl, wr;
	} um[] = {
		{"munmap_256_resident_shared_clean_per_page", MAP_SHARED, 0},
		{"munmap_256_resident_shared_dirty_per_page", MAP_SHARED, 1},
		{"munmap_256_resident_anon_per_page", MAP_PRIVATE | MAP_ANONYMOUS, 1},
	};
	for (int k = 0; k < 3; k++) {
		REP(i, 1, 20)
		{
			char *p = um[k].fl & MAP_ANONYMOUS ? map_anon(NPG, um[k].fl)
							   : map_file(NPG, RW, um[k].fl);
			if (um[k].wr)
				wr(p, NPG, 1);
			else
				rd(p, NPG, 1);
			begin();
			munmap(p, NPG * PAGE);
			end();
		}
		report(um[k].name, 20 * NPG);
	}
	REP(i, 2, 100)
	{
		char *p = map_file(1, RW, MAP_SHARED);
		rd(p, 1, 1);
		begin();
		munmap(p, PAGE);
		end();
	}
	report("munmap_1_resident_shared", 100);

	/* mprotect of NPG resident pages */
	for (int k = 0; k < 2; k++) {
		char *p = k ? map_anon(NPG, MAP_PRIVATE) : map_file(NPG, RW, MAP_SHARED);
		REP(i, 2, 20)
		{
			wr(p, NPG, 1);
			begin();
			CHECK(mprotect(p, NPG * PAGE, RO) == 0);
			end();
			CHECK(mprotect(p, NPG * PAGE, RW) == 0);
		}
		report(k ? "mprotect_256_anon_rw_to_ro_per_page"
			 : "mprotect_256_shared_rw_to_ro_per_page",
			20 * NPG);
		REP(i, 2, 20)
		{
			wr(p, NPG, 1);
			CHECK(mprotect(p, NPG * PAGE, RO) == 0);
			begin();
			CHECK(mprotect(p, NPG * PAGE, RW) == 0);
			end();
		}
		report(k ? "mprotect_256_anon_ro_to_rw_per_page"
			 : "mprotect_256_shared_ro_to_rw_per_page",
			20 * NPG);
		REP(i, 2, 20)
		{
			CHECK(mprotect(p, NPG * PAGE, RO) == 0);
			CHECK(mprotect(p, NPG * PAGE, RW) == 0);
			begin();
			wr(p, NPG, 1);
			end();
		}
		report(k ? "write_after_mprotect_anon_per_page"
			 : "write_after_mprotect_shared_per_page",
			20 * NPG);
		unmap(p, NPG);
	}

	/* fork + exit + wait */
	static const struct {
		uint32_t pages;
		const char *name;
	} fk[] = {
		{0, "fork_exit_wait_base"},
		{16, "fork_exit_wait_16p"},
		{256, "fork_exit_wait_256p"},
		{1024, "fork_exit_wait_1024p"},
	};
	for (int k = 0; k < 4; k++) {
		char *p = fk[k].pages ? map_anon(fk[k].pages, MAP_PRIVATE) : 0;
		REP(i, 2, 20)
		{
			wr(p, fk[k].pages, 1);
			begin();
			pid_t pid = fork();
			if (pid == 0)
				_exit(0);
			CHECK(waitpid(pid, 0, 0) == pid);
			end();
		}
		report(fk[k].name, 20);
		if (p)
			unmap(p, fk[k].pages);
	}
	/* the same with a shared file mapping of 256 resident pages */
	char *p = map_file(NPG, RW, MAP_SHARED);
	REP(i, 2, 20)
	{
		wr(p, NPG, 1);
		begin();
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		CHECK(waitpid(pid, 0, 0) == pid);
		end();
	}
	report("fork_exit_wait_256p_shared_file", 20);
	unmap(p, NPG);
}

/* ------------------------------------------------------- file and I/O ---- */

static void bench_file(void)
{
	REP(i, 1, 4)
	{
		begin();
		for (int k = 0; k < 256; k++)
			pread(bench_fd, buf64k, 1, (off_t)k * PAGE);
		end();
	}
	report("pread_1b_cached", 4 * 256);
	REP(i, 1, 4)
	{
		begin();
		for (int k = 0; k < 256; k++)
			pread(bench_fd, buf64k, PAGE, (off_t)k * PAGE);
		end();
	}
	report("pread_4k_cached", 4 * 256);
	REP(i, 1, 4)
	{
		begin();
		for (int k = 0; k < 64; k++)
			pread(bench_fd, buf64k, 65536, (off_t)k * 65536);
		end();
	}
	report("pread_64k_cached", 4 * 64);
	REP(i, 1, 4)
	{
		begin();
		for (int k = 0; k < 256; k++)
			pwrite(bench_fd, buf64k, PAGE, (off_t)k * PAGE);
		end();
	}
	report("pwrite_4k_cached", 4 * 256);
}

static void cold(const char *name, int adv, uint32_t pages)
{
	int ok = 1;
	REP(i, 1, 4)
	{
		if (mb_evict(cold_fd) < 0) {
			ok = 0;
			break;
		}
		char *p = mmap(0, pages * PAGE, PROT_READ, MAP_SHARED, cold_fd, 0);
		CHECK(p != MAP_FAILED);
		madvise(p, pages * PAGE, adv);
		begin();
		rd(p, pages, 1);
		end();
		unmap(p, pages);
	}
	if (ok)
		report(name, 4 * pages);
}

static void bench_io(void)
{
	static const struct {
		uint32_t pages;
		const char *name;
	} ms[] = {
		{0, "msync_clean_256p_map"},
		{1, "msync_1_dirty_page"},
		{64, "msync_64_dirty_pages"},
	};
	char *p = map_file(NPG, PROT_READ | PROT_WRITE, MAP_SHARED);
	for (int k = 0; k < 3; k++) {
		REP(i, 2, 10)
		{
			wr(p, ms[k].pages, 1);
			begin();
			CHECK(msync(p, NPG * PAGE, MS_SYNC) == 0);
			end();
		}
		report(ms[k].name, 10);
	}
	unmap(p, NPG);
	mb_fault_around(65536);
	cold("cold_fault_seq_readahead_per_page", MADV_NORMAL, COLD_PAGES);
	mb_fault_around(4096);
	cold("cold_fault_seq_readahead_noaround_per_page", MADV_NORMAL, COLD_PAGES);
	cold("cold_fault_no_readahead_per_page", MADV_RANDOM, 128);
	/* the same through read(2) for comparison */
	int ok = 1;
	REP(i, 1, 4)
	{
		if (mb_evict(cold_fd) < 0) {
			ok = 0;
			break;
		}
		begin();
		for (int k = 0; k < COLD_PAGES; k++)
			pread(cold_fd, buf64k, PAGE, (off_t)k * PAGE);
		end();
	}
	if (ok)
		report("cold_pread_4k_seq", 4 * COLD_PAGES);
}

/* ---------------------------------------------------------------- ipc ---- */

static void pipe_pingpong(const char *name, int harts, int rounds)
{
	int a[2], b[2];
	char c = 0;
	CHECK(pipe(a) == 0 && pipe(b) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (harts > 1)
			mb_pin(1);
		while (read(a[0], &c, 1) == 1 && c != 'q')
			write(b[1], &c, 1);
		_exit(0);
	}
	REP(i, 1, 4)
	{
		begin();
		for (int k = 0; k < rounds; k++) {
			write(a[1], &c, 1);
			read(b[0], &c, 1);
		}
		end();
	}
	report(name, 4 * rounds);
	write(a[1], "q", 1);
	waitpid(pid, 0, 0);
	close(a[0]);
	close(a[1]);
	close(b[0]);
	close(b[1]);
}

static void flag_pingpong(const char *name, int harts, int yield, int rounds)
{
	volatile uint32_t *f = map_file(1, PROT_READ | PROT_WRITE, MAP_SHARED);
	f[0] = f[1] = 0;
	pid_t pid = fork();
	if (pid == 0) {
		volatile uint32_t *g = map_file(1, PROT_READ | PROT_WRITE, MAP_SHARED);
		if (harts > 1)
			mb_pin(1);
		while (!g[1]) {
			if (g[0] == 1)
				g[0] = 0;
			else if (yield)
				sched_yield();
		}
		_exit(0);
	}
	REP(i, 1, 4)
	{
		begin();
		for (int k = 0; k < rounds; k++) {
			f[0] = 1;
			while (f[0] == 1)
				if (yield)
					sched_yield();
		}
		end();
	}
	report(name, 4 * rounds);
	f[1] = 1;
	waitpid(pid, 0, 0);
	unmap((void *)f, 1);
}

static void bench_ipc(void)
{
	int fd[2];
	char c = 0;
	CHECK(pipe(fd) == 0);
	REP(i, 1, 4)
	{
		begin();
		for (int k = 0; k < 1000; k++)
			sched_yield();
		end();
	}
	report("sched_yield_alone", 4000);
	REP(i, 1, 4)
	{ /* pipe cost without any switch */
		begin();
		for (int k = 0; k < 1000; k++) {
			write(fd[1], &c, 1);
			read(fd[0], &c, 1);
		}
		end();
	}
	report("pipe_write_read_1b_same_process", 4000);
	close(fd[0]);
	close(fd[1]);
	pipe_pingpong("pipe_pingpong_round_trip_1hart", 1, 1000);

	/* two processes that only yield: one yield each = two switches */
	volatile uint32_t *sh = map_anon(1, MAP_SHARED);
	sh[0] = 0;
	pid_t pid = fork();
	if (pid == 0) {
		while (!sh[0])
			sched_yield();
		_exit(0);
	}
	REP(i, 1, 4)
	{
		begin();
		for (int k = 0; k < 1000; k++)
			sched_yield();
		end();
	}
	report("sched_yield_two_processes", 4000);
	sh[0] = 1;
	waitpid(pid, 0, 0);
	unmap((void *)sh, 1);
	flag_pingpong("shared_flag_round_trip_yield_1hart", 1, 1, 1000);
}

static void bench_pingpong2(void)
{
	mb_pin(0);
	flag_pingpong("shared_flag_round_trip_spin_2harts", 2, 0, 50);
	pipe_pingpong("pipe_pingpong_round_trip_2harts", 2, 500);
}

/* ----------------------------------------------------- TLB shootdown ---- */

#define MAXH 8
static volatile struct {
	uint32_t ready, n, pad[14];
} slot[MAXH];
static volatile uint32_t stop;
static int park[2];

static void *spinner(void *arg)
{
	int h = (int)(intptr_t)arg;
	mb_pin(h);
	slot[h].ready = 1;
	while (!stop)
		slot[h].n++;
	return 0;
}
static void *sleeper(void *arg)
{
	int h = (int)(intptr_t)arg;
	char c;
	mb_pin(h);
	slot[h].ready = 1;
	read(park[0], &c, 1);
	return 0;
}

/* What the other harts do meanwhile:
 *   ALONE          idle, and have never run this process
 *   SLEEP          idle; a thread of this process last ran there and is blocked
 *   SPIN           each runs a thread of this process
 *   LEFT           idle; a thread of this process ran there and has exited
 *   OTHER_PROCESS  each runs another process
 */
enum others { ALONE, SLEEP, SPIN, LEFT, OTHER_PROCESS };

static void shoot_line(const char *what, const char *kind, int harts, int rounds)
{
	const char *parts[] = {what, kind, "_harts_", 0};
	char name[96], *d = name;
	for (int k = 0; parts[k]; k++)
		for (const char *s = parts[k]; *s;)
			*d++ = *s++;
	*d++ = '0' + harts;
	*d = 0;
	report(name, rounds);
}

/* mprotect(RO)+mprotect(RW) pairs, and munmap, of one resident shared file page */
static void shoot_run(const char *kind, int harts, enum others o, int rounds)
{
	pthread_t t[MAXH];
	pid_t pid[MAXH];
	volatile uint32_t *sh = map_anon(1, MAP_SHARED);
	char c = 0;

	stop = 0;
	sh[0] = 0;
	CHECK(pipe(park) == 0);
	for (int h = 1; h < harts; h++) {
		slot[h].ready = 0;
		if (o == OTHER_PROCESS) {
			pid[h] = fork();
			if (pid[h] == 0) {
				mb_pin(h);
				sh[h] = 1;
				while (!sh[0])
					;
				_exit(0);
			}
			while (!sh[h])
				sched_yield();
		} else if (o != ALONE) {
			CHECK(pthread_create(&t[h], 0, o == SPIN ? spinner : sleeper,
				      (void *)(intptr_t)h) == 0);
			while (!slot[h].ready)
				sched_yield();
		}
	}
	if (o == LEFT)
		for (int h = 1; h < harts; h++) {
			write(park[1], &c, 1);
			pthread_join(t[h], 0);
		}
	for (int k = 0; k < 2000; k++) /* let them block and their harts go idle */
		sched_yield();

	/* a file page: its mapping never merges with a neighbour */
	volatile uint32_t *p = map_file(1, PROT_READ | PROT_WRITE, MAP_SHARED);
	REP(i, 1, 4)
	{
		begin();
		for (int k = 0; k < rounds; k++) {
			p[0] = k;
			mprotect((void *)p, PAGE, PROT_READ);
			mprotect((void *)p, PAGE, PROT_READ | PROT_WRITE);
		}
		end();
	}
	shoot_line("mprotect_pair_", kind, harts, 4 * rounds);
	unmap((void *)p, 1);

	REP(i, 1, 4 * rounds)
	{
		p = map_file(1, PROT_READ | PROT_WRITE, MAP_SHARED);
		p[0] = i;
		begin();
		munmap((void *)p, PAGE);
		end();
	}
	shoot_line("munmap_1p_", kind, harts, 4 * rounds);

	stop = 1;
	sh[0] = 1;
	for (int h = 1; h < harts; h++)
		if (o == SLEEP)
			write(park[1], &c, 1);
	for (int h = 1; h < harts; h++) {
		if (o == OTHER_PROCESS)
			waitpid(pid[h], 0, 0);
		else if (o == SLEEP || o == SPIN)
			pthread_join(t[h], 0);
	}
	close(park[0]);
	close(park[1]);
	unmap((void *)sh, 1);
}

/* in a fresh process, so that no hart but 0 has ever run its address space */
static void shoot(const char *kind, int harts, enum others o, int rounds)
{
	pid_t pid = fork();
	if (pid == 0) {
		shoot_run(kind, harts, o, rounds);
		_exit(0);
	}
	CHECK(waitpid(pid, 0, 0) == pid);
}

static void bench_smp(int harts)
{
	mb_pin(0);
	shoot("alone", harts, ALONE, 50);
	if (harts > 1) {
		shoot("sleeping_threads", harts, SLEEP, 50);
		shoot("spinning_threads", harts, SPIN, 50);
		shoot("exited_threads", harts, LEFT, 50);
		shoot("other_processes", harts, OTHER_PROCESS, 50);
	}
}

/* --------------------------------------------------------------- main ---- */

static int streq(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

int main(int argc, char **argv)
{
	MARK(3);
	int r = mb_setup(), all = 1;

	put_line("boot_to_first_user_instruction", mb_start_time * 1000, "ns");
	if (r < 0)
		die("mount");
	mb_meminfo();
	bench_fd = open_file(BENCH_DIR "/bench.dat", FILE_PAGES);
	cold_fd = open_file(BENCH_DIR "/cold.dat", COLD_PAGES);

	for (int i = 1; i < argc; i++)
		if (streq(argv[i], "smp") && i + 1 < argc)
			bench_smp(argv[++i][0] - '0'), all = 0;
		else if (streq(argv[i], "pingpong2"))
			bench_pingpong2(), all = 0;
		else if (streq(argv[i], "base"))
			bench_base(), all = 0;
		else if (streq(argv[i], "mm"))
			bench_mm(), all = 0;
		else if (streq(argv[i], "file"))
			bench_file(), all = 0;
		else if (streq(argv[i], "io"))
			bench_io(), all = 0;
		else if (streq(argv[i], "ipc"))
			bench_ipc(), all = 0;
		else if (streq(argv[i], "boot"))
			all = 0;
	if (all) {
		bench_base();
		bench_mm();
		bench_file();
		bench_ipc();
		bench_io();
	}
	puts_("mmbench done\n");
	mb_finish();
	return 0;
}
