/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A management controller that does what a test says, in a time of its own: no thread, no socket,
 * no clock of the host. It stands in for power_kind(), power_clock() and power_pause().
 */
#ifndef TESTS_POWER_FAKE_H
#define TESTS_POWER_FAKE_H

#include "appliance/power/drive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum fake_call {
	FAKE_OPEN,
	FAKE_IDENTIFY,
	FAKE_STATUS,
	FAKE_BOOT_SET,
	FAKE_BOOT_GET,
	FAKE_ON,
	FAKE_OFF,
	FAKE_CYCLE,
	FAKE_INSERT,
	FAKE_EJECT,
	FAKE_CONSOLE,
	FAKE_CALLS
};

#define FAKE_ALWAYS 1000000

struct fake_fault {
	enum reason reason; /* OK: none */
	int times;          /* so many calls fail, then they work */
	bool done_anyway;   /* the answer was lost, the order was not */
};

static struct fake {
	/* What it is. */
	const char *types; /* the kinds that answer: "redfish ipmi" */
	struct power_identity identity;
	enum power_state power;
	struct power_boot boot;
	/* How it behaves. */
	struct fake_fault faults[FAKE_CALLS];
	int64_t call_ms;                              /* each call takes */
	int64_t off_ms, on_ms;                        /* from an order until the status follows */
	int offs_ignored, ons_ignored, boots_dropped; /* taken, and not done */
	bool keeps_persistent, keeps_legacy, status_unknown, cycle_stays_off, cycle_unseen;
	const char *words; /* in the text of every fault */
	/* What was done to it. */
	char trace[8192]; /* "open identify status off ... close" */
	int opened, closed, blind_offs, cycles_taken;
	bool boot_set_while_on;
	struct power_boot started_from; /* at its last start */
	/* Its own. */
	int64_t now, change_at, then_on_at; /* 0: nothing is to come */
	enum power_state change_to;
	bool looked; /* the status was read since OFF was told */
} fake;

static void fake_reset(void)
{
	fake = (struct fake){.types = "redfish",
	        .identity = {.vendor = "Example", .product = "BMC", .uuid = "", .serial = ""},
	        .power = POWER_ON,
	        .call_ms = 50,
	        .off_ms = 3000,
	        .on_ms = 1000,
	        .words = "it says no",
	        .now = 1000000,
	        .looked = true};
}

static void fake_fail(enum fake_call call, enum reason reason, int times)
{
	fake.faults[call] = (struct fake_fault){.reason = reason, .times = times};
}

/* --- time ------------------------------------------------------------------------------------ */

static void fake_start(void)
{
	fake.started_from = fake.boot;
	if (!fake.boot.persistent)
		fake.boot = (struct power_boot){0};
	fake.power = POWER_ON;
}

static void fake_advance(int64_t ms)
{
	fake.now += ms;
	if (fake.change_at && fake.now >= fake.change_at) {
		fake.change_at = 0;
		if (fake.change_to == POWER_ON)
			fake_start();
		else
			fake.power = POWER_OFF;
	}
	if (fake.then_on_at && fake.now >= fake.then_on_at) {
		fake.then_on_at = 0;
		fake_start();
	}
}

int64_t power_clock(void)
{
	return fake.now;
}

void power_pause(int64_t ms)
{
	fake_advance(ms > 0 ? ms : 0);
}

/* --- calls ----------------------------------------------------------------------------------- */

static void fake_note(const char *what)
{
	size_t len = strlen(fake.trace);

	(void)snprintf(fake.trace + len, sizeof(fake.trace) - len, "%s%s", len ? " " : "", what);
}

/* 0, or the failure; *ret_done: whether it is done all the same. A call that would take longer than
 * it may is no answer. */
static int fake_begin(
        enum fake_call call, const char *what, int64_t deadline, bool *ret_done, struct error *err)
{
	struct fake_fault *f = &fake.faults[call];
	enum reason reason = f->times > 0 ? f->reason : REASON_OK;
	int64_t left = deadline > fake.now ? deadline - fake.now : 0;

