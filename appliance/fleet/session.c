/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/change.h"
#include "appliance/fleet/fleet.h"
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

/* Six characters nobody mistakes for another one. */
static void pairing_make(char ret[PAIRING_TEXT])
{
	static const char letters[] = "ACDEFGHJKLMNPQRTUVWXY34679";

	for (size_t i = 0; i + 1 < PAIRING_TEXT; i++)
		ret[i] = letters[randombytes_uniform(sizeof(letters) - 1)];
	ret[PAIRING_TEXT - 1] = 0;
}

static int refuse(struct fleet *f, const struct machine *m, const char *why, struct error *err)
{
	log_warning("machine %lld (%s): session refused: %s", (long long)m->id, m->mac, why);
	int r = change_note(f->store, m, f->clock(), REASON_TOKEN_INVALID, "session", why);
	return r < 0 ? r : error_set(err, -EACCES, REASON_TOKEN_INVALID, "%s", why);
}

static void take(char *dst, size_t size, const char *src)
{
	if (src[0])
		(void)snprintf(dst, size, "%s", src);
}

static int session_new(
        struct fleet *f, const struct fleet_hello *hello, struct machine *m, const char *secret)
{
	int64_t now = f->clock(), id;
	struct store_session session = {.machine = m->id,
	        .attempt = m->attempt,
	        .created = now,
	        .volumes = (char *)(uintptr_t)hello->volumes};

	(void)snprintf(session.key, sizeof(session.key), "%s", hello->key);
	int r = store_session_add(f->store, secret, hello->token, &session, &id);
	if (r < 0)
		return r;
	take(m->uuid, sizeof(m->uuid), hello->identity.uuid);
	take(m->serial, sizeof(m->serial), hello->identity.serial);
	take(m->asset, sizeof(m->asset), hello->identity.asset);
	take(m->manufacturer, sizeof(m->manufacturer), hello->identity.manufacturer);
	take(m->product, sizeof(m->product), hello->identity.product);
	m->last_seen = now;
	pairing_make(m->pairing);
	return change_state(f->store, m, now, STATE_running, REASON_OK, "session", "");
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
	if (strcmp(token.ip, hello->identity.ip) != 0)
		return refuse(f, m, "the boot token was handed to another address", err);
	if (m->held)
		return error_set(err, -EACCES, REASON_HELD, "%s", m->text);
	if (token.used) {
		r = store_session_get(f->store, welcome->session, &known);
		if (r == -ENOENT)
			return refuse(f, m, "the boot token was used by another session", err);
		if (r < 0)
			return r;
		bool replaced = known.replaced;
		store_session_free(&known);
		return replaced ? refuse(f, m, "a later boot replaced this session", err) : 0;
	}
	if (f->clock() - token.created > (int64_t)NM_TOKEN_LIFETIME * 1000)
		return refuse(f, m, "the boot token has expired", err);
	if (!fleet_answers(f, m))
		return error_set(err, -EACCES, REASON_HELD, "the machine is no longer in scope");
	return session_new(f, hello, m, welcome->session);
}

int fleet_session_open(struct fleet *f, const struct fleet_hello *hello, struct fleet_welcome *ret,
        struct error *err)
{
	struct fleet_welcome welcome;
	int r = store_begin(f->store, true);

	if (r < 0)
		return r;
	int admitted = session_admit(f, hello, &welcome, err);
	r = change_end(f->store, admitted == -EACCES ? 0 : admitted);
	f->changed(f->context);
	if (r < 0 || admitted < 0)
		return r < 0 ? r : admitted;
	*ret = welcome;
	return 0;
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
	r = events_add(f, session, &m, events, count, now, &last, ack);
	if (r < 0)
		return r;
	if (!session_decides(session, &m))
		return store_machine_save(f->store, &m);
	if (!last) {
		if (m.silent_state == STATE_COUNT && m.state == state)
			return store_machine_touch(f->store, m.id, now);
		/* What the silence covered up is still so. */
		enum reason reason = m.silent_state == state ? m.silent_reason : REASON_OK;
		return change_state(f->store, &m, now, state, reason, "contact", "");
	}
	/* The fixer's event is the timeline's entry; the row follows it. */
	if (m.state != state)
		m.since = now;
	m.state = state;
	m.reason = last->reason;
	(void)snprintf(m.text, sizeof(m.text), "%s", last->text);
	m.silent_state = STATE_COUNT;
	return store_machine_save(f->store, &m);
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
