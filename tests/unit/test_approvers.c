/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The people who may approve: their file, their passphrases, and who guesses. */
#include "appliance/escrow/policy/approvers.h"
#include "appliance/escrow/policy/approvers_file.h"
#include "appliance/escrow/policy/tries.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define START  INT64_C(1721390400000)
#define MINUTE INT64_C(60000)

static char dir[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/netmend-approvers-XXXXXX");
	return secrets_init() < 0 || !mkdtemp(dir) ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct approvers *opened(void)
{
	struct approvers *a = NULL;
	struct error err = {0};

	if (approvers_open(dir, &a, &err) < 0)
		fail_msg("%s", err.text);
	return a;
}

static int add(struct approvers *a, const char *name, const char *passphrase)
{
	struct secret *s CLEANUP_SECRET = secret_copy(passphrase, strlen(passphrase));
	struct error err = {0};
	int r = approvers_add(a, name, s, &err);

	assert_int_equal(err.code, r);
	assert_true(r == 0 || err.reason == REASON_USAGE);
	return r;
}

static enum reason verify(struct approvers *a, const char *name, const char *passphrase,
        const char *from, int64_t now)
{
	struct secret *s CLEANUP_SECRET = secret_copy(passphrase, strlen(passphrase));

	return approvers_verify(a, name, s, from, now);
}

static void test_add_verify_remove(void **state)
{
	struct approvers *a = opened();
	char names[4][APPROVER_NAME];
	struct error err = {0};

	(void)state;
	assert_int_equal(approvers_list(a, names, 4), 0);
	assert_int_equal(add(a, "anna", "correct horse"), 0);
	assert_int_equal(add(a, "bert@example.com", "battery staple"), 0);
	assert_int_equal(add(a, "anna", "another one"), -EEXIST);
	assert_int_equal(verify(a, "anna", "correct horse", "10.1.0.1", START), REASON_OK);
	assert_int_equal(verify(a, "Anna", "correct horse", "10.1.0.1", START), REASON_OK);
	assert_int_equal(
	        verify(a, "anna", "battery staple", "10.1.0.1", START), REASON_APPROVER_UNKNOWN);
	assert_int_equal(
	        verify(a, "carl", "correct horse", "10.1.0.1", START), REASON_APPROVER_UNKNOWN);
	approvers_free(a);

	/* It is all there after a restart. */
	a = opened();
	assert_int_equal(approvers_list(a, names, 4), 2);
	assert_string_equal(names[0], "anna");
	assert_string_equal(names[1], "bert@example.com");
	assert_int_equal(approvers_list(a, names, 1), 1);
	assert_int_equal(approvers_remove(a, "carl", &err), -ENOENT);
	assert_int_equal(err.reason, REASON_USAGE);
	assert_int_equal(approvers_remove(a, "anna", &err), 0);
	assert_int_equal(
	        verify(a, "anna", "correct horse", "10.1.0.1", START), REASON_APPROVER_UNKNOWN);
	assert_int_equal(
	        verify(a, "bert@example.com", "battery staple", "10.1.0.1", START), REASON_OK);
	approvers_free(a);
}

static void test_names_and_passphrases(void **state)
{
	static const char *const bad[] = {"", "root", "Anna", "anna b", "änna", "anna/b", "a\"",
	        "abcdefghijklmnopqrstuvwxyz012345"};
	struct approvers *a = opened();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(add(a, bad[i], "correct horse"), -EINVAL);
	assert_int_equal(add(a, "anna", "seven c"), -EINVAL);
	assert_int_equal(add(a, "abcdefghijklmnopqrstuvwxyz01234", "eight ch"), 0);
	approvers_free(a);
}

static void test_file(void **state)
{
	struct approvers *a = opened();
	char path[100], link[100], away[100], text[2000] = "";
	struct error err = {0};
	struct stat st;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/approvers.json", dir);
	(void)snprintf(link, sizeof(link), "%s/approvers.json.new", dir);
	assert_int_equal(add(a, "anna", "correct horse"), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	(void)close(fd);
	assert_null(strstr(text, "horse"));
	assert_non_null(strstr(text, "$argon2id$v=19$m=65536,t=4,p=1$"));
	/* What was left of an interrupted write is in nobody's way, and no way out of the folder.
	 */
	assert_int_equal(symlink("/dev/null", link), 0);
	assert_int_equal(add(a, "bert", "correct horse"), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	/* What cannot be written does not hold. */
	(void)snprintf(away, sizeof(away), "%s-away", dir);
	assert_int_equal(rename(dir, away), 0);
	struct secret *s CLEANUP_SECRET = secret_copy("correct horse", 13);
	assert_int_equal(approvers_add(a, "carl", s, &err), -ENOENT);
	assert_int_equal(rename(away, dir), 0);
	assert_int_equal(verify(a, "carl", "correct horse", "", START), REASON_APPROVER_UNKNOWN);
	approvers_free(a);
}

static void test_damaged_file(void **state)
{
#define HASH                                                     \
	"$argon2id$v=19$m=65536,t=4,p=1$EN8UcLcuqJgvbnS3/7sAWg$" \
	"xBPBfryZqn8GRh3WyLNHo6IOVBSwnYkuiOdPRir3Buc"
	static const char *const bad[] = {"", "{}", "[]", "{\"v\":2,\"approvers\":[]}",
	        "{\"v\":1,\"approvers\":{}}", "{\"v\":1,\"approvers\":[],\"more\":1}",
	        "{\"v\":1,\"approvers\":[{\"name\":\"anna\"}]}",
	        "{\"v\":1,\"approvers\":[{\"name\":\"anna\",\"hash\":\"\"}]}",
	        "{\"v\":1,\"approvers\":[{\"name\":\"anna\",\"hash\":\"secret\"}]}",
	        "{\"v\":1,\"approvers\":[{\"name\":\"root\",\"hash\":\"" HASH "\"}]}",
	        "{\"v\":1,\"approvers\":[{\"name\":\"anna\",\"name\":\"anna\",\"hash\":\"" HASH
	        "\"}]}",
	        "{\"v\":1,\"approvers\":[{\"name\":\"anna\",\"hash\":\"" HASH
	        "\"},{\"name\":\"anna\",\"hash\":\"" HASH "\"}]}"};
	static const char good[] =
	        "{\"v\":1,\"approvers\":[{\"name\":\"anna\",\"hash\":\"" HASH "\"}]}";
	struct approver_list *list = malloc(sizeof(*list));
	char path[100];
	struct approvers *a = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = {0};
		if (approvers_parse(bad[i], strlen(bad[i]), list, &err) != -EBADMSG || !err.text[0])
			fail_msg("taken: %s", bad[i]);
	}
	assert_int_equal(approvers_parse(good, strlen(good), list, NULL), 0);
	assert_int_equal(list->count, 1);
	assert_string_equal(list->all[0].hash, HASH);
	free(list);
	/* A damaged file is no empty list. */
	(void)snprintf(path, sizeof(path), "%s/approvers.json", dir);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, good, 40), 40);
	(void)close(fd);
	struct error err = {0};
	assert_int_equal(approvers_open(dir, &a, &err), -EBADMSG);
	assert_null(a);
}

