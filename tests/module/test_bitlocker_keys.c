/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every volume Windows made for cryptsetup's tests, by every key its makers wrote down: recovery
 * passwords, passphrases, startup keys, clear keys. All of one volume give the same VMK. */
#include "tests/unit/bitlocker_helpers.h"

#include <sodium.h>

/* How often each kind of key was there. */
static size_t counted[PROTECTOR_OTHER + 1];

static const struct bitlocker_protector *find(
        const struct bitlocker_info *info, const char *text, enum bitlocker_protector_kind kind)
{
	struct guid id;

	assert_int_equal(guid_parse(text, &id), 0);
	for (size_t i = 0; i < info->protector_count; i++) {
		if (!guid_equal(&info->protectors[i].id, &id))
			continue;
		assert_int_equal(info->protectors[i].kind, kind);
		return &info->protectors[i];
	}
	fail_msg("no protector %s", text);
	return NULL;
}

/* Takes vmk; all those of one volume must be equal. */
static void expect_same(const struct bitlk_image *image, struct secret **first, struct secret *vmk)
{
	assert_int_equal(vmk->len, BITLOCKER_KEY_LEN);
	if (!*first) {
		*first = vmk;
		return;
	}
	if (memcmp(vmk->data, (*first)->data, vmk->len) != 0)
		fail_msg("%s: two keys give different VMKs", image->name);
	secret_free(vmk);
}

static struct secret *open_with(const struct bitlk_image *image, const struct bitlocker *b,
        const char *protector, enum bitlocker_protector_kind kind, const struct secret *key)
{
	const struct bitlocker_protector *p = find(bitlocker_info(b), protector, kind);
	struct secret *vmk = NULL;

	assert_true(p->has_blob);
	if (bitlocker_protector_open(p, key, &vmk) < 0)
		fail_msg("%s does not open with its %s", image->name,
		        bitlocker_protector_name(kind));
	counted[kind]++;
	return vmk;
}

static void try_recovery_passwords(
        const struct bitlk_image *image, const struct bitlocker *b, struct secret **first)
{
	for (size_t i = 0; i < 2 && image->password[i][0]; i++) {
		expect_same(image, first, bitlk_vmk(image, b, i));
		counted[PROTECTOR_RECOVERY_PASSWORD]++;
	}
}

static void try_passphrase(
        const struct bitlk_image *image, const struct bitlocker *b, struct secret **first)
{
	CLEANUP_SECRET struct secret *key = NULL;
	const char *text = image->passphrase;

	if (!text[0])
		return;
	assert_int_equal(passphrase_parse(text, strlen(text), &key, NULL), 0);
	expect_same(image, first,
	        open_with(image, b, image->passphrase_protector, PROTECTOR_PASSPHRASE, key));
}

static void try_startup_key(
        const struct bitlk_image *image, const struct bitlocker *b, struct secret **first)
{
	CLEANUP_SECRET struct secret *key = NULL;
	struct guid id, wanted;

	if (!image->startup_key_protector[0])
		return;
	assert_int_equal(
	        startup_key_parse(image->startup_key, image->startup_key_len, &id, &key, NULL), 0);
	assert_int_equal(guid_parse(image->startup_key_protector, &wanted), 0);
	assert_true(guid_equal(&id, &wanted));
	expect_same(image, first,
	        open_with(image, b, image->startup_key_protector, PROTECTOR_STARTUP_KEY, key));
}

static void try_clear_key(
        const struct bitlk_image *image, const struct bitlocker *b, struct secret **first)
{
	struct secret *vmk = NULL;

	if (image->clear_key_protector[0])
		(void)find(bitlocker_info(b), image->clear_key_protector, PROTECTOR_CLEAR_KEY);
	if (!bitlocker_info(b)->suspended)
		return;
	assert_int_equal(bitlocker_clear_key(b, &vmk, NULL), 0);
	expect_same(image, first, vmk);
	counted[PROTECTOR_CLEAR_KEY]++;
}

