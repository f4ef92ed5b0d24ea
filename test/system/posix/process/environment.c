/* The environment, and what a process takes over from its parent. */
#include "../posix.h"

#include <limits.h>
#include <sys/utsname.h>

extern char **environ;

void case_environment(void)
{
	static char put[] = "T_POSIX_PUT=1";
	struct utsname name;
	char before[PATH_MAX], after[PATH_MAX];
	pid_t child;

	unsetenv("T_POSIX_E");
	CHECK("getenv.RETURN_VALUE.null", getenv("T_POSIX_E") == NULL);
	EQUALS("setenv.RETURN_VALUE", setenv("T_POSIX_E", "one", 0), 0);
	CHECK("getenv.DESCRIPTION", !strcmp(getenv("T_POSIX_E"), "one"));
	setenv("T_POSIX_E", "two", 0);
	CHECK("setenv.DESCRIPTION.no_overwrite", !strcmp(getenv("T_POSIX_E"), "one"));
	setenv("T_POSIX_E", "three", 1);
	CHECK("setenv.DESCRIPTION.overwrite", !strcmp(getenv("T_POSIX_E"), "three"));
	EQUALS("unsetenv.RETURN_VALUE", unsetenv("T_POSIX_E"), 0);
	CHECK("unsetenv.DESCRIPTION", getenv("T_POSIX_E") == NULL);
	FAILS("setenv.ERRORS.EINVAL.equals", setenv("a=b", "x", 1), EINVAL);
	FAILS("setenv.ERRORS.EINVAL.empty", setenv("", "x", 1), EINVAL);
	FAILS("unsetenv.ERRORS.EINVAL", unsetenv("a=b"), EINVAL);
	EQUALS("putenv.RETURN_VALUE", putenv(put), 0);
	put[12] = '2';
	CHECK("putenv.DESCRIPTION.string_itself", !strcmp(getenv("T_POSIX_PUT"), "2"));
	for (int i = 0; i < 100; i++) {
		char many[24];

		snprintf(many, sizeof(many), "T_POSIX_%d", i);
		setenv(many, many, 1);
	}
	CHECK("setenv.DESCRIPTION.hundred", !strcmp(getenv("T_POSIX_0"), "T_POSIX_0") &&
						    !strcmp(getenv("T_POSIX_99"), "T_POSIX_99") &&
						    !strcmp(getenv("T_POSIX_PUT"), "2"));
	{
		static char *own[] = {(char *)"OWN=1", NULL};
		char **before_own = environ;

		environ = own;
		CHECK("environ.DESCRIPTION.assigned",
			getenv("OWN") && !getenv("T_POSIX_0") && setenv("NEW", "2", 1) == 0 &&
				!strcmp(getenv("NEW"), "2") && !strcmp(getenv("OWN"), "1"));
#ifdef HOST
		/* glibc has freed that array. */
		(void)before_own;
#else
		environ = before_own;
		CHECK("environ.DECIDED.put_back",
			!strcmp(getenv("T_POSIX_99"), "T_POSIX_99") && !getenv("NEW") &&
				setenv("NEW", "3", 1) == 0 &&
				!strcmp(getenv("T_POSIX_0"), "T_POSIX_0"));
#endif
	}
	EQUALS("uname.RETURN_VALUE", uname(&name) >= 0, 1);
	CHECK("uname.DESCRIPTION", name.sysname[0] && name.machine[0]);
	CHECK("getuid.DESCRIPTION", getuid() == geteuid() && getgid() == getegid());
	mkdir("w", 0755);
	getcwd(before, sizeof(before));
	child = fork();
	if (child == 0) {
		umask(0123);
		_exit(chdir("w") == 0 && access("../w", F_OK) == 0 ? 0 : 1);
	}
	EQUALS("fork.DESCRIPTION.directory_inherited", ended(child), 0);
	CHECK("chdir.DESCRIPTION.child_only", !strcmp(getcwd(after, sizeof(after)), before));
	CHECK("umask.DESCRIPTION.child_only", umask(022) != 0123);
	umask(077);
	child = fork();
	if (child == 0)
		_exit(umask(0) == 077 ? 0 : 1);
	EQUALS("fork.DESCRIPTION.umask_inherited", ended(child), 0);
	umask(022);
	FAILS("isatty.ERRORS.ENOTTY", isatty(open("/dev/null", O_RDONLY)) ? 0 : -1, ENOTTY);
	FAILS("isatty.ERRORS.EBADF", isatty(700) ? 0 : -1, EBADF);
}