static void test_too_many(void **state)
{
	struct approver_list *list = malloc(sizeof(*list));
	char *text = NULL;
	size_t size = 0;
	struct error err = {0};

	(void)state;
	for (int count = NM_MAX_APPROVERS; count <= NM_MAX_APPROVERS + 1; count++) {
		FILE *f = open_memstream(&text, &size);
		fputs("{\"v\":1,\"approvers\":[", f);
		for (int i = 0; i < count; i++)
			fprintf(f, "%s{\"name\":\"n%d\",\"hash\":\"" HASH "\"}", i ? "," : "", i);
		fputs("]}", f);
		(void)fclose(f);
		assert_int_equal(approvers_parse(text, size, list, &err),
		        count > NM_MAX_APPROVERS ? -EBADMSG : 0);
		free(text);
	}
	assert_int_equal(list->count, NM_MAX_APPROVERS);
	free(list);
}

/* Processor time: what a watch shows on a machine with nothing else to do. */
static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Nobody learns from the time it takes who is an approver. */
static void test_same_time(void **state)
{
	struct approvers *a = opened();
	double known = 10, unknown = 10;

	(void)state;
	assert_int_equal(add(a, "anna", "correct horse"), 0);
	for (int i = 0; i < 2; i++) {
		double begin = seconds();
		assert_int_equal(verify(a, "anna", "wrong horse", "10.1.0.1", START + i * MINUTE),
		        REASON_APPROVER_UNKNOWN);
		double middle = seconds();
		assert_int_equal(verify(a, "nobody", "wrong horse", "10.1.0.1", START + i * MINUTE),
		        REASON_APPROVER_UNKNOWN);
		double end = seconds();
		known = middle - begin < known ? middle - begin : known;
		unknown = end - middle < unknown ? end - middle : unknown;
	}
	print_message("known %.3f s, unknown %.3f s\n", known, unknown);
	assert_true(known > 0.02 && unknown > known / 2 && unknown < known * 2);
	approvers_free(a);
}

/* --- who guesses, without the hashing ------------------------------------------------------------
 */

static struct tries tries;

static int reset(void **state)
{
	(void)state;
	memset(&tries, 0, sizeof(tries));
	return 0;
}

/* How many of count tries a millisecond apart were let through; all fail. */
static int guess(const char *name, const char *from, int count, int64_t now)
{
	int through = 0;

	for (int i = 0; i < count; i++) {
		if (!tries_allowed(&tries, name, from, now + i))
			continue;
		tries_failed(&tries, name, from, now + i);
		through++;
	}
	return through;
}