static void check_image(const struct bitlk_image *image)
{
	struct memory_device m = memory_device_over(image->bytes, image->size, 512);
	CLEANUP_BITLOCKER struct bitlocker *b = NULL;
	CLEANUP_BLOCK struct block_device *volume = NULL;
	CLEANUP_SECRET struct secret *vmk = NULL;
	struct error err = {0};

	assert_int_equal(bitlocker_parse(&m.dev, &b, NULL), 0);
	try_recovery_passwords(image, b, &vmk);
	try_passphrase(image, b, &vmk);
	try_startup_key(image, b, &vmk);
	try_clear_key(image, b, &vmk);
	assert_non_null(vmk);
	/* The makers wiped the maps of the two that Windows was still encrypting. */
	int r = bitlocker_open(&m.dev, b, vmk, &volume, &err);
	assert_int_equal(r, image->sha256[0] ? 0 : -EBADMSG);
	vmk->data[0] ^= 1;
	struct block_device *none = NULL;
	assert_true(bitlocker_open(&m.dev, b, vmk, &none, NULL) < 0);
}

static void every_key_opens_its_volume(void **state)
{
	(void)state;

	(void)bitlk_need("aes-xts-128");
	assert_int_equal(bitlk_set.count, 21);
	for (size_t i = 0; i < bitlk_set.count; i++)
		check_image(&bitlk_set.images[i]);
	print_message("recovery passwords %zu, passphrases %zu, startup keys %zu, clear keys %zu\n",
	        counted[PROTECTOR_RECOVERY_PASSWORD], counted[PROTECTOR_PASSPHRASE],
	        counted[PROTECTOR_STARTUP_KEY], counted[PROTECTOR_CLEAR_KEY]);
	assert_int_equal(
	        counted[PROTECTOR_RECOVERY_PASSWORD], 21); /* one volume has two, one none */
	assert_int_equal(counted[PROTECTOR_PASSPHRASE], 17);
	assert_int_equal(counted[PROTECTOR_STARTUP_KEY], 2);
	assert_int_equal(counted[PROTECTOR_CLEAR_KEY], 2);
}

/* The pound sign of "anaconda\u00a3" in Latin-1, or left out: another passphrase or none at all. */
static void passphrase_of_another_encoding_is_wrong(void **state)
{
	(void)state;
	const struct bitlk_image *image = bitlk_need("aes-xts-128-unicode");
	struct memory_device m = memory_device_over(image->bytes, image->size, 512);
	CLEANUP_BITLOCKER struct bitlocker *b = NULL;
	CLEANUP_SECRET struct secret *key = NULL;
	struct secret *none = NULL;

	assert_string_equal(image->passphrase, "anaconda\u00a3");
	assert_int_equal(bitlocker_parse(&m.dev, &b, NULL), 0);
	const struct bitlocker_protector *p =
	        find(bitlocker_info(b), image->passphrase_protector, PROTECTOR_PASSPHRASE);
	assert_int_equal(passphrase_parse("anaconda\xa3", 9, &none, NULL), -EINVAL);
	assert_int_equal(passphrase_parse("anaconda", 8, &key, NULL), 0);
	assert_int_equal(bitlocker_protector_open(p, key, &none), -EKEYREJECTED);
	assert_null(none);
}

/* The other volume's startup key: not its GUID, and not its key either. */
static void startup_key_of_another_volume_is_wrong(void **state)
{
	(void)state;
	const struct bitlk_image *image = bitlk_need("aes-xts-128-startup-key"),
	                         *other = bitlk_need("aes-xts-128-startup-key-win11");
	struct memory_device m = memory_device_over(image->bytes, image->size, 512);
	CLEANUP_BITLOCKER struct bitlocker *b = NULL;
	CLEANUP_SECRET struct secret *key = NULL;
	struct secret *none = NULL;
	struct guid id;

	assert_int_equal(bitlocker_parse(&m.dev, &b, NULL), 0);
	assert_int_equal(
	        startup_key_parse(other->startup_key, other->startup_key_len, &id, &key, NULL), 0);
	const struct bitlocker_protector *p =
	        find(bitlocker_info(b), image->startup_key_protector, PROTECTOR_STARTUP_KEY);
	assert_false(guid_equal(&p->id, &id));
	assert_int_equal(bitlocker_protector_open(p, key, &none), -EKEYREJECTED);
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_key_opens_its_volume),
	        cmocka_unit_test(passphrase_of_another_encoding_is_wrong),
	        cmocka_unit_test(startup_key_of_another_volume_is_wrong),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, bitlk_setup, bitlk_teardown);
}
