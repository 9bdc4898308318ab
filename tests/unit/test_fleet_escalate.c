/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine that vanishes after one boot program gets the other one; a person's word goes before.
 */
#include "appliance/fleet/identify.h"
#include "appliance/fleet/loader.h"
#include "tests/unit/fleet_fixture.h"

static int setup_two(void **state)
{
	int r = setup(state);
	struct fixture *f = *state;

	f->fleet.first_loader = MACHINE_LOADER_IPXE;
	return r;
}

/* Ends in a folder without files: a loader of its own is in a file's name. */
static int teardown_two(void **state)
{
	struct fixture *f = *state;
	bool changed;

	f->fleet.scope_all = false;
	struct machine m = get(f);
	assert_int_equal(fleet_decide(f->fleet.store, &tester, DEED_REMOVE, m.id, "", NULL), 0);
	assert_int_equal(fleet_decide(f->fleet.store, &tester, DEED_HOLD, m.id, "", NULL), 0);
	assert_int_equal(fleet_answer_list(&f->fleet, &changed), 0);
	return teardown(state);
}

static bool has_file(struct fixture *f, const char *ending)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/52-54-00-12-34-56%s", f->dir, ending);
	return access(path, F_OK) == 0;
}

/* dnsmasq answers its firmware; true: dnsmasq has to be told of another list. */
static bool asks(struct fixture *f, enum fleet_asker asker)
{
	bool changed = false;

	assert_int_equal(fleet_answered(&f->fleet, MAC, asker, &changed), 0);
	return changed;
}

/* A try a minute and more after the last one. */
static bool tries(struct fixture *f)
{
	now += FLEET_TRY_MS + 1;
	return asks(f, FLEET_ASKER_CHOICE);
}

static void next_is(struct fixture *f, enum machine_loader loader)
{
	struct machine m = get(f);
	bool changed;

	assert_int_equal(loader_effective(f->fleet.first_loader, &m), loader);
	assert_int_equal(fleet_answer_list(&f->fleet, &changed), 0);
	assert_true(has_file(f, loader_wanted(&m) == MACHINE_LOADER_SHIM   ? ".shim"
	                        : loader_wanted(&m) == MACHINE_LOADER_IPXE ? ".ipxe"
	                                                                   : ""));
}

struct last {
	char text[NM_MAX_EVENT_TEXT + 1], step[33];
	int loader_events;
};

static int last_take(const struct store_event *e, void *context)
{
	struct last *last = context;

	if (strcmp(e->step, "loader") == 0) {
		last->loader_events++;
		(void)snprintf(last->text, sizeof(last->text), "%s", e->text);
	}
	return 0;
}

static struct last told(struct fixture *f)
{
	struct last last = {.text = ""};

	assert_int_equal(store_events(f->fleet.store, get(f).id, 1000, last_take, &last), 0);
	return last;
}

static void the_other_one_and_back(void **state)
{
	struct fixture *f = *state;

	(void)add(f);
	assert_false(tries(f));
	next_is(f, MACHINE_LOADER_IPXE);
	assert_true(tries(f));
	next_is(f, MACHINE_LOADER_SHIM);
	assert_string_equal(told(f).text, "came back to PXE without starting what it was given "
	                                  "(iPXE): it gets shim next");
	assert_int_equal(get(f).flips, 1);
	/* The answer to the second try was made before: shim's first is the third. */
	assert_false(tries(f));
	next_is(f, MACHINE_LOADER_SHIM);
	expect(f, STATE_seen, REASON_OK);
	assert_true(tries(f));
	next_is(f, MACHINE_LOADER_IPXE);
	expect(f, STATE_attention, REASON_LOADER_FAILED);
	assert_string_equal(get(f).text, "came back to PXE without starting shim either: it stays "
	                                 "with iPXE");
	assert_int_equal(told(f).loader_events, 2);
	/* Bounded: it stays with the first, and nothing more is said. */
	for (int i = 0; i < 5; i++)
		assert_false(tries(f));
	next_is(f, MACHINE_LOADER_IPXE);
	assert_int_equal(told(f).loader_events, 2);
	expect(f, STATE_attention, REASON_LOADER_FAILED);
	/* A person lets it try again. */
	assert_int_equal(decide(f, DEED_RETRY, get(f).id), 0);
	assert_int_equal(get(f).flips, 0);
	assert_false(tries(f));
	assert_true(tries(f));
	next_is(f, MACHINE_LOADER_SHIM);
}

