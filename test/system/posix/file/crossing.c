/* Paths from one file system to another, long paths, and directories that are gone. */
#include "../posix.h"

#include <limits.h>

/* One directory, told from the root and from here: not two file systems. */
static void check_told_differently(void)
{
	char path[PATH_MAX], whole[PATH_MAX + 8];
	int dir;

	REQUIRE(getcwd(path, sizeof(path)) && mkdir("told", 0700) == 0);
	snprintf(whole, sizeof(whole), "%s/one", path);
	close(make_file("one", 1));
	EQUALS("rename.DESCRIPTION.from_whole_path", rename(whole, "two"), 0);
	EQUALS("rename.DESCRIPTION.to_whole_path", rename("two", whole), 0);
	EQUALS("link.DESCRIPTION.from_whole_path", link(whole, "three"), 0);
	unlink(whole);
	EQUALS("link.DESCRIPTION.to_whole_path", link("three", whole), 0);
	dir = open("told", O_RDONLY | O_DIRECTORY);
	EQUALS("renameat.DESCRIPTION.from_whole_path", renameat(AT_FDCWD, whole, dir, "four"), 0);
	EQUALS("renameat.DESCRIPTION.to_whole_path", renameat(dir, "four", AT_FDCWD, whole), 0);
	EQUALS("renameat.DESCRIPTION.whole_path.there", access("one", F_OK), 0);
	unlink(whole);
	FAILS("rename.ERRORS.ENOENT.whole_path", rename(whole, "two"), ENOENT);
	close(dir);
}

void case_crossing(void)
{
	char path[PATH_MAX], name[64], link_name[PATH_MAX];
	struct stat here, there;
	int fd, depth = 0;

	check_told_differently();
	snprintf(name, sizeof(name), "/dev/shm/t-posix.%d", (int)getpid());
	fd = open(name, O_RDWR | O_CREAT, 0600);
	REQUIRE(fd >= 0);
	write(fd, "across", 6);
	stat(".", &here);
	stat("/dev/shm", &there);
	CHECK("stat.DESCRIPTION.st_dev_distinct", here.st_dev != there.st_dev);
	FAILS("rename.ERRORS.EXDEV", rename(name, "moved"), EXDEV);
	FAILS("link.ERRORS.EXDEV", link(name, "linked"), EXDEV);
	EQUALS("symlink.DESCRIPTION.across", symlink(name, "s"), 0);
	EQUALS("symlink.DESCRIPTION.across_followed", stat("s", &there) == 0 && there.st_size == 6,
		1);
	getcwd(path, sizeof(path));
	snprintf(link_name, sizeof(link_name), "/dev/shm/t-posix.%d.back", (int)getpid());
	EQUALS("symlink.DESCRIPTION.back", symlink(path, link_name), 0);
	close(make_file("seen", 3));
	snprintf(path, sizeof(path), "%s/seen", link_name);
	EQUALS("symlink.DESCRIPTION.back_followed", stat(path, &there) == 0 && there.st_size == 3,
		1);
	snprintf(path, sizeof(path), "%s/s", link_name);
	EQUALS("symlink.DESCRIPTION.there_and_back", stat(path, &there) == 0 && there.st_size == 6,
		1);
	unlink(link_name);
	unlink(name);
	FAILS("stat.ERRORS.ENOENT.target_gone", stat("s", &there), ENOENT);
	close(fd);
	EQUALS("stat.DESCRIPTION.dotdot_of_mount",
		stat("/dev/..", &there) == 0 && stat("/", &here) == 0 &&
			there.st_ino == here.st_ino && there.st_dev == here.st_dev,
		1);
	EQUALS("stat.DESCRIPTION.dotdot_of_root",
		stat("/..", &there) == 0 && there.st_ino == here.st_ino, 1);

	/* As deep as one may go by short steps; the whole path is then too long to be said at once. */
	while (depth < 30 && mkdir("a-directory-with-a-rather-long-name-to-get-far", 0755) == 0 &&
		chdir("a-directory-with-a-rather-long-name-to-get-far") == 0)
		depth++;
	EQUALS("mkdir.DESCRIPTION.deep", depth, 30);
	fd = open("at-the-bottom", O_RDWR | O_CREAT, 0600);
	CHECK("open.DESCRIPTION.deep", fd >= 0);
	close(fd);
	unlink("at-the-bottom");
	while (depth-- > 0) {
		if (chdir("..") < 0 || rmdir("a-directory-with-a-rather-long-name-to-get-far") < 0)
			break;
	}
	EQUALS("rmdir.DESCRIPTION.deep", depth, -1);
#ifndef HOST
	/* Linux sees first that the first component is missing. */
	{
		static char too_long[3 * PATH_MAX];

		memset(too_long, '/', sizeof(too_long) - 2);
		FAILS("open.ERRORS.ENAMETOOLONG.path", open(too_long, O_RDONLY), ENAMETOOLONG);
	}
#endif

	/* The working directory is removed. */
	{
		pid_t child = fork();

		if (child == 0) {
			mkdir("gone", 0755);
			chdir("gone");
			EQUALS("rmdir.DESCRIPTION.working_directory", rmdir("../gone"), 0);
			FAILS("getcwd.ERRORS.ENOENT", getcwd(path, sizeof(path)) ? 0 : -1, ENOENT);
			FAILS("open.ERRORS.ENOENT.directory_gone",
				open("x", O_RDWR | O_CREAT, 0600), ENOENT);
			FAILS("mkdir.ERRORS.ENOENT.directory_gone", mkdir("x", 0700), ENOENT);
			EQUALS("chdir.DESCRIPTION.out_of_gone", chdir("/"), 0);
			_exit(0);
		}
		EQUALS("rmdir.DESCRIPTION.gone", ended(child), 0);
	}
}
