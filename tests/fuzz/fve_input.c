/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/fuzz/fve_input.h"
#include "tests/generators/bitlocker_crypto.h"
#include "tests/generators/random.h"

#include <openssl/evp.h>
#include <zlib.h>

#define DATASET       64 /* dataset header, after the information header */
#define ENTRY         8  /* header of an entry */
#define VMK_ENTRIES   28 /* in the body of a VMK */
#define KEY_DATUM     12 /* entry header, method, flags; then the key */
#define VALIDATION    88
#define CLEAR_METHOD  0x2000
#define DIGEST_METHOD 0x2005

enum role { ROLE_PROPERTY = 0, ROLE_VMK = 2, ROLE_FVEK = 3 };
enum type { TYPE_KEY = 1, TYPE_SEALED = 5, TYPE_VMK = 8 };

const uint8_t fuzz_vmk[32] = "a key that opens only test disks";

void fuzz_noise(uint8_t device[FUZZ_DEVICE_SIZE])
{
	static uint8_t noise[FUZZ_DEVICE_SIZE];
	static struct gen_random random;

	if (noise[0] == 0) {
		gen_random_init(&random, 1, "fuzz");
		gen_random_bytes(&random, noise, sizeof(noise));
		noise[0] = 1;
	}
	memcpy(device, noise, sizeof(noise));
}

void fuzz_boot_sector_put(uint8_t *sector, const struct fuzz_boot_sector *b)
{
	static const char types[2][17] = {
	        "\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01",
	        "\x3b\x4d\xa8\x92\x80\xdd\x0e\x4d\x9e\x4e\xb1\xe3\x28\x4e\xae\xd8"};
	uint8_t *type = sector + (b->to_go ? 424 : 160);

	memset(sector, 0, 512);
	memcpy(sector, "\xeb\x58\x90", 3);
	memcpy(sector + 3, b->to_go ? "MSWIN4.1" : "-FVE-FS-", 8);
	put_le16(sector + 11, b->sector_size);
	memcpy(type, types[b->encrypt_on_write], 16);
	for (size_t i = 0; i < 3; i++)
		put_le64(type + 16 + 8 * i, b->metadata[i]);
	for (size_t i = 0; i < 2 && b->encrypt_on_write; i++)
		put_le64(type + 40 + 8 * i, b->map[i]);
	memcpy(sector + 510, "\x55\xaa", 2);
}

/* --- composing ------------------------------------------------------------------------------- */

static uint8_t *put_entry(uint8_t *p, size_t body, enum role role, enum type type)
{
	put_le16(p, (uint16_t)(ENTRY + body));
	put_le16(p + 2, role);
	put_le16(p + 4, type);
	put_le16(p + 6, 1);
	return p + ENTRY;
}

/* A key datum of len bytes, behind room for nonce and MAC. */
static uint8_t *put_open_key(
        uint8_t *p, enum role role, uint16_t method, const uint8_t *key, size_t len)
{
	uint8_t *datum = put_entry(p, FUZZ_OVERHEAD + KEY_DATUM + len, role, TYPE_SEALED);

	memset(datum, role + 1, FUZZ_OVERHEAD);
	datum += FUZZ_OVERHEAD;
	(void)put_entry(datum, 4 + len, role, TYPE_KEY);
	put_le16(datum + ENTRY, method);
	put_le16(datum + ENTRY + 2, 0);
	memcpy(datum + KEY_DATUM, key, len);
	return datum + KEY_DATUM + len;
}

static uint8_t *put_clear_vmk(uint8_t *p)
{
	static const uint8_t clear[32] = "and this one stands beside it...";
	uint8_t *entry = p;

	p += ENTRY;
	memset(p, 0xc1, VMK_ENTRIES);
	put_le16(p + VMK_ENTRIES - 2, 0); /* what kind of protector */
	p = put_entry(p + VMK_ENTRIES, 4 + sizeof(clear), ROLE_PROPERTY, TYPE_KEY);
	put_le16(p, CLEAR_METHOD);
	put_le16(p + 2, 0);
	memcpy(p + 4, clear, sizeof(clear));
	p = put_open_key(p + 4 + sizeof(clear), ROLE_PROPERTY, 0x2003, fuzz_vmk, sizeof(fuzz_vmk));
	(void)put_entry(entry, (size_t)(p - entry) - ENTRY, ROLE_VMK, TYPE_VMK);
	return p;
}

