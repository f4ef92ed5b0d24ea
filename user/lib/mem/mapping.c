/* mmap and its kin. The kernel does the work; here offsets become pages and a few descriptors that it
 * can't map are recognised. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <quire/fs.h>
#include "../internal.h"

_Static_assert(PROT_READ == QUIRE_PROT_READ && PROT_WRITE == QUIRE_PROT_WRITE &&
		       PROT_EXEC == QUIRE_PROT_EXEC && MAP_SHARED == QUIRE_MAP_SHARED &&
		       MAP_PRIVATE == QUIRE_MAP_PRIVATE && MAP_FIXED == QUIRE_MAP_FIXED &&
		       MAP_ANONYMOUS == QUIRE_MAP_ANON && MAP_NORESERVE == QUIRE_MAP_NORESERVE &&
		       MAP_FIXED_NOREPLACE == (QUIRE_MAP_FIXED | QUIRE_MAP_NOREPLACE) &&
		       MS_SYNC == QUIRE_MS_SYNC && MADV_DONTNEED == QUIRE_MADV_DONTNEED &&
		       MCL_FUTURE == QUIRE_MCL_FUTURE && MREMAP_FIXED == QUIRE_MREMAP_FIXED,
	"mapping numbers are the kernel's");

#define DEVICE_ZERO makedev(1, 5)

static bool is_zero_device(int fd)
{
	struct fs_stat st;

	return __libc_stat_fd(fd, &st) == 0 && S_ISCHR(st.mode) && st.rdev == DEVICE_ZERO;
}

static bool is_channel(int fd)
{
	struct quire_obj_info info;

	return sys_obj_info(fd, &info) == 0 && info.kind == QUIRE_OBJ_STREAM_CHANNEL;
}

/* The process that asked that what it maps from now on be locked; a child does not inherit that. */
static pid_t locks_future;

/* The kernel records a region as locked, but mapping it can't wait for its pages: they are made
 * resident here. As on Linux, a page that can't be had does not fail the mapping. */
static long make_resident(long result, size_t len, int flags)
{
	if (quire_is_error(result))
		return result;
	if ((flags & MAP_LOCKED) || (locks_future && locks_future == getpid()))
		sys_mlock((uint32_t)result, len, 1);
	else if (flags & MAP_POPULATE)
		sys_madvise((uint32_t)result, len, MADV_WILLNEED);
	return result;
}

static long map(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	long result;

	if (offset & (QUIRE_PAGE_SIZE - 1))
		return -EINVAL;
	if (flags & MAP_ANONYMOUS)
		return sys_mmap((uint32_t)(uintptr_t)addr, len, prot, flags, -1, 0);
	if ((uint64_t)(uint32_t)offset + len > UINT32_MAX)
		return -EOVERFLOW;
	result = sys_mmap((uint32_t)(uintptr_t)addr, len, prot, flags, __libc_fd(fd),
		(uint32_t)offset >> QUIRE_PAGE_SHIFT);
	if (!quire_is_error(result) || !is_channel(__libc_fd(fd)))
		return result;
	if (!is_zero_device(fd))
		return result == -EBADF || result == -ENOTSUP ? -ENODEV : result;
	return sys_mmap((uint32_t)(uintptr_t)addr, len, prot, flags | MAP_ANONYMOUS, -1, 0);
}

static void *map_result(long result)
{
	if (!quire_is_error(result))
		return (void *)result;
	errno = (int)-result;
	return MAP_FAILED;
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	return map_result(make_resident(map(addr, len, prot, flags, fd, offset), len, flags));
}

void *mremap(void *old, size_t old_len, size_t new_len, int flags, ...)
{
	void *target = NULL;
	va_list args;

	if (flags & MREMAP_FIXED) {
		va_start(args, flags);
		target = va_arg(args, void *);
		va_end(args);
	}
	return map_result(sys_mremap(
		(uint32_t)(uintptr_t)old, old_len, new_len, flags, (uint32_t)(uintptr_t)target));
}

int munmap(void *addr, size_t len)
{
	return (int)__libc_result(sys_munmap((uint32_t)(uintptr_t)addr, len));
}

