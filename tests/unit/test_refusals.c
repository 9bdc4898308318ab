/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Refusals in the audit record: every one is accounted for, however many, in few lines. */
#include "appliance/escrow/refusals.h"
#include "appliance/escrow/clock.h"
#include "fixer/base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>

#define HOUR INT64_C(3600000)

struct place {
	char dir[64];
	struct audit *audit;
	struct refusals *refusals;
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

	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/netmend-refusals-XXXXXX");
	*state = p;
	if (secrets_init() < 0 || !mkdtemp(p->dir) || audit_open(p->dir, &p->audit, NULL) < 0)
		return -1;
	p->refusals = refusals_new(p->audit, "default");
	return p->refusals ? 0 : -1;
}

static int teardown(void **state)
{
	struct place *p = *state;

	refusals_free(p->refusals);
	audit_close(p->audit);
	int r = nftw(p->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(p);
	return r;
}

struct counts {
	uint64_t lines, refused, more, misuse, protectors;
};

static int count_one(void *context, const struct audit_record *r)
{
	struct counts *c = context;
	json_int_t count = json_integer_value(json_object_get(r->fields, "count"));

	c->lines++;
	if (strcmp(r->event, "release") == 0)
		c->refused++;
	if (strcmp(r->event, "refused-more") == 0) {
		c->more += (uint64_t)count;
		c->protectors +=
		        (uint64_t)json_integer_value(json_object_get(r->fields, "protectors"));
	}
	if (strcmp(r->event, "misuse") == 0)
		c->misuse += (uint64_t)count;
	return 0;
}

static struct counts look(const struct place *p)
{
	struct counts c = {0};

	assert_int_equal(audit_each(p->dir, count_one, &c, NULL), 0);
	return c;
}

/* A machine's ask for one protector. */
static void refuse(struct place *p, int64_t machine, uint8_t protector, bool first)
{
	struct ask_protector one = {.id = {.bytes = {protector}}};
	struct ask_volume volume = {.protector_count = 1, .protectors = &one};
	struct ask ask = {.session = "0123456789abcdef0123456789abcdef",
	        .subject = {.machine = machine, .ip = "10.0.0.1"},
	        .volume_count = 1,
	        .protector_count = 1,
	        .volumes = &volume};

	refusals_note(p->refusals, &ask, REASON_KEY_NOT_FOUND, "why", first);
}

static void test_once_then_counted(void **state)
{
	struct place *p = *state;

	refuse(p, 1, 1, true);
	for (int i = 0; i < 9; i++)
		refuse(p, 1, 1, false);
	struct counts c = look(p);
	assert_int_equal(c.refused, 1);
	assert_int_equal(c.more, 0);
	refusals_tick(p->refusals, clock_wall(), false); /* a minute has not passed */
	assert_int_equal(look(p).more, 0);
	refusals_tick(p->refusals, clock_wall() + 61000, false);
	c = look(p);
	assert_int_equal(c.more, 9);
	assert_int_equal(c.protectors, 1);
	refusals_tick(p->refusals, clock_wall() + HOUR, true);
	assert_int_equal(look(p).lines, c.lines); /* nothing since */
}

static void test_the_pauses_grow(void **state)
{
	struct place *p = *state;
	int64_t now = clock_wall();

	refuse(p, 1, 1, true);
	for (int minute = 1; minute <= 60; minute++) {
		refuse(p, 1, 1, false);
		refusals_tick(p->refusals, now + minute * INT64_C(60000) + 1000, false);
	}
	refusals_tick(p->refusals, now + 2 * HOUR, true);
	struct counts c = look(p);
	assert_int_equal(c.more, 60);
	assert_in_range(c.lines, 6, 10);
}

/* New sessions all the time: each is the first of its own. */
static void test_many_sessions_do_not_fill_the_disk(void **state)
{
	struct place *p = *state;

	for (int i = 0; i < 5000; i++)
		refuse(p, 1, (uint8_t)i, true);
	refusals_tick(p->refusals, clock_wall(), true);
	struct counts c = look(p);
	assert_int_equal(c.refused + c.more, 5000);
	assert_true(c.lines < 40);
	assert_true(c.protectors >= 64);
}

static void test_many_machines_do_not_fill_the_memory(void **state)
{
	struct place *p = *state;

	for (int i = 1; i <= 1500; i++)
		refuse(p, i, 1, false);
	refusals_tick(p->refusals, clock_wall(), true);
	struct counts c = look(p);
	assert_int_equal(c.more, 1500);
	assert_in_range(c.lines, 900, 1024);
}

/* One host under a new MAC each time: each machine's first refusals would be recorded one by one.
 */
static void test_many_machines_do_not_fill_the_disk(void **state)
{
	struct place *p = *state;

	for (int i = 1; i <= 500; i++)
		for (int k = 0; k < 16; k++)
			refuse(p, i, (uint8_t)k, true);
	refusals_tick(p->refusals, clock_wall(), true);
	struct counts c = look(p);
	assert_int_equal(c.refused + c.more, 500 * 16);
	/* Two minutes may have begun meanwhile. */
	assert_in_range(c.lines, 1000, 2 * 1000 + 500);
}

static void test_misuse(void **state)
{
	struct place *p = *state;
	const struct subject who = {.machine = 7, .ip = "10.0.0.7"};

	for (int i = 0; i < 1000; i++)
		refusals_misuse(p->refusals, &who, REASON_TOKEN_USED);
	refusals_misuse(p->refusals, &who, REASON_TOKEN_OTHER_ADDRESS);
	refusals_tick(p->refusals, clock_wall(), true);
	struct counts c = look(p);
	assert_int_equal(c.misuse, 1001);
	assert_true(c.lines < 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_once_then_counted, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_the_pauses_grow, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_many_sessions_do_not_fill_the_disk, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_many_machines_do_not_fill_the_memory, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_many_machines_do_not_fill_the_disk, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_misuse, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
