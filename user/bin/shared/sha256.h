/*
 * SHA-256, as FIPS 180-4 defines it.
 */
#ifndef SHARED_SHA256_H
#define SHARED_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32

struct sha256 {
	uint32_t state[8];
	uint64_t length; /* bytes so far */
	unsigned char block[64];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t n);
void sha256_finish(struct sha256 *s, unsigned char digest[SHA256_SIZE]);

#endif
