/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is what a browser sealed into a box of recovery keys; and the same as a part put
 * together with others. */
#include "appliance/escrow/upload.h"
#include "tests/fuzz/fuzz.h"

#define SMALL ((size_t)4 * NM_KEYS_PART) /* fits into locked memory anywhere */

static bool is_hex(const char *text, size_t digits)
{
	return strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}

static void must_be_good(const struct keys_order *o, const uint8_t *data, size_t size)
{
	must(is_hex(o->import, KEYS_IMPORT_TEXT - 1));
	must(is_clean(o->approver, sizeof(o->approver)));
	must(o->step == KEYS_STORE ? is_hex(o->sha256, KEYS_SHA256_TEXT - 1) : !o->sha256[0]);
	must(o->step == KEYS_STORE || !o->passphrase);
	must((o->step == KEYS_LOOK) == (o->file_count > 0) && o->file_count <= NM_MAX_KEYS_FILES);
	for (size_t i = 0; i < o->file_count; i++)
		must(is_clean(o->files[i].name, sizeof(o->files[i].name)) &&
		        o->files[i].size <= NM_MAX_KEYS_UPLOAD);
	must(o->bytes > data && o->bytes <= data + size && o->len <= size);
	must((o->step == KEYS_PART) == (o->len > 0) && o->len <= NM_KEYS_PART);
	must(o->step != KEYS_PART || (o->size <= NM_MAX_KEYS_UPLOAD && o->len <= o->size &&
	                                     o->part * NM_KEYS_PART <= o->size - o->len));
}

static void put_together(const struct keys_order *o)
{
	struct upload *u = upload_new();
	struct upload_content *content;
	struct error err = {0};

	must(u);
	must(upload_part(u, o, 0, &err) == 0 && upload_part(u, o, 1, &err) == 0);
	int r = upload_open(u, o->import, &content, &err);
	must_explain(r, &err);
	must((r == 0) == (o->len == o->size));
	if (r == 0) {
		must(content->bytes->len == o->len &&
		        memcmp(content->bytes->data, o->bytes, o->len) == 0);
		upload_close(u, true, 2);
	}
	upload_free(u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keys_order o;
	struct error err = {0};

	must(secrets_init() == 0);
	int r = keys_order_parse(data, size, &o, &err);
	must_explain(r, &err);
	if (r < 0)
		return 0;
	must_be_good(&o, data, size);
	if (o.step == KEYS_PART && o.size <= SMALL)
		put_together(&o);
	keys_order_clear(&o);
	return 0;
}
