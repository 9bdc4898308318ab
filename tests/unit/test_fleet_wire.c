/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is heard: kept, forgotten, written down, and why it was not answered. */
#include "appliance/fleet/wire.h"
#include "tests/unit/fleet_fixture.h"

static struct wire wire;

static json_t *show(struct fixture *f)
{
	json_t *answer;

	f->fleet.clock = fleet_clock;
	assert_int_equal(wire_tick(&f->fleet, &wire), 0);
	assert_int_equal(wire_show(f->fleet.store, now, false, "well", &answer), 0);
	return answer;
}

static const json_t *heard(const json_t *answer, size_t i)
{
	return json_array_get(json_object_get(answer, "heard"), i);
}

static void expect_text(const json_t *line, const char *name, const char *value)
{
	assert_string_equal(json_string_value(json_object_get(line, name)), value);
}

static void test_lines(void **state)
{
	struct fixture *f = *state;

	wire = (struct wire){0};
	add(f);
	wire_heard(&wire, MAC, WIRE_PXE, "uefi-x64", "PXEClient:Arch:00007", now);
	wire_judged(&wire, MAC, WIRE_PXE, "uefi-x64", true, now + 50);
	now += SECOND;
	wire_heard(&wire, "52:54:00:00:00:01", WIRE_WINDOWS, "", "MSFT 5.0", now);
	now += SECOND;
	wire_heard(&wire, MAC, WIRE_IPXE, "uefi-x64", "PXEClient:Arch:00007", now);
	json_t *answer = show(f);
	assert_int_equal(json_array_size(json_object_get(answer, "heard")), 3);
	expect_text(heard(answer, 0), "kind", "ipxe");
	assert_false(json_is_true(json_object_get(heard(answer, 0), "answered")));
	expect_text(heard(answer, 0), "why", "it should be; DHCP service: well");
	expect_text(heard(answer, 1), "kind", "windows");
	assert_int_equal(json_integer_value(json_object_get(heard(answer, 1), "machine")), 0);
	expect_text(heard(answer, 1), "why", "it asks for an address, not for a boot program");
	expect_text(heard(answer, 2), "name", "pc");
	assert_true(json_is_true(json_object_get(heard(answer, 2), "answered")));
	expect_text(heard(answer, 2), "why", "");
	json_decref(answer);
	/* Heard once more while dnsmasq says nothing of it. */
	now += WIRE_JUDGED_MS + SECOND;
	wire_heard(&wire, MAC, WIRE_PXE, "uefi-x64", "PXEClient:Arch:00007", now);
	answer = show(f);
	expect_text(heard(answer, 0), "kind", "pxe");
	assert_false(json_is_true(json_object_get(heard(answer, 0), "answered")));
	json_decref(answer);
}

/* Anybody can make up addresses: the oldest make place, here and in the store. */
static void test_many(void **state)
{
	struct fixture *f = *state;
	char mac[MAC_TEXT];
	json_t *answer = NULL;

	wire = (struct wire){0};
	for (int i = 0; i < 350; i++) {
		(void)snprintf(mac, sizeof(mac), "52:54:00:00:%02x:%02x", i >> 8, i & 0xff);
		wire_heard(&wire, mac, WIRE_OTHER, "", "x", now);
		wire_server(&wire, mac + 9, "", now);
		now += 100;
		if (i % 30 == 0) {
			json_decref(answer);
			answer = show(f);
		}
	}
	now += WIRE_SAVE_MS;
	json_decref(answer);
	answer = show(f);
	assert_int_equal(json_array_size(json_object_get(answer, "heard")), WIRE_LINES_MAX);
	expect_text(heard(answer, 0), "mac", mac);
	assert_int_equal(json_array_size(json_object_get(answer, "servers")), WIRE_SERVERS_MAX);
	json_decref(answer);
	/* A clock that was ahead leaves nothing that stays on top for ever. */
	now -= 60 * MINUTE;
	wire = (struct wire){0};
	wire_heard(&wire, MAC, WIRE_PXE, "bios", "x", now);
	answer = show(f);
	assert_int_equal(json_array_size(json_object_get(answer, "heard")), 1);
	json_decref(answer);
}

/* Not at each message: every two seconds what is new. */
static void test_written_now_and_then(void **state)
{
	struct fixture *f = *state;

	wire = (struct wire){0};
	assert_int_equal(wire_tick(&f->fleet, &wire), 0);
	wire_heard(&wire, MAC, WIRE_PXE, "bios", "x", now);
	json_decref(show(f));
	now += SECOND;
	wire_heard(&wire, MAC, WIRE_IPXE, "bios", "x", now);
	json_t *answer = show(f);
	assert_int_equal(json_array_size(json_object_get(answer, "heard")), 1);
	json_decref(answer);
	now += WIRE_SAVE_MS;
	answer = show(f);
	assert_int_equal(json_array_size(json_object_get(answer, "heard")), 2);
	json_decref(answer);
}

