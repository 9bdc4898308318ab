/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every topic of the store besides machines and their sessions: each function, on both databases.
 */
#include "appliance/store/actions.h"
#include "appliance/store/appliances.h"
#include "appliance/store/campaigns.h"
#include "appliance/store/hooks.h"
#include "appliance/store/learnt.h"
#include "appliance/store/leases.h"
#include "tests/unit/store_fixture.h"

#include <errno.h>
#include <fcntl.h>

static int64_t event_make(
        struct fixture *f, int64_t machine, enum machine_state state, const char *step, int64_t at)
{
	struct store_event event = {.at = at, .attempt = 1, .state = state, .text = "text"};
	int64_t seq = 0;

	(void)snprintf(event.step, sizeof(event.step), "%s", step);
	assert_int_equal(store_event_add(f->store, machine, 0, 0, &event, &seq), 0);
	return seq;
}

static int count_each(const void *row, void *context)
{
	int *count = context;

	(void)row;
	(*count)++;
	return 0;
}

static int action_each(const struct store_action *a, void *context)
{
	char *verbs = context;

	(void)snprintf(verbs + strlen(verbs), 64 - strlen(verbs), "%s ", a->verb);
	return 0;
}

static void test_actions(void **state)
{
	struct fixture *f = *state;
	struct store_action action = {.at = 5,
	        .actor = {.name = "anna", .role = "admin", .via = "page", .ip = "10.0.0.1"},
	        .kind = "machine",
	        .object = "PC01",
	        .text = "why"};
	static const char *const verbs[] = {"hold", "release", "discard"};
	char all[64] = "", two[64] = "";

	assert_int_equal(store_begin(f->store, true), 0);
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(action.verb, sizeof(action.verb), "%s", verbs[i]);
		assert_int_equal(store_action_add(f->store, &action), 0);
	}
	assert_int_equal(store_commit(f->store), 0);
	assert_int_equal(store_actions(f->store, 0, 0, action_each, all), 0);
	assert_string_equal(all, "discard release hold ");
	assert_int_equal(store_actions(f->store, 3, 1, action_each, two), 0);
	assert_string_equal(two, "release ");
}

static int model_each(const char *model, enum machine_loader loader, void *context)
{
	char *all = context;

	(void)snprintf(all + strlen(all), 300 - strlen(all), "%s=%d ", model, (int)loader);
	return 0;
}

/* A person's word for a model; and what the fleet keeps of a machine's tries. */
static void test_models(void **state)
{
	struct fixture *f = *state;
	struct store *s = f->store;
	struct machine m;
	int64_t id, revision, later, count;
	char all[300] = "";

	assert_int_equal(store_models_revision(s, &revision), 0);
	assert_true(revision == 0);
	assert_int_equal(store_model_set(s, "LENOVO 20Ü1", MACHINE_LOADER_SHIM), 0);
	assert_int_equal(store_model_set(s, "Dell Inc. OptiPlex", MACHINE_LOADER_IPXE), 0);
	assert_int_equal(store_model_set(s, "Noname", MACHINE_LOADER_SHIM), 0);
	assert_int_equal(store_models_revision(s, &revision), 0);
	assert_int_equal(store_model_set(s, "Noname", MACHINE_LOADER_AUTO), 0);
	assert_int_equal(store_models_revision(s, &later), 0);
	assert_true(later > revision);
	assert_int_equal(store_models(s, model_each, all), 0);
	assert_string_equal(all, "Dell Inc. OptiPlex=1 LENOVO 20Ü1=2 ");

	assert_int_equal(store_machine_add(s, "52:54:00:00:00:61", &id), 0);
	assert_int_equal(store_machine_get(s, id, &m), 0);
	assert_int_equal(m.model_loader, MACHINE_LOADER_AUTO);
	(void)snprintf(m.manufacturer, sizeof(m.manufacturer), "LENOVO");
	(void)snprintf(m.product, sizeof(m.product), "20Ü1");
	m.flipped = MACHINE_LOADER_SHIM;
	m.given = MACHINE_LOADER_IPXE;
	m.flips = 3;
	m.asked = 4000000000000;
	m.started = 5000000000000;
	assert_int_equal(store_machine_save(s, &m), 0);
	m = (struct machine){0};
	assert_int_equal(store_machine_get(s, id, &m), 0);
	assert_int_equal(m.model_loader, MACHINE_LOADER_SHIM);
	assert_int_equal(m.loader, MACHINE_LOADER_AUTO);
	assert_int_equal(m.flipped, MACHINE_LOADER_SHIM);
	assert_int_equal(m.given, MACHINE_LOADER_IPXE);
	assert_int_equal(m.flips, 3);
	assert_true(m.asked == 4000000000000 && m.started == 5000000000000);
	assert_int_equal(store_model_count(s, "LENOVO 20Ü1", &count), 0);
	assert_true(count == 1);
	assert_int_equal(store_model_count(s, "LENOVO", &count), 0);
	assert_true(count == 0);
}

