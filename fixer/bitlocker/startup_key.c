/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A startup key file (GUID.BEK): a dataset of its own, as in the metadata of a volume. Header of 48
 * bytes (u32 size, u32 version, u32 header size, u32 size again, GUID, ...), then an external key
 * entry: GUID of its protector, FILETIME, and inside it a key of 32 bytes beside a name and, since
 * Windows 11, the GUID of the volume (seen in files of Windows 10 and 11).
 */
#include "fixer/bitlocker/bitlocker.h"
#include "fixer/bitlocker/entry.h"

#include <errno.h>

#define DATASET_HEADER  48
#define DATASET_VERSION 1
#define FILETIME_LEN    8

static int not_a_startup_key(struct error *err, const char *why)
{
	return error_set(
	        err, -EINVAL, REASON_STARTUP_KEY_FORMAT, "not a startup key (.BEK): %s", why);
}

/* Leaves c at the first entry. */
static bool header_fits(struct cursor *c, size_t len)
{
	uint32_t size = cursor_le32(c), version = cursor_le32(c), header = cursor_le32(c),
	         size_again = cursor_le32(c);

	return cursor_skip(c, DATASET_HEADER - 16) && size == len && size_again == len &&
	       version == DATASET_VERSION && header == DATASET_HEADER;
}

/* Puts a cursor over the external key's body into *ret. There must be one and only one: with two,
 * it would be a guess which was meant. */
static bool find_external_key(struct cursor list, struct cursor *ret)
{
	struct entry e;
	size_t found = 0;
	int r;

	while ((r = entry_next(&list, &e)) > 0) {
		if (e.type != TYPE_EXTERNAL_KEY)
			continue;
		*ret = e.body;
		found++;
	}
	return r == 0 && found == 1;
}

/* The bytes of the one key among the entries of an external key; NULL without one. */
static const uint8_t *find_key(struct cursor list)
{
	const uint8_t *key = NULL;
	struct entry e;
	int r;

	while ((r = entry_next(&list, &e)) > 0) {
		if (e.type != TYPE_KEY)
			continue;
		(void)cursor_skip(&e.body, 4); /* method, flags */
		if (key || e.body.failed || e.body.left != BITLOCKER_KEY_LEN)
			return NULL;
		key = e.body.at;
	}
	return r == 0 ? key : NULL;
}

int startup_key_parse(const uint8_t *data, size_t len, struct guid *ret_id, struct secret **ret_key,
        struct error *err)
{
	struct cursor c = cursor_over(data, len), body;
	struct guid id;

	if (!header_fits(&c, len))
		return not_a_startup_key(err, "it has no dataset header");
	if (!find_external_key(c, &body))
		return not_a_startup_key(err, "it does not hold exactly one external key");
	(void)cursor_copy(&body, id.bytes, GUID_LEN);
	(void)cursor_skip(&body, FILETIME_LEN);
	const uint8_t *bytes = body.failed ? NULL : find_key(body);
	if (!bytes)
		return not_a_startup_key(err, "its external key is damaged");
	struct secret *key = secret_copy(bytes, BITLOCKER_KEY_LEN);
	if (!key)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory for a key");
	*ret_id = id;
	*ret_key = key;
	return 0;
}
