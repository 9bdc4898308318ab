/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/preflight/ruleset.h"

#include "appliance/preflight/ruleset_match.h"
#include "fixer/base/text.h"

#include <string.h>

#define DEPTH_MAX 16       /* of chains that jump: the kernel's own limit */
#define STEPS_MAX 10000000 /* objects looked at for one packet */

enum verdict { GOES_ON, ACCEPTED, DROPPED };

struct judging {
	const json_t *all; /* the array of objects */
	const struct packet *packet;
	const char *family, *table; /* of the chain begun with */
	size_t steps;
	bool may_accept, may_drop; /* by a rule we cannot judge */
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* A match or target of iptables' modules: its name is all that nft tells of it. */
static bool is_module(const json_t *statement, const char *type, const char *name)
{
	const json_t *xt = json_object_get(statement, "xt");

	return strcmp(text_of(xt, "type"), type) == 0 && strcmp(text_of(xt, "name"), name) == 0;
}

static enum verdict judge_chain(struct judging *j, const char *chain, int depth);

/* The verdict of a statement that is one, at a rule's end or in a map; false: it is none. */
static bool take_verdict(
        struct judging *j, const json_t *statement, int depth, enum verdict *ret, bool *ret_over)
{
	const json_t *jump = json_object_get(statement, "jump");
	const json_t *go = json_object_get(statement, "goto");

	enum verdict verdict = GOES_ON;
	bool over = true;

	if (json_object_get(statement, "accept")) {
		verdict = ACCEPTED;
	} else if (json_object_get(statement, "drop") || json_object_get(statement, "reject") ||
	           is_module(statement, "target", "REJECT")) {
		verdict = DROPPED;
	} else if (jump || go) {
		verdict = judge_chain(j, text_of(jump ? jump : go, "target"), depth + 1);
		over = verdict != GOES_ON || go;
	} else if (json_object_get(statement, "continue")) {
		over = false;
	} else if (!json_object_get(statement, "return")) {
		return false;
	}
	*ret = verdict;
	*ret_over = over;
	return true;
}

/* Of a map the verdict whose key fits; with a key that is not known any of them may be it. */
static void take_map(
        struct judging *j, const json_t *vmap, int depth, enum verdict *ret, bool *ret_over)
{
	const json_t *key = json_object_get(vmap, "key");
	const json_t *pairs = json_object_get(json_object_get(vmap, "data"), "set"), *pair;
	size_t i;

