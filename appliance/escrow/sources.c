/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/sources.h"
#include "appliance/escrow/clock.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REST_MS 8000 /* after a failure */

struct rest {
	int64_t until;
	enum reason reason;
	char text[320];
};

struct sources {
	const struct settings *settings;
	struct vault *vault;
	struct entered *entered;
	struct fetch_client *fetch;
	pthread_mutex_t lock;
	struct rest rests[SOURCES_MAX];
};

struct sources *sources_new(const struct settings *settings, struct vault *vault,
        struct entered *entered, struct fetch_client *fetch)
{
	struct sources *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->settings = settings;
	s->vault = vault;
	s->entered = entered;
	s->fetch = fetch;
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void sources_free(struct sources *s)
{
	if (!s)
		return;
	pthread_mutex_destroy(&s->lock);
	free(s);
}

size_t sources_count(const struct sources *s)
{
	return s->settings->source_count + 1;
}

const char *sources_name(const struct sources *s, size_t i)
{
	return i == 0 ? "by hand" : s->settings->sources[i - 1].name;
}

static bool is_vault(const struct sources *s, size_t i)
{
	return i > 0 && strcmp(s->settings->sources[i - 1].type, "vault") == 0;
}

bool sources_remote(const struct sources *s, size_t i)
{
	return i > 0 && !is_vault(s, i);
}

void candidates_clear(struct candidates *c)
{
	for (size_t i = 0; i < c->count; i++)
		secret_free(c->list[i].key);
	*c = (struct candidates){0};
}

/* Takes key. */
static struct candidate *add(struct candidates *c, struct secret *key)
{
	struct candidate *one = &c->list[c->count++];

	*one = (struct candidate){.key = key};
	return one;
}

static enum reason ask_entered(
        struct sources *s, const struct ask_protector *p, struct candidates *ret)
{
	char from[48];
	struct secret *key = entered_find(s->entered, p, from);

