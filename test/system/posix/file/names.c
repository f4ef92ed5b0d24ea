/* Names: link, unlink, rename, symlink, mkdir, rmdir, directories, the working directory. */
#include "../posix.h"

#include <dirent.h>
#include <limits.h>

static ino_t inode(const char *name)
{
	struct stat st;

	return lstat(name, &st) == 0 ? st.st_ino : 0;
}

static int links(const char *name)
{
	struct stat st;

	return lstat(name, &st) == 0 ? (int)st.st_nlink : -1;
}

static void touch(const char *name)
{
	close(make_file(name, 10));
}

static void check_link(void)
{
	int fd;
	char byte = 0;

	touch("a");
	mkdir("d", 0755);
	EQUALS("link.RETURN_VALUE", link("a", "b"), 0);
	EQUALS("link.DESCRIPTION.same_file", inode("a"), inode("b"));
	EQUALS("link.DESCRIPTION.count", links("a"), 2);
	FAILS("link.ERRORS.EEXIST", link("a", "b"), EEXIST);
	FAILS("link.ERRORS.ENOENT", link("none", "x"), ENOENT);
	FAILS("link.ERRORS.ENOTDIR", link("a/x", "x"), ENOTDIR);
	FAILS("link.ERRORS.EPERM.directory", link("d", "x"), EPERM);
	FAILS("link.ERRORS.ENOENT.new", link("a", "none/x"), ENOENT);
	EQUALS("unlink.RETURN_VALUE", unlink("a"), 0);
	EQUALS("unlink.DESCRIPTION.count", links("b"), 1);
	FAILS("unlink.ERRORS.ENOENT", unlink("a"), ENOENT);
#ifdef HOST
	FAILS("unlink.DECIDED.EISDIR", unlink("d"), EISDIR);
#else
	FAILS("unlink.ERRORS.EPERM.directory", unlink("d"), EPERM);
#endif
	FAILS("unlink.ERRORS.ENOTDIR", unlink("b/x"), ENOTDIR);
	fd = open("b", O_RDWR);
	unlink("b");
	EQUALS("unlink.DESCRIPTION.open_file_lives", pread(fd, &byte, 1, 0), 1);
	EQUALS("unlink.DESCRIPTION.open_file_lives.value", byte, 'a');
	EQUALS("unlink.DESCRIPTION.open_file_write", pwrite(fd, "x", 1, 2 * PAGE), 1);
	{
		struct stat st;

		EQUALS("fstat.RETURN_VALUE.unlinked", fstat(fd, &st), 0);
		EQUALS("unlink.DESCRIPTION.nlink0", st.st_nlink, 0);
	}
	close(fd);
	rmdir("d");
}

static void check_rename(void)
{
	ino_t a;
	int fd;
	char byte = 0;

	touch("a"), touch("b");
	mkdir("d", 0755), mkdir("e", 0755), mkdir("d/sub", 0755);
	a = inode("a");
	fd = open("b", O_RDONLY);
	EQUALS("rename.RETURN_VALUE.over", rename("a", "b"), 0);
	EQUALS("rename.DESCRIPTION.replaced", inode("b"), a);
	EQUALS("rename.DESCRIPTION.old_gone", access("a", F_OK), -1);
	EQUALS("rename.DESCRIPTION.replaced_open_lives", read(fd, &byte, 1), 1);
	close(fd);
	EQUALS("rename.RETURN_VALUE.into_directory", rename("b", "d/c"), 0);
	EQUALS("rename.DESCRIPTION.moved", inode("d/c"), a);
	EQUALS("rename.RETURN_VALUE.same", rename("d/c", "d/c"), 0);
	link("d/c", "h");
	EQUALS("rename.DESCRIPTION.two_links_nothing", rename("h", "d/c"), 0);
	EQUALS("rename.DESCRIPTION.two_links_both", links("h"), 2);
	FAILS("rename.ERRORS.EINVAL.into_itself", rename("d", "d/sub/x"), EINVAL);
	FAILS("rename.ERRORS.EISDIR", rename("h", "e"), EISDIR);
	FAILS("rename.ERRORS.ENOTDIR", rename("e", "h"), ENOTDIR);
	FAILS("rename.ERRORS.ENOENT", rename("none", "x"), ENOENT);
	FAILS("rename.ERRORS.ENOENT.empty", rename("h", ""), ENOENT);
	errno = 0;
	CHECK("rename.ERRORS.EEXIST_or_ENOTEMPTY",
		rename("e", "d") == -1 && (errno == EEXIST || errno == ENOTEMPTY));
	EQUALS("rename.RETURN_VALUE.over_empty_directory", rename("d/sub", "e"), 0);
	EQUALS("rename.DESCRIPTION.parent_links", links("d"), 2);
	mkdir("e/x", 0755);
	EQUALS("rename.RETURN_VALUE.directory_across", rename("e/x", "d/x"), 0);
	EQUALS("rename.DESCRIPTION.dotdot", inode("d/x/.."), inode("d"));
	EQUALS("rename.DESCRIPTION.parent_gains", links("d"), 3);
	EQUALS("rename.DESCRIPTION.parent_loses", links("e"), 2);
	errno = 0;
	CHECK("rename.ERRORS.EINVAL.dot",
		rename("d/.", "z") == -1 && (errno == EINVAL || errno == EBUSY));
	rmdir("d/x"), rmdir("e"), unlink("d/c"), unlink("h"), rmdir("d");
}

