/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/search.h"
#include "appliance/escrow/clock.h"
#include "fixer/base/buffer.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a source said of all protectors it was asked for: the most telling. */
struct said {
	enum reason reason; /* OK: not asked, or nothing to tell */
	char text[320];
};

struct search {
	const struct ask *ask;
	uint64_t turn;
	size_t source; /* the next to be asked */
	size_t found;
	bool mismatch, failed;
	struct said said[SOURCES_MAX];
	bool refused[NM_MAX_VOLUMES][NM_MAX_PROTECTORS]; /* a candidate for it did not open it */
	struct finding findings[];                       /* one a volume */
};

struct search *search_new(const struct ask *ask, uint64_t turn)
{
	struct search *s = calloc(1, sizeof(*s) + ask->volume_count * sizeof(s->findings[0]));

	if (!s)
		return NULL;
	s->ask = ask;
	s->turn = turn;
	return s;
}

void search_free(struct search *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->ask->volume_count; i++)
		secret_free(s->findings[i].vmk);
	free(s);
}

size_t search_found(const struct search *s)
{
	return s->found;
}

const struct finding *search_finding(const struct search *s, size_t i)
{
	return &s->findings[i];
}

bool search_failed(const struct search *s)
{
	return s->failed;
}

/* How much a reason tells: what a person can mend about this very key first, then what is wrong
 * with a source. */
static unsigned telling(enum reason reason)
{
	static const enum reason order[] = {REASON_OK, REASON_KEY_NOT_FOUND, REASON_SOURCE_LIMITED,
	        REASON_SOURCE_FAILED, REASON_SOURCE_UNREACHABLE, REASON_SOURCE_CERTIFICATE,
	        REASON_SOURCE_LOGIN, REASON_SOURCE_LOGIN_NEEDED, REASON_VAULT_LOCKED,
	        REASON_SOURCE_NO_RIGHTS, REASON_KEY_NOT_READABLE, REASON_KEY_MISMATCH};
	unsigned i = sizeof(order) / sizeof(*order) - 1;

	while (i > 0 && order[i] != reason)
		i--;
	return i;
}

static void note_said(struct search *s, enum reason reason, const char *text)
{
	struct said *said = &s->said[s->source];

	if (telling(reason) < telling(said->reason))
		return;
	said->reason = reason;
	(void)snprintf(said->text, sizeof(said->text), "%s", text);
}

/* --- one protector --------------------------------------------------------------------------- */

/* 0 with the VMK; -EKEYREJECTED; another error says nothing of the key. */
static int try_one(struct escrow *e, const struct search *s, const struct ask_protector *p,
        const struct candidate *c, struct secret **ret)
{
	struct secret *stretched CLEANUP_SECRET = NULL;
	int r = stretcher_stretch(e->stretcher, c->key, p->blob.salt, s->turn, &stretched);

	return r < 0 ? r : bitlocker_blob_open(&p->blob, stretched, ret);
}

/* The first candidate that opens it: REASON_OK. KEY_MISMATCH: one at least was tried, none did;
 * *ret_own: one of them names this protector. SOURCE_FAILED: none could be tried. */
static enum reason try_candidates(struct escrow *e, struct search *s, const struct ask_protector *p,
        const struct candidates *c, struct finding *f, bool *ret_own)
{
	bool refused = c->malformed > 0;

	*ret_own = refused;
	for (size_t i = 0; i < c->count; i++) {
		int r = try_one(e, s, p, &c->list[i], &f->vmk);
		if (r == 0) {
			f->protector = p;
			f->source = sources_name(e->sources, s->source);
			memcpy(f->origin, c->list[i].origin, sizeof(f->origin));
			return REASON_OK;
		}
		if (r == -EKEYREJECTED) {
			refused = true;
			*ret_own |= !c->list[i].guess;
		} else if (r != -ESHUTDOWN) {
			log_error("a candidate could not be tried: %s", strerror(-r));
		}
	}
	return refused ? REASON_KEY_MISMATCH : REASON_SOURCE_FAILED;
}

/* Whether it may have the key all the same. */
static bool is_failure(enum reason reason)
{
	return telling(reason) > telling(REASON_KEY_NOT_FOUND) &&
	       telling(reason) < telling(REASON_SOURCE_NO_RIGHTS);
}

