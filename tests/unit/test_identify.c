/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines that show themselves, and lines of the inventory: docks, late names, contradictions. */
#include "appliance/fleet/identify.h"
#include "appliance/store/inventory.h"
#include "tests/unit/fleet_fixture.h"

#define U1   "4C4C4544-0043-3510-8052-B4C04F564433"
#define U2   "4C4C4544-0043-3510-8052-B4C04F564434"
#define DOCK "52:54:00:dd:dd:dd"

static struct machine number(struct fixture *f, int64_t id)
{
	struct machine m;

	assert_int_equal(store_machine_get(f->fleet.store, id, &m), 0);
	return m;
}

/* It boots; the machine it is taken for. */
static int64_t shows(struct fixture *f, const char *mac, const char *uuid, const char *serial)
{
	struct fleet_identity identity = {.ip = "10.0.0.9"};
	enum fleet_decision decision;
	struct machine m;
	char token[TOKEN_TEXT];

	(void)snprintf(identity.mac, sizeof(identity.mac), "%s", mac);
	(void)snprintf(identity.uuid, sizeof(identity.uuid), "%s", uuid);
	(void)snprintf(identity.serial, sizeof(identity.serial), "%s", serial);
	now += SECOND;
	assert_int_equal(fleet_boot(&f->fleet, &identity, &decision, &m, token), 0);
	return m.id;
}

static int64_t lists(struct fixture *f, const char *mac, const char *uuid, const char *serial)
{
	struct inventory_line line = {0};
	struct store *s = f->fleet.store;

	assert_int_equal(store_begin(s, false), 0);
	assert_int_equal(store_machine_make(s, &line.machine), 0);
	(void)snprintf(line.macs, sizeof(line.macs), "%s", mac);
	(void)snprintf(line.uuid, sizeof(line.uuid), "%s", uuid);
	(void)snprintf(line.serial, sizeof(line.serial), "%s", serial);
	assert_int_equal(store_inventory_set(s, &line), 0);
	if (mac[0])
		assert_int_equal(store_mac_move(s, mac, line.machine), 0);
	assert_int_equal(store_commit(s), 0);
	return line.machine;
}

static void test_listed_one_is_found(void **state)
{
	struct fixture *f = *state;
	int64_t by_serial = lists(f, "", "", "ABC1"), by_uuid = lists(f, "", U1, "");
	int64_t by_mac = lists(f, MAC, "", "");

	assert_int_equal(shows(f, DOCK, "", "abc1"), by_serial);
	assert_int_equal(shows(f, DOCK, U1, "XYZ"), by_uuid);
	assert_int_equal(shows(f, MAC, U2, "ABC3"), by_mac);
	/* It has a name now: the MAC is no longer enough to be it. */
	assert_int_not_equal(shows(f, MAC, "", "ABC4"), by_mac);
	assert_int_equal(shows(f, DOCK, U2, "ABC3"), by_mac);
	assert_string_equal(number(f, by_mac).mac, DOCK);
	assert_string_equal(number(f, by_mac).conflict, "");
}

static void test_a_dock_goes_from_one_to_the_next(void **state)
{
	struct fixture *f = *state;
	int64_t first = shows(f, DOCK, U1, "ABC1"), second = shows(f, DOCK, U2, "ABC2");
	struct machine m;

	assert_int_not_equal(first, second);
	assert_int_equal(shows(f, DOCK, U1, "ABC1"), first);
	assert_int_equal(store_machine_by_mac(f->fleet.store, DOCK, &m), 0);
	assert_int_equal(m.id, first); /* the MAC is with the one that came with it last */
	assert_int_equal(shows(f, DOCK, U2, "ABC2"), second);
	/* Without a name it can only be that one. */
	assert_int_equal(shows(f, DOCK, "", ""), second);
	/* Firmware that shows its UUID now so, now so. */
	assert_int_equal(shows(f, DOCK, U1, "ABC2"), second);
}

static void test_shared_uuid_says_nothing(void **state)
{
	struct fixture *f = *state;
	int64_t first = shows(f, MAC, U1, "ABC1");
	int64_t second = shows(f, "52:54:00:00:00:02", U1, "ABC2");

	assert_int_not_equal(first, second);
	int64_t third = shows(f, "52:54:00:00:00:03", U1, "");
	assert_int_not_equal(third, first);
	assert_int_not_equal(third, second);
	assert_int_equal(shows(f, DOCK, U1, "ABC1"), first);
}

static int count_event(const struct store_event *event, void *context)
{
	int *counts = context;

	counts[0]++;
	counts[1] += event->reason == REASON_INVENTORY_CONFLICT;
	return 0;
}

static int conflicts(struct fixture *f, int64_t id)
{
	int counts[2] = {0};

	assert_int_equal(store_events(f->fleet.store, id, 100, count_event, counts), 0);
	return counts[1];
}

static void test_conflict_comes_and_goes(void **state)
{
	struct fixture *f = *state;
	int64_t id = lists(f, "", U1, "ABC1");

	assert_int_equal(shows(f, MAC, U2, "ABC1"), id);
	assert_non_null(strstr(number(f, id).conflict, U2));
	assert_int_equal(conflicts(f, id), 1);
	assert_int_equal(shows(f, MAC, U2, "ABC1"), id);
	assert_int_equal(conflicts(f, id), 1); /* told once */
	assert_int_equal(shows(f, MAC, U1, "ABC1"), id);
	assert_string_equal(number(f, id).conflict, "");
	assert_int_equal(conflicts(f, id), 1);
}

