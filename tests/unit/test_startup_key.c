/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Startup key files: what Windows writes is read, what is not one is refused, hostile bytes do no
 * harm. */
#include "tests/generators/bitlk_images.h"
#include "tests/unit/key_helpers.h"

#include <sodium.h>
#include <stdlib.h>

static const struct guid id = {{0x59, 0xf7, 0x81, 0x43, 0xf8, 0xc4, 0xe0, 0x4d, 0xbb, 0x61, 0xfc,
        0x33, 0xa8, 0x31, 0xbd, 0xa5}};
static uint8_t secret_bytes[32];

/* The 48 bytes before the first entry. */
static void file_begin(struct entry_list *f)
{
	static const uint8_t header[48] = {
	        [4] = 1, [8] = 48, [16] = 0x77 /* a GUID of its own */, [32] = 1};

	f->len = 0;
	list_bytes(f, header, sizeof(header));
}

/* Its size stands there twice. */
static void file_end(struct entry_list *f)
{
	put_le32(f->bytes, (uint32_t)f->len);
	put_le32(f->bytes + 12, (uint32_t)f->len);
}

static size_t external_key_begin(struct entry_list *f)
{
	static const uint8_t filetime[8] = {0};
	size_t at = list_begin(f, 6, 9, 1);

	list_bytes(f, id.bytes, GUID_LEN);
	list_bytes(f, filetime, sizeof(filetime));
	return at;
}

/* As Windows 11 writes it. */
static void whole_file(struct entry_list *f)
{
	static const uint8_t name[] = "E\0x\0t\0e\0r\0n\0a\0l\0K\0e\0y\0\0";

	file_begin(f);
	size_t at = external_key_begin(f);
	list_entry(f, 0, 2, name, sizeof(name));
	list_entry(f, 0x19, 0x17, id.bytes, GUID_LEN);
	list_key(f, 0x2002, secret_bytes, sizeof(secret_bytes));
	list_end(f, at);
	file_end(f);
}

static void opens(const struct entry_list *f)
{
	CLEANUP_SECRET struct secret *key = NULL;
	struct guid got;

	assert_int_equal(startup_key_parse(f->bytes, f->len, &got, &key, NULL), 0);
	assert_true(guid_equal(&got, &id));
	assert_int_equal(key->len, 32);
	assert_memory_equal(key->data, secret_bytes, 32);
}

/* From memory that ends with the file, so that a sanitizer sees every byte read beyond it. */
static int parse_exactly(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct secret *key = NULL;
	struct error err = {0};
	struct guid got = {{0xee}};

	assert_non_null(copy);
	memcpy(copy, data, len);
	int r = startup_key_parse(copy, len, &got, &key, &err);
	free(copy);
	if (r < 0) {
		assert_int_equal(r, -EINVAL);
		assert_int_equal(err.reason, REASON_STARTUP_KEY_FORMAT);
		assert_null(key);
		assert_int_equal(got.bytes[0], 0xee);
	}
	secret_free(key);
	return r;
}

static void refused(const struct entry_list *f)
{
	assert_int_equal(parse_exactly(f->bytes, f->len), -EINVAL);
}

static void files_of_windows_are_read(void **state)
{
	(void)state;
	struct bitlk_images set;
	size_t files = 0;

	if (bitlk_images_load(&set) == -ENOENT) {
		print_message("skipped: no " BITLK_ARCHIVE "\n");
		skip();
	}
	for (size_t i = 0; i < set.count; i++) {
		const struct bitlk_image *image = &set.images[i];
		CLEANUP_SECRET struct secret *key = NULL;
		struct guid got, wanted;
		if (image->startup_key_len == 0)
			continue;
		assert_int_equal(startup_key_parse(image->startup_key, image->startup_key_len, &got,
		                         &key, NULL),
		        0);
		assert_int_equal(guid_parse(image->startup_key_protector, &wanted), 0);
		assert_true(guid_equal(&got, &wanted));
		assert_int_equal(key->len, 32);
		files++;
	}
	bitlk_images_free(&set);
	assert_int_equal(files, 2);
}