static void test_leases(void **state)
{
	struct fixture *f = *state;
	struct store_lease a = {.name = "waves", .who = "a"}, b = {.name = "waves", .who = "b"};
	struct store_lease other = {.name = "other", .who = "b"};

	assert_int_equal(store_lease_take(f->store, &a, 1000, 500), 0);
	assert_int_equal(store_lease_take(f->store, &b, 1400, 500), -EBUSY);
	assert_int_equal(store_lease_take(f->store, &a, 1400, 500), 0);
	assert_int_equal(store_lease_take(f->store, &b, 1600, 500), -EBUSY);
	assert_int_equal(store_lease_take(f->store, &b, 1900, 500), 0);
	assert_int_equal(store_lease_drop(f->store, &a), 0);
	assert_int_equal(store_lease_take(f->store, &a, 2000, 500), -EBUSY);
	assert_int_equal(store_lease_drop(f->store, &b), 0);
	assert_int_equal(store_lease_take(f->store, &a, 2000, 500), 0);
	assert_int_equal(store_lease_take(f->store, &other, 2000, 500), 0);
}

/* A copied host: the same id, and of a copied snapshot even all that was remembered. At no time do
 * both have it, whoever asks when. */
static void test_lease_of_copies(void **state)
{
	struct fixture *f = *state;
	struct store_lease one = {.name = "waves", .who = "same"}, two = one;
	struct store_lease stranger = {.name = "waves", .who = "sam"};
	int times = 0;

	assert_int_equal(store_lease_take(f->store, &one, 1000, 500), 0);
	/* One that starts takes over: its predecessor is dead, or finds out. */
	assert_int_equal(store_lease_take(f->store, &two, 1001, 500), 0);
	assert_int_equal(store_lease_take(f->store, &one, 1002, 500), -EBUSY);
	assert_int_equal(store_lease_drop(f->store, &one), 0);
	assert_int_equal(store_lease_take(f->store, &two, 1003, 500), 0);
	/* Not from somebody else, though his id begins alike. */
	assert_int_equal(store_lease_take(f->store, &stranger, 1004, 500), -EBUSY);
	one = two;
	for (int64_t now = 1100; now < 9000; now += 70) {
		struct store_lease *first = now % 3 ? &one : &two;
		struct store_lease *second = now % 3 ? &two : &one;
		bool has = store_lease_take(f->store, first, now, 500) == 0;
		assert_int_equal(store_lease_take(f->store, second, now, 500), has ? -EBUSY : 0);
		times += has;
	}
	assert_true(times > 0);
}

static int row_each(const struct store_appliance_row *row, void *context)
{
	return count_each(row, context);
}

/* True: somebody else wrote this row meanwhile. */
static bool beaten(struct fixture *f, const struct store_appliance_row *row, char beat[BEAT_TEXT])
{
	char name[PLACE_TEXT], address[PLACE_TEXT];
	bool other = true;

	assert_int_equal(store_appliance_beat(f->store, row, beat, &other, name, address), 0);
	if (other)
		assert_string_equal(name, "copy");
	return other;
}

/* Both sides notice; a restart, which remembers nothing, is no twin. */
static void test_twins(void **state)
{
	struct fixture *f = *state;
	struct store_appliance_row row = {.id = "1", .name = "copy", .seen = 10};
	char one[BEAT_TEXT] = "", two[BEAT_TEXT] = "";

	assert_false(beaten(f, &row, one));
	assert_false(beaten(f, &row, one));
	assert_false(beaten(f, &row, two));
	for (int i = 0; i < 3; i++) {
		assert_true(beaten(f, &row, one));
		assert_true(beaten(f, &row, two));
	}
	assert_false(beaten(f, &row, two));
}

