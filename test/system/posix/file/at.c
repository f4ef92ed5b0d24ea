/* The functions that take a directory, and those that read one in other ways. */
#include "../posix.h"

#include <dirent.h>

static int only_x(const struct dirent *entry)
{
	return entry->d_name[0] == 'x';
}

/* A link's target may be absolute, or another link. */
static void check_follow_absolute(int dir)
{
	char target[600];
	struct stat st, other;

	REQUIRE(getcwd(target, 500) && fstatat(dir, "x1", &other, 0) == 0);
	strcat(target, "/d/s");
	EQUALS("symlinkat.RETURN_VALUE.absolute", symlinkat(target, dir, "far"), 0);
	EQUALS("linkat.DESCRIPTION.AT_SYMLINK_FOLLOW.absolute",
		linkat(dir, "far", dir, "y4", AT_SYMLINK_FOLLOW), 0);
	EQUALS("linkat.DESCRIPTION.AT_SYMLINK_FOLLOW.chain",
		fstatat(dir, "y4", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == other.st_ino, 1);
	unlinkat(dir, "y4", 0);
	unlinkat(dir, "far", 0);
	symlinkat("y5", dir, "y5");
	FAILS("linkat.ERRORS.ELOOP", linkat(dir, "y5", dir, "y6", AT_SYMLINK_FOLLOW), ELOOP);
	unlinkat(dir, "y5", 0);
	FAILS("linkat.ERRORS.ENOENT.AT_SYMLINK_FOLLOW",
		linkat(dir, "y5", dir, "y6", AT_SYMLINK_FOLLOW), ENOENT);
}

void case_at(void)
{
	int dir, file;
	struct stat st, other;
	char text[20] = "";
	struct timespec ts[2] = {{111, 0}, {222, 0}};
	struct dirent **list = NULL;
	DIR *opened;
	int n;

	mkdir("d", 0755);
	dir = open("d", O_RDONLY | O_DIRECTORY);
	file = openat(dir, "x1", O_RDWR | O_CREAT, 0600);
	REQUIRE(dir >= 0 && file >= 0);
	EQUALS("openat.DESCRIPTION.made_there", access("d/x1", F_OK), 0);
	EQUALS("fstatat.RETURN_VALUE", fstatat(dir, "x1", &st, 0), 0);
	fstat(file, &other);
	EQUALS("fstatat.DESCRIPTION.same", st.st_ino, other.st_ino);
	EQUALS("mkdirat.RETURN_VALUE", mkdirat(dir, "sub", 0700), 0);
	EQUALS("linkat.RETURN_VALUE", linkat(dir, "x1", dir, "x2", 0), 0);
	EQUALS("symlinkat.RETURN_VALUE", symlinkat("x1", dir, "s"), 0);
	EQUALS("readlinkat.RETURN_VALUE", readlinkat(dir, "s", text, sizeof(text)), 2);
	CHECK("readlinkat.DESCRIPTION", !strcmp(text, "x1"));
	EQUALS("fstatat.DESCRIPTION.AT_SYMLINK_NOFOLLOW",
		fstatat(dir, "s", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode), 1);
	EQUALS("linkat.DESCRIPTION.link_itself", linkat(dir, "s", dir, "s2", 0), 0);
	EQUALS("linkat.DESCRIPTION.link_itself.type",
		fstatat(dir, "s2", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode), 1);
	EQUALS("linkat.DESCRIPTION.AT_SYMLINK_FOLLOW",
		linkat(dir, "s", dir, "x3", AT_SYMLINK_FOLLOW), 0);
	EQUALS("linkat.DESCRIPTION.AT_SYMLINK_FOLLOW.type",
		fstatat(dir, "x3", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode), 1);
	check_follow_absolute(dir);
	EQUALS("renameat.RETURN_VALUE", renameat(dir, "x3", AT_FDCWD, "moved"), 0);
	EQUALS("renameat.DESCRIPTION", access("moved", F_OK), 0);
	EQUALS("fchmodat.RETURN_VALUE", fchmodat(dir, "x1", 0640, 0), 0);
	EQUALS("fchmodat.DESCRIPTION", fstat(file, &st) == 0 && (st.st_mode & 0777) == 0640, 1);
	EQUALS("faccessat.RETURN_VALUE", faccessat(dir, "x1", R_OK, 0), 0);
	EQUALS("utimensat.RETURN_VALUE", utimensat(dir, "x1", ts, 0), 0);
	EQUALS("utimensat.DESCRIPTION", fstat(file, &st) == 0 && st.st_mtime == 222, 1);
	EQUALS("mkfifoat.RETURN_VALUE", mkfifoat(dir, "p", 0600), 0);
	FAILS("unlinkat.ERRORS.ENOTDIR", unlinkat(dir, "x1", AT_REMOVEDIR), ENOTDIR);
	FAILS("openat.ERRORS.ENOENT", openat(dir, "none", O_RDONLY), ENOENT);
	FAILS("mkdirat.ERRORS.EBADF", mkdirat(700, "z", 0700), EBADF);
	FAILS("mkdirat.ERRORS.ENOTDIR", mkdirat(file, "z", 0700), ENOTDIR);
	n = scandir("d", &list, only_x, alphasort);
	EQUALS("scandir.RETURN_VALUE", n, 2);
	CHECK("scandir.DESCRIPTION.sorted",
		n == 2 && !strcmp(list[0]->d_name, "x1") && !strcmp(list[1]->d_name, "x2"));
	while (n > 0)
		free(list[--n]);
	free(list);
	opened = fdopendir(dup(dir));
	CHECK("fdopendir.RETURN_VALUE", opened != NULL);
	if (opened) {
		for (n = 0; readdir(opened); n++)
			;
		EQUALS("fdopendir.DESCRIPTION", n, 8);
		closedir(opened);
	}
	EQUALS("unlinkat.RETURN_VALUE.directory", unlinkat(dir, "sub", AT_REMOVEDIR), 0);
	EQUALS("unlinkat.RETURN_VALUE", unlinkat(dir, "x1", 0), 0);
	FAILS("unlinkat.ERRORS.ENOENT", unlinkat(dir, "x1", 0), ENOENT);
	/* A directory that is open stays usable when its name changes, and refuses when it is gone. */
	rename("d", "e");
	EQUALS("openat.DESCRIPTION.renamed_directory", faccessat(dir, "x2", F_OK, 0), 0);
	unlinkat(dir, "x2", 0), unlinkat(dir, "s", 0), unlinkat(dir, "s2", 0),
		unlinkat(dir, "p", 0);
	EQUALS("rmdir.RETURN_VALUE.open", rmdir("e"), 0);
	FAILS("openat.ERRORS.ENOENT.removed_directory", openat(dir, "new", O_RDWR | O_CREAT, 0600),
		ENOENT);
	close(dir), close(file);
}
