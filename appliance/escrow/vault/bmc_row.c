/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hashes and boxes of BMC records. Their keys are made of the vault's subkeys, so that the wrapping
 * is the same with and without them. */
#include "appliance/escrow/vault/bmc_internal.h"
#include "appliance/escrow/vault/name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* --- hashes ---------------------------------------------------------------------------------- */

static void add_hash(const struct vault *v, char kind, const char *text, struct bmc_hashes *to)
{
	if (text[0])
		row_name_hash(v, kind, text, to->hashes[to->count++]);
}

/* SMBIOS and controllers write one UUID in two byte orders: the lower one stands for both. */
static void normal_uuid(const char *text, char ret[VAULT_BMC_UUID])
{
	static const uint8_t order[GUID_LEN] = {
	        3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	struct guid one, other;

	ret[0] = 0;
	if (guid_parse(text, &one) < 0)
		return;
	for (size_t i = 0; i < GUID_LEN; i++)
		other.bytes[i] = one.bytes[order[i]];
	guid_format(memcmp(one.bytes, other.bytes, GUID_LEN) <= 0 ? &one : &other, ret);
}

/* Upper case, with ':' between; "" for what is no MAC. */
static void normal_mac(const char *text, char ret[VAULT_BMC_MAC])
{
	uint8_t bytes[6];
	char digits[13] = "";
	size_t n = 0;

	ret[0] = 0;
	for (const char *p = text; *p; p++) {
		if (*p == ':' || *p == '-' || *p == '.')
			continue;
		if (n == 12)
			return;
		digits[n++] = *p;
	}
	digits[n] = 0;
	if (hex_decode(digits, bytes, sizeof(bytes)) == 0)
		(void)snprintf(ret, VAULT_BMC_MAC, "%02X:%02X:%02X:%02X:%02X:%02X", bytes[0],
		        bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]);
}

void bmc_hash_machine(
        const struct vault *v, const struct vault_bmc_machine *m, struct bmc_hashes *ret)
{
	char normal[VAULT_HOST];

	ret->count = 0;
	normal_uuid(m->uuid, normal);
	add_hash(v, 'U', normal, ret);
	name_normal_serial(m->serial, normal, sizeof(normal));
	add_hash(v, 'S', normal, ret);
	for (size_t i = 0; i < VAULT_BMC_MACS; i++) {
		normal_mac(m->macs[i], normal);
		add_hash(v, 'M', normal, ret);
	}
	name_normal_host(m->name, normal, sizeof(normal));
	add_hash(v, 'N', normal, ret);
}

static void lower(char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

void bmc_hash_address(
        const struct vault *v, const char *address, uint16_t port, uint8_t ret[NAME_HASH_LEN])
{
	char text[VAULT_BMC_ADDRESS + 8];

	(void)snprintf(text, sizeof(text), "%s %u", address, port);
	lower(text);
	row_name_hash(v, 'A', text, ret);
}

void bmc_hash_group(const struct vault *v, const char *group, uint8_t ret[NAME_HASH_LEN])
{
	char text[VAULT_BMC_GROUP];

	(void)snprintf(text, sizeof(text), "%s", group);
	lower(text);
	row_name_hash(v, 'G', text, ret);
}

/* --- boxes ----------------------------------------------------------------------------------- */

static struct secret *box_key(const struct vault *v, struct error *err)
{
	static const char label[] = "netmend bmc box 1";
	struct secret *key = secret_new(SUBKEY_LEN);

	if (!key) {
		(void)error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
		return NULL;
	}
	crypto_generichash(key->data, key->len, (const uint8_t *)label, sizeof(label) - 1,
	        vault_subkey(v, SUBKEY_BOX), SUBKEY_LEN);
	return key;
}

struct bmc_bound {
	uint8_t kind, number[8];
};

static struct bmc_bound bound(enum bmc_box kind, int64_t n)
{
	struct bmc_bound b = {.kind = (uint8_t)kind};

	for (size_t i = 0; i < sizeof(b.number); i++)
		b.number[i] = (uint8_t)((uint64_t)n >> (8 * i));
	return b;
}

int bmc_seal(const struct vault *v, enum bmc_box kind, int64_t n, const void *plain, size_t len,
        uint8_t nonce[NONCE_LEN], uint8_t *box, struct error *err)
{
	struct secret *key CLEANUP_SECRET = box_key(v, err);
	struct bmc_bound to = bound(kind, n);

	if (!key)
		return -ENOMEM;
	randombytes_buf(nonce, NONCE_LEN);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
	        box, NULL, plain, len, (const uint8_t *)&to, sizeof(to), NULL, nonce, key->data);
	return 0;
}

