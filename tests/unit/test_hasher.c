/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Passwords: which are good, what Argon2id makes of them, and the thread that does it for a loop.
 */
#include "appliance/people/hasher.h"
#include "appliance/people/password.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PASSWORD "correct horse battery"
#define PATIENCE 60000 /* ms; only ends what hangs */

static struct secret *secret(const char *text)
{
	struct secret *s = secret_new(strlen(text) + 1);

	assert_non_null(s);
	memcpy(s->data, text, strlen(text) + 1);
	return s;
}

static void hash_of(const char *text, char ret[PASSWORD_HASH_TEXT])
{
	struct secret *s = secret(text);

	assert_int_equal(password_hash(s, ret), 0);
	secret_free(s);
}

static int check(const char *hash, const char *text)
{
	struct secret *s = secret(text);
	int r = password_check(hash, s);

	secret_free(s);
	return r;
}

static void test_password(void **state)
{
	char one[PASSWORD_HASH_TEXT], two[PASSWORD_HASH_TEXT], cut[PASSWORD_HASH_TEXT];

	(void)state;
	hash_of(PASSWORD, one);
	hash_of(PASSWORD, two);
	assert_int_equal(strncmp(one, "$argon2id$v=19$", 15), 0);
	assert_string_not_equal(one, two); /* salt */
	assert_int_equal(check(one, PASSWORD), 0);
	assert_int_equal(check(two, PASSWORD), 0);
	assert_int_equal(check(one, PASSWORD "!"), -EACCES);
	assert_int_equal(check(one, ""), -EACCES);
	assert_int_equal(check(password_nobody, PASSWORD), -EACCES);
	assert_int_equal(check("", PASSWORD), -EACCES);
	(void)snprintf(cut, sizeof(cut), "%.40s", one);
	assert_int_equal(check(cut, PASSWORD), -EACCES);
}

static void test_judge(void **state)
{
	char longest[NM_MAX_PASSPHRASE + 2];

	(void)state;
	assert_int_equal(password_judge(PASSWORD), 0);
	assert_int_equal(password_judge("short"), -EINVAL);
	assert_int_equal(password_judge(""), -EINVAL);
	/* Characters count, not bytes; and it has to be text. */
	assert_int_equal(password_judge("\303\244\303\244\303\244\303\244\303\244"), -EINVAL);
	assert_int_equal(password_judge("correct horse \377 battery"), -EINVAL);
	memset(longest, 'a', sizeof(longest));
	longest[NM_MAX_PASSPHRASE + 1] = 0;
	assert_int_equal(password_judge(longest), -EMSGSIZE);
}

/* ---- the thread ---- */

static int setup(void **state)
{
	struct hasher *h = NULL;

	assert_int_equal(hasher_new(&h), 0);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	hasher_free(*state);
	return 0;
}

static int64_t ask(struct hasher *h, const char *known, const char *given, const char *fresh)
{
	const struct hasher_question q = {.known = known,
	        .given = given ? secret(given) : NULL,
	        .fresh = fresh ? secret(fresh) : NULL};
	int64_t ticket = 0;

	int r = hasher_ask(h, &q, &ticket);
	assert_true(r == 0 || r == -EBUSY);
	return r == 0 ? ticket : r;
}

/* As the loop does: asleep until the descriptor says so. */
static struct hasher_answer answer(struct hasher *h, int64_t ticket)
{
	struct pollfd fd = {.fd = hasher_fd(h), .events = POLLIN};
	struct hasher_answer a = {.result = 1};
	int r;

	while ((r = hasher_take(h, ticket, &a)) == -EAGAIN) {
		assert_int_equal(poll(&fd, 1, PATIENCE), 1);
		while (hasher_news(h) != 0)
			;
	}
	assert_int_equal(r, 0);
	assert_int_equal(hasher_take(h, ticket, &a), -ENOENT); /* once */
	return a;
}

static void test_questions(void **state)
{
	struct hasher *h = *state;
	char known[PASSWORD_HASH_TEXT];
	struct hasher_answer a;

	hash_of(PASSWORD, known);
	assert_int_equal(answer(h, ask(h, known, PASSWORD, NULL)).result, 0);
	assert_int_equal(answer(h, ask(h, known, "wrong horse battery", NULL)).result, -EACCES);
	/* A new one, whoever asks for it. */
	a = answer(h, ask(h, NULL, NULL, "another horse battery"));
	assert_int_equal(a.result, 0);
	assert_int_equal(check(a.fresh, "another horse battery"), 0);
	/* A change: the old one has to be right. */
	a = answer(h, ask(h, known, PASSWORD, "a third horse battery"));
	assert_int_equal(a.result, 0);
	assert_int_equal(check(a.fresh, "a third horse battery"), 0);
	a = answer(h, ask(h, known, "wrong horse battery", "a third horse battery"));
	assert_int_equal(a.result, -EACCES);
	assert_string_equal(a.fresh, "");
	assert_int_equal(hasher_take(h, 4711, &a), -ENOENT);
}

/* More than its queue holds are refused at once, and none of those that wait is lost or mixed up.
 */
static void test_full(void **state)
{
	struct hasher *h = *state;
	char known[PASSWORD_HASH_TEXT];
	int64_t tickets[HASHER_QUEUE + 8];
	size_t taken = 0, refused = 0;

	hash_of(PASSWORD, known);
	for (size_t i = 0; i < HASHER_QUEUE + 8; i++) {
		int64_t ticket = ask(h, known, i % 3 ? "wrong horse battery" : PASSWORD, NULL);
		if (ticket < 0)
			refused++;
		else
			tickets[taken++] = ticket;
		assert_true(ticket < 0 || taken == i + 1); /* the first ones are in */
	}
	assert_true(taken >= HASHER_QUEUE);
	assert_true(refused >= 1);
	for (size_t i = 0; i < taken; i++)
		assert_int_equal(answer(h, tickets[i]).result, i % 3 ? -EACCES : 0);
	assert_true(ask(h, known, PASSWORD, NULL) > 0);
}

/* Each answered question is told of once. */
static void test_news(void **state)
{
	struct hasher *h = *state;
	struct pollfd fd = {.fd = hasher_fd(h), .events = POLLIN};
	int64_t first = ask(h, password_nobody, "a", NULL),
	        second = ask(h, password_nobody, "b", NULL);
	int64_t seen[2] = {0, 0}, ticket;
	size_t count = 0;

	while (count < 2) {
		assert_int_equal(poll(&fd, 1, PATIENCE), 1);
		while ((ticket = hasher_news(h)) != 0) {
			assert_true(count < 2);
			seen[count++] = ticket;
		}
	}
	assert_int_equal(seen[0], first);
	assert_int_equal(seen[1], second);
	assert_int_equal(hasher_news(h), 0);
	assert_int_equal(poll(&fd, 1, 0), 0);
}

/* It ends with questions waiting and answers nobody took: a sanitizer sees what is left. */
static void test_end(void **state)
{
	struct hasher *h;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(hasher_new(&h), 0);
		for (int k = 0; k < 5; k++)
			(void)ask(h, password_nobody, "given", "fresh");
		hasher_free(h);
	}
	hasher_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_password),
	        cmocka_unit_test(test_judge),
	        cmocka_unit_test_setup_teardown(test_questions, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_full, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_news, setup, teardown),
	        cmocka_unit_test(test_end),
	};

	return secrets_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
