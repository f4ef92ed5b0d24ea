/* Bad input: every system call with bad arguments, damaged programs, and tracing under load. Nothing from
 * user mode may panic the kernel or disturb anybody else. */
#include "promise.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

static const uint32_t bad_values[] = {0, 1, 2, 3, 5, 0x7f, 0x400, 0x401, 0x40a, 0x1000, 0x1001, 0xffff, 0x10000,
	0x12345678, 0x7fffffff, 0x80000000, 0x80400000, 0xbfbfffff, 0xbffff000, 0xbfffffff, 0xc0000000,
	0xc0400000, 0xfffff000, 0xfffffffc, 0xffffffff};

static uint32_t call_badly(int number, uint32_t *seed)
{
	register uint32_t a0 __asm__("a0") = bad_values[next_random(seed) % 25];
	register uint32_t a1 __asm__("a1") = bad_values[next_random(seed) % 25];
	register uint32_t a2 __asm__("a2") = bad_values[next_random(seed) % 25];
	register uint32_t a3 __asm__("a3") = bad_values[next_random(seed) % 25];
	register uint32_t a4 __asm__("a4") = bad_values[next_random(seed) % 25];
	register uint32_t a5 __asm__("a5") = bad_values[next_random(seed) % 25];
	register uint32_t a6 __asm__("a6") = bad_values[next_random(seed) % 25];
	register uint32_t a7 __asm__("a7") = (uint32_t)number;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6), "+r"(a7)
			 :
			 : "memory");
	return a0;
}

/* The kernel's own addresses, and ranges that run into them or around the end, are nobody's buffers. */
static void kernel_pointers(void)
{
	static const uint32_t wild[] = {0xc0000000, 0xc0400000, 0xffc00000, 0xfffff000, 0xfffffff8, 0xbffffffc, 4};
	int fd = open("/wild.dat", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct quire_pollfd *none;

	EXPECT(fd >= 0 && write(fd, "sixteen bytes...", 16) == 16, "a file");
	for (unsigned i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		void *p = (void *)(uintptr_t)wild[i];

		none = p;
		EXPECT(sys_pread(fd, p, 16, 0) == -EFAULT, "pread to %p", p);
		EXPECT(sys_pwrite(fd, p, 16, 0) == -EFAULT, "pwrite from %p", p);
		EXPECT(sys_readv(fd, p, 2) == -EFAULT, "readv by %p", p);
		EXPECT(sys_writev(fd, p, 2) == -EFAULT, "writev by %p", p);
		EXPECT(sys_poll(none, 2, 0) == -EFAULT, "poll of %p", p);
		EXPECT(sys_info(QUIRE_INFO_MEMORY, 0, p, sizeof(struct quire_info_memory)) == -EFAULT, "info to %p", p);
		EXPECT(sys_obj_info(fd, p) == -EFAULT, "obj_info to %p", p);
		EXPECT(sys_log(p, 16) == -EFAULT, "log of %p", p);
	}
	char kept[16];

	EXPECT(pread(fd, kept, 16, 0) == 16 && !memcmp(kept, "sixteen bytes...", 16), "the file is as it was");
	close(fd);
	unlink("/wild.dat");
}

int test_badcalls(int argc, char **argv)
{
	uint32_t seed = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : 7;
	unsigned tries = argc > 2 ? (unsigned)atoi(argv[2]) : 60;
	int status;

	kernel_pointers();
	for (int number = 0; number < 260; number++) {
		/* What would rightly end or disturb others, and notifications to the servers' ports. */
		if (number == SYS_KILL || number == SYS_NOTIFY || number == SYS_TRACE || number == SYS_TUNE)
			continue;
		pid_t child = fork();

		EXPECT(child >= 0, "fork for call %d: errno %d", number, errno);
		if (child == 0) {
			/* A blocked call ends by the alarm; a group of its own keeps signals here. */
			setpgid(0, 0);
			close(0);
			alarm(1);
			for (unsigned i = 0; i < tries; i++) {
				uint32_t mine = seed + (uint32_t)number * 1000 + i;

				next_random(&mine);
				next_random(&mine);
				/* A fork needs no good argument. The child must not go on and fork in turn. */
				if (call_badly(number, &mine) == 0 && (number == SYS_FORK || number == SYS_VFORK))
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
	printf("badcalls: all answered\n");
	return 0;
}

int test_badelf(int argc, char **argv)
{
	static uint8_t image[1 << 20];
	uint32_t seed = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : 99;
	unsigned tries = argc > 2 ? (unsigned)atoi(argv[2]) : 150;
	int fd = open("/bin/true", O_RDONLY), status, refused = 0, ran = 0;
	ssize_t size = read(fd, image, sizeof(image));

	EXPECT(fd >= 0 && size > 1000, "read /bin/true");
	close(fd);
	for (unsigned i = 0; i < tries; i++) {
		uint32_t at[4];
		uint8_t old[4];

		fd = open("/bad.elf", O_RDWR | O_CREAT | O_TRUNC, 0755);
		EXPECT(fd >= 0, "create");
		for (int k = 0; k < 4; k++) { /* damage the headers */
			at[k] = next_random(&seed) % 200;
			old[k] = image[at[k]];
			image[at[k]] = (uint8_t)next_random(&seed);
		}
		ssize_t len = i % 10 == 9 ? (ssize_t)(next_random(&seed) % 200) : size;

		EXPECT(write(fd, image, (size_t)len) == len, "write");
		for (int k = 3; k >= 0; k--)
			image[at[k]] = old[k];
		close(fd);
		pid_t child = fork();

		EXPECT(child >= 0, "fork");
		if (child == 0) {
			char *args[] = {"bad", NULL};

			alarm(2);
			execv("/bad.elf", args);
			_exit(errno == ENOEXEC || errno == ENOMEM || errno == EINVAL || errno == E2BIG ? 99 : 98);
		}
		EXPECT(waitpid(child, &status, 0) == child, "wait");
		EXPECT(status != 98 << 8, "a damaged image gives a clear error");
		if (status == 99 << 8)
			refused++;
		else
			ran++;
	}
	unlink("/bad.elf");
	printf("badelf: %d refused, %d ran or died by themselves\n", refused, ran);
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
		EXPECT(waitpid(-1, &status, 0) > 0 && status == 0, "a faulting process ended with %d", status);
	static struct quire_trace_event events[64];
	unsigned seen = 0;

	for (unsigned h = 0; h < harts; h++) {
		int bytes = sys_trace(QUIRE_TRACE_READ, h, events, sizeof(events));

		EXPECT(bytes >= 0, "reading hart %u's ring", h);
		seen += (unsigned)bytes / sizeof(events[0]);
	}
	sys_trace(QUIRE_TRACE_ENABLE, 0, NULL, 0);
	EXPECT(seen > 0, "events were recorded");
	EXPECT(sys_log((const char *)0xc0400000, 16) == -EFAULT, "the log refuses the kernel's memory");
	EXPECT(sys_log((const char *)4, 16) == -EFAULT, "the log refuses no memory");
	printf("tracing: the rings held\n");
	return 0;
}
