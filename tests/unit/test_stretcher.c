/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stretching for many callers: the right answers, each worked out once, in the order of turns. */
#include "appliance/escrow/stretch_memory.h"
#include "appliance/escrow/stretcher.h"
#include "fixer/base/bytes.h"
#include "tests/unit/key_helpers.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TRIES 10 /* of what a busy machine can spoil */

struct caller {
	struct stretcher *s;
	pthread_t thread;
	uint8_t key;  /* the first byte; the others are zero */
	uint8_t salt; /* likewise */
	uint64_t turn;
	int result;
	struct secret *answer;
	size_t place; /* the how manieth answer it was */
};

static pthread_mutex_t answered_lock = PTHREAD_MUTEX_INITIALIZER;
static size_t answered;

static void *call(void *context)
{
	struct caller *c = context;
	uint8_t salt[BITLOCKER_SALT_LEN] = {c->salt};
	CLEANUP_SECRET struct secret *key = secret_new(16);

	key->data[0] = c->key;
	c->result = stretcher_stretch(c->s, key, salt, c->turn, &c->answer);
	pthread_mutex_lock(&answered_lock);
	c->place = ++answered;
	pthread_mutex_unlock(&answered_lock);
	return NULL;
}

static void start(struct caller *c)
{
	assert_int_equal(pthread_create(&c->thread, NULL, call, c), 0);
}

static void finish(struct caller *c)
{
	assert_int_equal(pthread_join(c->thread, NULL), 0);
}

static void expect_right(const struct caller *c)
{
	uint8_t salt[BITLOCKER_SALT_LEN] = {c->salt};
	CLEANUP_SECRET struct secret *key = secret_new(16), *stretched = NULL;

	key->data[0] = c->key;
	assert_int_equal(bitlocker_stretch(key, salt, &stretched), 0);
	assert_int_equal(c->result, 0);
	assert_int_equal(c->answer->len, BITLOCKER_KEY_LEN);
	assert_memory_equal(c->answer->data, stretched->data, BITLOCKER_KEY_LEN);
}

/* Processor time. */
static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Waits until so many questions wait that no thread has begun. False when that is not to be: on a
 * machine that was busy elsewhere the first may have their answers before the last have asked. */
static bool until_waiting(struct stretcher *s, size_t count)
{
	struct stretcher_load load = {0};

	for (unsigned i = 0; i < 5000 && load.waiting != count; i++) {
		(void)usleep(1000);
		stretcher_load(s, &load);
	}
	return load.waiting == count;
}

static void same_question_is_worked_out_once(void **state)
{
	struct stretcher *s = stretcher_new(1);
	struct caller callers[4] = {{0}};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		callers[i] = (struct caller){.s = s, .key = 1, .salt = 2, .turn = i};
		start(&callers[i]);
	}
	for (size_t i = 0; i < 4; i++)
		finish(&callers[i]);
	expect_right(&callers[0]);
	for (size_t i = 1; i < 4; i++) {
		assert_int_equal(callers[i].result, 0);
		assert_memory_equal(
		        callers[i].answer->data, callers[0].answer->data, BITLOCKER_KEY_LEN);
	}
	/* Asked again: at once. A stretching takes a tenth of a second and more. */
	struct caller again = {.s = s, .key = 1, .salt = 2};
	double begun = seconds();
	(void)call(&again);
	assert_true(seconds() - begun < 0.05);
	assert_memory_equal(again.answer->data, callers[0].answer->data, BITLOCKER_KEY_LEN);
	secret_free(again.answer);
	for (size_t i = 0; i < 4; i++)
		secret_free(callers[i].answer);
	stretcher_free(s);
}

static void other_salt_is_another_question(void **state)
{
	struct stretcher *s = stretcher_new(2);
	struct caller callers[3] = {{.s = s, .key = 1, .salt = 1}, {.s = s, .key = 1, .salt = 2},
	        {.s = s, .key = 2, .salt = 1}};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		start(&callers[i]);
	for (size_t i = 0; i < 3; i++) {
		finish(&callers[i]);
		expect_right(&callers[i]);
		secret_free(callers[i].answer);
	}
	stretcher_free(s);
}

