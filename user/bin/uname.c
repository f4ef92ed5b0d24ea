/*
 * uname: what system this is.
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "shared/options.h"
#include "shared/program.h"

int main(int argc, char **argv)
{
	static const char order[] = "snrvm";
	bool show[sizeof(order)] = {false};
	struct utsname u;
	const char *items[5];
	bool any = false;
	const char *at;
	size_t i;
	int c;

	program_begin(argc, argv,
		"[-amnrsv]\n  -s  the system (default)  -n  this machine's name\n"
		"  -r  its release           -v  its version\n  -m  the kind of machine   -a  all "
		"of these");
	while ((c = next_option(argc, argv, "amnrsv")) != -1) {
		if (c == 'a') {
			memset(show, true, sizeof(show));
			continue;
		}
		at = strchr(order, c);
		if (!at || c == '?')
			usage_error(1);
		show[at - order] = true;
	}
	if (uname(&u) != 0)
		die_errno(1, "cannot get system name");
	items[0] = u.sysname;
	items[1] = u.nodename;
	items[2] = u.release;
	items[3] = u.version;
	items[4] = u.machine;
	for (i = 0; i < 5; i++)
		any |= show[i];
	show[0] |= !any;
	any = false;
	for (i = 0; i < 5; i++) {
		if (!show[i])
			continue;
		printf("%s%s", any ? " " : "", items[i]);
		any = true;
	}
	putchar('\n');
	return program_end(0);
}
