/* What stat tells, by name and by descriptor; modes, owners and times. */
#include "../posix.h"

#include <sys/statvfs.h>
#include <sys/time.h>
#include <utime.h>

static void check_fields(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	struct stat by_name, open_one;

	REQUIRE(fd >= 0 && write(fd, "12345", 5) == 5);
	REQUIRE(stat(name, &by_name) == 0 && fstat(fd, &open_one) == 0);
	CHECK("stat.DESCRIPTION.regular", S_ISREG(by_name.st_mode));
	EQUALS("stat.DESCRIPTION.mode", by_name.st_mode & 07777, 0644);
	EQUALS("stat.DESCRIPTION.size", by_name.st_size, 5);
	EQUALS("stat.DESCRIPTION.nlink", by_name.st_nlink, 1);
	CHECK("stat.DESCRIPTION.ino", by_name.st_ino != 0);
	EQUALS("fstat.DESCRIPTION.ino", open_one.st_ino, by_name.st_ino);
	EQUALS("fstat.DESCRIPTION.dev", open_one.st_dev, by_name.st_dev);
	EQUALS("fstat.DESCRIPTION.mode", open_one.st_mode, by_name.st_mode);
	EQUALS("fstat.DESCRIPTION.size", open_one.st_size, by_name.st_size);
	EQUALS("fstat.DESCRIPTION.nlink", open_one.st_nlink, 1);
	EQUALS("fstat.DESCRIPTION.uid", open_one.st_uid, by_name.st_uid);
	CHECK("fstat.DESCRIPTION.blksize", open_one.st_blksize >= 512);
	EQUALS("fchmod.RETURN_VALUE", fchmod(fd, 0600), 0);
	stat(name, &by_name);
	EQUALS("fchmod.DESCRIPTION", by_name.st_mode & 07777, 0600);
	EQUALS("chmod.RETURN_VALUE", chmod(name, 04751), 0);
	fstat(fd, &open_one);
	EQUALS("chmod.DESCRIPTION", open_one.st_mode & 07777, 04751);
	CHECK("chmod.DESCRIPTION.type_stays", S_ISREG(open_one.st_mode));
	EQUALS("fchown.RETURN_VALUE", fchown(fd, 5, 6), 0);
	stat(name, &by_name);
	CHECK("fchown.DESCRIPTION", by_name.st_uid == 5 && by_name.st_gid == 6);
	EQUALS("chown.RETURN_VALUE", chown(name, (uid_t)-1, 9), 0);
	fstat(fd, &open_one);
	CHECK("chown.DESCRIPTION.minus_one", open_one.st_uid == 5 && open_one.st_gid == 9);
	EQUALS("ftruncate.DESCRIPTION.stat",
		ftruncate(fd, 3000) == 0 && stat(name, &by_name) == 0 && by_name.st_size == 3000,
		1);
	{
		char other[80];
		struct stat there;

		snprintf(other, sizeof(other), "%s.link", name);
		link(name, other);
		fstat(fd, &open_one);
		EQUALS("link.DESCRIPTION.fstat_nlink", open_one.st_nlink, 2);
		CHECK("link.DESCRIPTION.stat_same", stat(other, &there) == 0 &&
							    there.st_ino == open_one.st_ino &&
							    there.st_dev == open_one.st_dev);
		unlink(other);
	}
	{
		int another;
		char other[80];
		struct stat there;

		snprintf(other, sizeof(other), "%s.2", name);
		another = open(other, O_RDWR | O_CREAT, 0600);
		fstat(another, &there);
		CHECK("fstat.DESCRIPTION.ino_distinct",
			there.st_ino != open_one.st_ino && there.st_dev == open_one.st_dev);
		close(another);
		unlink(other);
	}
	unlink(name);
	EQUALS("unlink.DESCRIPTION.fchmod_open", fchmod(fd, 0444), 0);
	EQUALS("unlink.DESCRIPTION.fstat_open", fstat(fd, &open_one), 0);
	CHECK("unlink.DESCRIPTION.fstat_open.value", open_one.st_nlink == 0 &&
							     open_one.st_size == 3000 &&
							     (open_one.st_mode & 0777) == 0444);
	close(fd);
}