/* False: some had their answers before all had asked. */
static bool stop_forty(void)
{
	struct stretcher *s = stretcher_new(1);
	struct caller callers[40] = {{0}};

	for (size_t i = 0; i < 40; i++) {
		callers[i] = (struct caller){.s = s, .key = (uint8_t)i};
		start(&callers[i]);
	}
	bool all = until_waiting(s, 40 - stretcher_width(s));
	stretcher_stop(s);
	for (size_t i = 0; i < 40; i++) {
		finish(&callers[i]);
		assert_true(callers[i].result == -ESHUTDOWN || (!all && callers[i].result == 0));
		assert_true((callers[i].answer != NULL) == (callers[i].result == 0));
		secret_free(callers[i].answer);
	}
	callers[0].answer = NULL;
	(void)call(&callers[0]);
	assert_int_equal(callers[0].result, -ESHUTDOWN);
	stretcher_free(s);
	return all;
}

static void stopping_lets_everybody_go(void **state)
{
	int tries = 1;

	(void)state;
	while (!stop_forty())
		assert_in_range(++tries, 2, TRIES);
}

/* The lanes are full and as many wait; then as many ask with turn 30, and then with turn 10. */
static bool ask_by_turns(void)
{
	struct stretcher *s = stretcher_new(1);
	struct caller callers[4 * BITLOCKER_LANES_MAX] = {{0}};
	static const uint64_t turns[] = {1, 1, 30, 10};
	size_t width = stretcher_width(s), last_of_10 = 0, first_of_30 = SIZE_MAX;
	bool all = true;

	answered = 0;
	for (size_t i = 0; i < 4 * width; i++) {
		callers[i] = (struct caller){.s = s, .key = (uint8_t)i, .turn = turns[i / width]};
		start(&callers[i]);
		if (all && i + 1 >= 2 * width)
			all = until_waiting(s, i + 1 - width);
	}
	for (size_t i = 0; i < 4 * width; i++) {
		finish(&callers[i]);
		secret_free(callers[i].answer);
		if (callers[i].turn == 10 && callers[i].place > last_of_10)
			last_of_10 = callers[i].place;
		if (callers[i].turn == 30 && callers[i].place < first_of_30)
			first_of_30 = callers[i].place;
	}
	assert_true(!all || last_of_10 < first_of_30);
	stretcher_free(s);
	return all;
}

static void the_smaller_turn_goes_first(void **state)
{
	int tries = 1;

	(void)state;
	while (!ask_by_turns())
		assert_in_range(++tries, 2, TRIES);
}

static void memory_forgets_the_oldest(void **state)
{
	struct stretch_memory *m = stretch_memory_new();
	CLEANUP_SECRET struct secret *stretched = secret_new(BITLOCKER_KEY_LEN);
	uint8_t name[STRETCH_NAME];

	(void)state;
	for (uint32_t i = 0; i < 2 * NM_MAX_CASES + 5; i++) {
		memset(name, 0, sizeof(name));
		put_le32(name, i * 7); /* some buckets twice */
		put_le32(name + 28, i);
		put_le32(stretched->data, i);
		assert_null(stretch_memory_find(m, name));
		stretch_memory_add(m, name, stretched);
	}
	for (uint32_t i = 0; i < 2 * NM_MAX_CASES + 5; i++) {
		memset(name, 0, sizeof(name));
		put_le32(name, i * 7);
		put_le32(name + 28, i);
		const uint8_t *found = stretch_memory_find(m, name);
		if (i < NM_MAX_CASES + 5) {
			assert_null(found);
		} else {
			assert_non_null(found);
			assert_int_equal(get_le32(found), i);
		}
	}
	stretch_memory_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(same_question_is_worked_out_once),
	        cmocka_unit_test(other_salt_is_another_question),
	        cmocka_unit_test(the_smaller_turn_goes_first),
	        cmocka_unit_test(stopping_lets_everybody_go),
	        cmocka_unit_test(memory_forgets_the_oldest),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
