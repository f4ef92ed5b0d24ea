/*
 * tee: standard input to standard output and to files.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "shared/files.h"
#include "shared/options.h"
#include "shared/program.h"

struct output {
	const char *name;
	int fd; /* -1 once it failed */
};

static bool write_one(struct output *o, const char *data, size_t n)
{
	if (o->fd < 0 || write_all(o->fd, data, n))
		return true;
	warn_errno("%s", o->name);
	o->fd = -1;
	return false;
}

int main(int argc, char **argv)
{
	static char buffer[16 * 1024];
	struct output *outputs;
	bool append = false;
	bool ok = true;
	int count = 1;
	ssize_t n;
	int c;
	int i;

	program_begin(argc, argv, "[-ai] [FILE]...\n  -a  append\n  -i  ignore interrupts");
	while ((c = next_option(argc, argv, "ai")) != -1) {
		if (c == 'a')
			append = true;
		else if (c == 'i')
			signal(SIGINT, SIG_IGN);
		else
			usage_error(1);
	}
	outputs = must_alloc((size_t)(argc - option_index + 1) * sizeof(*outputs));
	outputs[0] = (struct output){"standard output", STDOUT_FILENO};
	for (; option_index < argc; option_index++) {
		int fd = open(argv[option_index],
			O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), 0666);

		if (fd < 0) {
			warn_errno("%s", argv[option_index]);
			ok = false;
			continue;
		}
		outputs[count++] = (struct output){argv[option_index], fd};
	}
	while ((n = read(STDIN_FILENO, buffer, sizeof(buffer))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die_errno(1, "read error");
		for (i = 0; i < count; i++)
			ok &= write_one(&outputs[i], buffer, (size_t)n);
	}
	return !ok;
}