	fake_note(what);
	*ret_done = reason == REASON_OK || f->done_anyway;
	if (f->times > 0)
		f->times--;
	if (fake.call_ms > left) {
		*ret_done = false;
		reason = REASON_POWER_UNREACHABLE;
	}
	/* No answer takes all the time there is; "later" is said until the end. */
	bool waits = reason == REASON_POWER_UNREACHABLE || reason == REASON_POWER_BUSY;
	fake_advance(waits ? left : fake.call_ms);
	return reason == REASON_OK
	               ? 0
	               : error_set(err, -EIO, reason, "10.9.0.5: %s: %s", what, fake.words);
}

static int fake_open(const char *type, int64_t deadline, void **ret, struct error *err)
{
	char what[32];
	bool done;

	(void)snprintf(what, sizeof(what), "open:%s", type);
	if (!strstr(fake.types, type)) {
		fake_note(what);
		fake_advance(deadline > fake.now ? deadline - fake.now : 0);
		return error_set(err, -ETIMEDOUT, REASON_POWER_UNREACHABLE, "10.9.0.5: silence");
	}
	int r = fake_begin(FAKE_OPEN, what, deadline, &done, err);
	if (r == 0) {
		fake.opened++;
		*ret = &fake;
	}
	return r;
}

static int fake_open_redfish(
        const struct power_target *t, int64_t deadline, void **ret, struct error *err)
{
	(void)t;
	return fake_open("redfish", deadline, ret, err);
}

static int fake_open_ipmi(
        const struct power_target *t, int64_t deadline, void **ret, struct error *err)
{
	(void)t;
	return fake_open("ipmi", deadline, ret, err);
}

static int fake_open_amt(
        const struct power_target *t, int64_t deadline, void **ret, struct error *err)
{
	(void)t;
	return fake_open("amt", deadline, ret, err);
}

static void fake_close(void *bmc, int64_t deadline)
{
	fake_note("close");
	fake.closed += bmc == &fake && deadline > fake.now;
}

static int fake_identify(void *bmc, int64_t deadline, struct power_identity *ret, struct error *err)
{
	bool done;
	int r = fake_begin(FAKE_IDENTIFY, "identify", deadline, &done, err);

	(void)bmc;
	if (r == 0)
		*ret = fake.identity;
	return r;
}

static int fake_status(void *bmc, int64_t deadline, enum power_state *ret, struct error *err)
{
	bool done;
	int r = fake_begin(FAKE_STATUS, "status", deadline, &done, err);

	(void)bmc;
	fake.looked = true; /* or tried to */
	if (r == 0)
		*ret = fake.status_unknown ? POWER_UNKNOWN : fake.power;
	return r;
}

static int fake_boot_set(void *bmc, int64_t deadline, const struct power_boot *b, struct error *err)
{
	static const char *const names[] = {"boot:none", "boot:network", "boot:cd", "boot:other"};
	bool done;
	int r = fake_begin(FAKE_BOOT_SET, names[b->device], deadline, &done, err);

	(void)bmc;
	if (fake.power == POWER_ON && b->device != POWER_DEVICE_NONE)
		fake.boot_set_while_on = true;
	if (!done || fake.boots_dropped-- > 0)
		return r;
	fake.boot = *b;
	fake.boot.persistent = fake.keeps_persistent;
	if (fake.keeps_legacy)
		fake.boot.firmware = POWER_FIRMWARE_LEGACY;
	return r;
}

static int fake_boot_get(void *bmc, int64_t deadline, struct power_boot *ret, struct error *err)
{
	bool done;
	int r = fake_begin(FAKE_BOOT_GET, "readback", deadline, &done, err);

	(void)bmc;
	if (r == 0)
		*ret = fake.boot;
	return r;
}

