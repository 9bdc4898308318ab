/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/boot/decide.h"
#include "appliance/fleet/campaign/campaign.h"
#include "appliance/fleet/turns.h"
#include "fixer/base/log.h"

#include <sodium.h>
#include <string.h>

#define HOLD_SECONDS     20
#define LOCAL_SECONDS    5 /* a repaired machine on its way to Windows */
#define STRANGER_SECONDS 30

const char *boot_shown_name(const struct machine *m)
{
	return m->name[0] ? m->name : m->serial[0] ? m->serial : m->mac;
}

/* The configuration's, or its campaign's. A store that does not say repairs nothing. */
static bool is_dry_run(struct fleet *f, bool configured, const struct machine *m)
{
	struct store_turn turn;
	enum reason reason;

	return configured || campaign_turn(f->store, m, f->clock(), &reason, &turn) < 0 ||
	       turn.dry_run;
}

static int seconds_of(const struct fleet *f, const struct boot_decision *d)
{
	if (d->before >= 0) {
		int seconds = turns_sleep(f->turns, d->before);
		return seconds + (int)randombytes_uniform((uint32_t)seconds / 2 + 1);
	}
	switch (d->what) {
	case FLEET_HOLD:
		/* Spread out, so that held machines do not all ask at once. */
		return HOLD_SECONDS + (int)randombytes_uniform(HOLD_SECONDS);
	case FLEET_LOCAL:
		return d->machine.done ? LOCAL_SECONDS : STRANGER_SECONDS;
	default:
		return 0;
	}
}

int boot_decide(struct fleet *f, bool dry_run, const struct fleet_identity *identity,
        struct boot_decision *ret)
{
	struct boot_decision d = {0};
	int r = fleet_boot(f, identity, &d.what, &d.machine, d.token);

	if (r < 0) {
		log_error("boot of %s: %s", identity->mac, strerror(-r));
		return r;
	}
	d.before = -1;
	if (d.what == FLEET_HOLD && d.machine.reason == REASON_BOOT_TURN)
		d.before = turns_before(f->turns, d.machine.id);
	d.seconds = seconds_of(f, &d);
	d.dry_run = d.what == FLEET_REMEDIATE && is_dry_run(f, dry_run, &d.machine);
	log_info("boot of %s (machine %lld) from %s: %s", d.machine.mac, (long long)d.machine.id,
	        identity->ip,
	        d.what == FLEET_REMEDIATE ? "remediate" : reason_code(d.machine.reason));
	*ret = d;
	sodium_memzero(&d, sizeof(d));
	return 0;
}
