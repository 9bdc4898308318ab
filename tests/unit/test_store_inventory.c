/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of the inventory in the store: who is alike, machines made by the thousand, a scratch copy,
 * and what an import says before and after. */
#include "tests/unit/store_fixture.h"

#include "appliance/fleet/inventory.h"
#include "fixer/base/secret.h"

#include <errno.h>

#define UUID_A "4C4C4544-0043-3510-8052-B4C04F560001"
#define UUID_B "44454C4C-4300-1035-8052-B4C04F560001" /* the same in the other byte order */

static int64_t listed(struct fixture *f, const char *serial, const char *uuid, const char *macs)
{
	struct inventory_line line = {.imported = 1};
	int64_t id = 0;

	(void)snprintf(line.name, sizeof(line.name), "PC-%.20s", serial);
	(void)snprintf(line.serial, sizeof(line.serial), "%s", serial);
	(void)snprintf(line.uuid, sizeof(line.uuid), "%s", uuid);
	(void)snprintf(line.macs, sizeof(line.macs), "%s", macs);
	assert_int_equal(store_machine_make_listed(f->store, &line, &id), 0);
	return id;
}

static int64_t shown(struct fixture *f, const char *mac, const char *serial, const char *uuid)
{
	struct machine m;
	int64_t id = machine_make(f, mac);

	assert_int_equal(store_machine_get(f->store, id, &m), 0);
	(void)snprintf(m.serial, sizeof(m.serial), "%s", serial);
	(void)snprintf(m.uuid, sizeof(m.uuid), "%s", uuid);
	assert_int_equal(store_machine_save(f->store, &m), 0);
	return id;
}

