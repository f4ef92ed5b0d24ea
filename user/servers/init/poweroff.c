/* poweroff [STATUS]: asks init to bring the file system to rest and power the machine off. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <quire/ipc.h>
#include <quire/server.h>

int main(int argc, char **argv)
{
	struct quire_msg msg;
	char *end = NULL;
	long status = argc > 1 ? strtol(argv[1], &end, 10) : 0;
	int answer;

	if (argc > 2 || (argc == 2 && (end == argv[1] || *end)) || status < 0 || status > 255) {
		fprintf(stderr, "usage: poweroff [STATUS]\n");
		return 2;
	}
	ipc_begin(&msg, INIT_POWEROFF);
	msg.w[1] = (uint32_t)status;
	answer = ipc_call(QUIRE_H_INIT, &msg);
	if (answer < 0) {
		fprintf(stderr, "poweroff: %s\n", strerror(-answer));
		return 1;
	}
	/* The machine goes down under us; a script must not run on meanwhile. */
	for (;;)
		sys_sleep(QUIRE_FOREVER);
}