/* Firmware repeats its question; that is one try, however often, and never begins another early. */
static void one_try(void **state)
{
	struct fixture *f = *state;

	(void)add(f);
	assert_false(tries(f));
	for (int i = 0; i < 6; i++) {
		now += FLEET_TRY_MS / 6;
		assert_false(asks(f, FLEET_ASKER_CHOICE));
	}
	next_is(f, MACHINE_LOADER_IPXE);
	/* A firmware that comes round every few seconds is no endless try. */
	now += 1;
	assert_true(asks(f, FLEET_ASKER_CHOICE));
	/* Nor does a clock that was set back tell of one. */
	assert_false(tries(f));
	now -= 10 * MINUTE;
	assert_false(asks(f, FLEET_ASKER_CHOICE));
	next_is(f, MACHINE_LOADER_SHIM);
}

/* What firmware there is one program for says nothing, nor does one that is not answered. */
static void who_has_no_choice(void **state)
{
	struct fixture *f = *state;
	int64_t id = add(f);

	for (int i = 0; i < 4; i++) {
		now += FLEET_TRY_MS + 1;
		assert_false(asks(f, FLEET_ASKER_ONE));
	}
	f->fleet.first_loader = MACHINE_LOADER_AUTO; /* only iPXE is installed */
	for (int i = 0; i < 4; i++)
		assert_false(tries(f));
	f->fleet.first_loader = MACHINE_LOADER_IPXE;
	assert_int_equal(decide(f, DEED_HOLD, id), 0);
	for (int i = 0; i < 4; i++)
		assert_false(tries(f));
	assert_int_equal(told(f).loader_events, 0);
	assert_int_equal(get(f).flips, 0);
	assert_int_equal(decide(f, DEED_RELEASE, id), 0);
	next_is(f, MACHINE_LOADER_IPXE);
}

/* Each sign of its boot: iPXE's own question, its script, its session. */
static void what_counts_as_started(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT];
	struct store_session session;

	(void)add(f);
	assert_false(tries(f));
	now += 5 * SECOND;
	assert_false(asks(f, FLEET_ASKER_IPXE));
	assert_false(tries(f));
	now += 5 * SECOND;
	assert_int_equal(boot(f, token), FLEET_REMEDIATE);
	assert_false(tries(f));
	assert_int_equal(open_session(f, token, &session), 0);
	store_session_free(&session);
	assert_false(tries(f));
	assert_int_equal(told(f).loader_events, 0);
	assert_int_equal(get(f).flips, 0);
}

/* What it started is what it gets from then on, and the count begins anew. */
static void what_works_stays(void **state)
{
	struct fixture *f = *state;
	struct fleet_identity shim = {
	        .way = FLEET_WAY_GRUB, .mac = MAC, .ip = "10.0.0.9", .serial = "S1"};
	struct fleet_identity media = {
	        .way = FLEET_WAY_MEDIA, .mac = MAC, .ip = "10.0.0.9", .serial = "S1"};
	enum fleet_decision decision;
	struct machine m;
	char token[TOKEN_TEXT];

	(void)add(f);
	assert_false(tries(f));
	assert_true(tries(f));
	/* A stick is no sign of what PXE gave it. */
	assert_int_equal(fleet_boot(&f->fleet, &media, &decision, &m, token), 0);
	assert_int_equal(get(f).flips, 1);
	assert_false(tries(f));
	assert_int_equal(fleet_boot(&f->fleet, &shim, &decision, &m, token), 0);
	assert_int_equal(get(f).flips, 0);
	now += 2 * MINUTE;
	assert_false(tries(f));
	next_is(f, MACHINE_LOADER_SHIM);
	/* Started slowly, after it seemed not to: that one it keeps. */
	now += 2 * MINUTE;
	assert_true(tries(f));
	next_is(f, MACHINE_LOADER_IPXE);
	assert_int_equal(fleet_boot(&f->fleet, &shim, &decision, &m, token), 0);
	next_is(f, MACHINE_LOADER_SHIM);
}

