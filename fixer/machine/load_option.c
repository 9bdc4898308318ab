/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/machine/load_option.h"
#include "fixer/base/bytes.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ATTRIBUTE_ACTIVE 1u
#define WINDOWS_FILE     "\\EFI\\Microsoft\\Boot\\bootmgfw.efi"

/* Device path nodes: type and subtype (UEFI 2.10 sections 10.3.1, 10.3.4, 10.3.5, 10.3.6). */
#define NODE(type, subtype)  ((unsigned)(type) << 8 | (subtype))
#define NODE_MAC             NODE(3, 0x0b)
#define NODE_IPV4            NODE(3, 0x0c)
#define NODE_IPV6            NODE(3, 0x0d)
#define NODE_URI             NODE(3, 0x18)
#define NODE_FILE            NODE(4, 4)
#define NODE_BIOS_BOOT       NODE(5, 1)
#define NODE_END             NODE(0x7f, 0xff)
#define NODE_END_OF_INSTANCE NODE(0x7f, 0x01)
#define NODE_HEADER          4
#define BIOS_NETWORK         6 /* device type of a BIOS boot node */

/* Appends the UTF-16 text of a file node to the path. */
static int add_file(struct cursor *node, struct load_option *o)
{
	size_t units = node->left / 2, used = strlen(o->path), n = 0;
	const uint8_t *text = cursor_take(node, units * 2);

	while (n < units && get_le16(text + 2 * n) != 0)
		n++;
	char *utf8 = utf16_to_utf8(text, n);
	if (!utf8)
		return -ENOMEM;
	int r = strlen(utf8) < sizeof(o->path) - used ? 0 : -EBADMSG;
	if (r == 0)
		text_clean(o->path + used, sizeof(o->path) - used, utf8);
	free(utf8);
	return r;
}

static int parse_node(unsigned kind, struct cursor *node, struct load_option *o)
{
	switch (kind) {
	case NODE_MAC:
	case NODE_IPV4:
	case NODE_IPV6:
	case NODE_URI:
		o->network = true;
		return 0;
	case NODE_BIOS_BOOT:
		o->network = o->network || cursor_le16(node) == BIOS_NETWORK;
		return 0;
	case NODE_FILE:
		return add_file(node, o);
	default:
		return 0;
	}
}

/* The first path of the list; the ones after it are the loader's own business. */
static int parse_device_path(struct cursor *c, struct load_option *o)
{
	for (;;) {
		unsigned type = cursor_u8(c), subtype = cursor_u8(c);
		uint16_t len = cursor_le16(c);
		if (c->failed || len < NODE_HEADER)
			return -EBADMSG;
		struct cursor node = cursor_sub(c, len - NODE_HEADER);
		if (node.failed)
			return -EBADMSG;
		unsigned kind = NODE(type, subtype);
		if (kind == NODE_END || kind == NODE_END_OF_INSTANCE)
			return 0;
		int r = parse_node(kind, &node, o);
		if (r < 0)
			return r;
	}
}

int load_option_parse(const void *data, size_t len, struct load_option *ret)
{
	struct cursor c = cursor_over(data, len);
	struct load_option o = {0};
	uint32_t attributes = cursor_le32(&c);
	uint16_t path_len = cursor_le16(&c);

	while (!c.failed && cursor_le16(&c) != 0)
		; /* the description: for people */
	struct cursor path = cursor_sub(&c, path_len);
	if (c.failed)
		return -EBADMSG;
	int r = parse_device_path(&path, &o);
	if (r < 0)
		return r;
	size_t have = strlen(o.path), want = strlen(WINDOWS_FILE);
	o.active = attributes & ATTRIBUTE_ACTIVE;
	o.windows = have >= want && strcasecmp(o.path + have - want, WINDOWS_FILE) == 0;
	*ret = o;
	return 0;
}
