/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a startup key file behind one byte; unless that is odd, the file states its true
 * length. What it gives must open what was sealed with its key. */
#include "fixer/bitlocker/bitlocker.h"
#include "tests/fuzz/fve_input.h"

#include <sodium.h>

static void open_with(const struct secret *key, const struct guid *id)
{
	static const uint8_t datum[12] = {44, 0, 0, 0, 1, 0, 1, 0, 3, 0x20};
	struct bitlocker_protector p = {.id = *id, .kind = PROTECTOR_STARTUP_KEY, .has_blob = true};
	CLEANUP_SECRET struct secret *vmk = NULL;

	memcpy(p.blob.sealed + FUZZ_OVERHEAD, datum, sizeof(datum));
	memcpy(p.blob.sealed + FUZZ_OVERHEAD + sizeof(datum), fuzz_vmk, sizeof(fuzz_vmk));
	fuzz_seal(key->data, p.blob.sealed, sizeof(p.blob.sealed));
	must(bitlocker_protector_open(&p, key, &vmk) == 0);
	must(vmk->len == sizeof(fuzz_vmk) && memcmp(vmk->data, fuzz_vmk, vmk->len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_SECRET struct secret *key = NULL;
	struct error err = {0};
	struct guid id;

	must(sodium_init() >= 0);
	if (size < 1)
		return 0;
	size_t len = size - 1;
	CLEANUP_FREE uint8_t *file = malloc(len ? len : 1);
	must(file);
	memcpy(file, data + 1, len);
	if (len >= 16 && !(data[0] & 1)) {
		put_le32(file, (uint32_t)len);
		put_le32(file + 12, (uint32_t)len);
	}
	int r = startup_key_parse(file, len, &id, &key, &err);
	must_explain(r, &err);
	must((r == 0) == (key != NULL));
	if (r == 0) {
		must(key->len == BITLOCKER_KEY_LEN);
		open_with(key, &id);
	}
	return 0;
}
