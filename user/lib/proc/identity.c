/* Who a process is: its numbers, its groups and sessions, and the one user. */
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "../internal.h"

pid_t getpid(void)
{
	return sys_getpid();
}

pid_t getppid(void)
{
	return sys_getppid();
}

pid_t gettid(void)
{
	return (pid_t)__libc_gettid();
}

int setpgid(pid_t pid, pid_t pgid)
{
	return (int)__libc_result(sys_setpgid(pid, pgid));
}

pid_t getpgid(pid_t pid)
{
	return (pid_t)__libc_result(sys_getpgid(pid));
}

pid_t getpgrp(void)
{
	return getpgid(0);
}

int setpgrp(void)
{
	return setpgid(0, 0);
}

pid_t setsid(void)
{
	return (pid_t)__libc_result(sys_setsid());
}

pid_t getsid(pid_t pid)
{
	return (pid_t)__libc_result(sys_getsid(pid));
}

/* ------------------------------------------------------------------ the one user */

uid_t getuid(void)
{
	return 0;
}

uid_t geteuid(void)
{
	return 0;
}

gid_t getgid(void)
{
	return 0;
}

gid_t getegid(void)
{
	return 0;
}

/* Becoming who one is already is fine; there is nobody else to become. */
static int become(unsigned int id)
{
	return id == 0 || id == (unsigned int)-1 ? 0 : (int)__libc_result(-EPERM);
}

int setuid(uid_t uid)
{
	return become(uid);
}

int seteuid(uid_t uid)
{
	return become(uid);
}

int setgid(gid_t gid)
{
	return become(gid);
}

int setegid(gid_t gid)
{
	return become(gid);
}

int setreuid(uid_t real, uid_t effective)
{
	return become(real) < 0 ? -1 : become(effective);
}

int setregid(gid_t real, gid_t effective)
{
	return become(real) < 0 ? -1 : become(effective);
}

int getgroups(int size, gid_t list[])
{
	if (size < 0)
		return (int)__libc_result(-EINVAL);
	if (size > 0)
		list[0] = 0;
	return 1;
}

int setgroups(int count, const gid_t *list)
{
	for (int i = 0; i < count; i++) {
		if (become(list[i]) < 0)
			return -1;
	}
	return 0;
}

int initgroups(const char *user, gid_t group)
{
	(void)user;
	return become(group);
}

static char root_name[] = "root", root_dir[] = "/", root_shell[] = "/bin/sh", no_password[] = "x";
static struct passwd root_entry = {.pw_name = root_name,
	.pw_passwd = no_password,
	.pw_gecos = root_name,
	.pw_dir = root_dir,
	.pw_shell = root_shell};
static char *root_members[] = {root_name, NULL};
static struct group root_group = {
	.gr_name = root_name, .gr_passwd = no_password, .gr_mem = root_members};

struct passwd *getpwuid(uid_t uid)
{
	return uid == 0 ? &root_entry : NULL;
}

struct passwd *getpwnam(const char *name)
{
	return strcmp(name, root_name) == 0 ? &root_entry : NULL;
}

int getpwuid_r(uid_t uid, struct passwd *entry, char *buf, size_t size, struct passwd **result)
{
	(void)buf;
	(void)size;
	*result = uid == 0 ? entry : NULL;
	if (*result)
		*entry = root_entry;
	return 0;
}

int getpwnam_r(
	const char *name, struct passwd *entry, char *buf, size_t size, struct passwd **result)
{
	return getpwuid_r(strcmp(name, root_name) == 0 ? 0 : 1, entry, buf, size, result);
}

struct group *getgrgid(gid_t gid)
{
	return gid == 0 ? &root_group : NULL;
}

struct group *getgrnam(const char *name)
{
	return strcmp(name, root_name) == 0 ? &root_group : NULL;
}

int getgrgid_r(gid_t gid, struct group *entry, char *buf, size_t size, struct group **result)
{
	(void)buf;
	(void)size;
	*result = gid == 0 ? entry : NULL;
	if (*result)
		*entry = root_group;
	return 0;
}

int getgrnam_r(const char *name, struct group *entry, char *buf, size_t size, struct group **result)
{
	return getgrgid_r(strcmp(name, root_name) == 0 ? 0 : 1, entry, buf, size, result);
}

static bool passwd_read, group_read;

struct passwd *getpwent(void)
{
	bool read_before = passwd_read;

	passwd_read = true;
	return read_before ? NULL : &root_entry;
}

void setpwent(void)
{
	passwd_read = false;
}

void endpwent(void)
{
	passwd_read = false;
}

struct group *getgrent(void)
{
	bool read_before = group_read;

	group_read = true;
	return read_before ? NULL : &root_group;
}

void setgrent(void)
{
	group_read = false;
}

void endgrent(void)
{
	group_read = false;
}

char *getlogin(void)
{
	return root_name;
}

int getlogin_r(char *name, size_t len)
{
	if (len < sizeof(root_name))
		return ERANGE;
	strcpy(name, root_name);
	return 0;
}

/* ------------------------------------------------------------------ the system's name */

int uname(struct utsname *name)
{
	if (!__libc_writable(name, sizeof(*name)))
		return (int)__libc_result(-EFAULT);
	memset(name, 0, sizeof(*name));
	strcpy(name->sysname, "Quire");
	strcpy(name->nodename, "quire");
	strcpy(name->release, "1.0");
	strcpy(name->version, "Quire 1.0");
	strcpy(name->machine, "riscv32");
	return 0;
}

int gethostname(char *name, size_t len)
{
	if (len < sizeof("quire"))
		return (int)__libc_result(-ENAMETOOLONG);
	strcpy(name, "quire");
	return 0;
}

long gethostid(void)
{
	return 0x51756972;
}
