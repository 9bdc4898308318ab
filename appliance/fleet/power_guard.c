/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which machine may be switched, and what would be done. */
#include "appliance/fleet/change.h"
#include "appliance/fleet/power.h"
#include "appliance/fleet/power_note.h"
#include "appliance/store/wire.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const deeds[POWER_WHATS] = {
        [POWER_WHAT_BOOT] = "switched off if it is on, one start from the network, switched on",
        [POWER_WHAT_MEDIA] = "switched off if it is on, one start from the image, switched on",
        [POWER_WHAT_EJECT] = "the image is taken out; its power stays as it is",
        [POWER_WHAT_ON] = "switched on if it is off",
        [POWER_WHAT_OFF] = "switched off, hard",
        [POWER_WHAT_CYCLE] = "switched off, hard, and on again; it starts from its disk",
};

/* Whoever is up loses what he works on. */
static bool interrupts(enum power_what what)
{
	return what != POWER_WHAT_EJECT && what != POWER_WHAT_ON;
}

static bool boots(enum power_what what)
{
	return what == POWER_WHAT_BOOT || what == POWER_WHAT_MEDIA;
}

static int refuse(struct fleet_power_look *l, enum reason reason, const char *text)
{
	l->reason = reason;
	(void)snprintf(l->text, sizeof(l->text), "%s", text);
	l->deed[0] = 0;
	return 0;
}

/* Its Windows asked for an address a moment ago, and has not booted from the network since: one in
 * a crash loop does not come that far. */
static int windows_heard(struct store *s, const struct machine *m, int64_t now, bool *ret)
{
	int64_t windows = 0, boot = 0;
	int r = store_heard_of(s, m->id, &windows, &boot);

	*ret = windows > boot && windows > now - FLEET_POWER_ALIVE_MS;
	return r;
}

/* Its state says so; or its fixer talks all the same, as a person has held it, or let it go, in the
 * middle. A crashed fixer speaks no more. */
static int repair_runs(struct store *s, const struct machine *m, int64_t now, bool *ret)
{
	struct store_session session;

	*ret = change_in_session(m->state);
	if (*ret || m->state == STATE_booting || now - m->last_seen > FLEET_SILENCE_MS)
		return 0;
	int r = store_session_of_machine(s, m->id, &session);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	*ret = !session.finished && !session.replaced;
	store_session_free(&session);
	return 0;
}

/* Its network may have failed, and nothing else. */
static bool may_be_writing(const struct machine *m, int64_t now)
{
	return m->state == STATE_attention &&
	       (m->silent_state == STATE_saving || m->silent_state == STATE_repairing) &&
	       now - m->last_seen < FLEET_POWER_ALIVE_MS;
}

static int look_alive(struct store *s, const struct machine *m, const struct fleet_power *order,
        int64_t now, struct fleet_power_look *l)
{
	bool heard = false, runs = false;

	if (order->what == POWER_WHAT_EJECT) /* nobody loses anything */
		return 0;
	int r = repair_runs(s, m, now, &runs);
	if (r < 0)
		return r;
	if (runs)
		return refuse(l, REASON_POWER_ALIVE,
		        "not touched: its repair is under way, and that is never interrupted; wait "
		        "for its end");
	if (!interrupts(order->what) || order->force)
		return 0;
	/* One that does not get further is BOOT_STALLED soon. */
	if (m->state == STATE_booting)
		return refuse(l, REASON_POWER_ALIVE,
		        "not touched: it has asked for its boot already and loads its repair; "
		        "--force switches it nevertheless");
	if (may_be_writing(m, now))
		return refuse(l, REASON_POWER_ALIVE,
		        "not touched: it fell silent in the middle of its repair and may still be "
		        "writing; after 15 minutes it can be switched, --force does so now");
	if (m->state == STATE_returned)
		return refuse(l, REASON_POWER_ALIVE,
		        "not touched: its Windows is back; --force switches it nevertheless");
	if (m->state == STATE_rebooting && !change_only_looked(m->state, m->reason))
		return refuse(l, REASON_POWER_ALIVE,
		        "not touched: it was repaired and is on its way back to Windows; --force "
		        "switches it nevertheless");
	r = windows_heard(s, m, now, &heard);
	if (r == 0 && heard)
		return refuse(l, REASON_POWER_ALIVE,
		        "not touched: its Windows has asked for an address within the last "
		        "minutes, "
		        "so it runs; --force switches it nevertheless");
	return r;
}

