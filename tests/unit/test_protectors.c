/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The entries of a volume's metadata: every kind of protector, what is unknown, and how they are
 * named. */
#include "fixer/bitlocker/metadata.h"
#include "tests/unit/key_helpers.h"

#include <sodium.h>
#include <stdlib.h>

static const uint8_t salt[16] = "salt of 16 bytes", zero[32], sealed[72] = "first sealed key",
                     other_sealed[72] = "second sealed key";

static struct guid guid_of(size_t i)
{
	return (struct guid){{(uint8_t)i, (uint8_t)(i >> 8), 0xaa}};
}

/* The caller frees with bitlocker_free(). */
static struct bitlocker *parse(const struct entry_list *l, int expected)
{
	struct bitlocker *b = calloc(1, sizeof(*b));
	uint8_t *copy = malloc(l->len ? l->len : 1); /* ends where the list does */

	assert_non_null(b);
	assert_non_null(copy);
	memcpy(copy, l->bytes, l->len);
	assert_int_equal(fve_entries_parse(cursor_over(copy, l->len), b), expected);
	free(copy);
	return b;
}

/* A protector with all the things that one kind or another has. */
static void everything(
        struct entry_list *l, size_t i, uint16_t raw, uint16_t method, uint16_t flags)
{
	const struct guid id = guid_of(i);
	size_t at = list_protector(l, &id, raw, 1);

	list_stretch(l, method, flags, salt);
	list_key(l, 0x2000, zero, 32);
	list_entry(l, 0, 6, "a TPM's blob", 12);
	list_entry(l, 0, 5, sealed, sizeof(sealed));
	list_end(l, at);
}

static void kinds_are_told_by_the_high_byte(void **state)
{
	(void)state;
	static const struct {
		uint16_t raw, method;
		enum bitlocker_protector_kind kind;
		const char *name;
		bool blob;
	} kinds[] = {
	        {0x0000, 0x1000, PROTECTOR_CLEAR_KEY, "clear-key", false},
	        {0x0100, 0x1000, PROTECTOR_TPM, "tpm", false},
	        {0x0200, 0x1000, PROTECTOR_STARTUP_KEY, "startup-key", true},
	        {0x0300, 0x1000, PROTECTOR_TPM_STARTUP_KEY, "tpm-startup-key", false},
	        {0x0500, 0x1000, PROTECTOR_TPM_PIN, "tpm-pin", false},
	        {0x0700, 0x1000, PROTECTOR_TPM_PIN_STARTUP_KEY, "tpm-pin-startup-key", false},
	        {0x0800, 0x1000, PROTECTOR_RECOVERY_PASSWORD, "recovery-password", true},
	        {0x1000, 0x1000, PROTECTOR_CERTIFICATE, "certificate", false},
	        {0x2000, 0x1001, PROTECTOR_PASSPHRASE, "passphrase", true},
	        {0x0400, 0x1000, PROTECTOR_OTHER, "other", false},
	        {0x4000, 0x1000, PROTECTOR_OTHER, "other", false},
	        {0x2800, 0x1001, PROTECTOR_OTHER, "other", false},
	        {0x08ff, 0x1000, PROTECTOR_RECOVERY_PASSWORD, "recovery-password", true},
	};
	struct entry_list l = {.len = 0};
	size_t count = sizeof(kinds) / sizeof(*kinds);

	for (size_t i = 0; i < count; i++)
		everything(&l, i, kinds[i].raw, kinds[i].method, 0);
	CLEANUP_BITLOCKER struct bitlocker *b = parse(&l, 0);
	assert_int_equal(b->info.protector_count, count);
	assert_true(b->info.suspended);
	for (size_t i = 0; i < count; i++) {
		const struct bitlocker_protector *p = &b->info.protectors[i];
		const struct guid id = guid_of(i);
		bool stretched = p->kind != PROTECTOR_STARTUP_KEY;
		assert_int_equal(p->kind, kinds[i].kind);
		assert_int_equal(p->raw_kind, kinds[i].raw);
		assert_string_equal(bitlocker_protector_name(p->kind), kinds[i].name);
		assert_true(guid_equal(&p->id, &id));
		assert_int_equal(p->has_blob, kinds[i].blob);
		assert_false(p->stretch_flags_unknown);
		if (!p->has_blob)
			continue;
		assert_memory_equal(p->blob.sealed, sealed, sizeof(sealed));
		assert_memory_equal(p->blob.salt, stretched ? salt : zero, sizeof(salt));
	}
}

