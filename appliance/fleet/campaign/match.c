/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which machine is meant, and in which wave it goes. */
#include "appliance/fleet/campaign/plan.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool lists(const json_t *list, const char *text)
{
	size_t i;
	json_t *value;

	json_array_foreach(
	        list, i, value) if (strcasecmp(json_string_value(value), text) == 0) return true;
	return false;
}

/* An empty list excludes nobody. */
static bool passes(const json_t *list, const char *text)
{
	return json_array_size(list) == 0 || (text[0] && lists(list, text));
}

static bool lists_pass(const struct plan_lists *l, const struct store_candidate *c)
{
	return passes(l->sites, c->site) && passes(l->floors, c->floor) &&
	       passes(l->owners, c->owner) && passes(l->rings, c->ring);
}

static bool subnets_pass(const json_t *list, const char *ip)
{
	struct in_addr a;
	uint32_t network, mask;
	size_t i;
	json_t *value;

	if (json_array_size(list) == 0)
		return true;
	if (inet_pton(AF_INET, ip, &a) != 1)
		return false;
	json_array_foreach(
	        list, i, value) if (plan_subnet(json_string_value(value), &network, &mask) &&
	                            (ntohl(a.s_addr) & mask) == network) return true;
	return false;
}

static bool machines_pass(const json_t *list, const struct store_candidate *c)
{
	char mac[MAC_TEXT];
	size_t i;
	json_t *value;

	if (json_array_size(list) == 0)
		return true;
	json_array_foreach(list, i, value)
	{
		const char *text = json_string_value(value);
		if (!text && json_integer_value(value) == c->id)
			return true;
		if (!text)
			continue;
		if (mac_normalise(text, mac) == 0 ? strcmp(mac, c->mac) == 0
		                                  : strcasecmp(text, c->name) == 0 ||
		                                            strcasecmp(text, c->serial) == 0)
			return true;
	}
	return false;
}

bool plan_in_scope(const struct plan *p, const struct store_candidate *c)
{
	return p->scope.all ||
	       (lists_pass(&p->scope.lists, c) && subnets_pass(p->scope.subnets, c->ip) &&
	               machines_pass(p->scope.machines, c));
}

bool plan_is_open_ended(const struct plan *p)
{
	return p->scope.all || json_array_size(p->scope.subnets) > 0;
}

bool plan_wave_may_grow(const struct plan *p, size_t wave)
{
	const struct plan_lists *l = &p->waves[wave].lists;
	bool chooses = json_array_size(l->sites) || json_array_size(l->floors) ||
	               json_array_size(l->owners) || json_array_size(l->rings);

	return chooses ? json_array_size(p->scope.subnets) > 0 : plan_is_open_ended(p);
}

/* ---- who of the list is known ---- */

#define KEY_TEXT (NM_MAX_NAME + 1)

/* One spelling of what is compared in any case. */
static void key_of(const char *text, char ret[KEY_TEXT])
{
	char mac[MAC_TEXT];

	(void)snprintf(ret, KEY_TEXT, "%s", mac_normalise(text, mac) == 0 ? mac : text);
	for (char *p = ret; *p; p++)
		*p = (char)tolower((unsigned char)*p);
}

json_t *plan_listed(const struct plan *p)
{
	json_t *listed = json_object(), *value;
	char key[KEY_TEXT];
	size_t i;

	json_array_foreach(p->scope.machines, i, value)
	{
		if (!json_is_string(value))
			continue;
		key_of(json_string_value(value), key);
		if (json_object_set_new(listed, key, json_true()) < 0) {
			json_decref(listed);
			return NULL;
		}
	}
	return listed;
}

void plan_strike(json_t *listed, const struct store_candidate *c)
{
	const char *const names[] = {c->mac, c->name, c->serial};
	char key[KEY_TEXT];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		key_of(names[i], key);
		(void)json_object_del(listed, key);
	}
}

/* ---- waves ---- */

size_t plan_wave_count(const struct plan *p)
{
	return p->wave_count + 1;
}

const char *plan_wave_name(const struct plan *p, size_t wave)
{
	return wave < p->wave_count ? p->waves[wave].name : "rest";
}

int plan_quota(const struct plan *p, size_t wave, int64_t scope)
{
	if (wave >= p->wave_count)
		return 0;
	const struct plan_wave *w = &p->waves[wave];
	if (!w->percent)
		return w->machines;
	int64_t share = (scope * w->percent + 99) / 100;
	/* Nobody known yet is not everybody. */
	return share > 0 ? (int)share : 1;
}

size_t plan_wave_of(const struct plan *p, const struct store_candidate *c,
        const int quota[WAVES_MAX], const int64_t taken[WAVES_MAX])
{
	for (size_t i = 0; i < p->wave_count; i++)
		if (lists_pass(&p->waves[i].lists, c) && (!quota[i] || taken[i] < quota[i]))
			return i;
	return p->wave_count;
}
