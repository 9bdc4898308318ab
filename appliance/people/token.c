/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/people/people.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)

static void token_make(char ret[API_TOKEN_TEXT], uint8_t ret_hash[PASS_HASH])
{
	uint8_t raw[(PASS_TEXT - 1) / 2];

	randombytes_buf(raw, sizeof(raw));
	memcpy(ret, API_TOKEN_PREFIX, sizeof(API_TOKEN_PREFIX) - 1);
	hex_encode(raw, sizeof(raw), ret + sizeof(API_TOKEN_PREFIX) - 1);
	store_pass_hash(ret, ret_hash);
}

int people_token_add(struct store *s, const struct actor *actor, int64_t now, const char *name,
        enum role role, int days, char ret_secret[API_TOKEN_TEXT], int64_t *ret_id)
{
	struct api_token t = {
	        .role = role, .created = now, .expires = days ? now + days * DAY_MS : 0};
	char secret[API_TOKEN_TEXT], text[60];
	uint8_t hash[PASS_HASH];
	int64_t count, id = 0;

	(void)snprintf(t.name, sizeof(t.name), "%s", name);
	(void)snprintf(t.created_by, sizeof(t.created_by), "%s", actor->name);
	(void)snprintf(text, sizeof(text), days ? "%s, %d days" : "%s, does not expire",
	        role_name(role), days);
	token_make(secret, hash);
	int r = store_begin(s, true);
	if (r < 0)
		return r;
	r = store_api_token_count(s, &count);
	if (r == 0 && count >= NM_MAX_API_TOKENS)
		r = -ENOSPC;
	if (r == 0)
		r = store_api_token_add(s, hash, &t, &id);
	r = people_end(s, r, actor, now, "token-add", "token", name, text);
	if (r == 0) {
		memcpy(ret_secret, secret, API_TOKEN_TEXT);
		*ret_id = id;
	}
	return r;
}

int people_token_remove(struct store *s, const struct actor *actor, int64_t now, int64_t id)
{
	struct api_token t = {0};
	int r = store_begin(s, true);

	if (r < 0)
		return r;
	r = store_api_token_get(s, id, &t);
	if (r == 0)
		r = store_api_token_remove(s, id);
	return people_end(s, r, actor, now, "token-remove", "token", t.name, "");
}
