/* The functions behind <stdio.h>'s macros of these names. A process with one thread takes no lock, and
 * one with several may take it again in the call, so there is nothing to leave out. */
#include <stdio.h>

int(getc_unlocked)(FILE *stream)
{
	return getc(stream);
}

int(getchar_unlocked)(void)
{
	return getchar();
}

int(putc_unlocked)(int c, FILE *stream)
{
	return putc(c, stream);
}

int(putchar_unlocked)(int c)
{
	return putchar(c);
}