size_t fuzz_compose(uint8_t *block, const struct fuzz_metadata *m)
{
	static const uint8_t fvek[64] =
	        "sixty-four bytes are enough for every method: AES key and tweak";
	uint8_t *dataset = block + DATASET, *p = block + FUZZ_ENTRIES;
	const struct fve_method *method = fve_method_by_id(m->method);

	memset(block, 0, FUZZ_AREA);
	memcpy(block, "-FVE-FS-", 8);
	put_le16(block + 10, 2);
	put_le16(block + 12, m->state);
	put_le16(block + 14, m->next_state);
	put_le64(block + 16, m->encrypted_size);
	put_le32(block + 24, m->conversion_bytes);
	put_le32(block + 28, m->header_sectors);
	for (size_t i = 0; i < 3; i++)
		put_le64(block + 32 + 8 * i, m->metadata[i]);
	put_le64(block + 56, m->header);
	put_le32(dataset + 4, 1);
	put_le32(dataset + 8, FUZZ_ENTRIES - DATASET);
	memset(dataset + 16, 0x1d, 16);
	put_le16(dataset + 36, m->method);
	if (m->clear_key)
		p = put_clear_vmk(p);
	p = put_open_key(p, ROLE_FVEK, m->method, fvek, method ? method->fvek_len : 32);
	put_le32(dataset, (uint32_t)(p - dataset));
	put_le32(dataset + 12, (uint32_t)(p - dataset));
	size_t len = ((size_t)(p - block) + 15) / 16 * 16;
	put_le16(block + 8, (uint16_t)(len / 16));
	return len;
}

/* --- sealing --------------------------------------------------------------------------------- */

struct entry {
	uint16_t role, type;
	uint8_t *body;
	size_t len;
};

/* The next entry of [*at, end); false at the end or where there can be none. */
static bool next_entry(uint8_t **at, const uint8_t *end, struct entry *ret)
{
	if (end - *at < ENTRY)
		return false;
	size_t size = get_le16(*at);
	if (size < ENTRY || size > (size_t)(end - *at))
		return false;
	*ret = (struct entry){get_le16(*at + 2), get_le16(*at + 4), *at + ENTRY, size - ENTRY};
	*at += size;
	return true;
}

void fuzz_seal(const uint8_t key[32], uint8_t *sealed, size_t len)
{
	if (len > FUZZ_OVERHEAD)
		must(fve_seal(key, sealed, sealed + FUZZ_OVERHEAD, len - FUZZ_OVERHEAD,
		             sealed + 12) == 0);
}

/* With a key beside it, what is sealed in a VMK can only be meant for that key. */
static void seal_clear_vmk(const struct entry *vmk)
{
	const uint8_t *end = vmk->body + vmk->len, *key = NULL;
	struct entry e;

	if (vmk->len < VMK_ENTRIES)
		return;
	for (uint8_t *at = vmk->body + VMK_ENTRIES; next_entry(&at, end, &e);) {
		if (e.type == TYPE_KEY && e.len == 4 + 32)
			key = e.body + 4;
		else if (e.type == TYPE_SEALED && key)
			fuzz_seal(key, e.body, e.len);
	}
}

bool fuzz_seal_entries(uint8_t *block, struct fuzz_key *ret_key)
{
	size_t covered = (size_t)get_le16(block + 8) * 16, dataset = get_le32(block + DATASET);
	struct entry e;

	ret_key->len = 0;
	if (covered > FUZZ_AREA - VALIDATION)
		return false;
	if (covered < DATASET || dataset > covered - DATASET)
		return true;
	const uint8_t *end = block + DATASET + dataset;
	for (uint8_t *at = block + FUZZ_ENTRIES; at < end && next_entry(&at, end, &e);) {
		if (e.role == ROLE_VMK && e.type == TYPE_VMK)
			seal_clear_vmk(&e);
		if (e.role != ROLE_FVEK || e.type != TYPE_SEALED)
			continue;
		size_t before = FUZZ_OVERHEAD + KEY_DATUM;
		if (ret_key->len == 0 && e.len > before && e.len - before <= sizeof(ret_key->key)) {
			ret_key->len = e.len - before;
			memcpy(ret_key->key, e.body + before, ret_key->len);
		}
		fuzz_seal(fuzz_vmk, e.body, e.len);
	}
	return true;
}

void fuzz_validate(uint8_t *block, enum fuzz_validation how)
{
	size_t covered = (size_t)get_le16(block + 8) * 16;
	uint8_t *validation = block + covered, *datum = validation + 8, *end, digest[32];

	must(EVP_Digest(block, covered, digest, NULL, EVP_sha256(), NULL) == 1);
	if (how == FUZZ_WRONG_DIGEST)
		digest[0] ^= 1;
	if (how == FUZZ_OPEN_DIGEST) {
		end = put_entry(datum, 4 + sizeof(digest), ROLE_PROPERTY, TYPE_KEY);
		put_le16(end, DIGEST_METHOD);
		put_le16(end + 2, 0);
		memcpy(end + 4, digest, sizeof(digest));
	} else if (how != FUZZ_NO_DIGEST) {
		end = put_open_key(datum, ROLE_PROPERTY, DIGEST_METHOD, digest, sizeof(digest));
		fuzz_seal(fuzz_vmk, datum + ENTRY, (size_t)(end - datum) - ENTRY);
	}
	put_le16(validation, (uint16_t)(FUZZ_AREA - covered));
	put_le16(validation + 2, 2);
	put_le32(validation + 4, (uint32_t)crc32_z(0, block, covered));
}
