/*
 * dd: copies block by block, counting them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shared/files.h"
#include "shared/program.h"

struct operands {
	const char *input;
	const char *output;
	long long in_size;
	long long out_size;
	long long count; /* -1: to the end */
	long long skip;
	long long seek;
	bool one_size; /* bs=: blocks are written as they are read */
	bool count_bytes;
	bool skip_bytes;
	bool seek_bytes;
	bool keep;   /* conv=notrunc */
	bool no_new; /* conv=nocreat */
	bool excl;
	bool pad;   /* conv=sync */
	bool go_on; /* conv=noerror */
	bool fsync;
	bool fdatasync;
	bool append;
	bool full_blocks;
	bool sync_writes;
	bool quiet;
	bool terse; /* status=noxfer */
};

struct tally {
	unsigned long long full_in;
	unsigned long long part_in;
	unsigned long long full_out;
	unsigned long long part_out;
	unsigned long long bytes;
};

static struct operands op = {.in_size = 512, .out_size = 512, .count = -1};
static struct tally tally;

static long long size_operand(const char *name, const char *text, long long min)
{
	long long n;

	if (!parse_size(text, &n) || n < min)
		die(1, "invalid number: '%s=%s'", name, text);
	return n;
}

struct flag {
	const char *name;
	bool *value;
};

static void parse_flags(const char *operand, char *list, const struct flag *flags)
{
	char *word;

	for (word = strtok(list, ","); word; word = strtok(NULL, ",")) {
		const struct flag *f;

		for (f = flags; f->name && strcmp(f->name, word) != 0; f++)
			continue;
		if (!f->name)
			die(1, "invalid %s: '%s'", operand, word);
		*f->value = true;
	}
}

static void parse_status(const char *s)
{
	op.quiet = strcmp(s, "none") == 0;
	op.terse = strcmp(s, "noxfer") == 0;
	if (!op.quiet && !op.terse)
		die(1, "invalid status: '%s'", s);
}

static void parse_block_size(const char *s)
{
	op.in_size = op.out_size = size_operand("bs", s, 1);
	op.one_size = true;
}

static void parse_operand(char *arg)
{
	static const struct flag conversions[] = {{"notrunc", &op.keep}, {"nocreat", &op.no_new},
		{"excl", &op.excl}, {"sync", &op.pad}, {"noerror", &op.go_on}, {"fsync", &op.fsync},
		{"fdatasync", &op.fdatasync}, {NULL, NULL}};
	static const struct flag in_flags[] = {{"fullblock", &op.full_blocks},
		{"count_bytes", &op.count_bytes}, {"skip_bytes", &op.skip_bytes}, {NULL, NULL}};
	static const struct flag out_flags[] = {{"append", &op.append}, {"sync", &op.sync_writes},
		{"seek_bytes", &op.seek_bytes}, {NULL, NULL}};
	char *value = strchr(arg, '=');

	if (!value)
		die(1, "unrecognized operand '%s'", arg);
	*value++ = '\0';
	if (strcmp(arg, "if") == 0)
		op.input = value;
	else if (strcmp(arg, "of") == 0)
		op.output = value;
	else if (strcmp(arg, "bs") == 0)
		parse_block_size(value);
	else if (strcmp(arg, "ibs") == 0)
		op.in_size = size_operand(arg, value, 1);
	else if (strcmp(arg, "obs") == 0)
		op.out_size = size_operand(arg, value, 1);
	else if (strcmp(arg, "count") == 0)
		op.count = size_operand(arg, value, 0);
	else if (strcmp(arg, "skip") == 0 || strcmp(arg, "iseek") == 0)
		op.skip = size_operand(arg, value, 0);
	else if (strcmp(arg, "seek") == 0 || strcmp(arg, "oseek") == 0)
		op.seek = size_operand(arg, value, 0);
	else if (strcmp(arg, "conv") == 0)
		parse_flags("conversion", value, conversions);
	else if (strcmp(arg, "iflag") == 0)
		parse_flags("input flag", value, in_flags);
	else if (strcmp(arg, "oflag") == 0)
		parse_flags("output flag", value, out_flags);
	else if (strcmp(arg, "status") == 0)
		parse_status(value);
	else
		die(1, "unrecognized operand '%s=%s'", arg, value);
}

static off_t checked_offset(long long bytes)
{
	off_t offset = (off_t)bytes;

	if (offset < 0 || (long long)offset != bytes)
		die(1, "offset too large: %lld", bytes);
	return offset;
}

static void open_files(void)
{
	long long at = op.seek * (op.seek_bytes ? 1 : op.out_size);
	struct stat st;
	int flags = O_WRONLY;
	int fd;

	if (op.input) {
		fd = open(op.input, O_RDONLY);
		if (fd < 0)
			die_errno(1, "failed to open '%s'", op.input);
		dup2(fd, STDIN_FILENO);
		close(fd);
	}
	if (op.output) {
		flags |= (op.no_new ? 0 : O_CREAT) | (op.excl ? O_EXCL : 0) |
			 (op.append ? O_APPEND : 0) | (op.sync_writes ? O_SYNC : 0) |
			 (op.keep || op.seek ? 0 : O_TRUNC);
		fd = open(op.output, flags, 0666);
		if (fd < 0)
			die_errno(1, "failed to open '%s'", op.output);
		dup2(fd, STDOUT_FILENO);
		close(fd);
	}
	if (op.seek == 0)
		return;
	if (op.output && !op.keep && fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) &&
		ftruncate(STDOUT_FILENO, checked_offset(at)) != 0)
		die_errno(1, "failed to truncate '%s'", op.output);
	if (lseek(STDOUT_FILENO, checked_offset(at), SEEK_CUR) < 0)
		die_errno(1, "'%s': cannot seek", op.output ? op.output : "standard output");
}

