/* The boot archive, in cpio's "newc" format: for each file a header of ASCII fields, six letters of
 * magic and thirteen numbers of eight hexadecimal digits, then its name, then its content, the latter
 * two padded to four bytes. Just enough is read here to find one file. */
#include <kernel/cpio.h>

#define HEADER_SIZE 110
#define FIELD_MODE  1
#define FIELD_SIZE  6
#define FIELD_NAME  11

static bool hex_field(const u8 *header, u32 n, u32 *value)
{
	const u8 *digits = header + 6 + n * 8;

	*value = 0;
	for (u32 i = 0; i < 8; i++) {
		u32 c = digits[i], digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			digit = c - 'A' + 10;
		else
			return false;
		*value = *value << 4 | digit;
	}
	return true;
}

/* Compares with the archive's name, which is len bytes long, its ending zero included. */
static bool same_name(const u8 *in_archive, u32 len, const char *name)
{
	u32 i = 0;

	if (len > 2 && in_archive[0] == '.' && in_archive[1] == '/')
		in_archive += 2, len -= 2;
	else if (len > 1 && in_archive[0] == '/')
		in_archive++, len--;
	for (; i < len; i++) {
		if (in_archive[i] != (u8)name[i])
			return false;
		if (name[i] == 0)
			return true;
	}
	return false;
}

bool cpio_find(const u8 *archive, u32 size, const char *name, const u8 **file, u32 *file_size)
{
	static const char magic[5] = {'0', '7', '0', '7', '0'};
	u32 at = 0;

	while (at < size && size - at >= HEADER_SIZE) {
		const u8 *h = archive + at;
		u32 mode, length, name_length, content;

		for (u32 i = 0; i < sizeof(magic); i++)
			if (h[i] != (u8)magic[i])
				return false;
		if ((h[5] != '1' && h[5] != '2') || !hex_field(h, FIELD_MODE, &mode) ||
			!hex_field(h, FIELD_SIZE, &length) ||
			!hex_field(h, FIELD_NAME, &name_length))
			return false;
		if (name_length > size - at - HEADER_SIZE)
			return false;
		content = (at + HEADER_SIZE + name_length + 3) & ~3u;
		if (content > size || length > size - content)
			return false;
		if ((mode & 0170000) == 0100000 && same_name(h + HEADER_SIZE, name_length, name)) {
			*file = archive + content;
			*file_size = length;
			return true;
		}
		/* size - content >= length, so this neither wraps nor stands still. */
		at = content + length;
		at = at > ~3u ? size : (at + 3) & ~3u;
	}
	return false;
}