static void check_times(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	struct timeval tv[2] = {{1000000, 0}, {2000000, 0}};
	struct timespec ts[2] = {{3000000, 0}, {0, UTIME_OMIT}};
	struct utimbuf ut = {4000000, 5000000};
	struct stat st;
	time_t now = time(NULL);
	char byte;

	REQUIRE(fd >= 0);
	write(fd, "x", 1);
	fstat(fd, &st);
	CHECK("stat.DESCRIPTION.mtime_now",
		st.st_mtime >= now - 2 && st.st_mtime <= time(NULL) + 1);
	EQUALS("utimes.RETURN_VALUE", utimes(name, tv), 0);
	stat(name, &st);
	CHECK("utimes.DESCRIPTION", st.st_atime == 1000000 && st.st_mtime == 2000000);
	CHECK("utimes.DESCRIPTION.ctime", st.st_ctime >= now - 2);
	EQUALS("futimens.RETURN_VALUE", futimens(fd, ts), 0);
	fstat(fd, &st);
	CHECK("futimens.DESCRIPTION.UTIME_OMIT", st.st_atime == 3000000 && st.st_mtime == 2000000);
	stat(name, &st);
	CHECK("futimens.DESCRIPTION.stat", st.st_atime == 3000000 && st.st_mtime == 2000000);
	EQUALS("utime.RETURN_VALUE", utime(name, &ut), 0);
	fstat(fd, &st);
	CHECK("utime.DESCRIPTION", st.st_atime == 4000000 && st.st_mtime == 5000000);
	EQUALS("utimensat.RETURN_VALUE", utimensat(AT_FDCWD, name, NULL, 0), 0);
	stat(name, &st);
	CHECK("utimensat.DESCRIPTION.now", st.st_mtime >= now - 2);
	utimes(name, tv);
	pread(fd, &byte, 1, 0);
	fstat(fd, &st);
	EQUALS("read.DESCRIPTION.mtime_stays", st.st_mtime, 2000000);
	write(fd, "y", 1);
	fstat(fd, &st);
	CHECK("write.DESCRIPTION.mtime_marked", st.st_mtime >= now - 2);
	FAILS("utimes.ERRORS.ENOENT", utimes("none", tv), ENOENT);
	close(fd);
	unlink(name);
}

static void check_access(void)
{
	struct stat st;

	close(make_file("a", 1));
	chmod("a", 0644);
	EQUALS("access.DESCRIPTION.F_OK", access("a", F_OK), 0);
	EQUALS("access.DESCRIPTION.R_OK", access("a", R_OK | W_OK), 0);
	FAILS("access.ERRORS.EACCES", access("a", X_OK), EACCES);
	chmod("a", 0755);
	EQUALS("access.DESCRIPTION.X_OK", access("a", X_OK), 0);
	FAILS("access.ERRORS.ENOENT", access("none", F_OK), ENOENT);
	FAILS("access.ERRORS.ENOTDIR", access("a/b", F_OK), ENOTDIR);
	FAILS("access.ERRORS.EINVAL", access("a", 0x100), EINVAL);
	FAILS("stat.ERRORS.ENOENT", stat("none", &st), ENOENT);
	FAILS("stat.ERRORS.ENOENT.empty", stat("", &st), ENOENT);
	FAILS("stat.ERRORS.ENOTDIR", stat("a/b", &st), ENOTDIR);
	FAILS("fstat.ERRORS.EBADF", fstat(700, &st), EBADF);
	FAILS("chmod.ERRORS.ENOENT", chmod("none", 0), ENOENT);
	FAILS("chmod.ERRORS.ENOTDIR", chmod("a/b", 0), ENOTDIR);
	FAILS("fchmod.ERRORS.EBADF", fchmod(700, 0), EBADF);
	EQUALS("stat.DESCRIPTION.directory", stat(".", &st) == 0 && S_ISDIR(st.st_mode), 1);
	EQUALS("stat.DESCRIPTION.device", stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode), 1);
}

static void check_system(void)
{
	struct statvfs v;
	int fd = make_file("v", 10);

	EQUALS("statvfs.RETURN_VALUE", statvfs(".", &v), 0);
	CHECK("statvfs.DESCRIPTION", v.f_bsize > 0 && v.f_blocks > 0 && v.f_bfree <= v.f_blocks);
	CHECK("statvfs.DESCRIPTION.namemax", v.f_namemax >= 14);
	EQUALS("fstatvfs.RETURN_VALUE", fstatvfs(fd, &v), 0);
	FAILS("statvfs.ERRORS.ENOENT", statvfs("none", &v), ENOENT);
	FAILS("fstatvfs.ERRORS.EBADF", fstatvfs(700, &v), EBADF);
	EQUALS("pathconf.DESCRIPTION.NAME_MAX", pathconf(".", _PC_NAME_MAX), 255);
	CHECK("pathconf.DESCRIPTION.PATH_MAX", pathconf(".", _PC_PATH_MAX) >= 255);
	CHECK("fpathconf.DESCRIPTION.PIPE_BUF", fpathconf(fd, _PC_PIPE_BUF) >= 512);
	FAILS("pathconf.ERRORS.EINVAL", pathconf(".", 9999), EINVAL);
	close(fd);
}

void case_stat(void)
{
	char name[40];

	check_fields("f");
	snprintf(name, sizeof(name), "/tmp/t-posix.%d.stat", (int)getpid());
	check_fields(name);
	check_access();
}

void case_utimes(void)
{
	char name[40];

	check_times("f");
	snprintf(name, sizeof(name), "/tmp/t-posix.%d.times", (int)getpid());
	check_times(name);
}

void case_statvfs(void)
{
	check_system();
}
