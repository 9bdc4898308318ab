/* SPDX-License-Identifier: GPL-3.0-or-later */
/* After a key file was read and a volume opened with it, nothing secret is left in memory: not in
 * the heap, not on the stack, not in libcrypto. */
#include "fixer/bitlocker/metadata.h"
#include "fixer/unlock.h"
#include "tests/unit/key_helpers.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#define SECRET_MAX 128

/* A secret to look for, kept inverted so that it is no copy of itself. */
struct trace {
	const char *name;
	size_t len;
	uint8_t inverted[SECRET_MAX];
};

static struct trace trace_of(const char *name, const void *data, size_t len)
{
	struct trace t = {.name = name, .len = len};

	assert_true(len <= SECRET_MAX);
	for (size_t i = 0; i < len; i++)
		t.inverted[i] = (uint8_t) ~((const uint8_t *)data)[i];
	return t;
}

static size_t count_between(const uint8_t *at, const uint8_t *end, const struct trace *t)
{
	size_t found = 0;

	for (; (size_t)(end - at) >= t->len; at++) {
		size_t same = 0;
		while (same < t->len && (at[same] ^ t->inverted[same]) == 0xff)
			same++;
		found += same == t->len;
	}
	return found;
}

/* How often it stands in what this process can write: heap, stack, data, locked memory. */
static size_t count_copies(const struct trace *t)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512], mode[8];
	unsigned long start, end;
	size_t found = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx %7s", &start, &end, mode) == 3 && mode[0] == 'r' &&
		        mode[1] == 'w')
			found += count_between((const uint8_t *)start, (const uint8_t *)end, t);
	(void)fclose(f);
	return found;
}

static void expect_copies(const struct trace *t, size_t count)
{
	size_t found = count_copies(t);

	if (found != count)
		fail_msg("%s: %zu copies in memory, not %zu", t->name, found, count);
}

/* --- the whole key chain ---------------------------------------------------------------------- */

static void write_file(const char *path, const struct secret *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text->data, text->len), (ssize_t)text->len);
	close(fd);
}

/* 32 letters at random. */
static struct secret *random_passphrase(void)
{
	struct secret *text = secret_new(32);

	assert_non_null(text);
	randombytes_buf(text->data, text->len);
	for (size_t i = 0; i < text->len; i++)
		text->data[i] = (uint8_t)('a' + (text->data[i] & 15));
	return text;
}

/* Eight groups at random, each at most 11 * 32767. */
static struct secret *random_recovery_password(void)
{
	struct secret *text = secret_new(55);

	assert_non_null(text);
	memset(text->data, '-', text->len);
	for (size_t g = 0; g < 8; g++) {
		uint32_t value = 11 * randombytes_uniform(32768);
		for (size_t i = 6; i > 0; value /= 10)
			text->data[7 * g + --i] = (uint8_t)('0' + value % 10);
	}
	return text;
}

enum { TEXT, UTF16, KEY, STRETCHED, VMK, TRACES };

/* Makes a secret of one kind and a volume that it opens, and remembers what to look for. */
static struct bitlocker *prepare(const struct secret *text, uint16_t raw, const struct secret *key,
        const struct secret *vmk, struct trace traces[TRACES])
{
	static const uint8_t salt[16] = "pinch of it";
	CLEANUP_SECRET struct secret *stretched = NULL, *utf16 = secret_new(2 * text->len);
	struct entry_list l = {.len = 0};
	struct guid id = {{1}};
	uint8_t sealed[72];

	for (size_t i = 0; i < text->len; i++)
		utf16->data[2 * i] = text->data[i];
	assert_int_equal(bitlocker_stretch(key, salt, &stretched), 0);
	vmk_seal(stretched->data, vmk->data, 44, sealed);
	size_t at = list_protector(&l, &id, raw, 1);
	list_stretch(&l, raw == 0x2000 ? 0x1001 : 0x1000, 0, salt);
	list_entry(&l, 0, 5, sealed, sizeof(sealed));
	list_end(&l, at);
	traces[TEXT] = trace_of("the text", text->data, text->len);
	traces[UTF16] = trace_of("the UTF-16 text", utf16->data, utf16->len);
	traces[KEY] = trace_of("the key", key->data, key->len);
	traces[STRETCHED] = trace_of("the stretched key", stretched->data, stretched->len);
	traces[VMK] = trace_of("the VMK", vmk->data, vmk->len);
	struct bitlocker *b = calloc(1, sizeof(*b));
	assert_non_null(b);
	assert_int_equal(fve_entries_parse(cursor_over(l.bytes, l.len), b), 0);
	b->info.needs_key = true;
	return b;
}

static void run_chain(
        const struct key_files *files, const struct bitlocker *b, const struct trace traces[TRACES])
{
	struct keys keys = {0};
	struct secret *vmk = NULL;
	char how[UNLOCK_HOW];

	for (size_t i = 0; i < TRACES; i++)
		expect_copies(&traces[i], 0);
	assert_int_equal(keys_load(files, &keys, NULL), 0);
	assert_int_equal(volume_unlock(b, &keys, &vmk, how, NULL), 0);
	/* Two are in use; and the search would have found the others. */
	for (size_t i = 0; i < TRACES; i++)
		expect_copies(&traces[i], i == KEY || i == VMK);
	secret_free(vmk);
	keys_clear(&keys);
	for (size_t i = 0; i < TRACES; i++)
		expect_copies(&traces[i], 0);
}

static void no_copy_is_left(uint16_t raw)
{
	char path[] = "/tmp/netmend-secret-XXXXXX";
	struct secret *text = raw == 0x2000 ? random_passphrase() : random_recovery_password(),
	              *vmk = secret_new(32), *key = NULL;
	struct key_files files = {0};
	struct trace traces[TRACES];
	unsigned group;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	randombytes_buf(vmk->data, vmk->len);
	if (raw == 0x2000) {
		files.passphrase = path;
		assert_int_equal(passphrase_parse((char *)text->data, text->len, &key, NULL), 0);
	} else {
		files.recovery_password = path;
		assert_int_equal(
		        recovery_password_parse((char *)text->data, text->len, &key, &group, NULL),
		        0);
	}
	struct bitlocker *b = prepare(text, raw, key, vmk, traces);
	write_file(path, text);
	secret_free(text);
	secret_free(key);
	secret_free(vmk);
	run_chain(&files, b, traces);
	bitlocker_free(b);
	(void)unlink(path);
}

static void no_copy_of_a_passphrase_is_left(void **state)
{
	(void)state;
#ifdef __SANITIZE_ADDRESS__
	skip(); /* its own memory must not be looked at */
#endif
	no_copy_is_left(0x2000);
}

static void no_copy_of_a_recovery_password_is_left(void **state)
{
	(void)state;
#ifdef __SANITIZE_ADDRESS__
	skip(); /* its own memory must not be looked at */
#endif
	no_copy_is_left(0x0800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(no_copy_of_a_passphrase_is_left),
	        cmocka_unit_test(no_copy_of_a_recovery_password_is_left),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