static void test_appliances(void **state)
{
	char one[BEAT_TEXT] = "", two[BEAT_TEXT] = "";
	struct fixture *f = *state;
	struct store_appliance_row row = {.id = "1", .name = "n", .started = 1, .seen = 10};
	int64_t recent = -1;
	int count = 0;

	assert_false(beaten(f, &row, one));
	row.seen = 20;
	assert_false(beaten(f, &row, one));
	(void)snprintf(row.id, sizeof(row.id), "2");
	row.seen = 5;
	assert_false(beaten(f, &row, two));
	assert_int_equal(store_appliance_rows(f->store, row_each, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(store_appliances_since(f->store, 15, &recent), 0);
	assert_int_equal(recent, 1);
}

static void test_learnt(void **state)
{
	struct fixture *f = *state;
	struct learnt learnt[LEARNT_STEPS];
	const struct learnt some = {.samples = 3, .median = 5000, .at = 9};
	static int64_t durations[LEARNT_SAMPLES_MAX];
	size_t count;

	assert_int_equal(store_learnt(f->store, learnt), 0);
	assert_int_equal(learnt[LEARNT_RETURN].samples, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_begin(f->store, false), 0);
		assert_int_equal(store_learnt_set(f->store, LEARNT_RETURN, &some), 0);
		assert_int_equal(store_commit(f->store), 0);
	}
	assert_int_equal(store_learnt(f->store, learnt), 0);
	assert_int_equal(learnt[LEARNT_RETURN].median, 5000);
	for (int i = 0; i < LEARNT_PARTS; i++) {
		count = 77;
		assert_int_equal(
		        store_durations(f->store, (enum learnt_step)i, durations, &count), 0);
		assert_int_equal(count, 0);
	}
}

static int hook_each(const struct store_hook *hook, void *context)
{
	return count_each(hook, context);
}

static int change_each(const struct store_change *change, void *context)
{
	char *text = context;

	(void)snprintf(text + strlen(text), 128 - strlen(text), "%s>%s ", change->previous,
	        machine_state_name(change->state));
	return 0;
}

static int campaign_change_each(const struct store_campaign_change *change, void *context)
{
	return count_each(change, context);
}

static void test_hooks(void **state)
{
	struct fixture *f = *state;
	int64_t machine = machine_make(f, MAC), seen = 0;
	struct store_hook hook, again;
	char text[128] = "";
	int count = 0;

	(void)event_make(f, machine, STATE_seen, "pxe", 1);
	assert_int_equal(store_hook_open(f->store, "chat", &hook), 0);
	assert_int_equal(hook.cursor, 1);
	(void)event_make(f, machine, STATE_booting, "boot", 2);
	(void)event_make(f, machine, STATE_booting, "initrd", 3);
	int64_t last = event_make(f, machine, STATE_running, "session", 4);
	assert_int_equal(store_changes(f->store, hook.cursor, 100, &seen, change_each, text), 0);
	assert_int_equal(seen, last);
	assert_string_equal(text, "seen>booting booting>running ");
	hook.cursor = seen;
	hook.delivered = 2;
	hook.failures = 1;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_begin(f->store, false), 0);
		assert_int_equal(store_hook_save(f->store, &hook), 0);
		assert_int_equal(store_commit(f->store), 0);
		hook.cursor = 1;
	}
	assert_int_equal(store_hook_open(f->store, "chat", &again), 0);
	assert_int_equal(again.cursor, last);
	assert_int_equal(again.delivered, 4);
	assert_int_equal(store_hooks(f->store, hook_each, &count), 0);
	assert_int_equal(count, 1);
	count = 0;
	assert_int_equal(store_campaign_changes(f->store, 0, campaign_change_each, &count), 0);
	assert_int_equal(count, 0);
}

