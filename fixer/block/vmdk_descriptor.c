/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The text that describes a VMDK: VMware, "Virtual Disk Format 5.0", section 3. Lines of key=value,
 * and one line for each extent: access, sectors, type, "file name", offset. Whoever wrote it chose
 * the names, and the program that opens them may run as root: only files beside it are taken.
 */
#include "fixer/block/image_format.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define LINE 512

static int refuse(struct error *err, const char *what)
{
	return error_set(err, -ENOTSUP, REASON_IMAGE_FORMAT, "%s", what);
}

/* The value of "key = value" when the line has this key, else NULL. */
static const char *value_of(const char *line, const char *key)
{
	size_t len = strlen(key);

	if (strncasecmp(line, key, len) != 0)
		return NULL;
	line += len;
	line += strspn(line, " \t");
	if (*line != '=')
		return NULL;
	return line + 1 + strspn(line + 1, " \t\"");
}

static int check_key(const char *line, struct error *err)
{
	const char *parent = value_of(line, "parentCID"), *type = value_of(line, "createType");

	if (parent && strncasecmp(parent, "ffffffff", 8) != 0)
		return refuse(err, "a VMDK that needs its parent (a snapshot or linked clone): "
		                   "consolidate or clone it first");
	if (strncasecmp(line, "encryption", 10) == 0)
		return refuse(err, "an encrypted VMDK: decrypt it where it was made");
	if (type && strncasecmp(type, "streamOptimized", 15) == 0)
		return refuse(err,
		        "a compressed VMDK (streamOptimized, as in an OVA), which cannot "
		        "be written: convert it with qemu-img convert");
	return 0;
}

#define BLANK " \t\r\v\f"

/* What follows the word and at least one blank; NULL when at is not that word. */
static const char *after_word(const char *at, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(at, word, len) != 0 || strspn(at + len, BLANK) == 0)
		return NULL;
	return at + len + strspn(at + len, BLANK);
}

static bool is_extent(const char *line)
{
	return after_word(line, "RW") || after_word(line, "RDONLY") || after_word(line, "NOACCESS");
}

/* "disk-s001.vmdk", in its quotes. */
static int check_name(const char *at, struct error *err)
{
	size_t len = *at == '"' ? strcspn(at + 1, "\"") : 0;

	if (len == 0 || at[1 + len] != '"' || memchr(at + 1, '/', len) || memchr(at + 1, ':', len))
		return refuse(err, "a VMDK that names a file outside its folder");
	return 0;
}

/* RW 131072 SPARSE "disk-s001.vmdk" */
static int check_extent(const char *line, struct error *err)
{
	static const char *const types[] = {"FLAT", "SPARSE", "VMFS"};
	const char *at = after_word(line, "RW");

	if (!at)
		return refuse(err, "a VMDK with an extent that may not be written");
	at += strspn(at, "0123456789");
	at += strspn(at, BLANK);
	if (strncmp(at, "ZERO", 4) == 0)
		return 0;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (after_word(at, types[i]))
			return check_name(after_word(at, types[i]), err);
	return refuse(err, "a VMDK with an extent that is a device, a snapshot or of unknown type");
}

static int check_line(const char *line, bool embedded, size_t *extents, struct error *err)
{
	line += strspn(line, BLANK);
	int r = check_key(line, err);
	if (r < 0 || !is_extent(line))
		return r;
	(*extents)++;
	return embedded ? 0 : check_extent(line, err);
}

int vmdk_descriptor_check(const char *text, size_t len, bool embedded, struct error *err)
{
	size_t extents = 0;

	len = strnlen(text, len);
	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t line_len = end ? (size_t)(end - text) - at : len - at;
		char line[LINE];
		if (line_len >= sizeof(line))
			return refuse(err, "a VMDK descriptor with a line that is too long");
		memcpy(line, text + at, line_len);
		line[line_len] = 0;
		at += line_len + 1;
		int r = check_line(line, embedded, &extents, err);
		if (r < 0)
			return r;
	}
	if (extents == 0 || (embedded && extents != 1))
		return refuse(err, embedded ? "a VMDK of which only a part is here"
		                            : "a VMDK descriptor that names no extent");
	return 0;
}
