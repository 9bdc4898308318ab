/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One network adapter that goes from machine to machine, seen by what asks for a boot program. */
#include "appliance/store/inventory.h"
#include "tests/unit/fleet_fixture.h"

#define U1 "4C4C4544-0043-3510-8052-B4C04F564433"
#define U2 "4C4C4544-0043-3510-8052-B4C04F564434"
#define U3 "4C4C4544-0043-3510-8052-B4C04F564435"
/* U2 with its first three fields in the other byte order. */
#define U2_SWAPPED "44454C4C-4300-1035-8052-B4C04F564434"

static int64_t lists(struct fixture *f, const char *mac, const char *uuid, bool in_scope)
{
	struct inventory_line line = {0};
	struct store *s = f->fleet.store;
	struct machine m;

	assert_int_equal(store_begin(s, false), 0);
	assert_int_equal(store_machine_make(s, &line.machine), 0);
	(void)snprintf(line.macs, sizeof(line.macs), "%s", mac);
	(void)snprintf(line.uuid, sizeof(line.uuid), "%s", uuid);
	assert_int_equal(store_inventory_set(s, &line), 0);
	if (mac[0])
		assert_int_equal(store_mac_move(s, mac, line.machine), 0);
	assert_int_equal(store_machine_get(s, line.machine, &m), 0);
	m.in_scope = in_scope;
	assert_int_equal(store_machine_save(s, &m), 0);
	assert_int_equal(store_commit(s), 0);
	return line.machine;
}

static struct machine number(struct fixture *f, int64_t id)
{
	struct machine m;

	assert_int_equal(store_machine_get(f->fleet.store, id, &m), 0);
	return m;
}

static void set(struct fixture *f, int64_t id, enum machine_state state, bool done)
{
	struct machine m = number(f, id);

	m.state = state;
	m.since = now;
	m.done = done;
	assert_int_equal(store_machine_save(f->fleet.store, &m), 0);
}

/* It asks with the adapter: whose that is then. */
static int64_t asks(struct fixture *f, const char *uuid)
{
	now += SECOND;
	assert_int_equal(fleet_pxe_seen(&f->fleet, MAC, uuid, "uefi-x64"), 0);
	return get(f).id;
}

/* dnsmasq answers the adapter. */
static bool answered(struct fixture *f)
{
	char path[128];
	bool changed;

	assert_int_equal(fleet_answer_list(&f->fleet, &changed), 0);
	(void)snprintf(path, sizeof(path), "%s/52-54-00-12-34-56", f->dir);
	return (access(path, F_OK) == 0) != f->fleet.scope_all;
}

static void test_from_machine_to_machine(void **state)
{
	struct fixture *f = *state;
	int64_t first = lists(f, MAC, U1, true), second = lists(f, "", U2, true);
	int64_t healthy = lists(f, "", U3, false);

	assert_int_equal(asks(f, U1), first);
	assert_true(answered(f));
	set(f, first, STATE_rebooting, true);
	assert_int_equal(asks(f, U1), first);
	assert_false(answered(f));
	after(f, 5 * MINUTE);
	assert_int_equal(asks(f, U2_SWAPPED), second);
	assert_true(answered(f));
	/* That question was not the first one's: it has not relapsed. */
	assert_int_equal(number(f, first).state, STATE_rebooting);
	assert_false(number(f, first).held);
	assert_int_equal(asks(f, U3), healthy);
	assert_false(answered(f));
	/* Itself it may. */
	assert_int_equal(asks(f, U1), first);
	assert_int_equal(number(f, first).reason, REASON_RELAPSED);
	assert_false(answered(f));
}

/* Nobody is listed, all are served: but for those that are done. */
static void test_strangers_in_scope_all(void **state)
{
	struct fixture *f = *state;
	struct fleet_identity identity = {.mac = MAC, .ip = "10.0.0.9", .uuid = U1};
	enum fleet_decision decision;
	struct machine m;
	char token[TOKEN_TEXT];

	f->fleet.scope_all = true;
	int64_t first = asks(f, U1);
	assert_true(answered(f));
	assert_int_equal(fleet_boot(&f->fleet, &identity, &decision, &m, token), 0);
	assert_int_equal(m.id, first);
	/* Another one while the first is not done: its boot will say who it is. */
	assert_int_equal(asks(f, U2), first);
	assert_true(answered(f));
	set(f, first, STATE_rebooting, true);
	assert_false(answered(f));
	int64_t second = asks(f, U2);
	assert_int_not_equal(second, first);
	assert_string_equal(number(f, second).uuid, U2);
	assert_int_equal(number(f, second).state, STATE_seen);
	assert_true(answered(f));
	assert_int_equal(asks(f, U2), second);
	/* Its address went along: whoever answers there is not the first one's Windows. */
	assert_string_equal(number(f, first).ip, "");
	assert_int_equal(asks(f, U1), first);
	assert_false(answered(f));
}

static void test_strangers_are_shown_not_answered(void **state)
{
	struct fixture *f = *state;
	int64_t first = lists(f, MAC, U1, true);

	assert_int_equal(asks(f, U1), first);
	set(f, first, STATE_returned, true);
	int64_t stranger = asks(f, U2);
	assert_int_not_equal(stranger, first);
	assert_int_equal(number(f, stranger).state, STATE_ignored);
	assert_false(answered(f));
}

/* Without a UUID, or with one that says nothing, the MAC is all there is. */
static void test_what_says_nothing(void **state)
{
	struct fixture *f = *state;
	int64_t first = lists(f, MAC, U1, true), id;

	set(f, first, STATE_returned, true);
	assert_int_equal(asks(f, ""), first);
	assert_int_equal(asks(f, "00000000-0000-0000-0000-000000000000"), first);
	assert_int_equal(asks(f, "03000200-0400-0500-0006-000700080009"), first);
	/* Two boards with one UUID. */
	id = lists(f, "", U2, true);
	assert_int_not_equal(lists(f, "", U2, true), id);
	assert_int_equal(asks(f, U2), first);
}

/* Known by its UUID alone: what was seen of the MAC before is part of it. */
static void test_a_line_without_a_mac(void **state)
{
	struct fixture *f = *state;
	int64_t nameless = asks(f, "");
	int64_t listed = lists(f, "", U1, true);
	struct machine m;

	assert_false(answered(f));
	assert_int_equal(asks(f, U1), listed);
	assert_true(answered(f));
	assert_int_equal(store_machine_get(f->fleet.store, nameless, &m), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_from_machine_to_machine),
	        TEST(test_strangers_in_scope_all),
	        TEST(test_strangers_are_shown_not_answered),
	        TEST(test_what_says_nothing),
	        TEST(test_a_line_without_a_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