static void test_a_listed_mac_comes_with_another(void **state)
{
	struct fixture *f = *state;
	int64_t id = lists(f, MAC, "", "ABC1");

	int64_t other = shows(f, MAC, "", "ABC2");
	assert_int_not_equal(other, id);
	assert_false(number(f, other).listed);
	assert_non_null(strstr(number(f, id).conflict, MAC));
	assert_int_equal(shows(f, MAC, "", "ABC1"), id);
	assert_string_equal(number(f, id).conflict, "");
}

static void test_a_line_finds_its_machine_later(void **state)
{
	struct fixture *f = *state;
	int64_t wrong = lists(f, "", U1, "ABC1");

	assert_int_equal(shows(f, MAC, U1, "ABC2"), wrong);
	assert_true(number(f, wrong).conflict[0] != 0);
	int64_t right = shows(f, DOCK, U1, "ABC1");
	assert_int_not_equal(right, wrong);
	assert_true(number(f, right).listed);
	assert_string_equal(number(f, right).conflict, "");
	assert_false(number(f, wrong).listed);
}

static int gone_each(int64_t machine, int64_t is, void *context)
{
	int64_t *pair = context;

	pair[0] = machine;
	pair[1] = is;
	return 0;
}

static void test_first_a_mac_then_a_name(void **state)
{
	struct fixture *f = *state;
	int64_t listed = lists(f, "", "", "ABC1"), gone[2] = {0}, from = 0;
	int counts[2] = {0};
	struct machine m;

	f->fleet.scope_all = true;
	int64_t nameless = shows(f, MAC, "", "");
	assert_int_not_equal(nameless, listed);
	int64_t first_seen = number(f, nameless).first_seen;
	assert_int_equal(shows(f, MAC, "", "ABC1"), listed);
	assert_int_equal(store_machine_get(f->fleet.store, nameless, &m), -ENOENT);
	m = number(f, listed);
	assert_int_equal(m.first_seen, first_seen);
	assert_int_equal(m.attempt, 2);
	assert_int_equal(store_events(f->fleet.store, listed, 100, count_event, counts), 0);
	assert_true(counts[0] >= 3); /* both boots, and that the two are one */
	assert_int_equal(store_gone(f->fleet.store, &from, gone_each, gone), 0);
	assert_int_equal(gone[0], nameless);
	assert_int_equal(gone[1], listed);
}

static int opens(struct fixture *f, const char *token, const char *uuid, const char *serial,
        struct machine *ret)
{
	struct fleet_hello hello = {.token = token,
	        .boot_id = "0123456789abcdef0123456789abcdef0123",
	        .key = "k",
	        .volumes = "[]"};
	struct fleet_welcome welcome;
	struct error err = {0};

	(void)snprintf(hello.identity.ip, sizeof(hello.identity.ip), "10.0.0.9");
	(void)snprintf(hello.identity.uuid, sizeof(hello.identity.uuid), "%s", uuid);
	(void)snprintf(hello.identity.serial, sizeof(hello.identity.serial), "%s", serial);
	int r = fleet_session_open(&f->fleet, &hello, &welcome, &err);
	if (r == 0)
		*ret = welcome.machine;
	return r;
}

static void boots_nameless(struct fixture *f, char token[TOKEN_TEXT])
{
	struct fleet_identity identity = {.ip = "10.0.0.9", .mac = MAC};
	enum fleet_decision decision;
	struct machine m;

	now += SECOND;
	assert_int_equal(fleet_boot(&f->fleet, &identity, &decision, &m, token), 0);
	assert_int_equal(decision, FLEET_REMEDIATE);
}

static void test_the_fixer_says_who_it_is(void **state)
{
	struct fixture *f = *state;
	int64_t listed = lists(f, "", U1, "ABC1");
	char token[TOKEN_TEXT];
	struct machine m;

	f->fleet.scope_all = true;
	boots_nameless(f, token);
	assert_int_equal(opens(f, token, U1, "ABC1", &m), 0);
	assert_int_equal(m.id, listed);
	assert_int_equal(number(f, listed).state, STATE_running);
	assert_int_equal(number(f, listed).attempt, 1);
	/* The same call again is the same session. */
	assert_int_equal(opens(f, token, U1, "ABC1", &m), 0);
	assert_int_equal(m.id, listed);
	/* The card goes to another machine, whose boot program shows no name. */
	boots_nameless(f, token);
	assert_int_equal(opens(f, token, U2, "ABC2", &m), 0);
	assert_int_not_equal(m.id, listed);
	assert_int_equal(m.attempt, 1);
	assert_int_equal(number(f, listed).state, STATE_seen);
	assert_int_equal(number(f, m.id).state, STATE_running);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_listed_one_is_found),
	        TEST(test_a_dock_goes_from_one_to_the_next),
	        TEST(test_shared_uuid_says_nothing),
	        TEST(test_conflict_comes_and_goes),
	        TEST(test_a_listed_mac_comes_with_another),
	        TEST(test_a_line_finds_its_machine_later),
	        TEST(test_first_a_mac_then_a_name),
	        TEST(test_the_fixer_says_who_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
