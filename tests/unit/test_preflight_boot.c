/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What preflight says of a test boot, and the addresses it uses. */
#include "appliance/preflight/judge.h"
#include "appliance/preflight/trial_private.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct bench {
	struct facts facts;
	struct findings found;
};

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	config_defaults(&b->facts.config);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

static size_t problems(struct bench *b)
{
	b->found = (struct findings){0};
	judge_trial(&b->facts, &b->found);
	assert_true(b->found.count > 0);
	return b->found.problems;
}

static struct trial_machine *add_trial(struct bench *b, const char *name, enum trial_stage stage)
{
	struct trial_facts *t = &b->facts.trial;
	struct trial_machine *m = &t->machines[t->count++];

	t->wanted = t->tried = true;
	*m = (struct trial_machine){.stage = stage, .seconds = 61};
	(void)snprintf(m->name, sizeof(m->name), "%s", name);
	return m;
}

static void said_only_when_asked_for(void **state)
{
	struct bench *b = *state;

	judge_trial(&b->facts, &b->found);
	assert_int_equal(b->found.count, 0);
	add_trial(b, "BIOS", TRIAL_REPORTED);
	add_trial(b, "UEFI", TRIAL_REPORTED);
	assert_int_equal(problems(b), 0);
	assert_int_equal(b->found.count, 2);
	assert_string_equal(b->found.list[1].what,
	        "UEFI: from power on to the fixer's report in 61 s, emulated");
}

/* Each place a machine can stop at is another fix, and what was heard and seen last is told. */
static void machine_that_stops(void **state)
{
	struct bench *b = *state;
	static const struct {
		enum trial_stage stage;
		const char *what, *fix;
	} rows[] = {
	        {TRIAL_SILENT, "its firmware got no answer", "look at the boot programs"},
	        {TRIAL_ASKED, "never asked what to start", "[boot] uefi"},
	        {TRIAL_SCRIPT, "its fixer never called", "of the same version"},
	        {TRIAL_FIXER, "never told a result", "--boot-seconds"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		b->facts.trial.count = 0;
		struct trial_machine *m = add_trial(b, "BIOS", rows[i].stage);
		(void)snprintf(m->last, sizeof(m->last), "pxe: \033[31mbios");
		(void)snprintf(m->screen, sizeof(m->screen), "grub>");
		assert_int_equal(problems(b), 1);
		assert_non_null(strstr(b->found.list[0].what, rows[i].what));
		assert_non_null(strstr(b->found.list[0].fix, rows[i].fix));
		assert_non_null(strstr(b->found.list[0].fix, "its screen says: grub>"));
		assert_null(strchr(b->found.list[0].fix, '\033'));
	}
}

static void not_tried(void **state)
{
	struct bench *b = *state;
	struct trial_facts *t = &b->facts.trial;

	t->wanted = true;
	(void)snprintf(t->why, sizeof(t->why), "there is no QEMU on this host");
	(void)snprintf(t->fix, sizeof(t->fix), "apt-get install");
	assert_int_equal(problems(b), 0);
	assert_int_equal(b->found.list[0].level, FINDING_NOTE);
	assert_string_equal(b->found.list[0].fix, "apt-get install");
	t->broken = true;
	assert_int_equal(problems(b), 1);
	*t = (struct trial_facts){.uefi_missing = true};
	add_trial(b, "BIOS", TRIAL_REPORTED);
	assert_int_equal(problems(b), 0);
	assert_non_null(strstr(b->found.list[1].what, "UEFI not tried"));
}

/* The DHCP server of the test has addresses of our network that are neither ours nor reserved. */
static void addresses(void **state)
{
	struct bench *b = *state;
	struct config *c = &b->facts.config;
	char site[16], range[40];

	for (c->prefix = 8; c->prefix <= 27; c->prefix++) {
		for (uint32_t host = 1; host < 31; host++) {
			uint32_t mask = ~0u << (32 - c->prefix);
			uint32_t network = 0x0a090000u & mask;
			struct in_addr a = {htonl(network + host)}, at;
			char first[16];
			(void)inet_ntop(AF_INET, &a, c->address, sizeof(c->address));
			assert_true(trial_addresses(c, site, range));
			assert_int_equal(inet_pton(AF_INET, site, &at), 1);
			uint32_t begin = ntohl(at.s_addr);
			(void)snprintf(
			        first, sizeof(first), "%.*s", (int)strcspn(range, ","), range);
			assert_int_equal(inet_pton(AF_INET, first, &at), 1);
			assert_true(ntohl(at.s_addr) > begin);
			assert_int_equal(inet_pton(AF_INET, strchr(range, ',') + 1, &at), 1);
			uint32_t end = ntohl(at.s_addr);
			assert_int_equal(begin & mask, network);
			assert_int_equal(end & mask, network);
			assert_true(begin > network && end < (network | ~mask) && end > begin + 8);
			assert_true(network + host < begin || network + host > end);
		}
	}
	c->prefix = 28;
	assert_false(trial_addresses(c, site, range));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(said_only_when_asked_for),
	        TEST(machine_that_stops),
	        TEST(not_tried),
	        TEST(addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
