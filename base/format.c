/* Formatting for the log: a small printf whose %s survives a pointer to nowhere. */
#include <base/log.h>
#include <arch/cpu.h>

#define STRING_MAX 4096 /* of one %s: a string that is not ended stops here */

struct sink {
	char *buf;
	size_t size;
	size_t length; /* wanted so far */
};

static void put(struct sink *s, char c)
{
	if (s->length + 1 < s->size)
		s->buf[s->length] = c;
	s->length++;
}

struct spec {
	u32 width;
	bool left, zero;
};

/* Lays out a sign or prefix and a body of digits or text. */
static void put_field(struct sink *s, const struct spec *f, const char *prefix, u32 prefix_len,
	const char *body, u32 len)
{
	u32 pad = f->width > len + prefix_len ? f->width - len - prefix_len : 0;

	if (!f->left && !f->zero)
		for (; pad; pad--)
			put(s, ' ');
	for (u32 i = 0; i < prefix_len; i++)
		put(s, prefix[i]);
	if (!f->left)
		for (; pad; pad--)
			put(s, '0');
	for (u32 i = 0; i < len; i++)
		put(s, body[i]);
	for (; pad; pad--)
		put(s, ' ');
}

static void put_number(
	struct sink *s, const struct spec *f, u64 value, u32 base, const char *prefix)
{
	char digits[24];
	u32 at = sizeof(digits), prefix_len = 0;

	/* Division by a constant 64-bit ten is a library call, so only when the upper half is in use. */
	for (; value >> 32; value /= base)
		digits[--at] = "0123456789abcdef"[value % base];
	for (u32 low = (u32)value; low || at == sizeof(digits); low /= base)
		digits[--at] = "0123456789abcdef"[low % base];
	while (prefix[prefix_len])
		prefix_len++;
	put_field(s, f, prefix, prefix_len, digits + at, (u32)sizeof(digits) - at);
}

static void put_string(struct sink *s, struct spec *f, const char *string, u32 limit)
{
	u32 len = 0;

	f->zero = false;
	for (; len < limit; len++) {
		if ((len == 0 || ((uintptr_t)(string + len) & PAGE_MASK) == 0) &&
			!arch_kernel_readable(string + len)) {
			put_field(s, f, "", 0, "(bad pointer)", 13);
			return;
		}
		if (string[len] == 0)
			break;
	}
	put_field(s, f, "", 0, string, len);
}

int log_vformat(char *buf, size_t size, const char *format, va_list ap)
{
	struct sink s = {buf, size, 0};

	for (; *format; format++) {
		struct spec f = {0};
		bool prefix = false;
		u32 longs = 0, precision = STRING_MAX;
		u64 value;
		char c;

		if (*format != '%') {
			put(&s, *format);
			continue;
		}
		for (format++;; format++) {
			if (*format == '-')
				f.left = true;
			else if (*format == '0')
				f.zero = true;
			else if (*format == '#')
				prefix = true;
			else
				break;
		}
		if (*format == '*') {
			f.width = (u32)va_arg(ap, int);
			format++;
		}
		for (; *format >= '0' && *format <= '9'; format++)
			f.width = f.width * 10 + (u32)(*format - '0');
		if (*format == '.') {
			precision = 0;
			if (*++format == '*') {
				precision = (u32)va_arg(ap, int);
				format++;
			}
			for (; *format >= '0' && *format <= '9'; format++)
				precision = precision * 10 + (u32)(*format - '0');
			precision = min_of(precision, (u32)STRING_MAX);
		}
		for (; *format == 'l' || *format == 'z'; format++)
			longs += *format == 'l';
		switch (*format) {
		case 'd':
			if (longs == 2)
				value = va_arg(ap, u64);
			else
				value = longs ? (u64)va_arg(ap, long) : (u64)va_arg(ap, int);
			if ((s64)value < 0)
				put_number(&s, &f, -value, 10, "-");
			else
				put_number(&s, &f, value, 10, "");
			break;
		case 'u':
		case 'x':
			if (longs == 2)
				value = va_arg(ap, u64);
			else
				value = longs ? va_arg(ap, unsigned long) : va_arg(ap, unsigned);
			put_number(&s, &f, value, *format == 'x' ? 16 : 10,
				prefix && value ? "0x" : "");
			break;
		case 'p': put_number(&s, &f, (uintptr_t)va_arg(ap, void *), 16, "0x"); break;
		case 's': put_string(&s, &f, va_arg(ap, const char *), precision); break;
		case 'c':
			c = (char)va_arg(ap, int);
			f.zero = false;
			put_field(&s, &f, "", 0, &c, 1);
			break;
		case '%': put(&s, '%'); break;
		default:
			put(&s, '%');
			if (!*format)
				goto out;
			put(&s, *format);
			break;
		}
	}
out:
	if (size)
		buf[min_of(s.length, size - 1)] = 0;
	return (int)s.length;
}

int log_format(char *buf, size_t size, const char *format, ...)
{
	va_list ap;
	int length;

	va_start(ap, format);
	length = log_vformat(buf, size, format, ap);
	va_end(ap);
	return length;
}
