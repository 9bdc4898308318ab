/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which protector opens a volume, and what is said when none does. */
#include "fixer/bitlocker/metadata.h"
#include "fixer/unlock.h"
#include "tests/unit/key_helpers.h"

#include <sodium.h>
#include <stdlib.h>

static const char wrong_password[] = "000022-000022-000033-000044-000055-000066-000077-000088",
                  right_password[] = "000011-000022-000033-000044-000055-000066-000077-000088";
static const uint8_t salt[16] = "salt of 16 bytes";
static uint8_t vmk[32], startup_key[32];

static struct guid guid_of(size_t i)
{
	return (struct guid){{(uint8_t)i, 0, 0, 0xee}};
}

/* A key of each kind; what is not wanted is freed and set to NULL. */
static struct keys make_keys(const char *password, const char *passphrase, size_t startup)
{
	struct keys k = {0};
	unsigned group;

	if (password)
		assert_int_equal(recovery_password_parse(password, strlen(password),
		                         &k.recovery_password, &group, NULL),
		        0);
	if (passphrase)
		assert_int_equal(
		        passphrase_parse(passphrase, strlen(passphrase), &k.passphrase, NULL), 0);
	if (startup) {
		k.startup_key = secret_copy(startup_key, sizeof(startup_key));
		k.startup_key_id = guid_of(startup);
	}
	return k;
}

/* The VMK sealed for a stretched key; each is stretched once. */
static void seal_for(const struct secret *key, uint8_t sealed[72])
{
	static struct {
		size_t len;
		uint8_t key[32], stretched[32];
	} known[2];
	size_t i = key->len == 16 ? 0 : 1;

	if (known[i].len != key->len || memcmp(known[i].key, key->data, key->len) != 0) {
		CLEANUP_SECRET struct secret *stretched = NULL;
		assert_int_equal(bitlocker_stretch(key, salt, &stretched), 0);
		known[i].len = key->len;
		memcpy(known[i].key, key->data, key->len);
		memcpy(known[i].stretched, stretched->data, 32);
	}
	vmk_seal(known[i].stretched, vmk, 44, sealed);
}

/* Protector number i of that kind, as the right key of the kind opens it; with NULL, nothing does.
 */
static void add(struct entry_list *l, size_t i, uint16_t raw, const struct keys *k, uint16_t flags)
{
	static const uint8_t clear_key[32] = "a key for everybody";
	const struct guid id = guid_of(i);
	uint8_t sealed[72] = {0};
	size_t at = list_protector(l, &id, raw, 1);

	if (raw == 0x0800 && k)
		seal_for(k->recovery_password, sealed);
	if (raw == 0x2000 && k)
		seal_for(k->passphrase, sealed);
	if (raw == 0x0200 && k)
		vmk_seal(startup_key, vmk, 44, sealed);
	if (raw == 0)
		list_key(l, 0x2000, clear_key, sizeof(clear_key));
	if (raw == 0 && k)
		vmk_seal(clear_key, vmk, 44, sealed);
	if (raw & 0x2800)
		list_stretch(l, raw == 0x0800 ? 0x1000 : 0x1001, flags, salt);
	list_entry(l, 0, 5, sealed, sizeof(sealed));
	list_end(l, at);
}

static struct bitlocker *parse(const struct entry_list *l)
{
	struct bitlocker *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	assert_int_equal(fve_entries_parse(cursor_over(l->bytes, l->len), b), 0);
	b->info.needs_key = true;
	return b;
}

static void opens(const struct bitlocker *b, const struct keys *k, const char *how)
{
	CLEANUP_SECRET struct secret *got = NULL;
	char said[UNLOCK_HOW] = "";
	struct error err = {0};

	if (volume_unlock(b, k, &got, said, &err) < 0)
		fail_msg("%s: %s", reason_code(err.reason), err.text);
	assert_string_equal(said, how);
	assert_int_equal(got->len, 32);
	assert_memory_equal(got->data, vmk, 32);
}

/* word: what the text must hold; NULL ends them. */
static void stays_closed(const struct bitlocker *b, const struct keys *k, int code,
        enum reason reason, const char *const words[])
{
	struct secret *got = NULL;
	char said[UNLOCK_HOW] = "";
	struct error err = {0};