static void fake_change(enum power_state to, int64_t after)
{
	if (fake.power == to && !fake.change_at)
		return;
	fake.change_to = to;
	fake.change_at = fake.now + after;
}

static void fake_cycle(void)
{
	fake.cycles_taken++;
	if (fake.power == POWER_OFF) {
		fake_change(POWER_ON, fake.on_ms);
	} else if (fake.cycle_unseen) {
		fake_start();
	} else {
		fake_change(POWER_OFF, fake.off_ms);
		fake.then_on_at = fake.cycle_stays_off ? 0 : fake.change_at + 2000;
	}
}

static int fake_control(void *bmc, int64_t deadline, enum power_act act, struct error *err)
{
	static const char *const names[] = {"on", "off", "cycle"};
	static const enum fake_call calls[] = {FAKE_ON, FAKE_OFF, FAKE_CYCLE};
	bool done;
	int r = fake_begin(calls[act], names[act], deadline, &done, err);

	(void)bmc;
	if (act == POWER_ACT_OFF) {
		fake.blind_offs += !fake.looked;
		fake.looked = false;
	}
	if (!done)
		return r;
	if (act == POWER_ACT_ON && fake.ons_ignored-- <= 0)
		fake_change(POWER_ON, fake.on_ms);
	else if (act == POWER_ACT_OFF && fake.offs_ignored-- <= 0)
		fake_change(POWER_OFF, fake.off_ms);
	else if (act == POWER_ACT_CYCLE)
		fake_cycle();
	return r;
}

static int fake_insert(void *bmc, int64_t deadline, const char *url, struct error *err)
{
	bool done;

	(void)bmc;
	return fake_begin(FAKE_INSERT, url[0] ? "insert" : "insert nothing", deadline, &done, err);
}

static int fake_eject(void *bmc, int64_t deadline, struct error *err)
{
	bool done;

	(void)bmc;
	return fake_begin(FAKE_EJECT, "eject", deadline, &done, err);
}

static int fake_console(
        const struct power_target *t, int64_t deadline, struct power_screen *ret, struct error *err)
{
	bool done;
	int r = fake_begin(FAKE_CONSOLE, "console", deadline, &done, err);

	(void)t;
	if (r == 0) {
		(void)snprintf(ret->rows[23], POWER_SCREEN_ROW, "login: %s", fake.words);
		ret->seen = 1785672000000;
	}
	return r;
}

#define FAKE_OPS                                                               \
	.close = fake_close, .identify = fake_identify, .status = fake_status, \
	.boot_set = fake_boot_set, .boot_get = fake_boot_get, .control = fake_control

static const struct power_ops fake_kinds[] = {
        {.type = "redfish",
                .open = fake_open_redfish,
                FAKE_OPS,
                .insert = fake_insert,
                .eject = fake_eject},
        {.type = "ipmi", .open = fake_open_ipmi, FAKE_OPS, .console = fake_console},
        {.type = "amt", .open = fake_open_amt, FAKE_OPS},
};

const struct power_ops *power_kind(const char *type)
{
	for (size_t i = 0; i < sizeof(fake_kinds) / sizeof(fake_kinds[0]); i++)
		if (strcmp(fake_kinds[i].type, type) == 0)
			return &fake_kinds[i];
	return NULL;
}

/* The calls that change something, in their order: "off boot:network on". */
static const char *fake_changes(void)
{
	static char out[sizeof(fake.trace)];
	char copy[sizeof(fake.trace)], *save = NULL;

	out[0] = 0;
	(void)snprintf(copy, sizeof(copy), "%s", fake.trace);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		size_t len = strlen(out);
		if (strncmp(word, "open", 4) == 0 || strcmp(word, "identify") == 0 ||
		        strcmp(word, "status") == 0 || strcmp(word, "readback") == 0 ||
		        strcmp(word, "close") == 0)
			continue;
		(void)snprintf(out + len, sizeof(out) - len, "%s%s", len ? " " : "", word);
	}
	return out;
}

#endif
