/* What the programs that show the kernel's machinery share: walking its records. */
#ifndef INSPECT_H
#define INSPECT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <quire/abi.h>
#include <quire/info.h>
#include <quire/sys.h>

/* The record at or after `index`; false at the end of the list. */
static inline bool inspect(enum quire_info what, uint32_t index, void *record, uint32_t size)
{
	return sys_info(what, index, record, size) > 0;
}

/* Prints usage and ends, if asked for help or given what the program does not take. */
static inline void inspect_usage(
	int argc, char **argv, int most, const char *usage, const char *what)
{
	bool help = argc > 1 && !strcmp(argv[1], "--help");

	if (!help && argc <= most + 1 && (argc < 2 || argv[1][0] != '-' || most == 0 || argv[1][1]))
		return;
	fprintf(help ? stdout : stderr, "usage: %s\n%s\n", usage, what);
	exit(help ? 0 : 2);
}

static inline const char *inspect_prot(uint32_t prot, uint32_t flags, char text[5])
{
	text[0] = prot & (QUIRE_PROT_READ | QUIRE_PROT_WRITE) ? 'r' : '-';
	text[1] = prot & QUIRE_PROT_WRITE ? 'w' : '-';
	text[2] = prot & QUIRE_PROT_EXEC ? 'x' : '-';
	text[3] = flags & QUIRE_MAP_SHARED ? 's' : 'p';
	text[4] = 0;
	return text;
}

static inline const char *inspect_kind(uint32_t kind)
{
	switch (kind) {
	case QUIRE_OBJ_ANON: return "anon";
	case QUIRE_OBJ_PAGED: return "paged";
	case QUIRE_OBJ_PHYS: return "device";
	case QUIRE_OBJ_DMA: return "dma";
	default: return "?";
	}
}

#endif