static void check_symlink(void)
{
	char text[20] = "";
	struct stat st;

	touch("f");
	EQUALS("symlink.RETURN_VALUE", symlink("f", "s"), 0);
	FAILS("symlink.ERRORS.EEXIST", symlink("f", "s"), EEXIST);
	FAILS("symlink.ERRORS.ENOENT", symlink("f", "none/s"), ENOENT);
	EQUALS("readlink.RETURN_VALUE", readlink("s", text, sizeof(text)), 1);
	EQUALS("readlink.DESCRIPTION", text[0], 'f');
	FAILS("readlink.ERRORS.EINVAL", readlink("f", text, sizeof(text)), EINVAL);
	FAILS("readlink.ERRORS.ENOENT", readlink("none", text, sizeof(text)), ENOENT);
	symlink("long-target", "l");
	EQUALS("readlink.DESCRIPTION.truncates", readlink("l", text, 4), 4);
	EQUALS("lstat.RETURN_VALUE", lstat("s", &st), 0);
	CHECK("lstat.DESCRIPTION.link", S_ISLNK(st.st_mode) && st.st_size == 1);
	EQUALS("stat.RETURN_VALUE.follows", stat("s", &st), 0);
	CHECK("stat.DESCRIPTION.file", S_ISREG(st.st_mode) && st.st_size == 10);
	FAILS("stat.ERRORS.ENOENT.dangling", stat("l", &st), ENOENT);
	EQUALS("unlink.DESCRIPTION.link_not_target", unlink("s") == 0 && access("f", F_OK) == 0, 1);
	symlink(".", "here");
	EQUALS("symlink.DESCRIPTION.in_path", access("here/here/f", F_OK), 0);
	unlink("l"), unlink("here"), unlink("f");
}

