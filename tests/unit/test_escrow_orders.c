/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Orders and connections of escrow, where somebody else chose what they meet. */
#include "appliance/escrow/cases.h"
#include "appliance/escrow/clock.h"
#include "appliance/escrow/gate_private.h"
#include "appliance/escrow/orders.h"
#include "fixer/base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct place {
	char dir[64];
	struct escrow e;
	struct client *client;
	int fd, other, wake; /* the client's end, the peer's, its eventfd */
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
	int ends[2];

	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/netmend-orders-XXXXXX");
	*state = p;
	p->e.settings.rules = (struct policy_rules){
	        .approval = APPROVAL_PAIRING, .request_minutes = 60, .machine_keys = 1};
	if (secrets_init() < 0 || !mkdtemp(p->dir) || audit_open(p->dir, &p->e.audit, NULL) < 0 ||
	        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	p->fd = ends[0];
	p->other = ends[1];
	p->wake = eventfd(0, EFD_CLOEXEC);
	p->client = client_new(p->fd, 0, p->wake);
	p->e.gate = gate_new(&p->e.settings.rules, p->e.audit);
	p->e.cases = cases_new(&p->e);
	return p->client && p->e.gate && p->e.cases ? 0 : -1;
}

static int teardown(void **state)
{
	struct place *p = *state;

	cases_free(p->e.cases);
	gate_free(p->e.gate);
	audit_close(p->e.audit);
	client_drop(p->client);
	(void)close(p->other);
	(void)close(p->wake);
	int r = nftw(p->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(p);
	return r;
}

/* Asks for the machine; nobody works on it. */
static void ask_for(struct place *p, const struct subject *s)
{
	struct ask *ask = calloc(1, sizeof(*ask));

	atomic_init(&ask->references, 1);
	(void)snprintf(ask->session, sizeof(ask->session), "%032d", (int)s->machine);
	ask->subject = *s;
	assert_true(cases_ask(p->e.cases, p->client, 1, ask));
}

static void trust(struct place *p, const char *which)
{
	struct message m = {.op = MESSAGE_TRUST, .id = 1};

	(void)snprintf(m.which, sizeof(m.which), "%s", which);
	json_t *answer = orders_carry_out(&p->e, &m);
	assert_true(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
}

static enum reason standing(struct place *p, const struct subject *s)
{
	char text[320];

	return anomaly_check(p->e.gate->anomaly, s, clock_wall(), text, sizeof(text));
}

/* A machine gives itself its name: that of an address a person trusts is of no use to it. */
static void test_an_address_is_no_name(void **state)
{
	struct place *p = *state;
	const struct subject thief = {.machine = 5, .name = "10.1.0.7", .ip = "10.1.0.5"};
	const struct guid one = {{1}}, two = {{2}};

	ask_for(p, &thief);
	(void)anomaly_asked(p->e.gate->anomaly, &thief, &one, clock_wall());
	(void)anomaly_asked(p->e.gate->anomaly, &thief, &two, clock_wall());
	assert_int_equal(standing(p, &thief), REASON_MACHINE_SUSPECT);
	trust(p, "10.1.0.7");
	assert_int_equal(standing(p, &thief), REASON_MACHINE_SUSPECT);
	trust(p, "5");
	assert_int_equal(standing(p, &thief), REASON_OK);
}

/* Who asks, goes and comes back again and again leaves no descriptors in his cases. */
static void test_a_closed_connection_is_closed(void **state)
{
	struct place *p = *state;
	const struct subject s = {.machine = 5, .ip = "10.1.0.5"};
	char byte;

	ask_for(p, &s); /* the case holds the connection */
	client_close(p->client);
	assert_int_equal(recv(p->other, &byte, 1, MSG_DONTWAIT), 0);
	assert_int_equal(fcntl(p->fd, F_GETFD), -1);
	assert_int_equal(errno, EBADF);
	client_send(p->client, json_object());
	assert_false(client_waits(p->client));
}

static void order(struct place *p, enum message_op op)
{
	struct message m = {.op = op, .id = 1, .why = "smoke"};

	json_t *answer = orders_carry_out(&p->e, &m);
	assert_true(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
}

static void start_again(struct place *p)
{
	gate_free(p->e.gate);
	p->e.gate = gate_new(&p->e.settings.rules, p->e.audit);
	assert_non_null(p->e.gate);
	assert_int_equal(gate_remember(p->e.gate, p->dir, NULL), 0);
}

/* Whoever makes escrow crash ends no stop. */
static void test_a_stop_outlives_a_restart(void **state)
{
	struct place *p = *state;
	const struct subject s = {.machine = 5, .ip = "10.1.0.5"};
	struct gate_figures figures;

	order(p, MESSAGE_STOP);
	start_again(p);
	assert_int_equal(standing(p, &s), REASON_RELEASES_STOPPED);
	gate_figures(p->e.gate, clock_wall(), &figures);
	assert_string_equal(figures.why, "smoke");
	order(p, MESSAGE_RESUME);
	start_again(p);
	assert_int_equal(standing(p, &s), REASON_OK);
}

/* Between the look at the approval and the release somebody denied it after all; once it is taken,
 * who denies it is told that it is too late. */
static void test_denied_at_the_last_moment(void **state)
{
	struct place *p = *state;
	struct ask ask = {.session = "00112233445566778899aabbccddeeff",
	        .key = {9},
	        .subject = {.machine = 5, .ip = "10.1.0.5"}};
	struct request request, decided;
	int64_t now = clock_wall();
	char text[320];

	p->e.settings.rules.approval_minutes = 15;
	assert_int_equal(gate_approval(p->e.gate, &ask, now, &request), REASON_WAITING_APPROVAL);
	assert_int_equal(
	        gate_decide(p->e.gate, request.id, "anna", true, now, &decided), REASON_OK);
	assert_int_equal(gate_approval(p->e.gate, &ask, now, &request), REASON_OK);
	assert_int_equal(
	        gate_decide(p->e.gate, request.id, "berta", false, now, &decided), REASON_OK);
	assert_int_equal(
	        gate_take(p->e.gate, &ask, now, text, sizeof(text)), REASON_RELEASE_DENIED);

	ask.session[0] = '1';
	assert_int_equal(gate_approval(p->e.gate, &ask, now, &request), REASON_WAITING_APPROVAL);
	assert_int_equal(
	        gate_decide(p->e.gate, request.id, "anna", true, now, &decided), REASON_OK);
	assert_int_equal(gate_take(p->e.gate, &ask, now, text, sizeof(text)), REASON_OK);
	assert_int_equal(gate_decide(p->e.gate, request.id, "berta", false, now, &decided),
	        REASON_REQUEST_GONE);
	gate_give_back(p->e.gate, &ask, now); /* it could not be recorded */
	assert_int_equal(
	        gate_decide(p->e.gate, request.id, "berta", false, now, &decided), REASON_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_an_address_is_no_name, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_a_closed_connection_is_closed, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_a_stop_outlives_a_restart, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_denied_at_the_last_moment, setup, teardown)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
