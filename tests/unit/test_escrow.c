/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Vault, CSV import and audit chain, on a folder of their own. */
#include "appliance/escrow/audit.h"
#include "appliance/escrow/import.h"
#include "fixer/base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define ID       "063EA4E1-220C-4293-BA01-4754620A96E7"
#define OTHER_ID "11111111-2222-3333-4444-555555555555"
/* Eight groups divisible by 11 and below 720896. */
#define PASSWORD  "000011-000022-000033-000044-000055-000066-000077-000088"
#define PASSWORD2 "110000-000022-000033-000044-000055-000066-000077-000088"

struct place {
	char dir[64];
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/netmend-escrow-XXXXXX");
	*state = p;
	return secrets_init() < 0 || !mkdtemp(p->dir) ? -1 : 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	int r = nftw(p->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	free(p);
	return r;
}

static int text_fd(const void *text, size_t len)
{
	int fd = memfd_create("csv", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static size_t keys_of(struct vault *v, const char *id)
{
	struct vault_candidates found = {0};
	struct guid guid;

	assert_int_equal(guid_parse(id, &guid), 0);
	assert_int_equal(vault_lookup(v, &guid, &found, NULL), 0);
	size_t count = found.count;
	vault_candidates_clear(&found);
	return count;
}

/* --- import
 * ------------------------------------------------------------------------------------------ */

struct dialect {
	const char *name, *text;
	unsigned added, rejected;
};

/* The shapes of exports seen in July 2024. */
static const struct dialect dialects[] = {
        {"quoted, hostname first",
                "\"Hostname\",\"KeyID\",\"RecoveryKey\",\"Directory\"\r\n"
                "\"CN=PC1,OU=X,DC=lab\",\"" ID "\",\"" PASSWORD "\",\"ActiveDirectory\"\r\n",
                1, 0},
        {"Entra", "\"Id\",\"Key\"\n\"063ea4e1-220c-4293-ba01-4754620a96e7\",\"" PASSWORD "\"\n", 1,
                0},
        {"NULL keys", "ID,Key\n" ID ",NULL\n" OTHER_ID "," PASSWORD "\n", 1, 1},
        {"semicolons",
                "ComputerName;OperatingSystem;PasswordID;RecoveryPassword;DistinguishedName\n"
                "PC1;Windows 11;{" ID "};" PASSWORD ";CN=PC1,OU=Workstations,DC=lab\n",
                1, 0},
        {"GUID inside the AD name",
                "Name\tPassword\n2024-07-19T04:09:00-00:00{" ID "}\t" PASSWORD "\n", 1, 0},
        {"no key ID", "HostName, RecoveryPassword\nPC1, " PASSWORD "\nPC2, NoData\n", 0, 2},
        {"#TYPE line",
                "#TYPE Selected.System.String\n\"Id\",\"Key\"\n\"" ID "\",\"" PASSWORD "\"\n", 1,
                1},
        {"bare digits and blanks",
                ID ",000011000022000033000044000055000066000077000088\n" OTHER_ID
                   ",000011 000022 000033 000044 000055 000066 000077 000088\n",
                2, 0},
        {"no line end at the end", "x," ID "," PASSWORD, 1, 0},
        {"typing error in group 3", ID ",000011-000022-000034-000044-000055-000066-000077-000088\n",
                0, 1},
        {"UTF-8 BOM", "\xef\xbb\xbf\"Id\",\"Key\"\n" ID "," PASSWORD "\n", 1, 0},
        {"quotes and line breaks in a cell", "\"a \"\"b\"\"\nc\"," ID "," PASSWORD "\n", 1, 0},
        {"empty", "", 0, 0},
};

static void import_text(
        const char *dir, const void *text, size_t len, struct import_counts *counts, char **report)
{
	struct vault *vault;
	struct error err = {0};
	size_t size;
	FILE *out = open_memstream(report, &size);
	int fd = text_fd(text, len);

	assert_int_equal(vault_open(dir, &vault, &err), 0);
	assert_int_equal(import_csv(vault, fd, out, counts, &err), 0);
	vault_close(vault);
	(void)close(fd);
	(void)fclose(out);
}

static void test_dialects(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < sizeof(dialects) / sizeof(*dialects); i++) {
		const struct dialect *d = &dialects[i];
		struct import_counts first, again;
		char *report, sub[96];
		(void)snprintf(sub, sizeof(sub), "%s/%zu", p->dir, i);
		assert_int_equal(mkdir(sub, 0700), 0);
		import_text(sub, d->text, strlen(d->text), &first, &report);
		if (first.added != d->added || first.rejected != d->rejected)
			fail_msg("%s: %u added, %u rejected: %s", d->name, (unsigned)first.added,
			        (unsigned)first.rejected, report);
		assert_null(strstr(report, "0000")); /* rejects never show a value */
		free(report);
		import_text(sub, d->text, strlen(d->text), &again, &report);
		assert_int_equal(again.added, 0);
		assert_int_equal(again.present, first.added);
		free(report);
	}
}

static void test_utf16(void **state)
{
	static const char text[] = "Id,Key\r\n" ID "," PASSWORD "\r\n";
	struct place *p = *state;
	struct import_counts counts;
	char *report;
	uint8_t wide[2 * sizeof(text)] = {0xff, 0xfe};

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		wide[2 + 2 * i] = (uint8_t)text[i];
	import_text(p->dir, wide, 2 * sizeof(text), &counts, &report);
	assert_int_equal(counts.added, 1);
	assert_int_equal(counts.rejected, 0);
	free(report);
}

static void test_bad_group_is_named(void **state)
{
	static const char text[] = ID ",000011-000022-000034-000044-000055-000066-000077-000088\n";
	struct place *p = *state;
	struct import_counts counts;
	char *report;

	import_text(p->dir, text, strlen(text), &counts, &report);
	assert_non_null(strstr(report, "line 1:"));
	assert_non_null(strstr(report, "group 3"));
	free(report);
}

/* --- vault
 * --------------------------------------------------------------------------------------------- */

static void read_file(const char *path, struct buffer *out)
{
	FILE *f = fopen(path, "r");
	char block[4096];
	size_t n;

	buffer_init(out, 16 << 20);
	while (f && (n = fread(block, 1, sizeof(block), f)) > 0)
		assert_int_equal(buffer_append(out, block, n), 0);
	if (f)
		(void)fclose(f);
}

static void test_vault_keeps_and_hides(void **state)
{
	static const char *const files[] = {"vault.db", "vault.db-wal"};
	static const char text[] = "PC-MARY," ID "," PASSWORD "\nPC-MARY," ID "," PASSWORD2 "\n";
	struct place *p = *state;
	struct import_counts counts;
	struct vault *v;
	struct guid id;
	char *report, path[128];
	struct buffer bytes;

	import_text(p->dir, text, strlen(text), &counts, &report);
	free(report);
	assert_int_equal(counts.added, 2);
	assert_int_equal(vault_open(p->dir, &v, NULL), 0);
	assert_int_equal(keys_of(v, ID), 2);
	assert_int_equal(keys_of(v, OTHER_ID), 0);

	assert_int_equal(guid_parse(ID, &id), 0);
	size_t seen = 0;
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", p->dir, files[i]);
		read_file(path, &bytes);
		seen += bytes.len;
		if (bytes.len > 0) {
			assert_null(memmem(bytes.data, bytes.len, id.bytes, GUID_LEN));
			assert_null(memmem(bytes.data, bytes.len, "063EA4E1", 8));
			assert_null(memmem(bytes.data, bytes.len, "PC-MARY", 7));
			assert_null(memmem(bytes.data, bytes.len, "000022", 6));
			/* The key as stored in a volume: u16 of each group divided by 11. */
			assert_null(memmem(
			        bytes.data, bytes.len, "\x01\0\x02\0\x03\0\x04\0\x05\0\x06\0", 12));
		}
		buffer_free(&bytes);
	}
	assert_true(seen > 0);
	vault_close(v);
}

/* An empty vault, closed again, and the path of its key. */
static void make_vault(const char *dir, char key_path[128])
{
	struct vault *v;

	assert_int_equal(vault_open(dir, &v, NULL), 0);
	vault_close(v);
	(void)snprintf(key_path, 128, "%s/vault.key", dir);
}

static void test_vault_without_its_key(void **state)
{
	struct place *p = *state;
	struct vault *v;
	struct error err = {0};
	char path[128];

	make_vault(p->dir, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(vault_open(p->dir, &v, &err), -ENOKEY);
	assert_non_null(strstr(err.text, "vault.key"));
}

static void test_vault_key_read_by_others(void **state)
{
	struct place *p = *state;
	struct vault *v;
	struct error err = {0};
	char path[128];

	make_vault(p->dir, path);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(vault_open(p->dir, &v, &err), -EPERM);
}

/* --- audit
 * --------------------------------------------------------------------------------------------- */

static void write_records(const char *dir, int count)
{
	struct audit *a;

	assert_int_equal(audit_open(dir, &a, NULL), 0);
	for (int i = 0; i < count; i++) {
		json_t *fields = json_pack("{s:i,s:s}", "number", i, "machine", "PC-1");
		assert_int_equal(audit_append(a, "release", fields, NULL), 0);
		json_decref(fields);
	}
	audit_close(a);
}

static void write_file(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void test_audit_finds_every_changed_byte(void **state)
{
	struct place *p = *state;
	char path[128];
	struct buffer log;
	uint64_t count = 0;

	write_records(p->dir, 4);
	assert_int_equal(audit_verify(p->dir, &count, NULL), 0);
	assert_int_equal(count, 4);
	(void)snprintf(path, sizeof(path), "%s/audit.log", p->dir);
	read_file(path, &log);
	for (size_t i = 0; i < log.len; i++) {
		log.data[i] ^= 1;
		write_file(path, log.data, log.len);
		if (audit_verify(p->dir, &count, NULL) == 0)
			fail_msg("byte %zu changed and not found", i);
		log.data[i] ^= 1;
	}
	/* Cut off at any place, and with its first line gone. */
	for (size_t len = 0; len < log.len; len++) {
		write_file(path, log.data, len);
		assert_true(audit_verify(p->dir, &count, NULL) < 0);
	}
	const uint8_t *second = (const uint8_t *)strchr((const char *)log.data, '\n') + 1;
	write_file(path, second, log.len - (size_t)(second - log.data));
	assert_true(audit_verify(p->dir, &count, NULL) < 0);
	write_file(path, log.data, log.len);
	assert_int_equal(audit_verify(p->dir, &count, NULL), 0);
	buffer_free(&log);
}

static void test_audit_goes_on_after_reopening(void **state)
{
	struct place *p = *state;
	uint64_t count = 0;

	write_records(p->dir, 2);
	write_records(p->dir, 3);
	assert_int_equal(audit_verify(p->dir, &count, NULL), 0);
	assert_int_equal(count, 5);
}

static void test_audit_refuses_to_continue_a_torn_log(void **state)
{
	struct place *p = *state;
	char path[128];
	struct audit *a;
	struct error err = {0};
	json_t *none = json_object();

	write_records(p->dir, 2);
	(void)snprintf(path, sizeof(path), "%s/audit.log", p->dir);
	FILE *f = fopen(path, "a");
	assert_non_null(f);
	fputs("{\"n\":3", f);
	(void)fclose(f);
	assert_int_equal(audit_open(p->dir, &a, NULL), 0);
	assert_true(audit_append(a, "release", none, &err) < 0);
	assert_int_equal(err.reason, REASON_AUDIT_FAILED);
	audit_close(a);
	json_decref(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_dialects, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_utf16, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_bad_group_is_named, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_vault_keeps_and_hides, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_vault_without_its_key, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_vault_key_read_by_others, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_audit_finds_every_changed_byte, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_audit_goes_on_after_reopening, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_audit_refuses_to_continue_a_torn_log, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