static ssize_t read_block(char *block, size_t n)
{
	ssize_t got;

	if (op.full_blocks)
		return read_full(STDIN_FILENO, block, n);
	do {
		got = read(STDIN_FILENO, block, n);
	} while (got < 0 && errno == EINTR);
	return got;
}

/* What cannot be passed over is read. */
static void skip_input(char *block)
{
	long long left = op.skip * (op.skip_bytes ? 1 : op.in_size);

	if (left == 0 || lseek(STDIN_FILENO, checked_offset(left), SEEK_CUR) >= 0)
		return;
	while (left > 0) {
		size_t n = left < op.in_size ? (size_t)left : (size_t)op.in_size;
		ssize_t got = read_full(STDIN_FILENO, block, n);

		if (got <= 0)
			break;
		left -= got;
	}
}

static void print_tally(double seconds)
{
	char size[8] = "";
	char rate[8] = "";

	if (op.quiet)
		return;
	complain("%llu+%llu records in\n%llu+%llu records out", tally.full_in, tally.part_in,
		tally.full_out, tally.part_out);
	if (op.terse)
		return;
	format_human(tally.bytes, size);
	if (seconds > 0)
		format_human((unsigned long long)((double)tally.bytes / seconds), rate);
	complain("%llu bytes (%s) copied, %.6g s, %s/s", tally.bytes, size, seconds, rate);
}

static bool write_block(const char *block, size_t n)
{
	if (!write_all(STDOUT_FILENO, block, n)) {
		warn_errno("error writing '%s'", op.output ? op.output : "standard output");
		return false;
	}
	if (n == (size_t)op.out_size)
		tally.full_out++;
	else
		tally.part_out++;
	tally.bytes += n;
	return true;
}

/* With one block size, a short read is a short write; with two, output is gathered. */
static bool copy_blocks(char *in, char *out)
{
	bool ok = true;
	size_t held = 0;
	long long left = op.count_bytes || op.count < 0 ? op.count : op.count * op.in_size;

	while (ok && left != 0) {
		size_t want = left > 0 && left < op.in_size ? (size_t)left : (size_t)op.in_size;
		ssize_t got = read_block(in, want);
		size_t n;

		if (got < 0) {
			warn_errno("error reading '%s'", op.input ? op.input : "standard input");
			ok = op.go_on && lseek(STDIN_FILENO, (off_t)op.in_size, SEEK_CUR) >= 0;
			if (!ok)
				break;
			got = 0;
			if (!op.pad)
				continue;
		} else if (got == 0) {
			break;
		}
		n = (size_t)got;
		if (n == (size_t)op.in_size)
			tally.full_in++;
		else
			tally.part_in++;
		if (left > 0)
			left -= op.count_bytes ? got : (long long)op.in_size;
		if (op.pad && n < (size_t)op.in_size) {
			memset(in + n, 0, (size_t)op.in_size - n);
			n = (size_t)op.in_size;
		}
		if (!out) {
			ok = write_block(in, n);
			continue;
		}
		for (size_t at = 0; ok && at < n;) {
			size_t part = (size_t)op.out_size - held < n - at
					      ? (size_t)op.out_size - held
					      : n - at;

			memcpy(out + held, in + at, part);
			held += part;
			at += part;
			if (held == (size_t)op.out_size) {
				ok = write_block(out, held);
				held = 0;
			}
		}
	}
	if (held > 0 && !write_block(out, held))
		ok = false;
	return ok;
}

static bool flush_output(void)
{
	int result = 0;

	if (op.fsync)
		result = fsync(STDOUT_FILENO);
	else if (op.fdatasync)
		result = fdatasync(STDOUT_FILENO);
	if (result != 0)
		warn_errno("%s failed for '%s'", op.fsync ? "fsync" : "fdatasync",
			op.output ? op.output : "standard output");
	return result == 0;
}

int main(int argc, char **argv)
{
	struct timespec start;
	struct timespec end;
	char *in;
	bool ok;
	int i;

	program_begin(argc, argv,
		"[OPERAND]...\n  if=FILE of=FILE     instead of standard input and output\n"
		"  bs=N ibs=N obs=N    sizes of a block (512)\n  count=N             no more than "
		"N blocks\n"
		"  skip=N seek=N       pass over N blocks of the input, of the output\n"
		"  conv=WORD,...       notrunc nocreat excl sync noerror fsync fdatasync\n"
		"  iflag=WORD,...      fullblock count_bytes skip_bytes\n"
		"  oflag=WORD,...      append sync seek_bytes\n  status=none|noxfer  say less at "
		"the end\n"
		"N may end in b (512), k, M, G, or kB, MB, GB.");
	for (i = 1; i < argc; i++)
		parse_operand(argv[i]);
	in = must_alloc((size_t)op.in_size);
	open_files();
	skip_input(in);
	clock_gettime(CLOCK_MONOTONIC, &start);
	ok = copy_blocks(in, op.one_size ? NULL : must_alloc((size_t)op.out_size));
	ok &= flush_output();
	clock_gettime(CLOCK_MONOTONIC, &end);
	print_tally(
		(double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9);
	return !ok;
}