	*ret = GOES_ON;
	*ret_over = false;
	if (!json_is_array(pairs)) {
		j->may_accept = j->may_drop = true; /* a named map */
		return;
	}
	json_array_foreach(pairs, i, pair)
	{
		enum fits fits = ruleset_compare(key, json_array_get(pair, 0), j->packet);
		enum verdict verdict;
		bool over;
		if (fits == FITS_NO ||
		        !take_verdict(j, json_array_get(pair, 1), depth, &verdict, &over))
			continue;
		if (fits == FITS_YES) {
			*ret = verdict;
			*ret_over = over;
			return;
		}
		j->may_accept = j->may_accept || verdict == ACCEPTED;
		j->may_drop = j->may_drop || verdict == DROPPED;
	}
}

/* Statements that neither decide nor ask anything. */
static bool is_neutral(const json_t *statement)
{
	static const char *const names[] = {
	        "counter", "log", "comment", "mangle", "notrack", "set", "ct helper", "ct timeout"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (json_object_get(statement, names[i]))
			return true;
	return is_module(statement, "target", "LOG") || is_module(statement, "target", "NFLOG") ||
	       is_module(statement, "match", "comment");
}

/* What may keep a rule from its end, and is no end itself. */
static bool is_condition(const json_t *statement)
{
	return json_object_get(statement, "limit") ||
	       strcmp(text_of(json_object_get(statement, "xt"), "type"), "match") == 0;
}

/* "-m conntrack --ctstate ... -j ACCEPT" and nothing else: with NEW among the states it would let
 * everything in, so it is what lets in the rest of what has begun. With another end it is about
 * what belongs to nothing. */
static bool is_only_state(const json_t *expr, bool *ret_accepts)
{
	const json_t *statement;
	bool state = false;
	size_t i;

	*ret_accepts = false;
	json_array_foreach(expr, i, statement)
	{
		if (is_module(statement, "match", "conntrack") ||
		        is_module(statement, "match", "state"))
			state = true;
		else if (json_object_get(statement, "accept"))
			*ret_accepts = true;
		else if (!json_object_get(statement, "drop") && !is_neutral(statement))
			return false;
	}
	return state;
}

/* One rule. *ret_over: the chain ends here. */
static enum verdict judge_rule(struct judging *j, const json_t *rule, int depth, bool *ret_over)
{
	const json_t *expr = json_object_get(rule, "expr"), *statement;
	bool sure = true, opaque = false, accepts;
	enum verdict verdict = GOES_ON;
	size_t i;

	*ret_over = false;
	if (is_only_state(expr, &accepts))
		return accepts && j->packet->established ? ACCEPTED : GOES_ON;
	json_array_foreach(expr, i, statement)
	{
		const json_t *match = json_object_get(statement, "match");
		const json_t *vmap = json_object_get(statement, "vmap");
		if (match) {
			enum fits fits = ruleset_match(match, j->packet);
			if (fits == FITS_NO)
				return GOES_ON;
			sure = sure && fits == FITS_YES;
		} else if (vmap) {
			take_map(j, vmap, depth, &verdict, ret_over);
		} else if (!take_verdict(j, statement, depth, &verdict, ret_over) &&
		           !is_neutral(statement)) {
			sure = false;
			opaque = opaque || !is_condition(statement);
		}
	}
	if (sure)
		return verdict;
	/* What we cannot judge may be a verdict, too: those of iptables' modules are told as null.
	 */
	*ret_over = false;
	j->may_accept = j->may_accept || verdict == ACCEPTED;
	j->may_drop = j->may_drop || verdict == DROPPED || opaque;
	return GOES_ON;
}

static bool is_of(const json_t *object, const struct judging *j)
{
	return strcmp(text_of(object, "family"), j->family) == 0 &&
	       strcmp(text_of(object, "table"), j->table) == 0;
}

static enum verdict judge_chain(struct judging *j, const char *chain, int depth)
{
	const json_t *object;
	size_t i;

	json_array_foreach(j->all, i, object)
	{
		const json_t *rule = json_object_get(object, "rule");
		bool over;
		if (depth > DEPTH_MAX || ++j->steps > STEPS_MAX) {
			j->may_accept = j->may_drop = true;
			return GOES_ON;
		}
		if (!rule || !is_of(rule, j) || strcmp(text_of(rule, "chain"), chain) != 0)
			continue;
		enum verdict verdict = judge_rule(j, rule, depth, &over);
		if (verdict != GOES_ON || over)
			return verdict;
	}
	return GOES_ON;
}

/* Whether packets for us pass through it. Of other families only those that every frame passes. */
static bool is_input(const json_t *chain, bool *ret_foreign)
{
	const char *family = text_of(chain, "family"), *hook = text_of(chain, "hook");
	bool ip = strcmp(family, "ip") == 0 || strcmp(family, "inet") == 0;

	*ret_foreign = strcmp(hook, "ingress") == 0;
	if (*ret_foreign)
		return true;
	return ip && strcmp(text_of(chain, "type"), "filter") == 0 &&
	       (strcmp(hook, "input") == 0 || strcmp(hook, "prerouting") == 0);
}

static enum ruling judge_base(struct judging *j, const json_t *chain, bool *ret_policy)
{
	j->family = text_of(chain, "family");
	j->table = text_of(chain, "table");
	j->may_accept = j->may_drop = false;
	enum verdict verdict = judge_chain(j, text_of(chain, "name"), 0);
	*ret_policy = verdict == GOES_ON && strcmp(text_of(chain, "policy"), "drop") == 0;
	if (verdict == DROPPED || *ret_policy)
		return j->may_accept ? RULING_UNSURE : RULING_DROP;
	return j->may_drop ? RULING_UNSURE : RULING_ACCEPT;
}

static void set_place(struct ruling_place *place, const json_t *chain, bool policy)
{
	*place = (struct ruling_place){.policy = policy};
	text_clean(place->family, sizeof(place->family), text_of(chain, "family"));
	text_clean(place->table, sizeof(place->table), text_of(chain, "table"));
	text_clean(place->chain, sizeof(place->chain), text_of(chain, "name"));
}

enum ruling ruleset_judge(
        const json_t *rules, const struct packet *packet, struct ruling_place *ret_place)
{
	struct judging j = {.all = json_object_get(rules, "nftables"), .packet = packet};
	enum ruling all = RULING_ACCEPT;
	const json_t *object;
	size_t i;

	*ret_place = (struct ruling_place){0};
	if (!json_is_array(j.all))
		return RULING_UNSURE;
	json_array_foreach(j.all, i, object)
	{
		const json_t *chain = json_object_get(object, "chain");
		bool foreign, policy = false;
		if (!chain || !is_input(chain, &foreign))
			continue;
		enum ruling one = foreign ? RULING_UNSURE : judge_base(&j, chain, &policy);
		if (one == RULING_ACCEPT)
			continue;
		set_place(ret_place, chain, policy);
		/* One that drops is enough. */
		if (one == RULING_DROP)
			return RULING_DROP;
		all = RULING_UNSURE;
	}
	return all;
}