static void what_is_not_known_is_skipped(void **state)
{
	(void)state;
	struct entry_list f;

	whole_file(&f);
	opens(&f);
	file_begin(&f);
	list_entry(&f, 7, 2, "x", 2);
	list_entry(&f, 0x77, 0x99, "what is this", 12);
	size_t at = external_key_begin(&f);
	list_entry(&f, 0x1234, 0xfff0, "", 0);
	list_key(&f, 0x2002, secret_bytes, sizeof(secret_bytes));
	list_end(&f, at);
	list_entry(&f, 0, 0x15, secret_bytes, 20);
	list_bytes(&f, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16); /* padding */
	file_end(&f);
	opens(&f);
}

static void other_files_are_refused(void **state)
{
	(void)state;
	struct entry_list f;
	static const char text[] = "000011-000022-000033-000044-000055-000066-000077-000088\r\n";

	assert_int_equal(parse_exactly((const uint8_t *)text, sizeof(text) - 1), -EINVAL);
	assert_int_equal(parse_exactly((const uint8_t *)text, 0), -EINVAL);
	for (size_t field = 0; field < 16; field += 4) { /* size, version, header size, size */
		whole_file(&f);
		f.bytes[field]++;
		refused(&f);
	}
	whole_file(&f);
	list_bytes(&f, "x", 1);
	refused(&f);
	for (size_t len = 0; len < f.len - 1; len++)
		assert_int_equal(parse_exactly(f.bytes, len), -EINVAL);
}

static void there_must_be_one_key(void **state)
{
	(void)state;
	struct entry_list f;

	file_begin(&f); /* no external key */
	list_key(&f, 0x2002, secret_bytes, 32);
	file_end(&f);
	refused(&f);
	whole_file(&f); /* two of them */
	list_end(&f, external_key_begin(&f));
	file_end(&f);
	refused(&f);
	for (size_t keys = 0; keys <= 2; keys++) {
		for (size_t len = 0; len <= 64; len += 16) {
			file_begin(&f);
			size_t at = external_key_begin(&f);
			for (size_t i = 0; i < keys; i++)
				list_key(&f, 0x2002, f.bytes, len);
			list_end(&f, at);
			file_end(&f);
			assert_int_equal(parse_exactly(f.bytes, f.len),
			        keys == 1 && len == 32 ? 0 : -EINVAL);
		}
	}
}

/* Cut at every length with the header made to fit again, so that the entries are what is wrong. */
static void cut_off_entries_are_refused(void **state)
{
	(void)state;
	struct entry_list f;

	whole_file(&f);
	for (size_t len = f.len - 1; len >= 48; len--) {
		f.len = len;
		file_end(&f);
		refused(&f);
	}
}

static void hostile_bytes_do_no_harm(void **state)
{
	(void)state;
	struct entry_list f;
	size_t read = 0;

	srandom(291);
	for (int seed = 0; seed < 3000; seed++) {
		whole_file(&f);
		for (long n = 1 + random() % 4; n > 0; n--)
			f.bytes[48 + random() % (long)(f.len - 48)] = (uint8_t)random();
		read += parse_exactly(f.bytes, f.len) == 0;
	}
	assert_true(read > 300 && read < 2900);
	for (size_t at = 0; at < f.len; at++) { /* every size, role and type at its ends */
		for (int value = 0; value < 256; value += 51) {
			whole_file(&f);
			f.bytes[at] = (uint8_t)value;
			(void)parse_exactly(f.bytes, f.len);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(files_of_windows_are_read),
	        cmocka_unit_test(what_is_not_known_is_skipped),
	        cmocka_unit_test(other_files_are_refused),
	        cmocka_unit_test(there_must_be_one_key),
	        cmocka_unit_test(cut_off_entries_are_refused),
	        cmocka_unit_test(hostile_bytes_do_no_harm),
	};
	if (sodium_init() < 0)
		return 1;
	randombytes_buf(secret_bytes, sizeof(secret_bytes));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