int mprotect(void *addr, size_t len, int prot)
{
	return (int)__libc_result(sys_mprotect((uint32_t)(uintptr_t)addr, len, prot));
}

int msync(void *addr, size_t len, int flags)
{
	if ((flags & ~(MS_ASYNC | MS_SYNC | MS_INVALIDATE)) ||
		(flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return (int)__libc_result(-EINVAL);
	return (int)__libc_result(sys_msync((uint32_t)(uintptr_t)addr, len, flags));
}

int madvise(void *addr, size_t len, int advice)
{
	return (int)__libc_result(sys_madvise((uint32_t)(uintptr_t)addr, len, advice));
}

/* POSIX's DONTNEED is only advice: it must not lose what was stored. */
int posix_madvise(void *addr, size_t len, int advice)
{
	if (advice < POSIX_MADV_NORMAL || advice > POSIX_MADV_DONTNEED)
		return EINVAL;
	if (advice == POSIX_MADV_DONTNEED)
		advice = MADV_NORMAL;
	return -sys_madvise((uint32_t)(uintptr_t)addr, len, advice);
}

int mincore(void *addr, size_t len, unsigned char *vec)
{
	return (int)__libc_result(sys_mincore((uint32_t)(uintptr_t)addr, len, vec));
}

int mlock(const void *addr, size_t len)
{
	return (int)__libc_result(sys_mlock((uint32_t)(uintptr_t)addr, len, 1));
}

int munlock(const void *addr, size_t len)
{
	return (int)__libc_result(sys_mlock((uint32_t)(uintptr_t)addr, len, 0));
}

int mlockall(int flags)
{
	if (flags == 0 || (flags & ~(MCL_CURRENT | MCL_FUTURE)))
		return (int)__libc_result(-EINVAL);
	locks_future = flags & MCL_FUTURE ? getpid() : 0;
	return (int)__libc_result(sys_mlockall(flags));
}

int munlockall(void)
{
	locks_future = 0;
	return (int)__libc_result(sys_mlockall(0));
}

/* ------------------------------------------------------------------ memory with a descriptor */

int memfd_create(const char *name, unsigned int flags)
{
	int object, fd;

	if (flags & ~MFD_CLOEXEC)
		return (int)__libc_result(-EINVAL);
	if (!__libc_string_readable(name, 250))
		return (int)__libc_result(-EFAULT);
	if (strnlen(name, 250) == 250)
		return (int)__libc_result(-EINVAL);
	object = sys_obj_create(0);
	if (object < 0)
		return (int)__libc_result(object);
	fd = sys_stream_create(object, QUIRE_O_RDWR);
	sys_close(object);
	if (fd >= 0 && (flags & MFD_CLOEXEC))
		sys_handle_flags(fd, QUIRE_HANDLE_CLOEXEC, 0);
	return (int)__libc_result(fd);
}

#define SHM_FOLDER "/dev/shm/"

/* The file of a shared-memory object: its name without the leading slashes, and no others. */
static int shm_path(const char *name, char path[sizeof(SHM_FOLDER) + 256])
{
	size_t len;

	while (*name == '/')
		name++;
	len = strlen(name);
	if (len > 255)
		return -ENAMETOOLONG;
	if (len == 0 || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	memcpy(path, SHM_FOLDER, sizeof(SHM_FOLDER) - 1);
	memcpy(path + sizeof(SHM_FOLDER) - 1, name, len + 1);
	return 0;
}

int shm_open(const char *name, int flags, mode_t mode)
{
	char path[sizeof(SHM_FOLDER) + 256];
	int status = shm_path(name, path);

	if (status < 0)
		return (int)__libc_result(status);
	return open(path, flags | O_CLOEXEC | O_NOFOLLOW, mode);
}

int shm_unlink(const char *name)
{
	char path[sizeof(SHM_FOLDER) + 256];
	int status = shm_path(name, path);

	if (status < 0)
		return (int)__libc_result(status == -EINVAL ? -ENOENT : status);
	return unlink(path);
}
