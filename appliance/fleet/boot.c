/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/campaign/campaign.h"
#include "appliance/fleet/change.h"
#include "appliance/fleet/fleet.h"
#include "appliance/fleet/identify.h"
#include "appliance/fleet/loader.h"
#include "appliance/fleet/turns.h"
#include "appliance/store/tally.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void take(char *dst, size_t size, const char *src)
{
	if (src[0])
		(void)snprintf(dst, size, "%s", src);
}

static void machine_seen(
        struct fleet *f, struct machine *m, const struct fleet_identity *identity, int64_t now)
{
	/* What booted from a medium says nothing of what PXE gave it. */
	if (identity->way != FLEET_WAY_MEDIA)
		loader_started(f, m,
		        identity->way == FLEET_WAY_GRUB ? MACHINE_LOADER_SHIM : MACHINE_LOADER_IPXE,
		        now);
	take(m->mac, sizeof(m->mac), identity->mac);
	take(m->ip, sizeof(m->ip), identity->ip);
	identify_take(m, identity);
	m->last_seen = now;
	if (m->first_seen == 0)
		m->first_seen = now;
}

/* A repaired machine at our door: an appliance answered it all the same, or it fell back to the
 * network. It is sent back to its disk this once; if it comes again, it waits for a person. */
static int boot_done(struct fleet *f, struct machine *m, int64_t now)
{
	if (change_only_looked(m->state, m->reason))
		return store_machine_save(f->store, m);
	if (m->state == STATE_rebooting && now - m->since < FLEET_REBOOT_MS) {
		int r = store_machine_save(f->store, m);
		return r < 0 ? r
		             : change_note(f->store, m, now, m->reason, "boot",
		                       "came to the network again on its way back; sent on");
	}
	return change_relapsed(
	        f->store, m, now, "boot", "boots from the network again after its repair");
}

static int boot_held(struct fleet *f, struct machine *m, int64_t now)
{
	if (m->state == STATE_held || m->reason == REASON_RELAPSED)
		return store_machine_save(f->store, m);
	return change_state(f->store, m, now, STATE_held,
	        m->reason == REASON_SERVED_TOO_OFTEN ? m->reason : REASON_HELD, "boot", m->text);
}

/* Its campaign lets it wait: nobody holds it, it goes on by itself. */
static int boot_wait(struct fleet *f, struct machine *m, int64_t now, enum reason reason)
{
	if (m->open)
		f->answers_stale = true;
	m->open = false;
	if (m->state == STATE_held && m->reason == reason)
		return store_machine_save(f->store, m);
	return change_state(f->store, m, now, STATE_held, reason, "boot", "");
}

const char *fleet_contact_text(const char *contact)
{
	if (strcmp(contact, CONTACT_MEDIA) == 0)
		return "came by media: pairing needed";
	return contact[0] ? "asked for its repair, and no DHCP answer of ours had gone to it: "
	                    "pairing needed"
	                  : "";
}

/* How it came here, for store_token_add(). */
static int boot_contact(
        struct fleet *f, const struct fleet_identity *identity, int64_t now, const char **ret)
{
	int64_t answered;

	*ret = identity->way == FLEET_WAY_MEDIA ? CONTACT_MEDIA : "";
	if (identity->way != FLEET_WAY_GRUB)
		return 0;
	int r = store_mac_answered_at(f->store, identity->mac, &answered);
	if (r == 0 && now - answered > FLEET_ANSWERED_MS)
		*ret = CONTACT_UNSEEN;
	return r;
}

/* As many as may load now do: it counts as no attempt, and gets no token yet. */
static int boot_turn(struct fleet *f, struct machine *m, int64_t now, int before)
{
	bool waits = m->state == STATE_booting && m->reason == REASON_BOOT_TURN;
	char text[40];

	(void)snprintf(text, sizeof(text), "%d before it", before);
	m->since = now; /* it shows that it is not stuck */
	if (!waits)
		return change_state(
		        f->store, m, now, STATE_booting, REASON_BOOT_TURN, "boot", text);
	(void)snprintf(m->text, sizeof(m->text), "%s", text);
	return store_machine_save(f->store, m);
}

/* -1: it may load. */
static int turn_of(
        struct fleet *f, const struct fleet_identity *identity, int64_t machine, int64_t now)
{
	/* What asks for itself has loaded already. */
	if (!f->turns || identity->way != FLEET_WAY_SCRIPT)
		return -1;
	return turns_ask(f->turns, machine, now);
}