/* A boot that nobody answers ends on the disk: one more restart for nothing. */
static void look_answered(
        const struct machine *m, const struct fleet_power *order, struct fleet_power_look *l)
{
	if (m->held)
		(void)refuse(l, REASON_HELD, "it is held: it would be switched on and wait");
	else if (m->done)
		(void)refuse(l, REASON_NOT_NOW,
		        "it is repaired already and would not be answered: netmend machines add "
		        "takes it in again");
	else if (!order->scope_all && !m->in_scope && !m->campaign)
		(void)refuse(l, REASON_NOT_IN_SCOPE,
		        "it is not in scope and would not be answered: netmend machines add, or a "
		        "campaign");
	else if (m->campaign && !m->open && !order->campaign)
		(void)refuse(l, REASON_NOT_NOW,
		        "its campaign has not come to it yet and would not answer it");
}

static int look_open(struct store *s, const struct machine *m, struct fleet_power_look *l)
{
	struct store_power last;
	int r = store_power_of_machine(s, m->id, &last);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	bool open = power_is_open(last.state) && !power_gives_way(&last);
	char text[160];
	(void)snprintf(text, sizeof(text),
	        "an order (%s) of %.60s is under way: netmend power stop",
	        power_what_name(last.what), last.by);
	store_power_free(&last);
	return open ? refuse(l, REASON_NOT_NOW, text) : 0;
}

/* Of a type that is still to be found out it may. */
static bool may_have_media(const char *type)
{
	return strcmp(type, "ipmi") != 0 && strcmp(type, "amt") != 0;
}

static int look(struct store *s, const struct machine *m, const struct fleet_power *order,
        bool is_new, int64_t now, struct fleet_power_look *ret)
{
	struct fleet_power_look l = {.reason = REASON_OK};
	struct store_bmc bmc;

	fleet_machine_name(m, l.name);
	(void)snprintf(l.deed, sizeof(l.deed), "%s", deeds[order->what]);
	int r = store_bmc_get(s, m->id, "", &bmc);
	if (r == 0)
		(void)snprintf(l.bmc, sizeof(l.bmc), "%s %s", bmc.type, bmc.address);
	if (r == -ENOENT)
		r = refuse(&l, REASON_POWER_NO_BMC,
		        "no management controller of it is known: netmend power import, or switch "
		        "it "
		        "by hand");
	if (r == 0 && l.reason == REASON_OK && order->what == POWER_WHAT_MEDIA &&
	        !may_have_media(bmc.type))
		r = refuse(&l, REASON_POWER_UNSUPPORTED,
		        "its controller has no virtual media, only Redfish has: start it from the "
		        "network");
	if (r == 0 && l.reason == REASON_OK && is_new)
		r = look_open(s, m, &l);
	if (r == 0 && l.reason == REASON_OK)
		r = look_alive(s, m, order, now, &l);
	if (r == 0 && l.reason == REASON_OK && boots(order->what))
		look_answered(m, order, &l);
	if (r == 0)
		*ret = l;
	return r;
}

int fleet_power_look(struct store *s, const struct machine *m, const struct fleet_power *order,
        int64_t now, struct fleet_power_look *ret)
{
	return look(s, m, order, true, now, ret);
}

int power_look_again(struct store *s, const struct machine *m, const struct fleet_power *order,
        int64_t now, struct fleet_power_look *ret)
{
	return look(s, m, order, false, now, ret);
}
