/* From the kernel's entry to main: thread-local storage, the environment, constructors.
 *
 * Nothing is asked of the kernel or of a server here: what a program does not use costs it nothing
 * at its start.
 */
#include <signal.h>
#include <stdio.h>
#include <stdio-bufio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/lock.h>
#include <unistd.h>
#include "../internal.h"

extern char **environ;
extern char __tdata_source[], __tdata_size[], __tls_size[];
extern void (*__preinit_array_start[])(void), (*__preinit_array_end[])(void);
extern void (*__init_array_start[])(void), (*__init_array_end[])(void);

int main(int argc, char **argv, char **envp);
_Noreturn void __libc_start(int argc, char **argv, char **envp);

_Thread_local struct __libc_thread __libc_self;

const char *__libc_program_name = "";
char *program_invocation_name;
char *program_invocation_short_name;

/* picolibc has functions of these names too, and calls them itself. Naming ours here, in the first
 * object that the linker takes from this library, makes sure that its archive is never asked for them.
 * Nothing refers to the table, so it is not part of the program. */
extern const void *const __libc_ours_first[];
const void *const __libc_ours_first[] = {
	abort,
	raise,
	malloc,
	sbrk,
	mkstemp,
	fdopen,
	fprintf,
	__bufio_put,
	__retarget_lock_acquire,
};

void __libc_tls_init(char *block)
{
	size_t data = (size_t)__tdata_size;

	memcpy(block, __tdata_source, data);
	memset(block + data, 0, (size_t)__tls_size - data);
}

_Noreturn void __libc_start(int argc, char **argv, char **envp)
{
	char *block;

	__asm__("mv %0, tp" : "=r"(block));
	__libc_tls_init(block);
	__libc_self.running = 1;
	environ = envp;
	if (argc > 0 && argv[0]) {
		char *slash = strrchr(argv[0], '/');

		program_invocation_name = argv[0];
		program_invocation_short_name = slash ? slash + 1 : argv[0];
		__libc_program_name = program_invocation_short_name;
	}
	for (void (**f)(void) = __preinit_array_start; f < __preinit_array_end; f++)
		(*f)();
	for (void (**f)(void) = __init_array_start; f < __init_array_end; f++)
		(*f)();
	exit(main(argc, argv, envp));
}
