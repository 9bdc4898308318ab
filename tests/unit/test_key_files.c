/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that hold keys: what editors make of a line of text, and what is another file. */
#include "fixer/unlock.h"
#include "tests/unit/key_helpers.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/netmend-keys-XXXXXX", path[64];

static void put_file(const void *data, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int load_passphrase(const char *content, size_t len, struct keys *k, struct error *err)
{
	const struct key_files files = {.passphrase = path};

	put_file(content, len, 0600);
	return keys_load(&files, k, err);
}

static void line_end_and_mark_are_not_the_passphrase(void **state)
{
	(void)state;
	static const char *const same[] = {" two  words ", " two  words \n", " two  words \r\n",
	        "\xef\xbb\xbf two  words \r\n"};
	static const char *const others[] = {
	        "two  words", " two  words", " two  words \r\r\n", " two  words  \n"};
	CLEANUP_SECRET struct secret *wanted = NULL;

	assert_int_equal(passphrase_parse(same[0], strlen(same[0]), &wanted, NULL), 0);
	for (size_t i = 0; i < 4; i++) {
		struct keys a = {0}, b = {0};
		assert_int_equal(load_passphrase(same[i], strlen(same[i]), &a, NULL), 0);
		assert_memory_equal(a.passphrase->data, wanted->data, 32);
		assert_null(a.recovery_password);
		assert_null(a.startup_key);
		assert_int_equal(load_passphrase(others[i], strlen(others[i]), &b, NULL), 0);
		assert_memory_not_equal(b.passphrase->data, wanted->data, 32);
		keys_clear(&a);
		keys_clear(&b);
		assert_null(a.passphrase);
	}
}

static void other_files_are_no_passphrase(void **state)
{
	(void)state;
	char longest[1100];
	const struct {
		const char *text;
		size_t len;
		const char *says;
	} cases[] = {
	        {"one\ntwo\n", 8, "more than one line"},
	        {"one\n\n", 5, "more than one line"},
	        {"", 0, "empty"},
	        {"\n", 1, "empty"},
	        {"\xef\xbb\xbf", 3, "empty"},
	        {"\xff\xfe"
	         "a\0n\0",
	                6, "UTF-16"},
	        {"\xfe\xff\0a\0n", 6, "UTF-16"},
	        {"caf\xe9\n", 5, "not UTF-8"},
	        {"one\0two", 7, "not UTF-8"},
	        {longest, 257, "256"},
	        {longest, sizeof(longest), "1024"},
	};

	memset(longest, 'a', sizeof(longest));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct keys k = {0};
		struct error err = {0};
		assert_int_equal(load_passphrase(cases[i].text, cases[i].len, &k, &err), -EINVAL);
		assert_int_equal(err.reason, REASON_PASSPHRASE_FORMAT);
		if (!strstr(err.text, cases[i].says) || !strstr(err.text, path))
			fail_msg("\"%s\" does not say %s", err.text, cases[i].says);
		assert_null(k.passphrase);
	}
}

static void recovery_password_file_is_a_line_of_digits(void **state)
{
	(void)state;
	static const char digits[] =
	        "\xef\xbb\xbf 000011-000022-000033-000044-000055-000066-000077-000088 \r\n\r\n";
	const struct key_files files = {.recovery_password = path};
	struct keys k = {0};
	struct error err = {0};

	put_file(digits, sizeof(digits) - 1, 0600);
	assert_int_equal(keys_load(&files, &k, NULL), 0);
	assert_int_equal(k.recovery_password->len, 16);
	keys_clear(&k);
	put_file("\xff\xfe"
	         "0\0",
	        4, 0600);
	assert_int_equal(keys_load(&files, &k, &err), -EINVAL);
	assert_int_equal(err.reason, REASON_RECOVERY_PASSWORD_FORMAT);
	assert_non_null(strstr(err.text, "UTF-16"));
	put_file("000011-000022-000033-000045", 27, 0600);
	assert_int_equal(keys_load(&files, &k, &err), -EINVAL);
	assert_non_null(strstr(err.text, "group 4"));
	assert_null(strstr(err.text, "000045"));
}

static void startup_key_file_is_one(void **state)
{
	(void)state;
	const struct key_files files = {.startup_key = path};
	struct keys k = {0};
	struct error err = {0};

	put_file("anaconda\n", 9, 0600);
	assert_int_equal(keys_load(&files, &k, &err), -EINVAL);
	assert_int_equal(err.reason, REASON_STARTUP_KEY_FORMAT);
	assert_non_null(strstr(err.text, path));
}

static void unreadable_files_are_named(void **state)
{
	(void)state;
	const struct key_files missing = {.passphrase = "/nowhere/key"},
	                       directory = {.startup_key = "/"};
	struct keys k = {0};
	struct error err = {0};

	assert_int_equal(keys_load(&missing, &k, &err), -ENOENT);
	assert_int_equal(err.reason, REASON_CANNOT_OPEN);
	assert_non_null(strstr(err.text, "/nowhere/key"));
	assert_int_equal(keys_load(&directory, &k, &err), -EISDIR);
	assert_int_equal(err.reason, REASON_CANNOT_OPEN);
}

/* One bad file among several: nothing of the good ones is left to the caller. */
static void all_or_none(void **state)
{
	(void)state;
	const struct key_files files = {.passphrase = path, .startup_key = "/nowhere/key"};
	struct keys k = {0};

	put_file("anaconda", 8, 0600);
	assert_int_equal(keys_load(&files, &k, NULL), -ENOENT);
	assert_null(k.passphrase);
	assert_int_equal(keys_load(&(const struct key_files){0}, &k, NULL), 0);
	assert_null(k.passphrase);
}

/* The warning goes to standard error, which is a file for the while. */
static void files_for_everybody_are_warned_of(void **state)
{
	(void)state;
	static const mode_t modes[] = {0600, 0400, 0640, 0604, 0620};
	char log_path[80], text[200];

	(void)snprintf(log_path, sizeof(log_path), "%s/log", folder);
	for (size_t i = 0; i < 5; i++) {
		const struct key_files files = {.passphrase = path};
		struct keys k = {0};
		put_file("anaconda", 8, modes[i]);
		int kept = dup(STDERR_FILENO);
		int log = open(log_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		assert_true(dup2(log, STDERR_FILENO) >= 0);
		int r = keys_load(&files, &k, NULL);
		(void)dup2(kept, STDERR_FILENO);
		close(kept);
		ssize_t n = pread(log, text, sizeof(text) - 1, 0);
		close(log);
		assert_int_equal(r, 0);
		assert_true(n >= 0);
		text[n] = 0;
		assert_int_equal(strstr(text, "can be read by others") != NULL, i >= 2);
		assert_true(i < 2 || strstr(text, path));
		assert_null(strstr(text, "anaconda"));
		keys_clear(&k);
	}
	(void)unlink(log_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(line_end_and_mark_are_not_the_passphrase),
	        cmocka_unit_test(other_files_are_no_passphrase),
	        cmocka_unit_test(recovery_password_file_is_a_line_of_digits),
	        cmocka_unit_test(startup_key_file_is_one),
	        cmocka_unit_test(unreadable_files_are_named),
	        cmocka_unit_test(all_or_none),
	        cmocka_unit_test(files_for_everybody_are_warned_of),
	};
	if (sodium_init() < 0 || !mkdtemp(folder))
		return 1;
	(void)snprintf(path, sizeof(path), "%s/key", folder);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(path);
	(void)rmdir(folder);
	return failed;
}