static void test_guesses_of_a_name(void **state)
{
	(void)state;
	assert_int_equal(guess("anna", "10.1.0.66", 100, START), APPROVERS_NAME_TRIES);
	/* From anywhere; what is refused does not count, so it is over after a minute. */
	assert_int_equal(guess("anna", "10.1.0.67", 100, START + 1000), 0);
	assert_false(tries_allowed(&tries, "anna", "10.1.0.67", START + MINUTE - 1));
	assert_true(tries_allowed(&tries, "anna", "10.1.0.67", START + MINUTE));
	assert_true(tries_allowed(&tries, "bert", "10.1.0.66", START + 1000));
	/* Root on the appliance is not concerned. */
	assert_true(tries_allowed(&tries, "anna", "", START + 1000));
}

static void test_guesses_of_an_address(void **state)
{
	char name[APPROVER_NAME];
	int through = 0;

	(void)state;
	for (int i = 0; i < 50; i++) {
		(void)snprintf(name, sizeof(name), "name%d", i);
		through += guess(name, "10.1.0.66", 1, START + i);
	}
	assert_int_equal(through, APPROVERS_ADDRESS_TRIES);
	assert_true(tries_allowed(&tries, "name49", "10.1.0.67", START + 100));
}

/* Somebody guesses all day: the approver, where he was right before, does not notice. */
static void test_no_lockout(void **state)
{
	(void)state;
	tries_succeeded(&tries, "anna", "10.1.0.1", START);
	for (int64_t now = START; now < START + 600 * MINUTE; now += MINUTE / 4) {
		char from[48];
		(void)snprintf(from, sizeof(from), "10.1.0.%d", 66 + (int)(now / MINUTE % 100));
		(void)guess("anna", from, 20, now);
		assert_true(tries_allowed(&tries, "anna", "10.1.0.1", now + 100));
	}
	/* His own mistakes count there, and those of others at his address do not. */
	assert_int_equal(guess("bert", "10.1.0.1", 20, START + 700 * MINUTE), APPROVERS_NAME_TRIES);
	assert_int_equal(guess("anna", "10.1.0.1", 20, START + 700 * MINUTE), APPROVERS_NAME_TRIES);
	assert_true(tries_allowed(&tries, "anna", "10.1.0.2", START + 700 * MINUTE));
}

static void test_tries_bounded(void **state)
{
	char name[APPROVER_NAME], from[48];

	(void)state;
	tries_succeeded(&tries, "anna", "10.1.0.1", START);
	for (int i = 0; i < 2 * TRIES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "name%d", i);
		(void)snprintf(from, sizeof(from), "10.2.%d.%d", i / 250, i % 250);
		assert_int_equal(guess(name, from, 1, START + i), i < TRIES_MAX);
	}
	assert_false(tries_allowed(&tries, "bert", "10.1.0.2", START + MINUTE - 1));
	assert_true(tries_allowed(&tries, "anna", "10.1.0.1", START + MINUTE - 1));
	assert_true(tries_allowed(&tries, "bert", "10.1.0.2", START + MINUTE));
	/* Known addresses: the longest unused one is forgotten. */
	for (int i = 0; i < TRIES_KNOWN; i++) {
		(void)snprintf(from, sizeof(from), "10.3.0.%d", i);
		tries_succeeded(&tries, "bert", from, START + 1000 + i);
		tries_succeeded(&tries, "bert", "10.3.0.0", START + 1000 + i);
	}
	assert_false(tries_known(&tries, "anna", "10.1.0.1"));
	assert_false(tries_known(&tries, "anna", "10.3.0.0"));
	assert_true(tries_known(&tries, "bert", "10.3.0.0"));
	assert_true(tries_known(&tries, "bert", "10.3.0.255"));
}

/* The same through the real thing, with its clock set back. */
static void test_try_later(void **state)
{
	struct approvers *a = opened();

	(void)state;
	assert_int_equal(add(a, "anna", "correct horse"), 0);
	for (int i = 0; i < APPROVERS_NAME_TRIES; i++)
		assert_int_equal(verify(a, "anna", "wrong horse", "10.1.0.66", START),
		        REASON_APPROVER_UNKNOWN);
	assert_int_equal(verify(a, "anna", "correct horse", "10.1.0.66", START), REASON_TRY_LATER);
	assert_int_equal(verify(a, "ANNA", "correct horse", "10.1.0.67", START), REASON_TRY_LATER);
	assert_int_equal(verify(a, "anna", "correct horse", "10.1.0.66", START - 9 * MINUTE),
	        REASON_TRY_LATER);
	assert_int_equal(verify(a, "anna", "correct horse", "", START - 9 * MINUTE), REASON_OK);
	assert_int_equal(
	        verify(a, "anna", "correct horse", "10.1.0.66", START - 8 * MINUTE), REASON_OK);
	approvers_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_add_verify_remove, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_names_and_passphrases, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_file, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_damaged_file, setup, teardown),
	        cmocka_unit_test(test_too_many),
	        cmocka_unit_test_setup_teardown(test_same_time, setup, teardown),
	        cmocka_unit_test_setup(test_guesses_of_a_name, reset),
	        cmocka_unit_test_setup(test_guesses_of_an_address, reset),
	        cmocka_unit_test_setup(test_no_lockout, reset),
	        cmocka_unit_test_setup(test_tries_bounded, reset),
	        cmocka_unit_test_setup_teardown(test_try_later, setup, teardown)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