	if (!key)
		return REASON_KEY_NOT_FOUND;
	(void)snprintf(add(ret, key)->origin, sizeof(ret->list[0].origin), "entered at %s", from);
	return REASON_OK;
}

/* --- the vault ------------------------------------------------------------------------------- */

/* Moves what was found over. */
static void take_found(struct candidates *ret, struct vault_candidates *found, bool guess)
{
	for (size_t i = 0; i < found->count && ret->count < SOURCES_CANDIDATES; i++) {
		struct candidate *c = add(ret, found->keys[i]);
		found->keys[i] = NULL;
		c->guess = guess;
		(void)snprintf(c->origin, sizeof(c->origin), "%s%s%s", found->origins[i].source,
		        found->origins[i].host[0] ? ": " : "", found->origins[i].host);
	}
	if (found->left_out > 0)
		(void)snprintf(ret->text, sizeof(ret->text),
		        "%zu more records of this key ID are not tried", found->left_out);
	vault_candidates_clear(found);
}

static enum reason ask_vault(struct sources *s, const struct ask_protector *p,
        const struct subject *subject, struct candidates *ret)
{
	struct vault_candidates found = {0};
	struct error err = {0};
	int r = vault_lookup(s->vault, &p->id, subject->name, &found, &err);

	if (r == 0)
		take_found(ret, &found, false);
	if (r == 0 && (subject->name[0] || subject->serial[0])) {
		r = vault_lookup_name(s->vault, subject->name, subject->serial, &found, &err);
		if (r == 0)
			take_found(ret, &found, true);
	}
	if (r == 0 || ret->count > 0)
		return ret->count > 0 ? REASON_OK : REASON_KEY_NOT_FOUND;
	(void)snprintf(ret->text, sizeof(ret->text), "%s", err.text);
	if (r == -ENOKEY)
		return REASON_VAULT_LOCKED;
	log_error("vault: %s", err.text);
	return REASON_SOURCE_FAILED;
}

/* --- netmend-fetch --------------------------------------------------------------------------- */

/* Whether it failed a moment ago; then what it said. */
static bool rests(struct sources *s, size_t i, enum reason *ret, char text[320])
{
	pthread_mutex_lock(&s->lock);
	bool rests = clock_steady() < s->rests[i].until;
	if (rests) {
		*ret = s->rests[i].reason;
		memcpy(text, s->rests[i].text, sizeof(s->rests[i].text));
	}
	pthread_mutex_unlock(&s->lock);
	return rests;
}

static void let_rest(struct sources *s, size_t i, enum reason reason, const char *text)
{
	pthread_mutex_lock(&s->lock);
	s->rests[i] = (struct rest){.until = clock_steady() + REST_MS, .reason = reason};
	(void)snprintf(s->rests[i].text, sizeof(s->rests[i].text), "%s", text);
	pthread_mutex_unlock(&s->lock);
}

/* What is true of one record only does not speak of the source. */
static bool is_failure(enum reason reason)
{
	return reason != REASON_OK && reason != REASON_KEY_NOT_FOUND &&
	       reason != REASON_KEY_NOT_READABLE && reason != REASON_SOURCE_NO_RIGHTS;
}

static enum reason ask_fetch(struct sources *s, size_t i, const struct ask_protector *p,
        const struct subject *subject, struct candidates *ret)
{
	struct fetch_answer answer;
	enum reason reason;

	if (!s->fetch) {
		(void)snprintf(ret->text, sizeof(ret->text), "netmend-fetch is not set up");
		return REASON_SOURCE_UNREACHABLE;
	}
	if (rests(s, i, &reason, ret->text))
		return reason;
	fetch_client_lookup(s->fetch, sources_name(s, i), &p->id, subject, &answer);
	reason = answer.reason;
	memcpy(ret->text, answer.text, sizeof(ret->text));
	ret->malformed = answer.malformed;
	for (size_t k = 0; k < answer.count; k++) {
		struct candidate *c = add(ret, answer.candidates[k].key);
		answer.candidates[k].key = NULL;
		memcpy(c->origin, answer.candidates[k].origin, sizeof(c->origin));
	}
	fetch_answer_clear(&answer);
	if (is_failure(reason))
		let_rest(s, i, reason, ret->text);
	if (ret->count + ret->malformed > 0)
		return REASON_OK;
	return reason == REASON_OK ? REASON_KEY_NOT_FOUND : reason;
}

enum reason sources_ask(struct sources *s, size_t i, const struct ask_protector *p,
        const struct subject *subject, struct candidates *ret)
{
	*ret = (struct candidates){0};
	if (i == 0)
		return ask_entered(s, p, ret);
	return is_vault(s, i) ? ask_vault(s, p, subject, ret) : ask_fetch(s, i, p, subject, ret);
}

/* --- status ---------------------------------------------------------------------------------- */

static void look(struct sources *s, size_t i, struct fetch_source *ret)
{
	*ret = (struct fetch_source){.reason = REASON_OK};
	if (!is_vault(s, i)) {
		if (s->fetch)
			fetch_client_source(s->fetch, sources_name(s, i), ret);
		else
			ret->reason = REASON_SOURCE_UNREACHABLE;
	} else if (vault_locked(s->vault)) {
		ret->reason = REASON_VAULT_LOCKED;
	}
}

json_t *sources_status(struct sources *s)
{
	struct vault_snapshot_info snapshots[NM_MAX_SOURCES];
	size_t count = 0;
	json_t *list = json_array();
	struct error err = {0};
	int bad = 0;

	if (vault_snapshots(s->vault, snapshots, &count, &err) < 0)
		log_warning("vault: %s", err.text);
	for (size_t i = 1; list && i < sources_count(s); i++) {
		const struct settings_source *of = &s->settings->sources[i - 1];
		struct fetch_source now;
		int64_t ended = 0, keys = 0;
		look(s, i, &now);
		for (size_t k = 0; k < count; k++)
			if (strcmp(snapshots[k].source, of->name) == 0) {
				ended = snapshots[k].ended;
				keys = (int64_t)snapshots[k].keys;
			}
		bad |= json_array_append_new(
		        list, json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:I}", "name", of->name, "type",
		                      of->type, "reason", reason_code(now.reason), "text", now.text,
		                      "checked", (json_int_t)now.checked, "snapshot",
		                      (json_int_t)ended, "snapshot_keys", (json_int_t)keys));
	}
	if (bad) {
		json_decref(list);
		return NULL;
	}
	return list;
}