/* Recovery passwords in FIPS mode, PBKDF2, whatever comes: not tried, and said so. */
static void strange_stretching_is_marked(void **state)
{
	(void)state;
	struct entry_list l = {.len = 0};
	const struct guid id = guid_of(8);

	everything(&l, 0, 0x0800, 0x1000, 0x40);
	everything(&l, 1, 0x2000, 0x1001, 0x10);
	everything(&l, 2, 0x0800, 0x1003, 0);
	everything(&l, 3, 0x0800, 0x1001, 0); /* a passphrase's */
	everything(&l, 4, 0x2000, 0x1000, 0);
	everything(&l, 5, 0x0200, 0x1000, 0x40); /* not stretched at all */
	everything(&l, 6, 0x0100, 0x1000, 0x04);
	size_t at = list_protector(&l, &id, 0x0800, 1); /* both ways: the known one will do */
	list_stretch(&l, 0x1000, 0x40, zero);
	list_stretch(&l, 0x1000, 0, salt);
	list_entry(&l, 0, 5, sealed, sizeof(sealed));
	list_end(&l, at);
	CLEANUP_BITLOCKER struct bitlocker *b = parse(&l, 0);
	assert_int_equal(b->info.protector_count, 8);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(b->info.protectors[i].has_blob, i == 5 || i == 7);
		assert_int_equal(b->info.protectors[i].stretch_flags_unknown, i < 5);
	}
	assert_memory_equal(b->info.protectors[7].blob.salt, salt, sizeof(salt));
}

static void unknown_entries_and_versions_are_skipped(void **state)
{
	(void)state;
	static const uint16_t versions[] = {0, 1, 3, 0x0105, 0xffff};
	struct entry_list l = {.len = 0};

	for (size_t i = 0; i < 5; i++) {
		const struct guid id = guid_of(i);
		list_entry(&l, (uint16_t)(0x100 + i), (uint16_t)(0x200 + i), salt, i);
		list_entry(&l, 2, 0x42, sealed, sizeof(sealed)); /* a VMK's role, another type */
		list_entry(&l, 0x42, 8, sealed, sizeof(sealed)); /* and the other way round */
		size_t at = list_protector(&l, &id, 0x0800, versions[i]);
		list_entry(&l, 0, 0x99, "?", 1);
		list_entry(&l, 0, 5, sealed, sizeof(sealed) - 8); /* sealed, but no VMK */
		list_stretch(&l, 0x1000, 0, salt);
		list_entry(&l, 0x18, 0x18, "a hint", 6);
		list_entry(&l, 0, 5, sealed, sizeof(sealed));
		list_entry(&l, 0, 5, other_sealed, sizeof(other_sealed)); /* the first counts */
		list_entry(&l, 0, 0x15, "backed up", 9);
		list_end(&l, at);
	}
	CLEANUP_BITLOCKER struct bitlocker *b = parse(&l, 0);
	assert_int_equal(b->info.protector_count, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_true(b->info.protectors[i].has_blob);
		assert_memory_equal(b->info.protectors[i].blob.sealed, sealed, sizeof(sealed));
	}
}

static void protectors_that_lack_something_are_listed(void **state)
{
	(void)state;
	static const uint16_t raw[] = {0x0800, 0x2000, 0x0200, 0x0000};
	struct entry_list l = {.len = 0};

	for (size_t i = 0; i < 12; i++) {
		const struct guid id = guid_of(i);
		size_t at = list_protector(&l, &id, raw[i % 4], 1);
		if (i / 4 == 1)
			list_stretch(&l, raw[i % 4] == 0x2000 ? 0x1001 : 0x1000, 0, salt);
		if (i / 4 == 2)
			list_entry(&l, 0, 5, sealed, sizeof(sealed));
		list_end(&l, at);
	}
	list_entry(&l, 2, 8, sealed, 27); /* too short to say what it is */
	CLEANUP_BITLOCKER struct bitlocker *b = parse(&l, 0);
	assert_int_equal(b->info.protector_count, 12);
	for (size_t i = 0; i < 12; i++)
		assert_int_equal(b->info.protectors[i].has_blob, i == 10); /* startup key, sealed */
	assert_false(b->info.suspended);
}

static void more_than_fit_are_counted(void **state)
{
	(void)state;
	struct entry_list l = {.len = 0};

	for (size_t i = 0; i < NM_MAX_PROTECTORS + 3; i++) {
		const struct guid id = guid_of(i);
		list_end(&l, list_protector(&l, &id, 0x0100, 1));
	}
	CLEANUP_BITLOCKER struct bitlocker *b = parse(&l, 0);
	assert_int_equal(b->info.protector_count, NM_MAX_PROTECTORS);
	assert_int_equal(b->info.protectors_left_out, 3);
}

