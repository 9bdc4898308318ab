/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/hooks/batch.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define FULL 1 /* of each(): no more fits, this one has to wait */

struct walk {
	const struct wanted *wanted;
	json_t *events, *campaigns;
	int64_t cursor, campaign_cursor; /* behind the last one taken */
};

static int append(json_t *array, json_t *value)
{
	return json_array_append_new(array, value) < 0 ? -ENOMEM : 0;
}

static int change_take(const struct store_change *c, void *context)
{
	struct walk *w = context;
	const char *name = c->name[0] ? c->name : c->serial[0] ? c->serial : c->mac;

	if (!wanted_machine(w->wanted, c->state, c->reason))
		return 0;
	if (json_array_size(w->events) == BATCH_EVENTS)
		return FULL;
	w->cursor = c->seq;
	return append(w->events,
	        json_pack("{s:I, s:I, s:{s:I, s:s, s:s, s:s, s:s, s:s}, s:s, s:s, s:s, s:s, s:s}",
	                "seq", (json_int_t)c->seq, "at", (json_int_t)c->at, "machine", "id",
	                (json_int_t)c->machine, "name", name, "mac", c->mac, "serial", c->serial,
	                "site", c->site, "campaign", c->campaign, "state",
	                machine_state_name(c->state), "reason", reason_code(c->reason), "severity",
	                reason_severity(c->reason), "text", c->text, "previous", c->previous));
}

static int campaign_take(const struct store_campaign_change *c, void *context)
{
	struct walk *w = context;

	if (json_array_size(w->campaigns) == BATCH_EVENTS)
		return FULL;
	w->campaign_cursor = c->changed;
	return append(
	        w->campaigns, json_pack("{s:I, s:I, s:s, s:s, s:s, s:s, s:s}", "changed",
	                              (json_int_t)c->changed, "id", (json_int_t)c->id, "name",
	                              c->name, "state", c->state, "reason", reason_code(c->reason),
	                              "severity", reason_severity(c->reason), "text", c->text));
}

/* Takes over the lists. */
static int batch_write(
        const struct hook_setting *hook, const char *appliance, struct walk *w, struct batch *ret)
{
	size_t events = json_array_size(w->events) + json_array_size(w->campaigns);
	json_t *json = json_pack("{s:i, s:s, s:s, s:o, s:o}", "v", 1, "hook", hook->name,
	        "appliance", appliance, "events", w->events, "campaigns", w->campaigns);
	char *body = json && events ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	if (!json || (events && !body))
		return -ENOMEM;
	*ret = (struct batch){.body = body,
	        .events = events,
	        .cursor = w->cursor,
	        .campaigns = w->campaign_cursor};
	return 0;
}

int batch_make(struct store *s, const struct hook_setting *hook, const char *appliance,
        int64_t cursor, int64_t campaigns, struct batch *ret)
{
	struct walk w = {.wanted = &hook->wanted,
	        .events = json_array(),
	        .campaigns = json_array(),
	        .cursor = cursor,
	        .campaign_cursor = campaigns};
	int64_t seen = cursor;

	int r = store_changes(s, cursor, BATCH_LOOK, &seen, change_take, &w);
	if (r == 0)
		w.cursor = seen; /* what it does not want is behind it, too */
	if (r >= 0 && hook->wanted.campaigns)
		r = store_campaign_changes(s, campaigns, campaign_take, &w);
	if (r >= 0)
		return batch_write(hook, appliance, &w, ret);
	json_decref(w.events);
	json_decref(w.campaigns);
	return r;
}

void batch_sign(const struct secret *secret, const char *body, char ret[SIGNATURE_TEXT])
{
	crypto_auth_hmacsha256_state state;
	uint8_t mac[crypto_auth_hmacsha256_BYTES];
	char hex[2 * sizeof(mac) + 1];

	(void)crypto_auth_hmacsha256_init(&state, secret->data, secret->len);
	(void)crypto_auth_hmacsha256_update(&state, (const uint8_t *)body, strlen(body));
	(void)crypto_auth_hmacsha256_final(&state, mac);
	hex_encode(mac, sizeof(mac), hex);
	(void)snprintf(ret, SIGNATURE_TEXT, "sha256=%s", hex);
	sodium_memzero(&state, sizeof(state));
}