/* Asks the current source for the key of protector k of volume i. True when the volume is open. */
static bool try_protector(struct escrow *e, struct search *s, size_t i, size_t k)
{
	const struct ask_protector *p = &s->ask->volumes[i].protectors[k];
	struct candidates c;
	bool own = false;
	enum reason reason = sources_ask(e->sources, s->source, p, &s->ask->subject, &c);

	if (reason == REASON_OK)
		reason = try_candidates(e, s, p, &c, &s->findings[i], &own);
	if (reason != REASON_OK && s->source > 0)
		note_said(s, reason, c.text);
	s->mismatch |= reason == REASON_KEY_MISMATCH;
	s->refused[i][k] |= own;
	s->failed |= is_failure(reason);
	candidates_clear(&c);
	return reason == REASON_OK;
}

static void ask_source(struct escrow *e, struct search *s)
{
	for (size_t i = 0; i < s->ask->volume_count; i++)
		for (size_t k = 0; !s->findings[i].vmk && k < s->ask->volumes[i].protector_count;
		        k++)
			if (try_protector(e, s, i, k))
				s->found++;
}

/* Whether what was not found is in no source: one that failed, or shows us nothing, may have it. */
static bool knows_all(const struct search *s)
{
	bool all = !s->failed;

	for (size_t i = 0; i < s->source; i++)
		all = all && (telling(s->said[i].reason) <= telling(REASON_KEY_NOT_FOUND) ||
		                     s->said[i].reason == REASON_KEY_MISMATCH);
	return all;
}

/* What came of each volume: opened, or of each of its protectors: no key at all, or none that opens
 * it. */
static void tell_gate(struct escrow *e, const struct search *s)
{
	const struct subject *who = &s->ask->subject;
	bool sure = knows_all(s);
	int64_t now = clock_wall();

	for (size_t i = 0; i < s->ask->volume_count; i++) {
		const struct ask_volume *v = &s->ask->volumes[i];
		if (s->findings[i].vmk) {
			gate_opened(e->gate, who, &s->findings[i].protector->id, now);
			continue;
		}
		for (size_t k = 0; k < v->protector_count; k++)
			if (s->refused[i][k])
				gate_mismatch(e->gate, who, &v->protectors[k].id, now);
			else if (sure)
				gate_not_found(e->gate, who, &v->protectors[k].id, now);
	}
}

bool search_go_on(struct escrow *e, struct search *s, bool remote)
{
	while (s->source < sources_count(e->sources) && s->found < s->ask->volume_count) {
		if (sources_remote(e->sources, s->source) && !remote)
			return false;
		ask_source(e, s);
		s->source++;
	}
	tell_gate(e, s);
	return true;
}

/* --- what to tell ---------------------------------------------------------------------------- */

/* "Recovery key ID A, B": what a person has to look for. */
static void name_protectors(const struct ask *ask, struct buffer *text)
{
	char id[GUID_TEXT];
	const char *before = "Recovery key ID ";

	for (size_t i = 0; i < ask->volume_count; i++)
		for (size_t k = 0; k < ask->volumes[i].protector_count; k++) {
			guid_format(&ask->volumes[i].protectors[k].id, id);
			if (buffer_printf(text, "%s%s", before, id) < 0)
				return; /* the list is long enough */
			before = ", ";
		}
}

enum reason search_reason(struct escrow *e, const struct search *s, char *text, size_t size)
{
	enum reason reason = s->mismatch ? REASON_KEY_MISMATCH : REASON_KEY_NOT_FOUND;
	struct buffer b;

	buffer_init(&b, size - 1);
	name_protectors(s->ask, &b);
	for (size_t i = 1; i < s->source; i++) {
		const struct said *said = &s->said[i];
		if (telling(said->reason) > telling(reason))
			reason = said->reason;
		if (said->reason != REASON_OK)
			(void)buffer_printf(&b, "; %s: %s%s%s", sources_name(e->sources, i),
			        reason_title(said->reason), said->text[0] ? ", " : "", said->text);
	}
	(void)snprintf(text, size, "%s", b.data ? (const char *)b.data : "");
	buffer_free(&b);
	return reason;
}
