/* Memory and string functions for the kernel, which is linked without a libc. The compiler also
 * calls the first four on its own account. Word-wise where both sides allow it: a word that is
 * misaligned may trap. */
#include <base/string.h>

#undef memcpy
#undef memset
#undef memcmp

#define WORD_MASK (sizeof(u32) - 1)
typedef u32 __attribute__((may_alias)) word_t;

static void *copy_up(void *to, const void *from, size_t n)
{
	u8 *d = to;
	const u8 *s = from;

	if (n >= 8 && (((uintptr_t)d ^ (uintptr_t)s) & WORD_MASK) == 0) {
		for (; (uintptr_t)d & WORD_MASK; n--)
			*d++ = *s++;
		for (; n >= 32; n -= 32, d += 32, s += 32) {
			const word_t *sw = (const word_t *)s;
			word_t *dw = (word_t *)d;
			u32 a = sw[0], b = sw[1], c = sw[2], e = sw[3];
			u32 f = sw[4], g = sw[5], h = sw[6], i = sw[7];

			dw[0] = a, dw[1] = b, dw[2] = c, dw[3] = e;
			dw[4] = f, dw[5] = g, dw[6] = h, dw[7] = i;
		}
		for (; n >= 4; n -= 4, d += 4, s += 4)
			*(word_t *)d = *(const word_t *)s;
	}
	for (; n; n--)
		*d++ = *s++;
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	return copy_up(to, from, n);
}

void *memmove(void *to, const void *from, size_t n)
{
	u8 *d = to;
	const u8 *s = from;

	/* Upwards is right unless the destination begins inside the source. */
	if ((uintptr_t)d - (uintptr_t)s >= n)
		return copy_up(to, from, n);
	if ((((uintptr_t)d ^ (uintptr_t)s) & WORD_MASK) == 0) {
		for (; n && (uintptr_t)(d + n) & WORD_MASK; n--)
			d[n - 1] = s[n - 1];
		for (; n >= 4; n -= 4)
			*(word_t *)(d + n - 4) = *(const word_t *)(s + n - 4);
	}
	for (; n; n--)
		d[n - 1] = s[n - 1];
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	u8 *d = to;
	u32 word = (u8)byte * 0x01010101u;

	if (n >= 8) {
		for (; (uintptr_t)d & WORD_MASK; n--)
			*d++ = (u8)byte;
		for (; n >= 32; n -= 32, d += 32) {
			word_t *w = (word_t *)d;

			w[0] = w[1] = w[2] = w[3] = word;
			w[4] = w[5] = w[6] = w[7] = word;
		}
		for (; n >= 4; n -= 4, d += 4)
			*(word_t *)d = word;
	}
	for (; n; n--)
		*d++ = (u8)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *p = a, *q = b;

	if ((((uintptr_t)p | (uintptr_t)q) & WORD_MASK) == 0)
		for (; n >= 4 && *(const word_t *)p == *(const word_t *)q; n -= 4, p += 4, q += 4)
			;
	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

void *memchr(const void *s, int byte, size_t n)
{
	for (const u8 *p = s; n; n--, p++)
		if (*p == (u8)byte)
			return (void *)(uintptr_t)p;
	return NULL;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

size_t strnlen(const char *s, size_t limit)
{
	size_t n = 0;

	while (n < limit && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n && *a && *a == *b; n--, a++, b++)
		;
	return n ? (u8)*a - (u8)*b : 0;
}
