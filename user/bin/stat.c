/*
 * stat: what the file system knows about files.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "shared/files.h"
#include "shared/options.h"
#include "shared/program.h"

static bool follow;

static const char *type_name(const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFDIR: return "directory";
	case S_IFLNK: return "symbolic link";
	case S_IFCHR: return "character special file";
	case S_IFBLK: return "block special file";
	case S_IFIFO: return "fifo";
	case S_IFSOCK: return "socket";
	default: return st->st_size == 0 ? "regular empty file" : "regular file";
	}
}

static void print_time(const struct timespec *ts)
{
	time_t seconds = ts->tv_sec;
	struct tm *tm = localtime(&seconds);
	char date[32];
	char zone[8];

	if (!tm || !strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", tm) ||
		!strftime(zone, sizeof(zone), "%z", tm)) {
		fputs("?", stdout);
		return;
	}
	printf("%s.%09ld %s", date, ts->tv_nsec, zone);
}

static void print_name(const char *path, const struct stat *st, bool quoted)
{
	char target[PATH_MAX];
	ssize_t n;

	printf(quoted ? "'%s'" : "%s", path);
	if (!S_ISLNK(st->st_mode) || (n = readlink(path, target, sizeof(target) - 1)) < 0)
		return;
	target[n] = '\0';
	printf(quoted ? " -> '%s'" : " -> %s", target);
}

static void print_owner(unsigned id)
{
	if (id == 0)
		fputs("root", stdout);
	else
		printf("%u", id);
}

static void print_item(char item, const char *path, const struct stat *st)
{
	char mode[11];

	switch (item) {
	case 'a': printf("%o", (unsigned)st->st_mode & 07777); break;
	case 'A':
		format_mode(st->st_mode, mode);
		fputs(mode, stdout);
		break;
	case 'b': printf("%llu", (unsigned long long)st->st_blocks); break;
	case 'B': fputs("512", stdout); break;
	case 'd': printf("%lu", (unsigned long)st->st_dev); break;
	case 'f': printf("%x", (unsigned)st->st_mode); break;
	case 'F': fputs(type_name(st), stdout); break;
	case 'g': printf("%u", (unsigned)st->st_gid); break;
	case 'G': print_owner(st->st_gid); break;
	case 'h': printf("%lu", (unsigned long)st->st_nlink); break;
	case 'i': printf("%llu", (unsigned long long)st->st_ino); break;
	case 'n': fputs(path, stdout); break;
	case 'N': print_name(path, st, true); break;
	case 'o': printf("%lu", (unsigned long)st->st_blksize); break;
	case 's': printf("%lld", (long long)st->st_size); break;
	case 'u': printf("%u", (unsigned)st->st_uid); break;
	case 'U': print_owner(st->st_uid); break;
	case 'x': print_time(&st->st_atim); break;
	case 'X': printf("%lld", (long long)st->st_atime); break;
	case 'y': print_time(&st->st_mtim); break;
	case 'Y': printf("%lld", (long long)st->st_mtime); break;
	case 'z': print_time(&st->st_ctim); break;
	case 'Z': printf("%lld", (long long)st->st_ctime); break;
	case '%': putchar('%'); break;
	default: printf("%%%c", item); break;
	}
}

static void print_format(const char *format, const char *path, const struct stat *st)
{
	for (; *format; format++) {
		if (*format == '%' && format[1])
			print_item(*++format, path, st);
		else
			putchar(*format);
	}
	putchar('\n');
}

static void print_all(const char *path, const struct stat *st)
{
	char mode[11];

	fputs("  File: ", stdout);
	print_name(path, st, false);
	printf("\n  Size: %-15lld\tBlocks: %-10llu IO Block: %-6lu %s\n", (long long)st->st_size,
		(unsigned long long)st->st_blocks, (unsigned long)st->st_blksize, type_name(st));
	format_mode(st->st_mode, mode);
	printf("Device: %-15lu\tInode: %-11llu Links: %lu\n", (unsigned long)st->st_dev,
		(unsigned long long)st->st_ino, (unsigned long)st->st_nlink);
	printf("Access: (%04o/%s)  Uid: %u  Gid: %u\nAccess: ", (unsigned)st->st_mode & 07777, mode,
		(unsigned)st->st_uid, (unsigned)st->st_gid);
	print_time(&st->st_atim);
	fputs("\nModify: ", stdout);
	print_time(&st->st_mtim);
	fputs("\nChange: ", stdout);
	print_time(&st->st_ctim);
	putchar('\n');
}

static bool print_file_system(const char *path)
{
	struct statvfs v;

	if (statvfs(path, &v) != 0) {
		warn_errno("cannot read file system information for '%s'", path);
		return false;
	}
	printf("  File: \"%s\"\nBlock size: %lu  Fragment size: %lu  Name length: %lu\n", path,
		(unsigned long)v.f_bsize, (unsigned long)v.f_frsize, (unsigned long)v.f_namemax);
	printf("Blocks: Total: %llu  Free: %llu  Available: %llu\n", (unsigned long long)v.f_blocks,
		(unsigned long long)v.f_bfree, (unsigned long long)v.f_bavail);
	printf("Inodes: Total: %llu  Free: %llu\n", (unsigned long long)v.f_files,
		(unsigned long long)v.f_ffree);
	return true;
}

int main(int argc, char **argv)
{
	const char *format = NULL;
	bool file_system = false;
	struct stat st;
	bool ok = true;
	int c;

	program_begin(argc, argv,
		"[-fL] [-c FORMAT] FILE...\n  -f  about the file system\n  -L  follow links\n"
		"  -c  name %n, size %s, blocks %b of %B, type %F, mode %a %A, links %h, inode %i, "
		"device %d,\n"
		"      owner %u %U, group %g %G, access %x %X, modification %y %Y, change %z %Z, "
		"I/O size %o");
	while ((c = next_option(argc, argv, "c:fL")) != -1) {
		switch (c) {
		case 'c': format = option_arg; break;
		case 'f': file_system = true; break;
		case 'L': follow = true; break;
		default: usage_error(1);
		}
	}
	if (option_index == argc) {
		warn("missing operand");
		usage_error(1);
	}
	for (; option_index < argc; option_index++) {
		const char *path = argv[option_index];

		if (file_system) {
			ok &= print_file_system(path);
		} else if ((follow ? stat(path, &st) : lstat(path, &st)) != 0) {
			warn_errno("cannot stat '%s'", path);
			ok = false;
		} else if (format) {
			print_format(format, path, &st);
		} else {
			print_all(path, &st);
		}
	}
	return program_end(!ok);
}
