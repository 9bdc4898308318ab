/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/message_keys.h"
#include "appliance/escrow/message_json.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <string.h>

void keys_order_clear(struct keys_order *o)
{
	secret_free(o->passphrase);
	*o = (struct keys_order){0};
}

static bool is_hex(const char *text, size_t digits)
{
	return strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}

static int take_import(const char *text, struct keys_order *o, struct error *err)
{
	if (!is_hex(text, sizeof(o->import) - 1))
		return json_bad(err, "import is 32 hexadecimal digits");
	memcpy(o->import, text, sizeof(o->import));
	return 0;
}

/* The bytes are already in o. */
static int parse_part(json_t *j, struct keys_order *o, struct error *err)
{
	const char *op, *import;
	json_int_t v, part, size;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:s,s:s,s:I,s:I}", "v", &v, "op", &op,
	            "import", &import, "part", &part, "size", &size) < 0)
		return json_bad(err, "part has import, part and size");
	if (size < 1 || size > NM_MAX_KEYS_UPLOAD)
		return json_bad(err, "the files are empty, or larger than 20 MB together");
	if (part < 0 || part >= (size + NM_KEYS_PART - 1) / NM_KEYS_PART)
		return json_bad(err, "there is no such part");
	o->part = (size_t)part;
	o->size = (size_t)size;
	size_t rest = o->size - o->part * NM_KEYS_PART;
	if (o->len != (rest < NM_KEYS_PART ? rest : NM_KEYS_PART))
		return json_bad(err, "the part is shorter or longer than it says");
	return take_import(import, o, err);
}

static int parse_file(json_t *j, struct keys_file *ret, struct error *err)
{
	const char *name;
	json_int_t size;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:s,s:I}", "name", &name, "size", &size) < 0 ||
	        size < 0 || size > NM_MAX_KEYS_UPLOAD)
		return json_bad(err, "a file has name and size");
	text_clean(ret->name, sizeof(ret->name), name);
	ret->size = (size_t)size;
	return 0;
}

static int parse_look(json_t *j, struct keys_order *o, struct error *err)
{
	const char *op, *import;
	json_t *files;
	json_int_t v;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:s,s:s,s:o}", "v", &v, "op", &op, "import",
	            &import, "files", &files) < 0)
		return json_bad(err, "look has import and files");
	size_t count = json_array_size(files);
	if (count < 1 || count > NM_MAX_KEYS_FILES)
		return json_bad(err, "files is a list of 1 to 16");
	int r = take_import(import, o, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = parse_file(json_array_get(files, i), &o->files[i], err);
	o->file_count = count;
	return r;
}

static int parse_store(json_t *j, struct keys_order *o, struct error *err)
{
	const char *op, *import, *sha256, *approver, *passphrase;
	json_int_t v;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:s,s:s,s:s,s:s,s:s}", "v", &v, "op", &op,
	            "import", &import, "sha256", &sha256, "approver", &approver, "passphrase",
	            &passphrase) < 0)
		return json_bad(err, "store has import, sha256, approver and passphrase");
	if (!is_hex(sha256, sizeof(o->sha256) - 1) ||
	        json_line(approver, o->approver, sizeof(o->approver)) < 0)
		return json_bad(err, "sha256 or approver is malformed");
	memcpy(o->sha256, sha256, sizeof(o->sha256));
	int r = passphrase[0] ? json_secret(passphrase, NM_MAX_PASSPHRASE, &o->passphrase) : 0;
	if (r == -ENOMEM)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "no memory can be locked");
	return r < 0 ? json_bad(err, "passphrase is too long") : take_import(import, o, err);
}

static int parse_drop(json_t *j, struct keys_order *o, struct error *err)
{
	const char *op, *import;
	json_int_t v;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:s,s:s}", "v", &v, "op", &op, "import",
	            &import) < 0)
		return json_bad(err, "drop has import");
	return take_import(import, o, err);
}

static const struct {
	const char *name;
	int (*parse)(json_t *j, struct keys_order *o, struct error *err);
} steps[] = {[KEYS_PART] = {"part", parse_part},
        [KEYS_LOOK] = {"look", parse_look},
        [KEYS_STORE] = {"store", parse_store},
        [KEYS_DROP] = {"drop", parse_drop}};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

static int parse_head(json_t *j, struct keys_order *o, struct error *err)
{
	const char *op;
	json_int_t v;
	size_t i = 0;

	if (json_unpack(j, "{s:I,s:s}", "v", &v, "op", &op) < 0 || v != 1)
		return json_bad(err, "a box of keys has v and op");
	while (i < STEPS && strcmp(op, steps[i].name) != 0)
		i++;
	if (i == STEPS)
		return json_bad(err, "a box of keys is part, look, store or drop");
	o->step = (enum keys_step)i;
	if (o->len > 0 && o->step != KEYS_PART)
		return json_bad(err, "only a part has bytes");
	return steps[i].parse(j, o, err);
}

int keys_order_parse(const void *plain, size_t len, struct keys_order *ret, struct error *err)
{
	const uint8_t *feed = len > 0 ? memchr(plain, '\n', len) : NULL;

	if (!feed)
		return json_bad(err, "a box of keys begins with a line");
	size_t head = (size_t)(feed - (const uint8_t *)plain);
	struct keys_order o = {.bytes = feed + 1, .len = len - head - 1};
	json_t *j = json_loadb(plain, head, JSON_REJECT_DUPLICATES, NULL);
	int r = j ? parse_head(j, &o, err) : json_bad(err, "the first line is not JSON");

	json_decref(j);
	if (r < 0)
		keys_order_clear(&o);
	else
		*ret = o;
	return r;
}
