/* Bad input: every system call with bad arguments, damaged programs, and tracing under load. Nothing from
 * user mode may panic the kernel or disturb anybody else. */
#include "promise.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

static const uint32_t bad_values[] = {0, 1, 2, 3, 5, 0x7f, 0x400, 0x401, 0x402, 0x403, 0x404, 0x40a,
	0x1000, 0x1001, 0xffff, 0x10000, 0x3fff0000, 0x40000000, 0x40001000, 0x40001ffe, 0x12345678,
	0x7fffffff, 0x80000000, 0x80400000, 0xbfbfffff, 0xbffff000, 0xbfffffff, 0xc0000000,
	0xc0400000, 0xfffff000, 0xfffffffc, 0xffffffff};
#define BAD_VALUES (sizeof(bad_values) / sizeof(bad_values[0]))

/* Some of the values are good for something: pages, and one handle of every kind from 0x400 on, so that
 * calls get past their first checks. */
static void make_some_good(void)
{
	uint8_t *p = mmap((void *)0x40000000, 2 * PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	int port = sys_port_create();

	EXPECT(p != MAP_FAILED && port == 0x400, "pages, and a port at %d", port);
	for (unsigned i = 0; i < 2 * PAGE / sizeof(uint32_t); i++)
		((uint32_t *)p)[i] = bad_values[i % BAD_VALUES];
	sys_channel_create(port, 1, QUIRE_CHANNEL_WATCH);
	int paged = sys_obj_create_paged(port, 1, 3 * PAGE);

	sys_obj_create(3 * PAGE);
	sys_stream_create(paged, QUIRE_O_RDWR);
	sys_pipe(0, &(int){0}, &(int){0});
}

/* What a signal sent may reach: nobody, or the caller's group, which is the caller. */
static uint32_t bad_target(uint32_t random)
{
	static const uint32_t targets[] = {0, 0x12345678, 0x7fffffff, 0x80000000, 0xffff0000};

	return targets[random % (sizeof(targets) / sizeof(targets[0]))];
}

static uint32_t call_badly(int number, uint32_t *seed)
{
	uint32_t v[7];

	for (int i = 0; i < 7; i++)
		v[i] = bad_values[next_random(seed) % BAD_VALUES];
	if (number == SYS_KILL)
		v[0] = bad_target(next_random(seed));
	/* Nothing may be called from here on: it would use these registers. */
	register uint32_t a0 __asm__("a0") = v[0];
	register uint32_t a1 __asm__("a1") = v[1];
	register uint32_t a2 __asm__("a2") = v[2];
	register uint32_t a3 __asm__("a3") = v[3];
	register uint32_t a4 __asm__("a4") = v[4];
	register uint32_t a5 __asm__("a5") = v[5];
	register uint32_t a6 __asm__("a6") = v[6];
	register uint32_t a7 __asm__("a7") = (uint32_t)number;

	__asm__ volatile(
		"ecall"
		: "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6), "+r"(a7)
		:
		: "memory");
	return a0;
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* A call that blocks is broken by a signal soon, and the next one made. */
static void break_blocked_calls(void)
{
	struct sigaction action = {.sa_handler = on_alarm};
	struct quire_itimer often = {.interval_ns = 5000000, .value_ns = 5000000};

	EXPECT(sigaction(SIGALRM, &action, NULL) == 0 && sys_itimer(&often, NULL) == 0, "a timer");
}

int test_badcalls(int argc, char **argv)
{
	uint32_t seed = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : 7;
	unsigned tries = argc > 2 ? (unsigned)atoi(argv[2]) : 60;
	long around = quire_ecall2(SYS_TUNE, QUIRE_TUNE_FAULT_AROUND, ~0L);
	int status;

	for (int number = 0; number < 260; number++) {
		pid_t child = fork();

		EXPECT(child >= 0, "fork for call %d: errno %d", number, errno);
		if (child == 0) {
			/* A group of its own keeps signals here. */
			setpgid(0, 0);
			for (int fd = 0; fd < 3; fd++)
				close(fd);
			make_some_good();
			break_blocked_calls();
			for (unsigned i = 0; i < tries; i++) {
				uint32_t mine = seed + (uint32_t)number * 1000 + i;

				next_random(&mine);
				next_random(&mine);
				/* A fork needs no good argument. The child must not go on and fork in turn. */
				if (call_badly(number, &mine) == 0 &&
					(number == SYS_FORK || number == SYS_VFORK))
					_exit(0);
			}
			_exit(0);
		}
		for (int i = 0; waitpid(child, &status, 1 /* WNOHANG */) == 0; i++) {
			usleep(5000);
			if (i == 300)
				kill(child, SIGKILL);
		}
	}
	EXPECT(sys_trace(QUIRE_TRACE_ENABLE, 0, NULL, 0) == 0, "tracing stops");
	EXPECT(quire_ecall2(SYS_TUNE, QUIRE_TUNE_FAULT_AROUND, around) > 0, "the tuning as it was");
	printf("badcalls: all answered\n");
	return 0;
}

static uint8_t image[1 << 20];

/* Runs /bad.elf of so many bytes: the error of exec, or 0 if it ran, for however short a while, but not for
 * more than so many seconds. */
static int run_image(ssize_t size, unsigned seconds)
{
	int fd = open("/bad.elf", O_RDWR | O_CREAT | O_TRUNC, 0755), status;

	EXPECT(fd >= 0 && write(fd, image, (size_t)size) == size && close(fd) == 0, "an image");
	pid_t child = fork();

	EXPECT(child >= 0, "fork");
	if (child == 0) {
		char *args[] = {"bad", NULL};

		alarm(seconds);
		execv("/bad.elf", args);
		_exit(errno == ENOEXEC || errno == ENOMEM || errno == EINVAL || errno == E2BIG
				? 128 + errno
				: 98);
	}
	EXPECT(waitpid(child, &status, 0) == child, "wait");
	EXPECT(status != 98 << 8, "a damaged image gives a clear error");
	return status > 128 << 8 ? (status >> 8) - 128 : 0;
}

static void put(uint32_t at, uint32_t value, unsigned bytes)
{
	memcpy(image + at, &value, bytes);
}

static uint32_t word(uint32_t at)
{
	uint32_t value;

	memcpy(&value, image + at, sizeof(value));
	return value;
}

/* Each field that the loader relies on, with values that it must not believe. */
static void wrong_fields(uint32_t size)
{
	enum { PHOFF = 28, PHNUM = 44, OFFSET = 4, VADDR = 8, FILESZ = 16, MEMSZ = 20 };
	const uint32_t header = word(PHOFF), load = header, s = size;
	/* behind it there is room, so that only the file's end is in the way */
	uint32_t last = load;

	for (uint32_t i = 0; i < (word(PHNUM) & 0xffff); i++)
		if (word(header + 32 * i) == 1)
			last = header + 32 * i;
	const uint32_t beyond = s - word(last + OFFSET) + PAGE;
	const struct {
		/* a second field follows the first, so that the first decides */
		uint32_t at, value, bytes, at2, value2;
	} wrong[] = {{0, 0x464c457e, 4, 0, 0}, {4, 2, 1, 0, 0}, {5, 2, 1, 0, 0}, {16, 1, 2, 0, 0},
		{18, 3, 2, 0, 0}, {PHOFF, s, 4, 0, 0}, {PHOFF, s - 8, 4, 0, 0},
		{PHOFF, 0xfffffff0, 4, 0, 0}, {PHNUM, 0, 2, 0, 0}, {PHNUM, 17, 2, 0, 0},
		{PHNUM, 0xffff, 2, 0, 0}, {load, 3, 4, 0, 0}, {load, 2, 4, 0, 0},
		{load + OFFSET, s + 1, 4, 0, 0}, {load + OFFSET, 0xfffff000, 4, 0, 0},
		{load + FILESZ, s, 4, load + MEMSZ, s},
		{load + FILESZ, s + 4 * PAGE, 4, load + MEMSZ, s + 4 * PAGE},
		{last + FILESZ, beyond, 4, last + MEMSZ, beyond + 16 * PAGE},
		{load + FILESZ, 0xffffffff, 4, load + MEMSZ, 0xffffffff},
		{load + MEMSZ, word(load + FILESZ) - 1, 4, 0, 0},
		{load + MEMSZ, 0xffffffff, 4, 0, 0}, {load + MEMSZ, 0x80000000, 4, 0, 0},
		{load + VADDR, 0, 4, 0, 0}, {load + VADDR, 0x80000000, 4, 0, 0},
		{load + VADDR, 0xbffff000, 4, 0, 0}, {load + VADDR, 0xc0400000, 4, 0, 0},
		{load + VADDR, 0xfffff000, 4, 0, 0},
		{load + VADDR, 0x7ffff000, 4, load + MEMSZ, 0x10000},
		{load + VADDR, word(load + 32 + VADDR) & ~(PAGE - 1), 4, 0, 0}};
	uint8_t old[256];

	EXPECT(word(load) == 1 && word(load + OFFSET) + word(load + FILESZ) < s && word(PHNUM) >= 2,
		"the program has two segments and something behind the first");
	memcpy(old, image, sizeof(old));
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (wrong[i].at == load + FILESZ && wrong[i].value == s && !word(load + OFFSET))
			continue; /* from the start of the file all of it is content */
		put(wrong[i].at, wrong[i].value, wrong[i].bytes);
		if (wrong[i].at2)
			put(wrong[i].at2, wrong[i].value2, 4);
		int error = run_image((ssize_t)size, 60);

		EXPECT(error == ENOEXEC, "%lx at %lu gives %d, not ENOEXEC",
			(unsigned long)wrong[i].value, (unsigned long)wrong[i].at, error);
		memcpy(image, old, sizeof(old));
	}
	EXPECT(run_image((ssize_t)size, 60) == 0, "the whole image runs");
}

int test_badelf(int argc, char **argv)
{
	uint32_t seed = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : 99;
	unsigned tries = argc > 2 ? (unsigned)atoi(argv[2]) : 150;
	int fd = open("/bin/true", O_RDONLY), refused = 0;
	ssize_t size = read(fd, image, sizeof(image));

	EXPECT(fd >= 0 && size > 1000, "read /bin/true");
	close(fd);
	wrong_fields((uint32_t)size);
	for (unsigned i = 0; i < tries; i++) {
		uint32_t at[4];
		uint8_t old[4];

		for (int k = 0; k < 4; k++) { /* damage the headers */
			at[k] = next_random(&seed) % 200;
			old[k] = image[at[k]];
			image[at[k]] = (uint8_t)next_random(&seed);
		}
		refused +=
			run_image(i % 10 == 9 ? (ssize_t)(next_random(&seed) % 200) : size, 2) != 0;
		for (int k = 3; k >= 0; k--)
			image[at[k]] = old[k];
	}
	unlink("/bad.elf");
	printf("badelf: %d refused, %d ran or died by themselves\n", refused, (int)tries - refused);
	return 0;
}

/* P7: every fault traced on every hart while all of them fault; and the log refuses a bad pointer. */
int test_tracing(int argc, char **argv)
{
	unsigned harts = hart_count();
	int status;

	(void)argc, (void)argv;
	EXPECT(sys_trace(QUIRE_TRACE_ENABLE, 0x3fe, NULL, 0) >= 0, "trace everything");
	for (unsigned h = 0; h < harts; h++)
		if (fork() == 0) {
			pin(h);
			for (int round = 0; round < 30; round++) {
				volatile uint8_t *p = mmap(NULL, 256 * PAGE, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

				for (unsigned i = 0; i < 256; i++)
					p[i * PAGE] = 1;
				if (fork() == 0) {
					for (unsigned i = 0; i < 256; i += 8)
						p[i * PAGE] = 2;
					_exit(0);
				}
				waitpid(-1, &status, 0);
				munmap((void *)p, 256 * PAGE);
			}
			_exit(0);
		}
	for (unsigned h = 0; h < harts; h++)
		EXPECT(waitpid(-1, &status, 0) > 0 && status == 0,
			"a faulting process ended with %d", status);
	static struct quire_trace_event events[64];
	unsigned seen = 0;

	for (unsigned h = 0; h < harts; h++) {
		int bytes = sys_trace(QUIRE_TRACE_READ, h, events, sizeof(events));

		EXPECT(bytes >= 0, "reading hart %u's ring", h);
		seen += (unsigned)bytes / sizeof(events[0]);
	}
	sys_trace(QUIRE_TRACE_ENABLE, 0, NULL, 0);
	EXPECT(seen > 0, "events were recorded");
	EXPECT(sys_log((const char *)0xc0400000, 16) == -EFAULT,
		"the log refuses the kernel's memory");
	EXPECT(sys_log((const char *)4, 16) == -EFAULT, "the log refuses no memory");
	printf("tracing: the rings held\n");
	return 0;
}
