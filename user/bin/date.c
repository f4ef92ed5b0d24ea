/*
 * date: the time of day, in UTC unless TZ says otherwise.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "shared/options.h"
#include "shared/program.h"

/* strftime, and %s and %N, which it does not have everywhere. */
static void print_time(const struct timespec *ts, const struct tm *tm, const char *format)
{
	char spec[4];
	char text[128];

	for (; *format; format++) {
		if (*format != '%' || !format[1]) {
			putchar(*format);
			continue;
		}
		format++;
		if (*format == 's') {
			printf("%lld", (long long)ts->tv_sec);
		} else if (*format == 'N') {
			printf("%09ld", ts->tv_nsec);
		} else {
			snprintf(spec, sizeof(spec), "%%%c", *format);
			text[0] = '\0';
			strftime(text, sizeof(text), spec, tm);
			fputs(text, stdout);
		}
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	const char *format = "%a %b %e %H:%M:%S %Z %Y";
	struct timespec ts;
	bool utc = false;
	struct stat st;
	struct tm *tm;
	int c;

	program_begin(argc, argv,
		"[-u] [-d @SECONDS | -r FILE] [+FORMAT]\n  -u  in UTC\n"
		"  -d  that many seconds after 1970\n  -r  when FILE was last changed\n"
		"FORMAT is that of strftime, with %%s and %%N.");
	if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
		die_errno(1, "cannot read the clock");
	while ((c = next_option(argc, argv, "d:r:uR")) != -1) {
		switch (c) {
		case 'd':
			if (option_arg[0] != '@')
				die(1, "invalid date '%s'", option_arg);
			ts = (struct timespec){.tv_sec = (time_t)number_arg(option_arg + 1,
						       -0x7fffffffLL, 0xffffffffLL, "date")};
			break;
		case 'r':
			if (stat(option_arg, &st) != 0)
				die_errno(1, "%s", option_arg);
			ts = (struct timespec){.tv_sec = st.st_mtime};
			break;
		case 'R': format = "%a, %d %b %Y %H:%M:%S %z"; break;
		case 'u': utc = true; break;
		default: usage_error(1);
		}
	}
	if (option_index < argc) {
		if (argv[option_index][0] != '+' || argc - option_index > 1)
			die(1, "invalid date '%s'", argv[option_index]);
		format = argv[option_index] + 1;
	}
	if (utc)
		setenv("TZ", "UTC0", 1);
	tzset();
	tm = localtime(&ts.tv_sec);
	if (!tm)
		die_errno(1, "time out of range");
	print_time(&ts, tm, format);
	return program_end(0);
}
