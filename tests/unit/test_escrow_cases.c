/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cases with a vault, a policy and threads, but no process: what an ask leads to, under which
 * rules. */
#include "appliance/escrow/cases.h"
#include "appliance/escrow/clock.h"
#include "tests/unit/key_helpers.h"

#include <ftw.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define SALT_BYTE 0x21

struct place {
	char dir[64];
	struct escrow e;
	int end; /* what the client hears */
	int wake;
	struct client *client;
	uint8_t sealed[BITLOCKER_BLOB_LEN];
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* A key for the protector of all ones, and the blob it opens. */
static void put_key(struct place *p)
{
	struct secret *key CLEANUP_SECRET = secret_new(16), *stretched CLEANUP_SECRET = NULL;
	const uint8_t salt[BITLOCKER_SALT_LEN] = {SALT_BYTE}, vmk[32] = {0x55};
	struct vault_entry entry = {.key = key, .has_id = true, .host = "", .serial = ""};
	enum vault_added added;

	memset(entry.id.bytes, 0x11, GUID_LEN);
	assert_int_equal(vault_begin(p->e.vault, NULL), 0);
	assert_int_equal(vault_add(p->e.vault, VAULT_IMPORT, &entry, &added, NULL), 0);
	assert_int_equal(vault_commit(p->e.vault, NULL), 0);
	assert_int_equal(bitlocker_stretch(key, salt, &stretched), 0);
	vmk_seal(stretched->data, vmk, 44, p->sealed);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	struct escrow *e = &p->e;
	int fds[2];

	*state = p;
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/netmend-cases-XXXXXX");
	if (secrets_init() < 0 || !mkdtemp(p->dir))
		return -1;
	settings_defaults(&e->settings);
	e->settings.rules.machine_hour = 0;
	if (vault_open(p->dir, &e->settings.vault, &e->vault, NULL) < 0 ||
	        audit_open(p->dir, &e->audit, NULL) < 0 ||
	        socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) < 0)
		return -1;
	p->end = fds[1];
	p->wake = eventfd(0, 0);
	p->client = client_new(fds[0], 0, p->wake);
	e->refusals = refusals_new(e->audit, "default");
	e->entered = entered_new();
	e->stretcher = stretcher_new(1);
	e->cases = cases_new(e);
	put_key(p);
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	struct escrow *e = &p->e;

	cases_free(e->cases);
	stretcher_free(e->stretcher);
	sources_free(e->sources);
	entered_free(e->entered);
	refusals_free(e->refusals);
	gate_free(e->gate);
	audit_close(e->audit);
	vault_close(e->vault);
	client_drop(p->client);
	(void)close(p->end);
	(void)close(p->wake);
	int r = nftw(p->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(p);
	return r;
}

/* The rules are what the test made of them. */
static void begin(struct place *p)
{
	struct escrow *e = &p->e;

	e->gate = gate_new(&e->settings.rules, e->audit);
	e->sources = sources_new(&e->settings, e->vault, e->entered, NULL);
	assert_true(e->gate && e->sources && e->cases);
	assert_int_equal(cases_start(e->cases, 2, 0), 0);
}

/* number: which session, of the machine of that number. */
static struct ask *ask_new(struct place *p, unsigned number)
{
	struct ask *a =
	        calloc(1, sizeof(*a) + sizeof(struct ask_volume) + sizeof(struct ask_protector));

