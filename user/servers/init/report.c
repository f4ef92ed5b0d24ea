/* Messages from init: to the kernel's log, or to the terminal where that can't block init. */
#include "init.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <quire/fs.h>
#include <quire/ipc.h>

#define LINE 240

static int format_line(char *line, const char *format, va_list args)
{
	int len;

	memcpy(line, "init: ", 6);
	len = vsnprintf(line + 6, LINE - 7, format, args);
	if (len < 0)
		len = 0;
	return len < LINE - 7 ? len + 6 : LINE - 2;
}

void report(const char *format, ...)
{
	char line[LINE];
	va_list args;
	int len;

	va_start(args, format);
	len = format_line(line, format, args);
	va_end(args);
	sys_log(line, (uint32_t)len);
}

void announce(const char *format, ...)
{
	char line[LINE];
	struct quire_msg msg;
	va_list args;
	int len;

	va_start(args, format);
	len = format_line(line, format, args);
	va_end(args);
	line[len] = '\n';
	ipc_begin(&msg, FS_WRITE);
	ipc_put(&msg, line, (size_t)len + 1);
	/* The log ends up on the same screen, so once is enough. */
	if (ipc_call(QUIRE_H_CONSOLE, &msg) < 0)
		sys_log(line, (uint32_t)len);
}