/* The site's own DHCP server named us: dnsmasq has nothing to say. */
static void test_came_all_the_same(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT];

	wire = (struct wire){0};
	add(f);
	wire_heard(&wire, MAC, WIRE_IPXE, "uefi-x64", "x", now);
	wire_heard(&wire, MAC, WIRE_WINDOWS, "", "x", now);
	now += SECOND;
	json_t *answer = show(f);
	assert_false(json_is_true(json_object_get(heard(answer, 0), "answered")));
	json_decref(answer);
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	answer = show(f);
	expect_text(heard(answer, 0), "kind", "ipxe");
	assert_true(json_is_true(json_object_get(heard(answer, 0), "answered")));
	expect_text(heard(answer, 0), "why", "");
	assert_false(json_is_true(json_object_get(heard(answer, 1), "answered")));
	json_decref(answer);
	/* It asks once more: that question is another one. */
	now += WIRE_SAVE_MS;
	wire_heard(&wire, MAC, WIRE_IPXE, "uefi-x64", "x", now);
	answer = show(f);
	assert_false(json_is_true(json_object_get(heard(answer, 0), "answered")));
	json_decref(answer);
}

static int server_check(const struct store_dhcp_server *server, void *context)
{
	(void)context;
	assert_string_equal(server->ip, "10.0.0.1");
	assert_string_equal(server->mac, "52:54:00:00:00:99");
	assert_int_equal(server->at, now);
	assert_false(server->ours);
	return 0;
}

static void test_servers(void **state)
{
	struct fixture *f = *state;

	wire = (struct wire){0};
	wire_server(&wire, "10.0.0.1", "", now);
	wire_server(&wire, "10.0.0.1", "52:54:00:00:00:99", now);
	now += SECOND;
	/* Named by a client later: its MAC stays known. */
	wire_server(&wire, "10.0.0.1", "", now);
	json_decref(show(f));
	assert_int_equal(store_dhcp_servers(f->fleet.store, 5, server_check, NULL), 0);
}

static void test_why(void **state)
{
	const struct machine fresh = {.id = 1, .in_scope = true}, out = {.id = 1},
	                     held = {.id = 1, .held = true, .reason = REASON_SERVED_TOO_OFTEN},
	                     hold = {.id = 1, .held = true}, done = {.id = 1, .done = true},
	                     wave = {.id = 1,
	                             .campaign = 2,
	                             .state = STATE_held,
	                             .reason = REASON_CAMPAIGN_PAUSED},
	                     later = {.id = 1, .campaign = 2},
	                     open = {.id = 1, .campaign = 2, .open = true};
	const struct {
		const char *kind, *arch;
		const struct machine *m;
		bool scope_all;
		const char *why;
	} cases[] = {
	        {"pxe", "uefi-x64", NULL, false, "not in scope"},
	        {"pxe", "uefi-x64", NULL, true, "it should be; DHCP service: well"},
	        {"pxe", "uefi-arm64", &fresh, false,
	                "there is no boot program for its firmware (uefi-arm64)"},
	        {"ipxe", "uefi-arm64", &fresh, false, "it should be; DHCP service: well"},
	        {"pxe", "", &out, false, "not in scope"},
	        {"pxe", "bios", &held, false, "held: boots again and again"},
	        {"pxe", "bios", &hold, false, "held by an operator"},
	        {"http", "bios", &done, true, "repaired already"},
	        {"pxe", "bios", &wave, true, "its campaign is paused"},
	        {"pxe", "bios", &later, true, "its wave is not open yet"},
	        {"pxe", "bios", &open, false, "it should be; DHCP service: well"},
	        {"other", "", &fresh, false, "it asks for an address, not for a boot program"},
	};
	char why[WIRE_WHY_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct store_heard line = {0};
		(void)snprintf(line.kind, sizeof(line.kind), "%s", cases[i].kind);
		(void)snprintf(line.arch, sizeof(line.arch), "%s", cases[i].arch);
		wire_why(&line, cases[i].m, cases[i].scope_all, "well", why);
		assert_string_equal(why, cases[i].why);
		line.answered = true;
		wire_why(&line, cases[i].m, cases[i].scope_all, "well", why);
		assert_string_equal(why, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_lines),
	        TEST(test_many),
	        TEST(test_written_now_and_then),
	        TEST(test_came_all_the_same),
	        TEST(test_servers),
	        cmocka_unit_test(test_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