/* What it is given back, part by part. */
static void test_bundle_parts(void **state)
{
	struct fixture *f = *state;
	struct store_bundle bundle = {.size = (1 << 20) + 7, .sha256 = "ab"};
	char path[96];
	static uint8_t data[(1 << 20) + 7], back[(1 << 20) + 8];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 131 >> 4);
	(void)snprintf(path, sizeof(path), "%s/bundle", f->dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, data, sizeof(data)), sizeof(data));
	assert_int_equal(store_bundle_part(f->store, bundle.sha256, 0, fd), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_begin(f->store, true), 0);
		assert_int_equal(store_bundle_put(f->store, bundle.sha256, fd), 0);
		assert_int_equal(store_commit(f->store), 0);
	}
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(store_bundle_part(f->store, bundle.sha256, 0, fd), 1 << 20);
	assert_int_equal(store_bundle_part(f->store, bundle.sha256, 1, fd), 7);
	assert_int_equal(store_bundle_part(f->store, bundle.sha256, 2, fd), 0);
	assert_int_equal(pread(fd, back, sizeof(back), 0), sizeof(data));
	assert_memory_equal(back, data, sizeof(data));
	int closed = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(store_bundle_part(f->store, bundle.sha256, 0, closed), -EBADF);
	(void)close(closed);
	(void)close(fd);
	(void)unlink(path);
}

/* What fails in a transaction takes all of it along, on either database. */
static void test_a_failed_statement_loses_the_transaction(void **state)
{
	struct fixture *f = *state;
	struct machine m;
	int64_t machine = machine_make(f, MAC), other;

	assert_int_equal(store_token_add(f->store, TOKEN, machine, "10.0.0.9", "", 1), 0);
	assert_int_equal(store_begin(f->store, true), 0);
	assert_int_equal(store_begin(f->store, true), -EALREADY);
	assert_int_equal(store_machine_add(f->store, "52:54:00:00:00:02", &other), 0);
	assert_int_equal(store_token_add(f->store, TOKEN, machine, "10.0.0.9", "", 1), -EEXIST);
	assert_true(store_machine_get(f->store, other, &m) < 0);
	assert_true(store_commit(f->store) < 0);
	assert_int_equal(store_machine_by_mac(f->store, "52:54:00:00:00:02", &m), -ENOENT);
	assert_int_equal(store_machine_get(f->store, machine, &m), 0);
}

static int mac_each(const char *mac, const struct machine *m, void *context)
{
	char *text = context;

	assert_true(m->id > 0);
	(void)snprintf(text + strlen(text), 64 - strlen(text), "%s ", mac + 15);
	return 0;
}

static void test_macs(void **state)
{
	struct fixture *f = *state;
	int64_t a = machine_make(f, "52:54:00:00:00:0a"), b = machine_make(f, "52:54:00:00:00:0b");
	char all[64] = "", one[64] = "", changed[64] = "";
	int64_t first = event_make(f, b, STATE_seen, "pxe", 1);
	(void)event_make(f, a, STATE_seen, "pxe", 1);
	assert_int_equal(store_macs(f->store, 0, mac_each, all), 0);
	assert_int_equal(strlen(all), 6);
	assert_int_equal(store_macs(f->store, b, mac_each, one), 0);
	assert_string_equal(one, "0b ");
	assert_int_equal(store_macs_changed(f->store, 0, mac_each, changed), 0);
	assert_string_equal(changed, "0b 0a ");
	changed[0] = 0;
	assert_int_equal(store_macs_changed(f->store, first, mac_each, changed), 0);
	assert_string_equal(changed, "0a ");
	assert_int_equal(store_token_add(f->store, TOKEN, a, "10.0.0.9", "", 10), 0);
	assert_int_equal(store_token_expire(f->store, 11), 0);
	struct store_token token;
	assert_int_equal(store_token_get(f->store, TOKEN, &token), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        STORE_TEST(test_actions),
	        STORE_TEST(test_models),
	        STORE_TEST(test_leases),
	        STORE_TEST(test_lease_of_copies),
	        STORE_TEST(test_twins),
	        STORE_TEST(test_appliances),
	        STORE_TEST(test_learnt),
	        STORE_TEST(test_hooks),
	        STORE_TEST(test_bundle_parts),
	        STORE_TEST(test_a_failed_statement_loses_the_transaction),
	        STORE_TEST(test_macs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