static void test_alike(void **state)
{
	struct fixture *f = *state;
	int64_t ids[4];
	size_t count;

	assert_int_equal(store_begin(f->store, false), 0);
	int64_t a = listed(f, "SN-1", UUID_A, "");
	int64_t b = shown(f, MAC, "sn-1", UUID_B);
	int64_t c = shown(f, "52:54:00:12:34:57", "SN-1", "");
	int64_t d = listed(f, "SN-1", "", "");
	assert_int_equal(store_machines_of_serial(f->store, "sn-1", "SN-1", ids, 4, &count), 0);
	assert_int_equal(count, 3);
	assert_true(ids[0] == a && ids[1] == b && ids[2] == d);
	assert_int_equal(store_machines_of_serial(f->store, "SN-1", "SN-1", ids, 2, &count), 0);
	assert_int_equal(count, 2);
	assert_true(ids[0] == a && ids[1] == c);
	assert_int_equal(store_machines_of_uuid(f->store, UUID_A, UUID_B, ids, 4, &count), 0);
	assert_int_equal(count, 2);
	assert_true(ids[0] == a && ids[1] == b);
	assert_int_equal(store_machines_of_serial(f->store, "", "", ids, 4, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(store_machines_of_uuid(f->store, "", "", ids, 4, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(store_commit(f->store), 0);
}

static int count_event(const struct store_event *event, void *context)
{
	int *count = context;

	assert_string_equal(event->text, "made");
	assert_int_equal(event->state, STATE_seen);
	++*count;
	return 0;
}

static void test_made(void **state)
{
	struct fixture *f = *state;
	const struct store_event event = {.at = 7, .step = "x", .text = "made", .numbers = "{}"};
	struct machine m;
	int64_t owner, before = 0;
	int count = 0;

	assert_int_equal(store_begin(f->store, false), 0);
	int64_t first = listed(f, "A", "", MAC " 52:54:00:12:34:57");
	int64_t second = listed(f, "B", "", "");
	assert_int_equal(store_machines_made(f->store, first, &event), 0);
	assert_int_equal(store_machines_made(f->store, first, &event), 0); /* once each */
	assert_int_equal(store_commit(f->store), 0);
	for (int64_t id = first; id <= second; id++) {
		assert_int_equal(store_events(f->store, id, 10, count_event, &count), 0);
		assert_int_equal(store_machine_get(f->store, id, &m), 0);
		assert_true(m.listed && m.changed > before);
		before = m.changed;
	}
	assert_int_equal(count, 2);
	assert_int_equal(store_mac_owner(f->store, "52:54:00:12:34:57", &owner), 0);
	assert_int_equal(owner, first);
	assert_int_equal(store_mac_owner(f->store, "52:54:00:12:34:58", &owner), -ENOENT);
	assert_int_equal(store_machine_get(f->store, first, &m), 0);
	assert_string_equal(m.mac, MAC);
	assert_string_equal(m.name, "PC-A");
}

static void test_scratch(void **state)
{
	struct fixture *f = *state;
	struct inventory_line line;
	struct store *scratch;
	struct error err = {0};
	struct machine m;
	int64_t id = 0;

	assert_int_equal(store_begin(f->store, false), 0);
	int64_t a = listed(f, "A", UUID_A, MAC);
	int64_t b = shown(f, "52:54:00:12:34:57", "B", "");
	assert_int_equal(store_commit(f->store), 0);
	assert_int_equal(store_scratch(f->store, &scratch, &err), 0);
	assert_int_equal(store_begin(scratch, true), 0);
	assert_int_equal(store_machine_make(scratch, &id), 0);
	assert_true(id > a && id > b);
	assert_int_equal(store_machine_get(scratch, a, &m), -ENOENT);
	assert_int_equal(store_scratch_take(scratch, f->store, a, &line), 0);
	assert_string_equal(line.macs, MAC);
	assert_int_equal(store_scratch_take(scratch, f->store, b, &line), 0);
	assert_string_equal(line.macs, "");
	assert_int_equal(store_scratch_take(scratch, f->store, 12345, &line), -ENOENT);
	assert_int_equal(store_machine_by_mac(scratch, MAC, &m), 0);
	assert_true(m.id == a && m.listed);
	assert_string_equal(m.listed_uuid, UUID_A);
	assert_int_equal(store_machine_get(scratch, b, &m), 0);
	assert_string_equal(m.serial, "B");
	assert_int_equal(store_machine_delete(scratch, b), 0);
	assert_int_equal(store_commit(scratch), 0);
	store_close(scratch);
	assert_int_equal(store_machine_get(f->store, b, &m), 0);
}

static void import(struct fixture *f, const char *text, bool dry, size_t added, size_t changed,
        size_t same, size_t conflicts)
{
	const struct actor by = {.name = "anna"};
	const struct inventory_file file = {
	        .store = f->store, .by = &by, .text = text, .len = strlen(text), .dry = dry};
	struct inventory_report report;
	struct error err = {0};

	assert_int_equal(inventory_import(&file, &report, &err), 0);
	assert_int_equal(report.added, added);
	assert_int_equal(report.changed, changed);
	assert_int_equal(report.same, same);
	assert_int_equal(json_array_size(report.conflicts), conflicts);
	inventory_report_free(&report);
}

/* Known by its MAC alone it becomes the line's machine; two lines of one machine contradict. */
static void test_import(void **state)
{
	struct fixture *f = *state;
	static const char first[] = "serial,mac,site\nA," MAC ",Bern\nB,52:54:00:12:34:58,Bern\n"
	                            "b,,Genf\nC,,Bern\n";
	static const char second[] = "serial,site\nA,Genf\nB,Bern\nD,Bern\n";
	struct machine m;

	int64_t nameless = machine_make(f, MAC);
	for (int dry = 1; dry >= 0; dry--)
		import(f, first, dry, 3, 0, 0, 1);
	assert_int_equal(store_machine_by_mac(f->store, MAC, &m), 0);
	assert_int_equal(m.id, nameless);
	assert_string_equal(m.listed_serial, "A");
	for (int dry = 1; dry >= 0; dry--)
		import(f, second, dry, 1, 1, 1, 0);
	import(f, second, false, 0, 0, 3, 0);
}

/* Where its power comes from, under the names others have for it; what a file has no column of
 * stays. */
static void test_rack_and_feed(void **state)
{
	struct fixture *f = *state;
	struct machine m;

	import(f, "serial,mac,Rack Name,PDU\nA," MAC ",R1,F1\n", false, 1, 0, 0, 0);
	assert_int_equal(store_machine_by_mac(f->store, MAC, &m), 0);
	assert_string_equal(m.rack, "R1");
	assert_string_equal(m.feed, "F1");
	import(f, "serial,Schrank\nA,R2\n", false, 0, 1, 0, 0);
	import(f, "serial,site\nA,Bern\n", false, 0, 1, 0, 0);
	assert_int_equal(store_machine_by_mac(f->store, MAC, &m), 0);
	assert_string_equal(m.rack, "R2");
	assert_string_equal(m.feed, "F1");
	import(f, "serial,Cabinet,Power Feed\nA,R2,F1\n", false, 0, 0, 1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_alike, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(test_made, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(test_scratch, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(test_import, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_rack_and_feed, fixture_setup, fixture_teardown),
	};

	/* What a CSV is read into is wiped. */
	if (secrets_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