static void check_directories(void)
{
	DIR *dir;
	struct dirent *entry;
	int count = 0, dots = 0, wrong = 0;
	char name[32];
	long place;

	EQUALS("mkdir.RETURN_VALUE", mkdir("d", 0750), 0);
	EQUALS("mkdir.DESCRIPTION.links", links("d"), 2);
	FAILS("mkdir.ERRORS.EEXIST", mkdir("d", 0750), EEXIST);
	FAILS("mkdir.ERRORS.ENOENT", mkdir("none/d", 0750), ENOENT);
	FAILS("mkdir.ERRORS.ENOENT.empty", mkdir("", 0750), ENOENT);
	EQUALS("mkdir.DESCRIPTION.slash", mkdir("d/e/", 0750), 0);
	FAILS("rmdir.ERRORS.ENOTEMPTY", rmdir("d"), ENOTEMPTY);
	FAILS("rmdir.ERRORS.EINVAL.dot", rmdir("d/."), EINVAL);
	FAILS("rmdir.ERRORS.ENOENT", rmdir("none"), ENOENT);
	touch("f");
	FAILS("rmdir.ERRORS.ENOTDIR", rmdir("f"), ENOTDIR);
	FAILS("opendir.ERRORS.ENOTDIR", opendir("f") ? 0 : -1, ENOTDIR);
	FAILS("opendir.ERRORS.ENOENT", opendir("none") ? 0 : -1, ENOENT);
	EQUALS("rmdir.RETURN_VALUE", rmdir("d/e"), 0);
	for (int i = 0; i < 150; i++) {
		snprintf(name, sizeof(name), "d/file-with-a-name-%d", i);
		touch(name);
	}
	dir = opendir("d");
	REQUIRE(dir);
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) {
			dots++;
			continue;
		}
		snprintf(name, sizeof(name), "d/%.28s", entry->d_name);
		wrong += entry->d_ino != inode(name);
		count++;
	}
	EQUALS("readdir.DESCRIPTION.each_once", count, 150);
	EQUALS("readdir.DESCRIPTION.dots", dots, 2);
	EQUALS("readdir.DESCRIPTION.d_ino", wrong, 0);
	rewinddir(dir);
	readdir(dir), readdir(dir), readdir(dir);
	place = telldir(dir);
	entry = readdir(dir);
	snprintf(name, sizeof(name), "%.30s", entry ? entry->d_name : "");
	readdir(dir);
	seekdir(dir, place);
	entry = readdir(dir);
	CHECK("seekdir.DESCRIPTION", entry && !strcmp(entry->d_name, name));
	CHECK("dirfd.RETURN_VALUE", dirfd(dir) >= 0);
	rewinddir(dir);
	count = 0;
	/* Removing while reading neither repeats nor skips. */
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "d/%.28s", entry->d_name);
		wrong += unlink(name) != 0;
		count++;
	}
	EQUALS("readdir.DESCRIPTION.while_removing", count, 150);
	EQUALS("closedir.RETURN_VALUE", closedir(dir), 0);
	EQUALS("rmdir.DESCRIPTION.empty_again", rmdir("d"), 0);
}

static void check_working_directory(void)
{
	char before[PATH_MAX], path[PATH_MAX];
	int back = open(".", O_RDONLY);

	CHECK("getcwd.RETURN_VALUE", getcwd(before, sizeof(before)) == before && before[0] == '/');
	FAILS("getcwd.ERRORS.ERANGE", getcwd(path, 2) ? 0 : -1, ERANGE);
	FAILS("getcwd.ERRORS.EINVAL", getcwd(path, 0) ? 0 : -1, EINVAL);
	mkdir("w", 0755);
	touch("file");
	EQUALS("chdir.RETURN_VALUE", chdir("w"), 0);
	getcwd(path, sizeof(path));
	CHECK("getcwd.DESCRIPTION.child", strncmp(path, before, strlen(before)) == 0 &&
						  !strcmp(path + strlen(path) - 2, "/w"));
	EQUALS("chdir.DESCRIPTION.relative", access("../file", F_OK), 0);
	FAILS("chdir.ERRORS.ENOENT", chdir("none"), ENOENT);
	FAILS("chdir.ERRORS.ENOTDIR", chdir("../file"), ENOTDIR);
	EQUALS("fchdir.RETURN_VALUE", fchdir(back), 0);
	CHECK("fchdir.DESCRIPTION", !strcmp(getcwd(path, sizeof(path)), before));
	FAILS("fchdir.ERRORS.EBADF", fchdir(700), EBADF);
	CHECK("realpath.DESCRIPTION",
		realpath("w/../w/.", path) && !strcmp(path + strlen(path) - 2, "/w"));
	FAILS("realpath.ERRORS.ENOENT", realpath("none/x", path) ? 0 : -1, ENOENT);
	close(back);
	rmdir("w");
}

void case_link(void)
{
	check_link();
}

void case_rename(void)
{
	check_rename();
}

void case_symlink(void)
{
	check_symlink();
}

void case_directories(void)
{
	check_directories();
	check_working_directory();
}