int bmc_open(const struct vault *v, enum bmc_box kind, int64_t n, sqlite3_stmt *sql, int first,
        void *plain, size_t len, struct error *err)
{
	struct secret *key CLEANUP_SECRET = box_key(v, err);
	struct bmc_bound to = bound(kind, n);

	if (!key)
		return -ENOMEM;
	if (sqlite3_column_bytes(sql, first) != NONCE_LEN ||
	        sqlite3_column_bytes(sql, first + 1) != (int)(len + TAG_LEN) ||
	        crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL,
	                sqlite3_column_blob(sql, first + 1), len + TAG_LEN, (const uint8_t *)&to,
	                sizeof(to), sqlite3_column_blob(sql, first), key->data) != 0)
		return -EBADMSG;
	return 0;
}

/* --- records --------------------------------------------------------------------------------- */

void bmc_to_plain(const struct vault_bmc *b, struct bmc_plain *p)
{
	const struct vault_bmc_machine *m = &b->machine;

	memset(p, 0, sizeof(*p));
	text_clean(p->name, sizeof(p->name), m->name);
	text_clean(p->uuid, sizeof(p->uuid), m->uuid);
	text_clean(p->serial, sizeof(p->serial), m->serial);
	for (size_t i = 0; i < VAULT_BMC_MACS; i++)
		text_clean(p->macs[i], sizeof(p->macs[i]), m->macs[i]);
	text_clean(p->type, sizeof(p->type), b->type);
	text_clean(p->address, sizeof(p->address), b->address);
	text_clean(p->group, sizeof(p->group), b->group);
	text_clean(p->user, sizeof(p->user), b->user);
	text_clean(p->pin, sizeof(p->pin), b->pin);
	p->has_password = b->password != NULL;
	if (b->password)
		(void)snprintf(
		        p->password, sizeof(p->password), "%s", (const char *)b->password->data);
	p->port[0] = (uint8_t)b->port;
	p->port[1] = (uint8_t)(b->port >> 8);
	for (size_t i = 0; i < sizeof(p->changed); i++)
		p->changed[i] = (uint8_t)((uint64_t)b->changed >> (8 * i));
}

static int no_memory(struct error *err)
{
	return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory for a password");
}

int bmc_from_plain(const struct bmc_plain *p, int64_t n, bool password, struct vault_bmc *ret,
        struct error *err)
{
	struct vault_bmc_machine *m = &ret->machine;
	uint64_t changed = 0;

	*ret = (struct vault_bmc){.id = n};
	text_clean(m->name, sizeof(m->name), p->name);
	text_clean(m->uuid, sizeof(m->uuid), p->uuid);
	text_clean(m->serial, sizeof(m->serial), p->serial);
	for (size_t i = 0; i < VAULT_BMC_MACS; i++)
		text_clean(m->macs[i], sizeof(m->macs[i]), p->macs[i]);
	text_clean(ret->type, sizeof(ret->type), p->type);
	text_clean(ret->address, sizeof(ret->address), p->address);
	text_clean(ret->group, sizeof(ret->group), p->group);
	text_clean(ret->user, sizeof(ret->user), p->user);
	text_clean(ret->pin, sizeof(ret->pin), p->pin);
	ret->port = (uint16_t)(p->port[0] | p->port[1] << 8);
	for (size_t i = 0; i < sizeof(p->changed); i++)
		changed |= (uint64_t)p->changed[i] << (8 * i);
	ret->changed = (int64_t)changed;
	if (!password || !p->has_password)
		return 0;
	ret->password = secret_copy(p->password, strnlen(p->password, sizeof(p->password) - 1) + 1);
	return ret->password ? 0 : no_memory(err);
}