static void a_persons_word(void **state)
{
	struct fixture *f = *state;
	struct store *s = f->fleet.store;
	struct fleet_identity identity = {.mac = MAC,
	        .ip = "10.0.0.9",
	        .manufacturer = "Dell Inc.",
	        .product = "OptiPlex 7090"};
	enum fleet_decision decision;
	struct machine m;
	char token[TOKEN_TEXT], model[MODEL_TEXT];
	int64_t known;
	bool changed;
	int64_t id = add(f);

	assert_int_equal(fleet_choose_loader(s, &tester, id, MACHINE_LOADER_SHIM), 0);
	for (int i = 0; i < 4; i++)
		assert_false(tries(f));
	next_is(f, MACHINE_LOADER_SHIM);
	assert_int_equal(told(f).loader_events, 0);
	assert_int_equal(fleet_choose_loader(s, &tester, id, MACHINE_LOADER_AUTO), 0);
	next_is(f, MACHINE_LOADER_IPXE);
	/* Of a model nobody has shown yet, then of one this machine turns out to be. */
	assert_int_equal(fleet_choose_model_loader(s, &tester, " Dell Inc. OptiPlex 7090 ",
	                         MACHINE_LOADER_SHIM, &known),
	        0);
	assert_int_equal(known, 0);
	assert_int_equal(fleet_boot(&f->fleet, &identity, &decision, &m, token), 0);
	m = get(f);
	machine_model(&m, model);
	assert_string_equal(model, "Dell Inc. OptiPlex 7090");
	assert_int_equal(m.model_loader, MACHINE_LOADER_SHIM);
	next_is(f, MACHINE_LOADER_SHIM);
	now += 5 * MINUTE;
	for (int i = 0; i < 4; i++)
		assert_false(tries(f));
	assert_int_equal(told(f).loader_events, 0);
	/* The machine's own goes before its model's; of the model it is told without a look at all.
	 */
	assert_int_equal(fleet_choose_loader(s, &tester, id, MACHINE_LOADER_IPXE), 0);
	next_is(f, MACHINE_LOADER_IPXE);
	assert_int_equal(fleet_choose_loader(s, &tester, id, MACHINE_LOADER_AUTO), 0);
	next_is(f, MACHINE_LOADER_SHIM);
	assert_int_equal(fleet_choose_model_loader(s, &tester, "Dell Inc. OptiPlex 7090",
	                         MACHINE_LOADER_AUTO, &known),
	        0);
	assert_int_equal(known, 1);
	assert_int_equal(fleet_answer_changed(&f->fleet, &changed), 0);
	assert_true(changed);
	assert_true(has_file(f, "") && !has_file(f, ".shim"));
	assert_int_equal(
	        fleet_choose_model_loader(s, &tester, "  ", MACHINE_LOADER_IPXE, &known), -EINVAL);
}

/* A person's word ends what the tries before it have led to. */
static void a_person_ends_it(void **state)
{
	struct fixture *f = *state;

	(void)add(f);
	for (int i = 0; i < 4; i++)
		(void)tries(f);
	expect(f, STATE_attention, REASON_LOADER_FAILED);
	assert_int_equal(
	        fleet_choose_loader(f->fleet.store, &tester, get(f).id, MACHINE_LOADER_SHIM), 0);
	expect(f, STATE_seen, REASON_OK);
	assert_int_equal(get(f).flips, 0);
}

/* In scope "all" the list says who is not answered, and who gets the other one all the same. */
static void in_scope_all(void **state)
{
	struct fixture *f = *state;

	(void)add(f);
	f->fleet.scope_all = true;
	assert_false(tries(f));
	assert_true(tries(f));
	assert_true(has_file(f, ".shim"));
	assert_false(tries(f));
	assert_true(tries(f));
	assert_false(has_file(f, ".shim") || has_file(f, ".ipxe") || has_file(f, ""));
}

static void merged(void **state)
{
	struct fixture *f = *state;
	int64_t other, id;
	struct machine from, into;

	(void)add(f);
	assert_false(tries(f));
	assert_true(tries(f));
	from = get(f);
	from.loader = MACHINE_LOADER_SHIM;
	assert_int_equal(store_begin(f->fleet.store, false), 0);
	assert_int_equal(store_machine_add(f->fleet.store, "52:54:00:00:00:77", &other), 0);
	assert_int_equal(store_machine_get(f->fleet.store, other, &into), 0);
	assert_int_equal(identify_merge(f->fleet.store, &from, &into, now), 0);
	assert_int_equal(store_commit(f->fleet.store), 0);
	into = get(f);
	id = into.id;
	assert_true(id == other);
	assert_int_equal(into.loader, MACHINE_LOADER_SHIM);
	assert_int_equal(into.flipped, MACHINE_LOADER_SHIM);
	assert_int_equal(into.flips, 1);
	assert_true(into.asked == from.asked);
	assert_int_equal(into.given, MACHINE_LOADER_IPXE);
}

#define TEST_TWO(name) cmocka_unit_test_setup_teardown(name, setup_two, teardown_two)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST_TWO(the_other_one_and_back),
	        TEST_TWO(one_try),
	        TEST_TWO(who_has_no_choice),
	        TEST_TWO(what_counts_as_started),
	        TEST_TWO(what_works_stays),
	        TEST_TWO(a_persons_word),
	        TEST_TWO(a_person_ends_it),
	        TEST_TWO(in_scope_all),
	        TEST_TWO(merged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