	atomic_init(&a->references, 1);
	(void)snprintf(a->session, sizeof(a->session), "%032x", number);
	memset(a->key, 9, sizeof(a->key));
	a->subject.machine = number;
	(void)snprintf(
	        a->subject.ip, sizeof(a->subject.ip), "10.0.%u.%u", number >> 8, number & 255);
	a->volume_count = a->protector_count = 1;
	a->volumes = (struct ask_volume *)(a + 1);
	a->volumes[0].protector_count = 1;
	a->volumes[0].protectors = (struct ask_protector *)(a->volumes + 1);
	memset(a->volumes[0].protectors[0].id.bytes, 0x11, GUID_LEN);
	a->volumes[0].protectors[0].blob.salt[0] = SALT_BYTE;
	memcpy(a->volumes[0].protectors[0].blob.sealed, p->sealed, sizeof(p->sealed));
	return a;
}

/* The next message within 10 seconds. */
static json_t *hear(struct place *p)
{
	struct pollfd in = {.fd = p->end, .events = POLLIN};
	char text[8192];

	assert_int_equal(poll(&in, 1, 10000), 1);
	ssize_t n = recv(p->end, text, sizeof(text), 0);
	assert_true(n > 0);
	json_t *j = json_loadb(text, (size_t)n, 0, NULL);
	assert_non_null(j);
	return j;
}

static void assert_text(json_t *j, const char *name, const char *value)
{
	assert_string_equal(json_string_value(json_object_get(j, name)), value);
}

static json_t *ask_once(struct place *p, struct ask *a)
{
	assert_true(cases_ask(p->e.cases, p->client, 3, a));
	json_t *j = hear(p);
	assert_int_equal(json_integer_value(json_object_get(j, "id")), 3);
	return j;
}

static void expect(struct place *p, unsigned number, const char *status, const char *reason)
{
	json_t *j = ask_once(p, ask_new(p, number));

	assert_text(j, "status", status);
	assert_text(j, "reason", reason);
	assert_int_equal(json_array_size(json_object_get(j, "volumes")),
	        strcmp(status, "released") == 0 ? 1 : 0);
	json_decref(j);
}

static void test_released_and_the_same_again(void **state)
{
	struct place *p = *state;
	struct gate_figures figures;

	begin(p);
	json_t *first = ask_once(p, ask_new(p, 1)), *again = ask_once(p, ask_new(p, 1));
	assert_text(first, "status", "released");
	assert_true(json_equal(first, again));
	gate_figures(p->e.gate, clock_wall(), &figures);
	assert_int_equal(figures.released, 1);
	json_decref(first);
	json_decref(again);
}

static void test_another_key_for_the_session(void **state)
{
	struct place *p = *state;
	struct ask *thief = ask_new(p, 1);

	begin(p);
	expect(p, 1, "released", "OK");
	thief->key[0]++;
	assert_false(cases_ask(p->e.cases, p->client, 3, thief));
	ask_free(thief);
	expect(p, 1, "released", "OK");
}

static void test_rules(void **state)
{
	struct place *p = *state;
	struct policy_rules *rules = &p->e.settings.rules;

	rules->total = 2;
	rules->subnet_count = 1;
	rules->subnets[0] = (struct policy_subnet){.address = 0x0a000100, .mask = 0xffffff00};
	begin(p);
	expect(p, 1, "pending", "CAMPAIGN_SCOPE"); /* 10.0.0.1 */
	expect(p, 0x101, "released", "OK");
	expect(p, 0x102, "released", "OK");
	expect(p, 0x103, "pending", "CAMPAIGN_TOTAL");
	gate_stop(p->e.gate, "enough", clock_wall());
	expect(p, 0x104, "pending", "RELEASES_STOPPED");
	expect(p, 0x101, "released", "OK"); /* what was given stays given */
}

static void test_a_blob_no_key_opens(void **state)
{
	struct place *p = *state;
	struct ask *a = ask_new(p, 1);

	begin(p);
	a->volumes[0].protectors[0].blob.sealed[40] ^= 1;
	json_t *j = ask_once(p, a);
	assert_text(j, "reason", "KEY_MISMATCH");
	json_decref(j);
}

static void test_approved_then_news_then_released(void **state)
{
	struct place *p = *state;
	struct request request;

	p->e.settings.rules.approval = APPROVAL_PAIRING;
	begin(p);
	json_t *j = ask_once(p, ask_new(p, 1));
	assert_text(j, "reason", "WAITING_APPROVAL");
	const char *id = json_string_value(json_object_get(j, "request"));
	assert_int_equal(strlen(json_string_value(json_object_get(j, "code"))), 6);
	assert_int_equal(
	        gate_decide(p->e.gate, id, "anna", true, clock_wall(), &request), REASON_OK);
	assert_string_equal(request.session, "00000000000000000000000000000001");
	cases_wake(p->e.cases, request.session);
	json_decref(j);
	j = hear(p);
	assert_text(j, "news", "release");
	assert_text(j, "session", request.session);
	json_decref(j);
	expect(p, 1, "released", "OK");
	assert_int_equal(gate_decide(p->e.gate, request.id, "anna", true, clock_wall(), &request),
	        REASON_REQUEST_GONE);
}

/* Nobody works on them: no threads. */
static void test_as_many_as_fit(void **state)
{
	struct place *p = *state;

	for (unsigned i = 1; i <= NM_MAX_CASES; i++)
		assert_true(cases_ask(p->e.cases, p->client, 1, ask_new(p, i)));
	assert_int_equal(cases_undecided(p->e.cases), NM_MAX_CASES);
	json_t *j = ask_once(p, ask_new(p, NM_MAX_CASES + 1));
	assert_text(j, "reason", "WAITING_KEY");
	json_decref(j);
	/* An ask that comes before the first was answered: that one is told its place. */
	assert_true(cases_ask(p->e.cases, p->client, 3, ask_new(p, 2)));
	j = hear(p);
	assert_int_equal(json_integer_value(json_object_get(j, "id")), 1);
	assert_memory_equal(json_string_value(json_object_get(j, "text")), "place 2, ", 9);
	json_decref(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_released_and_the_same_again, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_another_key_for_the_session, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_rules, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_a_blob_no_key_opens, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_approved_then_news_then_released, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_as_many_as_fit, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
