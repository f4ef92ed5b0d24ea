/* See fdt.h. Properties come before child nodes, so a node's properties end at the first other token. */
#include "fdt.h"
#include <base/string.h>

#define FDT_MAGIC      0xd00dfeed
#define FDT_HEADER     40
#define FDT_BEGIN_NODE 1
#define FDT_END_NODE   2
#define FDT_PROP       3
#define FDT_NOP	       4

static u32 word_at(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static u32 align4(u32 n)
{
	return (n + 3) & ~3u;
}

bool fdt_open(struct fdt *t, const void *base, u32 limit)
{
	const u8 *p = base;
	u32 strings_size, struct_size;

	if (word_at(p) != FDT_MAGIC)
		return false;
	t->base = p;
	t->size = word_at(p + 4);
	t->struct_start = word_at(p + 8);
	t->strings_start = word_at(p + 12);
	t->reserve_start = word_at(p + 16);
	strings_size = word_at(p + 32);
	struct_size = word_at(p + 36);
	if (word_at(p + 20) < 17 || t->size < FDT_HEADER || t->size > limit)
		return false;
	if (t->struct_start > t->size || struct_size > t->size - t->struct_start)
		return false;
	if (t->strings_start > t->size || strings_size > t->size - t->strings_start)
		return false;
	t->struct_end = t->struct_start + struct_size;
	t->strings_end = t->strings_start + strings_size;
	return true;
}

u32 fdt_total_size(const struct fdt *t)
{
	return t->size;
}

bool fdt_reservation(const struct fdt *t, u32 n, u64 *start, u64 *size)
{
	const u8 *p;

	if (t->reserve_start > t->size || n >= (t->size - t->reserve_start) / 16)
		return false;
	p = t->base + t->reserve_start + 16 * n;
	*start = (u64)word_at(p) << 32 | word_at(p + 4);
	*size = (u64)word_at(p + 8) << 32 | word_at(p + 12);
	return *start != 0 || *size != 0;
}

/* The length of the string at offset, which must end before `end`; ~0 if it does not. */
static u32 string_length(const struct fdt *t, u32 offset, u32 end)
{
	for (u32 i = offset; i < end; i++)
		if (t->base[i] == 0)
			return i - offset;
	return ~0u;
}

void fdt_start(const struct fdt *t, struct fdt_node *n)
{
	memset(n, 0, sizeof(*n));
	n->tree = t;
	n->depth = -1;
	n->next = t->struct_start;
}

/* Steps over the property at *at: its name and value. False: it is not a property, or broken. */
static bool property_at(const struct fdt *t, u32 *at, const char **name, const u8 **value, u32 *len)
{
	u32 name_offset;

	while (*at + 4 <= t->struct_end && word_at(t->base + *at) == FDT_NOP)
		*at += 4;
	if (*at + 12 > t->struct_end || word_at(t->base + *at) != FDT_PROP)
		return false;
	*len = word_at(t->base + *at + 4);
	name_offset = word_at(t->base + *at + 8);
	*value = t->base + *at + 12;
	if (*len > t->struct_end - *at - 12)
		return false;
	if (name_offset >= t->strings_end - t->strings_start ||
		string_length(t, t->strings_start + name_offset, t->strings_end) == ~0u)
		return false;
	*name = (const char *)t->base + t->strings_start + name_offset;
	*at += 12 + align4(*len);
	return true;
}

bool fdt_next(struct fdt_node *n)
{
	const struct fdt *t = n->tree;
	u32 at = n->next;

	while (at + 4 <= t->struct_end) {
		const char *name;
		const u8 *value;
		u32 len;

		switch (word_at(t->base + at)) {
		case FDT_NOP: at += 4; break;
		case FDT_PROP:
			if (!property_at(t, &at, &name, &value, &len))
				return false;
			break;
		case FDT_END_NODE:
			at += 4;
			if (--n->depth < 0) /* the root's end, or one without a beginning */
				return false;
			break;
		case FDT_BEGIN_NODE:
			at += 4;
			len = string_length(t, at, t->struct_end);
			if (len == ~0u || n->depth + 1 > FDT_DEPTH_MAX)
				return false;
			n->depth++;
			n->name = (const char *)t->base + at;
			at += align4(len + 1);
			n->properties = n->next = at;
			n->address_cells[n->depth] = (u8)fdt_word(n, "#address-cells", 0, 2);
			n->size_cells[n->depth] = (u8)fdt_word(n, "#size-cells", 0, 1);
			return true;
		default: return false;
		}
	}
	return false;
}

const u8 *fdt_property(const struct fdt_node *n, const char *name, u32 *len)
{
	u32 at = n->properties;
	const char *found;
	const u8 *value;

	while (property_at(n->tree, &at, &found, &value, len))
		if (strcmp(found, name) == 0)
			return value;
	*len = 0;
	return NULL;
}

u32 fdt_word(const struct fdt_node *n, const char *name, u32 index, u32 fallback)
{
	u32 len;
	const u8 *value = fdt_property(n, name, &len);

	return value && index < len / 4 ? word_at(value + 4 * index) : fallback;
}

u64 fdt_number(const struct fdt_node *n, const char *name, u64 fallback)
{
	u32 len;
	const u8 *value = fdt_property(n, name, &len);

	if (value && len == 4)
		return word_at(value);
	if (value && len == 8)
		return (u64)word_at(value) << 32 | word_at(value + 4);
	return fallback;
}

const char *fdt_string(const struct fdt_node *n, const char *name)
{
	u32 len;
	const u8 *value = fdt_property(n, name, &len);

	return value && len && value[len - 1] == 0 ? (const char *)value : NULL;
}

bool fdt_lists(const struct fdt_node *n, const char *name, const char *string)
{
	u32 len, size = (u32)strlen(string) + 1;
	const u8 *value = fdt_property(n, name, &len);

	for (u32 at = 0; value && at < len;) {
		if (len - at >= size && memcmp(value + at, string, size) == 0)
			return true;
		while (at < len && value[at])
			at++;
		at++;
	}
	return false;
}

bool fdt_reg(const struct fdt_node *n, u32 index, u64 *start, u64 *size)
{
	u32 address_cells, size_cells, len;
	const u8 *value = fdt_property(n, "reg", &len);

	if (n->depth < 1 || !value)
		return false;
	address_cells = n->address_cells[n->depth - 1];
	size_cells = n->size_cells[n->depth - 1];
	if (address_cells == 0 || address_cells > 2 || size_cells > 2)
		return false;
	if (index >= len / (4 * (address_cells + size_cells)))
		return false;
	value += 4 * (address_cells + size_cells) * index;
	*start = *size = 0;
	for (; address_cells; address_cells--, value += 4)
		*start = *start << 32 | word_at(value);
	for (; size_cells; size_cells--, value += 4)
		*size = *size << 32 | word_at(value);
	return true;
}

bool fdt_is_named(const struct fdt_node *n, const char *name)
{
	size_t len = strlen(name);

	return strncmp(n->name, name, len) == 0 && (n->name[len] == 0 || n->name[len] == '@');
}

bool fdt_enabled(const struct fdt_node *n)
{
	const char *status = fdt_string(n, "status");

	return !status || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}
