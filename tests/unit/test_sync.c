/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Telling dnsmasq of the answer list: one SYNC at a time, and none lost. */
#include "appliance/fleet/sync.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

struct wire {
	uint32_t last;
	int sent, result;
};

static int wire_send(void *context, uint32_t id)
{
	struct wire *w = context;

	if (w->result == 0) {
		w->last = id;
		w->sent++;
	}
	return w->result;
}

static void test_sync_tickets(void **state)
{
	struct wire w = {0};
	struct sync s = {.send = wire_send, .context = &w};

	(void)state;
	assert_true(sync_reached(&s, sync_latest(&s)));
	uint32_t first = sync_request(&s, 0);
	assert_int_equal(w.sent, 1);
	assert_false(sync_reached(&s, first));
	/* While one is under way, all others share the next. */
	uint32_t second = sync_request(&s, 1), third = sync_request(&s, 2);
	assert_int_equal(second, third);
	assert_int_equal(w.sent, 1);
	sync_done(&s, first + 7, 3);
	assert_false(sync_reached(&s, first));
	sync_done(&s, first, 3);
	assert_true(sync_reached(&s, first));
	assert_false(sync_reached(&s, second));
	assert_int_equal(w.sent, 2);
	sync_done(&s, w.last, 4);
	assert_true(sync_reached(&s, second));
	assert_int_equal(w.sent, 2);
}

static void test_sync_that_is_lost(void **state)
{
	struct wire w = {.result = -EAGAIN};
	struct sync s = {.send = wire_send, .context = &w};

	(void)state;
	uint32_t ticket = sync_request(&s, 0);
	assert_false(sync_reached(&s, ticket));
	w.result = 0;
	sync_tick(&s, 1000);
	assert_int_equal(w.sent, 1);
	sync_tick(&s, 1000 + SYNC_LIMIT_MS - 1);
	assert_int_equal(w.sent, 1);
	sync_tick(&s, 1000 + SYNC_LIMIT_MS);
	assert_int_equal(w.sent, 2);
	assert_false(sync_reached(&s, ticket));
	sync_done(&s, w.last, 9000);
	assert_true(sync_reached(&s, ticket));
	sync_tick(&s, 99000);
	assert_int_equal(w.sent, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_sync_tickets),
	        cmocka_unit_test(test_sync_that_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