	assert_int_equal(volume_unlock(b, k, &got, said, &err), code);
	assert_string_equal(reason_code(err.reason), reason_code(reason));
	assert_null(got);
	assert_string_equal(said, "");
	for (size_t i = 0; words[i]; i++)
		if (!strstr(err.text, words[i]))
			fail_msg("\"%s\" does not say %s", err.text, words[i]);
	got = NULL;
	assert_int_equal(volume_unlock(b, k, &got, said, NULL), code);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void what_costs_nothing_comes_first(void **state)
{
	(void)state;
	struct keys all = make_keys(right_password, "anaconda\u00a3", 3), none = {0};
	struct entry_list l = {.len = 0};

	add(&l, 1, 0x0800, &all, 0);
	add(&l, 2, 0x2000, &all, 0);
	add(&l, 3, 0x0200, &all, 0);
	struct bitlocker *b = parse(&l);
	opens(b, &all,
	        "opened with the startup key of protector EE000003-0000-0000-0000-000000000000");
	secret_free(all.startup_key);
	all.startup_key = NULL;
	opens(b, &all,
	        "opened with the recovery password of protector "
	        "EE000001-0000-0000-0000-000000000000");
	secret_free(all.recovery_password);
	all.recovery_password = NULL;
	opens(b, &all,
	        "opened with the passphrase of protector EE000002-0000-0000-0000-000000000000");
	bitlocker_free(b);
	add(&l, 4, 0, &all, 0);
	b = parse(&l);
	opens(b, &none, "protection is suspended: opened with the clear key");
	b->info.needs_key = false;
	struct secret *got = (struct secret *)b;
	char how[UNLOCK_HOW];
	assert_int_equal(volume_unlock(b, &none, &got, how, NULL), 0);
	assert_null(got);
	assert_string_equal(how, "nothing on it is encrypted: no key needed");
	bitlocker_free(b);
	keys_clear(&all);
}

static void each_protector_of_the_kind_is_tried(void **state)
{
	(void)state;
	struct keys k = make_keys(right_password, NULL, 0);
	struct entry_list l = {.len = 0};

	add(&l, 1, 0x0100, NULL, 0);
	add(&l, 2, 0x0800, NULL, 0x40);
	add(&l, 3, 0x0800, NULL, 0);
	add(&l, 4, 0x0800, &k, 0);
	CLEANUP_BITLOCKER struct bitlocker *b = parse(&l);
	opens(b, &k,
	        "opened with the recovery password of protector "
	        "EE000004-0000-0000-0000-000000000000");
	keys_clear(&k);
}

static void damaged_clear_key_leaves_the_others(void **state)
{
	(void)state;
	struct keys k = make_keys(NULL, NULL, 2), none = {0};
	struct entry_list l = {.len = 0};

	add(&l, 1, 0, NULL, 0);
	add(&l, 2, 0x0200, &k, 0);
	CLEANUP_BITLOCKER struct bitlocker *b = parse(&l);
	opens(b, &k,
	        "opened with the startup key of protector EE000002-0000-0000-0000-000000000000");
	stays_closed(b, &none, -EKEYREJECTED, REASON_BITLOCKER_METADATA_BAD, WORDS("clear key"));
	keys_clear(&k);
}

static void locked_volumes_say_what_opens_them(void **state)
{
	(void)state;
	struct keys none = {0}, startup = make_keys(NULL, NULL, 9);
	struct entry_list l = {.len = 0};

	add(&l, 1, 0x0800, NULL, 0);
	add(&l, 2, 0x0500, NULL, 0);
	CLEANUP_BITLOCKER struct bitlocker *b = parse(&l);
	stays_closed(b, &none, -ENOKEY, REASON_KEY_NEEDED,
	        WORDS("give --recovery-password-file.",
	                "recovery password EE000001-0000-0000-0000-000000000000",
	                "TPM with PIN EE000002"));
	add(&l, 3, 0x2000, NULL, 0);
	add(&l, 4, 0x0200, NULL, 0);
	CLEANUP_BITLOCKER struct bitlocker *more = parse(&l);
	stays_closed(more, &none, -ENOKEY, REASON_KEY_NEEDED,
	        WORDS("--startup-key-file or --recovery-password-file or --passphrase-file"));
	stays_closed(more, &startup, -EKEYREJECTED, REASON_BITLOCKER_WRONG_KEY,
	        WORDS("startup key given is of protector EE000009-0000-0000-0000-000000000000",
	                "startup key EE000004"));
	add(&l, 9, 0x0300, NULL, 0);
	CLEANUP_BITLOCKER struct bitlocker *tpm = parse(&l);
	stays_closed(tpm, &startup, -EKEYREJECTED, REASON_BITLOCKER_WRONG_KEY,
	        WORDS("EE000009-0000-0000-0000-000000000000 opens with the machine's TPM only"));
	startup.startup_key_id = guid_of(4);
	stays_closed(more, &startup, -EKEYREJECTED, REASON_BITLOCKER_WRONG_KEY,
	        WORDS("the startup key given opens none"));
	keys_clear(&startup);
}

static void wrong_passwords_name_the_protectors(void **state)
{
	(void)state;
	struct keys password = make_keys(wrong_password, NULL, 0),
	            passphrase = make_keys(NULL, "wrong", 0);
	struct entry_list recovery = {.len = 0}, startup = {.len = 0};

	add(&recovery, 1, 0x0800, NULL, 0);
	add(&startup, 2, 0x0200, NULL, 0);
	CLEANUP_BITLOCKER struct bitlocker *with = parse(&recovery), *without = parse(&startup);
	stays_closed(with, &password, -EKEYREJECTED, REASON_BITLOCKER_WRONG_KEY,
	        WORDS("recovery password given", "EE000001-0000-0000-0000-000000000000"));
	stays_closed(without, &password, -ENOKEY, REASON_BITLOCKER_NO_RECOVERY,
	        WORDS("startup key EE000002-0000-0000-0000-000000000000"));
	stays_closed(with, &passphrase, -EKEYREJECTED, REASON_BITLOCKER_WRONG_KEY,
	        WORDS("the volume has no passphrase", "recovery password EE000001"));
	keys_clear(&password);
	keys_clear(&passphrase);
}

static void what_cannot_be_tried_is_said(void **state)
{
	(void)state;
	struct keys none = {0}, password = make_keys(right_password, NULL, 0);
	struct entry_list l = {.len = 0};

	CLEANUP_BITLOCKER struct bitlocker *bare = parse(&l);
	stays_closed(bare, &none, -ENOKEY, REASON_BITLOCKER_NO_RECOVERY, WORDS("none"));
	add(&l, 1, 0x0300, NULL, 0);
	add(&l, 2, 0x1000, NULL, 0);
	CLEANUP_BITLOCKER struct bitlocker *tpm = parse(&l);
	stays_closed(tpm, &none, -ENOKEY, REASON_BITLOCKER_NO_RECOVERY,
	        WORDS("TPM with startup key EE000001", "certificate EE000002"));
	add(&l, 3, 0x0800, NULL, 0x40);
	CLEANUP_BITLOCKER struct bitlocker *fips = parse(&l);
	stays_closed(fips, &none, -ENOTSUP, REASON_BITLOCKER_STRETCH_FLAGS, WORDS("EE000003"));
	stays_closed(fips, &password, -ENOTSUP, REASON_BITLOCKER_STRETCH_FLAGS, WORDS("EE000003"));
	add(&l, 4, 0x2000, NULL, 0);
	CLEANUP_BITLOCKER struct bitlocker *other = parse(&l);
	stays_closed(other, &none, -ENOKEY, REASON_KEY_NEEDED, WORDS("--passphrase-file"));
	keys_clear(&password);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_costs_nothing_comes_first),
	        cmocka_unit_test(each_protector_of_the_kind_is_tried),
	        cmocka_unit_test(damaged_clear_key_leaves_the_others),
	        cmocka_unit_test(locked_volumes_say_what_opens_them),
	        cmocka_unit_test(wrong_passwords_name_the_protectors),
	        cmocka_unit_test(what_cannot_be_tried_is_said),
	};
	if (sodium_init() < 0)
		return 1;
	randombytes_buf(vmk, sizeof(vmk));
	randombytes_buf(startup_key, sizeof(startup_key));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
