/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/preflight/ruleset_match.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8

/* What a field of the packet is: a number, one of some words, or not known to us. */
struct value {
	bool known, absent; /* absent: no packet of this kind has it */
	int number;         /* -1: none */
	const char *word;   /* NULL: none */
};

static const struct value unknown = {.number = -1};

static bool is(const json_t *object, const char *key, const char *word)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && strcmp(text, word) == 0;
}

static struct value protocol_value(const struct packet *p)
{
	return (struct value){.known = true,
	        .number = p->tcp ? IPPROTO_TCP : IPPROTO_UDP,
	        .word = p->tcp ? "tcp" : "udp"};
}

static struct value payload_value(const json_t *payload, const struct packet *p)
{
	const struct value absent = {.known = true, .absent = true, .number = -1};

	if (is(payload, "protocol", p->tcp ? "tcp" : "udp") || is(payload, "protocol", "th"))
		return is(payload, "field", "dport")
		               ? (struct value){.known = true, .number = p->port}
		               : unknown;
	if (is(payload, "protocol", "ip"))
		return is(payload, "field", "protocol") ? protocol_value(p) : unknown;
	/* Another header's field fits no packet without that header. */
	return json_object_get(payload, "protocol") ? absent : unknown;
}

static struct value meta_value(const json_t *meta, const struct packet *p)
{
	if (is(meta, "key", "l4proto"))
		return protocol_value(p);
	if (is(meta, "key", "iifname") || is(meta, "key", "iif"))
		return (struct value){.known = true, .number = -1, .word = p->interface};
	if (is(meta, "key", "nfproto"))
		return (struct value){.known = true, .number = 2, .word = "ipv4"};
	if (is(meta, "key", "protocol"))
		return (struct value){.known = true, .number = 0x0800, .word = "ip"};
	return unknown;
}

static struct value value_of(const json_t *left, const struct packet *p)
{
	const json_t *payload = json_object_get(left, "payload");
	const json_t *meta = json_object_get(left, "meta");
	const json_t *ct = json_object_get(left, "ct");

	if (payload)
		return payload_value(payload, p);
	if (meta)
		return meta_value(meta, p);
	if (ct && is(ct, "key", "state"))
		return (struct value){.known = true,
		        .number = -1,
		        .word = p->established ? "established" : "new"};
	return unknown;
}

/* The kernel's names of interfaces in rules may end with an asterisk. */
static enum fits word_fits(const char *word, const char *rule)
{
	size_t len = strlen(rule);

	if (rule[0] == '@')
		return FITS_UNKNOWN; /* a named set */
	if (len > 0 && rule[len - 1] == '*')
		return strncmp(word, rule, len - 1) == 0 ? FITS_YES : FITS_NO;
	return strcmp(word, rule) == 0 ? FITS_YES : FITS_NO;
}

static enum fits in(const struct value *v, const json_t *right, int depth);

static enum fits in_any(const struct value *v, const json_t *list, int depth)
{
	enum fits all = FITS_NO;
	const json_t *element;
	size_t i;

	json_array_foreach(list, i, element)
	{
		enum fits one = in(v, element, depth);
		if (one == FITS_YES)
			return FITS_YES;
		if (one == FITS_UNKNOWN)
			all = FITS_UNKNOWN;
	}
	return all;
}

static enum fits in_range(const struct value *v, const json_t *range)
{
	const json_t *low = json_array_get(range, 0), *high = json_array_get(range, 1);

	if (v->number < 0 || !json_is_integer(low) || !json_is_integer(high))
		return FITS_UNKNOWN;
	return v->number >= json_integer_value(low) && v->number <= json_integer_value(high)
	               ? FITS_YES
	               : FITS_NO;
}

static enum fits in_object(const struct value *v, const json_t *right, int depth)
{
	static const char *const lists[] = {"set", "|"};
	const json_t *element = json_object_get(right, "elem");

	if (json_object_get(right, "range"))
		return in_range(v, json_object_get(right, "range"));
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (json_object_get(right, lists[i]))
			return in(v, json_object_get(right, lists[i]), depth);
	return element ? in(v, json_object_get(element, "val"), depth) : FITS_UNKNOWN;
}

static enum fits in(const struct value *v, const json_t *right, int depth)
{
	if (depth > DEPTH_MAX)
		return FITS_UNKNOWN;
	if (json_is_array(right))
		return in_any(v, right, depth + 1);
	if (json_is_object(right))
		return in_object(v, right, depth + 1);
	if (json_is_integer(right) && v->number >= 0)
		return json_integer_value(right) == v->number ? FITS_YES : FITS_NO;
	if (json_is_string(right) && v->word)
		return word_fits(v->word, json_string_value(right));
	return FITS_UNKNOWN;
}

enum fits ruleset_compare(const json_t *left, const json_t *right, const struct packet *packet)
{
	struct value v = value_of(left, packet);

	if (!v.known)
		return FITS_UNKNOWN;
	return v.absent ? FITS_NO : in(&v, right, 0);
}

enum fits ruleset_match(const json_t *match, const struct packet *packet)
{
	const json_t *left = json_object_get(match, "left");
	enum fits fits = ruleset_compare(left, json_object_get(match, "right"), packet);

	if (is(match, "op", "==") || is(match, "op", "in"))
		return fits;
	/* What a packet does not have is not unequal to anything either: the rule is passed over.
	 */
	if (!is(match, "op", "!="))
		return FITS_UNKNOWN;
	if (value_of(left, packet).absent || fits == FITS_UNKNOWN)
		return value_of(left, packet).absent ? FITS_NO : FITS_UNKNOWN;
	return fits == FITS_YES ? FITS_NO : FITS_YES;
}
