/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/campaign/campaign.h"
#include "appliance/fleet/change.h"
#include "appliance/fleet/fleet.h"
#include "appliance/fleet/identify.h"
#include "appliance/fleet/loader.h"
#include "appliance/fleet/turns.h"
#include "fixer/base/log.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* The session's id can be made again from what opened it, and from nothing else: the token alone
 * was on the wire in clear, boot_id and the server's secret never are. */
static int session_secret(struct store *s, const struct fleet_hello *hello, char ret[TOKEN_TEXT])
{
	crypto_generichash_state state;
	uint8_t key[32], hash[16];
	int r = store_secret(s, key);

	if (r < 0)
		return r;
	(void)crypto_generichash_init(&state, key, sizeof(key), sizeof(hash));
	/* Each with its NUL: no two different triples hash the same bytes. */
	const char *const parts[] = {hello->token, hello->boot_id, hello->key};
	for (size_t i = 0; i < 3; i++)
		(void)crypto_generichash_update(
		        &state, (const uint8_t *)parts[i], strlen(parts[i]) + 1);
	(void)crypto_generichash_final(&state, hash, sizeof(hash));
	hex_encode(hash, sizeof(hash), ret);
	sodium_memzero(key, sizeof(key));
	return 0;
}

/* Somebody uses the machine's token as it must not be used: the machine's timeline tells of it, its
 * state stays. */
static int refuse(struct fleet *f, const struct machine *m, enum reason reason, const char *why,
        struct error *err)
{
	log_warning("machine %lld (%s): session refused: %s", (long long)m->id, m->mac, why);
	int r = change_note(f->store, m, f->clock(), reason, "session", why);
	return r < 0 ? r : error_set(err, -EACCES, reason, "%s", why);
}

static int session_new(struct fleet *f, const struct fleet_hello *hello, const char *contact,
        struct machine *m, const char *secret)
{
	int64_t now = f->clock(), id;
	struct store_session session = {.machine = m->id,
	        .attempt = m->attempt,
	        .created = now,
	        .campaign = m->campaign,
	        .volumes = (char *)(uintptr_t)hello->volumes};

	(void)snprintf(session.key, sizeof(session.key), "%s", hello->key);
	(void)snprintf(session.ip, sizeof(session.ip), "%s", hello->identity.ip);
	(void)snprintf(session.contact, sizeof(session.contact), "%s", contact);
	int r = store_session_add(f->store, secret, hello->token, &session, &id);
	if (r < 0)
		return r;
	identify_take(m, &hello->identity);
	m->last_seen = now;
	/* What cannot be read this time says nothing against what was read before. */
	if (hello->boot_order != MACHINE_BOOT_ORDER_UNKNOWN)
		m->boot_order = hello->boot_order;
	if (strcmp(contact, CONTACT_MEDIA) != 0)
		loader_started(f, m, MACHINE_LOADER_AUTO, now);
	m->pairing[0] = 0;
	(void)change_appliance(f, m);
	r = change_state(f->store, m, now, STATE_running, REASON_OK, "session", "");
	return r < 0 ? r : identify_conflict(f->store, m, now);
}

/* Its boot parameters are of the campaign it was in when it booted. */
static int start_over(struct fleet *f, struct machine *m, struct error *err)
{
	static const char why[] = "booted before it came into its campaign: starts over";
	int r = change_state(f->store, m, f->clock(), STATE_seen, REASON_OK, "campaign", why);

	return r < 0 ? r : error_set(err, -EACCES, REASON_HELD, "%s", why);
}

/* -EACCES leaves a note on the timeline: the caller commits it. */
static int session_admit(struct fleet *f, const struct fleet_hello *hello,
        struct fleet_welcome *welcome, struct error *err)
{
	struct store_token token;
	struct store_session known;
	struct machine *m = &welcome->machine;
	int r = store_token_get(f->store, hello->token, &token);

	if (r == -ENOENT)
		return error_set(err, -EACCES, REASON_TOKEN_INVALID, "unknown boot token");
	if (r == 0)
		r = store_machine_get(f->store, token.machine, m);
	if (r == 0)
		r = session_secret(f->store, hello, welcome->session);
	if (r < 0)
		return r;
	if (strcmp(token.ip, hello->identity.ip) != 0) {
		char why[128];
		(void)snprintf(why, sizeof(why), "the boot token was handed to %s, not to %s",
		        token.ip, hello->identity.ip);
		return refuse(f, m, REASON_TOKEN_OTHER_ADDRESS, why, err);
	}
	if (m->held)
		return error_set(err, -EACCES, REASON_HELD, "%s", m->text);
	if (token.used) {
		r = store_session_get(f->store, welcome->session, &known);
		if (r == -ENOENT)
			return refuse(f, m, REASON_TOKEN_USED,
			        "the boot token was used by another session", err);
		if (r < 0)
			return r;
		bool replaced = known.replaced;
		welcome->campaign = known.campaign;
		store_session_free(&known);
		return replaced ? refuse(f, m, REASON_SESSION_REPLACED,
		                          "a later boot replaced this session", err)
		                : 0;
	}
	if (f->clock() - token.created > (int64_t)NM_TOKEN_LIFETIME * 1000)
		return refuse(f, m, REASON_TOKEN_EXPIRED, "the boot token has expired", err);
	r = identify_session(f, hello->token, &hello->identity, m);
	if (r < 0)
		return r;
	if (m->held)
		return error_set(err, -EACCES, REASON_HELD, "%s", m->text);
	enum reason turn;
	r = campaign_turn(f->store, m, f->clock(), &turn, NULL);
	if (r < 0)
		return r;
	if (turn != REASON_OK)
		return error_set(err, -EACCES, REASON_HELD, "%s", reason_title(turn));
	if (!fleet_answers(f, m))
		return error_set(err, -EACCES, REASON_HELD, "the machine is no longer in scope");
	if (token.campaign != m->campaign)
		return start_over(f, m, err);
	welcome->campaign = m->campaign;
	return session_new(f, hello, token.contact, m, welcome->session);
}