static void broken_lists_are_refused(void **state)
{
	(void)state;
	struct entry_list l = {.len = 0};

	everything(&l, 0, 0x0800, 0x1000, 0);
	size_t whole = l.len;
	everything(&l, 1, 0x0800, 0x1000, 0);
	for (size_t len = whole + 1; len < l.len; len++) {
		struct entry_list cut = l;
		cut.len = len;
		/* Under 8 bytes are padding, whatever they hold. */
		CLEANUP_BITLOCKER struct bitlocker *b = parse(&cut, len - whole < 8 ? 0 : -EBADMSG);
		assert_int_equal(b->info.protector_count, 1);
	}
	for (uint16_t size = 1; size < 8; size++) {
		put_le16(l.bytes + whole, size);
		CLEANUP_BITLOCKER struct bitlocker *b = parse(&l, -EBADMSG);
		assert_int_equal(b->info.protector_count, 1);
	}
}

static void hostile_lists_do_no_harm(void **state)
{
	(void)state;
	struct entry_list l = {.len = 0}, changed;

	for (size_t i = 0; i < 4; i++)
		everything(&l, i, (uint16_t)(0x0100 << i), 0x1000, 0);
	srandom(291);
	for (int seed = 0; seed < 4000; seed++) {
		changed = l;
		for (long n = 1 + random() % 6; n > 0; n--)
			changed.bytes[random() % (long)l.len] = (uint8_t)random();
		struct bitlocker *b = calloc(1, sizeof(*b));
		uint8_t *copy = malloc(l.len);
		assert_non_null(b);
		assert_non_null(copy);
		memcpy(copy, changed.bytes, l.len);
		int r = fve_entries_parse(cursor_over(copy, l.len), b);
		assert_true(r == 0 || r == -EBADMSG);
		assert_true(b->info.protector_count <= 4);
		free(copy);
		bitlocker_free(b);
	}
}

/* --- how they are named ---------------------------------------------------------------------- */

static void those_a_person_has_a_key_for_come_first(void **state)
{
	(void)state;
	struct bitlocker_info info = {0};
	char text[400];

	bitlocker_openers(&info, text, sizeof(text));
	assert_string_equal(text, "none");
	info.protector_count = 3;
	info.protectors[0] =
	        (struct bitlocker_protector){.kind = PROTECTOR_TPM_PIN, .id = guid_of(1)};
	info.protectors[1] = (struct bitlocker_protector){
	        .kind = PROTECTOR_PASSPHRASE, .id = guid_of(2), .has_blob = true};
	info.protectors[2] = (struct bitlocker_protector){
	        .kind = PROTECTOR_STARTUP_KEY, .id = guid_of(3), .has_blob = true};
	bitlocker_openers(&info, text, sizeof(text));
	assert_string_equal(text, "passphrase 00AA0002-0000-0000-0000-000000000000, "
	                          "startup key 00AA0003-0000-0000-0000-000000000000, "
	                          "TPM with PIN 00AA0001-0000-0000-0000-000000000000");
}

static void what_does_not_fit_is_counted(void **state)
{
	(void)state;
	struct bitlocker_info info = {.protector_count = NM_MAX_PROTECTORS};

	for (size_t i = 0; i < NM_MAX_PROTECTORS; i++)
		info.protectors[i] = (struct bitlocker_protector){
		        .kind = (enum bitlocker_protector_kind)(i % (PROTECTOR_OTHER + 1)),
		        .id = guid_of(i),
		        .has_blob = i % 3 == 0};
	for (size_t size = 1; size < 2400; size++) {
		char *text = malloc(size); /* of just that size, for the sanitizer */
		assert_non_null(text);
		bitlocker_openers(&info, text, size);
		assert_true(strlen(text) < size);
		size_t named = 0, left = 0;
		for (const char *p = text; (p = strstr(p, "-0000-0000-0000-000000000000")); p++)
			named++;
		const char *more = strstr(text, ", and ");
		bool counted = more && sscanf(more, ", and %zu more", &left) == 1;
		assert_true(size < 24 || named == 0 || named + left == NM_MAX_PROTECTORS);
		assert_int_equal(counted, named > 0 && named < NM_MAX_PROTECTORS);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(kinds_are_told_by_the_high_byte),
	        cmocka_unit_test(strange_stretching_is_marked),
	        cmocka_unit_test(unknown_entries_and_versions_are_skipped),
	        cmocka_unit_test(protectors_that_lack_something_are_listed),
	        cmocka_unit_test(more_than_fit_are_counted),
	        cmocka_unit_test(broken_lists_are_refused),
	        cmocka_unit_test(hostile_lists_do_no_harm),
	        cmocka_unit_test(those_a_person_has_a_key_for_come_first),
	        cmocka_unit_test(what_does_not_fit_is_counted),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