static int boot_remediate(struct fleet *f, const struct fleet_identity *identity, struct machine *m,
        int64_t now, enum fleet_decision *decision, char token[TOKEN_TEXT])
{
	int64_t from = now - FLEET_GUARD_MS;
	uint8_t random[16];
	int served;
	const char *contact;
	char text[80];

	*decision = FLEET_HOLD;
	int r = store_token_count(
	        f->store, m->id, from > m->guard_from ? from : m->guard_from, &served);
	if (r < 0)
		return r;
	if (served >= FLEET_GUARD_COUNT) {
		m->held = true;
		f->answers_stale = true;
		(void)snprintf(text, sizeof(text), "%d network boots within an hour", served + 1);
		return change_state(
		        f->store, m, now, STATE_held, REASON_SERVED_TOO_OFTEN, "boot", text);
	}
	int before = turn_of(f, identity, m->id, now);
	if (before >= 0)
		return boot_turn(f, m, now, before);
	r = boot_contact(f, identity, now, &contact);
	if (r < 0)
		return r;
	randombytes_buf(random, sizeof(random));
	hex_encode(random, sizeof(random), token);
	r = store_token_add(f->store, token, m->id, m->ip, contact, now);
	if (r == 0)
		r = store_tally_add(f->store, TALLY_STARTED, now);
	if (r < 0)
		return r;
	m->attempt++;
	m->pairing[0] = 0;
	m->since = now; /* a new attempt, even out of `booting` */
	*decision = FLEET_REMEDIATE;
	return change_state(
	        f->store, m, now, STATE_booting, REASON_OK, "boot", fleet_contact_text(contact));
}

static int boot_decide(struct fleet *f, const struct fleet_identity *identity,
        enum fleet_decision *decision, struct machine *m, char token[TOKEN_TEXT])
{
	int64_t now = f->clock();
	enum reason turn = REASON_OK;
	int r = identify(f, identity, m);

	if (r < 0)
		return r;
	machine_seen(f, m, identity, now);
	(void)change_appliance(f, m);
	r = identify_conflict(f->store, m, now);
	if (r < 0)
		return r;
	*decision = FLEET_LOCAL;
	if (m->held) {
		*decision = FLEET_HOLD;
		return boot_held(f, m, now);
	}
	if (m->done)
		return boot_done(f, m, now);
	r = campaign_admit(f->store, m, now);
	if (r == 0)
		r = campaign_turn(f->store, m, now, &turn, NULL);
	if (r < 0)
		return r;
	if (turn != REASON_OK) {
		*decision = FLEET_HOLD;
		return boot_wait(f, m, now, turn);
	}
	/* The line may have moved since it was marked. */
	m->open = m->campaign != 0;
	if (fleet_answers(f, m))
		return boot_remediate(f, identity, m, now, decision, token);
	if (m->state == STATE_ignored)
		return store_machine_save(f->store, m);
	return change_state(f->store, m, now, STATE_ignored, REASON_NOT_IN_SCOPE, "boot", "");
}

int fleet_boot(struct fleet *f, const struct fleet_identity *identity, enum fleet_decision *ret,
        struct machine *ret_machine, char ret_token[TOKEN_TEXT])
{
	enum fleet_decision decision = FLEET_LOCAL;
	struct machine m;
	char token[TOKEN_TEXT] = "";
	int r = store_begin(f->store, false);

	if (r < 0)
		return r;
	r = change_end(f->store, boot_decide(f, identity, &decision, &m, token));
	if (r < 0)
		return r;
	f->handouts += decision == FLEET_REMEDIATE;
	f->changed(f->context);
	*ret = decision;
	*ret_machine = m;
	memcpy(ret_token, token, TOKEN_TEXT);
	return 0;
}

/* A step on the way from iPXE to the fixer: only for a machine that is booting. */
static int boot_step(struct fleet *f, const char *ip, const char *step, const char *text)
{
	struct machine m;
	int64_t now = f->clock();
	int r = store_begin(f->store, false);

	if (r < 0)
		return r;
	r = store_machine_by_ip(f->store, ip, &m);
	if (r == 0 && m.state == STATE_booting) {
		r = store_machine_touch(f->store, m.id, now);
		if (r == 0)
			r = change_note(f->store, &m, now, REASON_OK, step, text);
	}
	r = change_end(f->store, r);
	if (r == 0)
		f->changed(f->context);
	return r == -ENOENT ? 0 : r;
}

int fleet_boot_progress(struct fleet *f, const char *ip)
{
	return boot_step(f, ip, "initrd", "");
}

int fleet_boot_file_sent(struct fleet *f, const char *ip, const char *file)
{
	return boot_step(f, ip, "tftp", file);
}