int fleet_session_open(struct fleet *f, const struct fleet_hello *hello, struct fleet_welcome *ret,
        struct error *err)
{
	struct fleet_welcome welcome = {0};
	int r = store_begin(f->store, true);

	if (r < 0)
		return r;
	int admitted = session_admit(f, hello, &welcome, err);
	r = change_end(f->store, admitted == -EACCES ? 0 : admitted);
	f->changed(f->context);
	if (r < 0 || (admitted < 0 && admitted != -EACCES))
		return r < 0 ? r : admitted;
	if (admitted < 0)
		sodium_memzero(welcome.session, sizeof(welcome.session));
	/* Whatever it is told: it has loaded. */
	if (f->turns && welcome.machine.id)
		turns_end(f->turns, welcome.machine.id, f->clock());
	*ret = welcome;
	return admitted;
}

bool fleet_session_crossed(const struct store_session *session, const struct machine *m)
{
	return session->campaign != m->campaign && !session->released;
}

/* The machine of a session may be moved on by it only while nothing else has decided. */
static bool session_decides(const struct store_session *session, const struct machine *m)
{
	return !session->replaced && !session->finished && !m->held;
}

static int events_add(struct fleet *f, const struct store_session *session, struct machine *m,
        struct fleet_event *events, size_t count, int64_t now, const struct store_event **ret_last,
        int64_t *ack)
{
	for (size_t i = 0; i < count; i++) {
		struct store_event *e = &events[i].event;
		if (events[i].n <= *ack)
			continue;
		e->at = now;
		e->attempt = session->attempt;
		int r = store_event_add(f->store, m->id, session->id, events[i].n, e, NULL);
		if (r < 0)
			return r;
		*ack = events[i].n;
		*ret_last = e;
	}
	return 0;
}

static int events_apply(struct fleet *f, const struct store_session *session,
        enum machine_state state, struct fleet_event *events, size_t count, int64_t *ack)
{
	struct machine m;
	const struct store_event *last = NULL;
	int64_t now = f->clock();
	int r = store_machine_get(f->store, session->machine, &m);

	if (r < 0)
		return r;
	m.last_seen = now;
	bool moved = change_appliance(f, &m);
	r = events_add(f, session, &m, events, count, now, &last, ack);
	if (r < 0)
		return r;
	if (!session_decides(session, &m))
		return store_machine_save(f->store, &m);
	if (!last) {
		if (m.silent_state == STATE_COUNT && m.state == state && !moved)
			return store_machine_touch(f->store, m.id, now);
		/* What the silence covered up is still so. */
		enum reason reason = m.silent_state == state ? m.silent_reason : REASON_OK;
		return change_state(f->store, &m, now, state, reason, "contact", "");
	}
	/* The fixer's event is the timeline's entry; the row follows it. */
	enum machine_state before = m.state;
	enum reason reason_before = m.reason;
	if (change_is_new(before, reason_before, state, last->reason))
		m.since = now;
	m.state = state;
	m.reason = last->reason;
	(void)snprintf(m.text, sizeof(m.text), "%s", last->text);
	m.silent_state = STATE_COUNT;
	r = store_machine_save(f->store, &m);
	return r < 0 ? r : change_tally(f->store, &m, now, before, reason_before);
}

int fleet_events(struct fleet *f, const struct store_session *session, enum machine_state state,
        struct fleet_event *events, size_t count, int64_t *ret_ack)
{
	int64_t ack = session->last_event;
	int r = store_begin(f->store, false);

	if (r < 0)
		return r;
	r = change_end(f->store, events_apply(f, session, state, events, count, &ack));
	if (r < 0)
		return r;
	f->changed(f->context);
	*ret_ack = ack;
	return 0;
}

static int contact_apply(struct fleet *f, const struct store_session *session)
{
	struct machine m;
	int64_t now = f->clock();
	int r = store_machine_get(f->store, session->machine, &m);

	if (r < 0)
		return r;
	if (m.silent_state == STATE_COUNT || !session_decides(session, &m))
		return store_machine_touch(f->store, m.id, now);
	m.last_seen = now;
	return change_state(f->store, &m, now, m.silent_state, m.silent_reason, "contact", "");
}

int fleet_contact(struct fleet *f, const struct store_session *session)
{
	int r = store_begin(f->store, false);

	if (r < 0)
		return r;
	r = change_end(f->store, contact_apply(f, session));
	f->changed(f->context);
	return r;
}
