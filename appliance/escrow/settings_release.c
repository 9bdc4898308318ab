/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/settings_part.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int parse_subnet(const char *text, struct policy_subnet *ret)
{
	char address[16];
	struct in_addr in;
	const char *slash = strchr(text, '/');
	char *end;

	if (!slash || (size_t)(slash - text) >= sizeof(address) ||
	        !isdigit((unsigned char)slash[1]))
		return -EBADMSG;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	unsigned long bits = strtoul(slash + 1, &end, 10);
	if (inet_pton(AF_INET, address, &in) != 1 || *end || bits > 32)
		return -EBADMSG;
	ret->mask = bits == 0 ? 0 : UINT32_MAX << (32 - bits);
	ret->address = ntohl(in.s_addr) & ret->mask;
	return 0;
}

static int parse_subnets(json_t *list, struct policy_rules *rules, struct error *err)
{
	if (!json_is_array(list) || json_array_size(list) > POLICY_SUBNETS_MAX)
		return settings_bad(err, "release.subnets is a list of 64 at most");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		if (!text || parse_subnet(text, &rules->subnets[i]) < 0)
			return settings_bad(err, "release.subnets: not ADDRESS/PREFIX");
	}
	rules->subnet_count = json_array_size(list);
	return 0;
}

/* clean, in one case: how it is compared. */
static int take_field(const char *text, char *out, size_t size, int (*fold)(int))
{
	if (text[0] && settings_text(text, out, size) < 0)
		return -EBADMSG;
	for (char *c = out; *c; c++)
		*c = (char)fold((unsigned char)*c);
	return 0;
}

static int parse_item(json_t *j, struct policy_item *item)
{
	const char *uuid, *serial, *mac;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:s,s:s,s:s}", "uuid", &uuid, "serial", &serial,
	            "mac", &mac) < 0 ||
	        take_field(uuid, item->uuid, sizeof(item->uuid), toupper) < 0 ||
	        take_field(serial, item->serial, sizeof(item->serial), toupper) < 0 ||
	        take_field(mac, item->mac, sizeof(item->mac), tolower) < 0)
		return -EBADMSG;
	return uuid[0] || serial[0] || mac[0] ? 0 : -EBADMSG;
}

static int parse_inventory(json_t *list, struct policy_rules *rules, struct error *err)
{
	rules->has_inventory = !json_is_null(list);
	if (!rules->has_inventory)
		return 0;
	size_t count = json_array_size(list);
	if (!json_is_array(list))
		return settings_bad(err, "release.inventory is a list or null");
	rules->items = calloc(count + 1, sizeof(*rules->items));
	if (!rules->items)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	for (size_t i = 0; i < count; i++)
		if (parse_item(json_array_get(list, i), &rules->items[i]) < 0)
			return error_set(err, -EBADMSG, REASON_PROTOCOL_ERROR,
			        "escrow's settings: release.inventory, item %zu: uuid, serial and "
			        "mac, one of them given",
			        i + 1);
	rules->item_count = count;
	return 0;
}

/* A number of the policy: 0 to 4294967295. */
static int get_count(json_int_t v, uint32_t *ret)
{
	if (v < 0 || v > UINT32_MAX)
		return -EBADMSG;
	*ret = (uint32_t)v;
	return 0;
}

#define COUNTS 10

static int parse_counts(const json_int_t v[COUNTS], struct policy_rules *r, struct error *err)
{
	uint32_t prefix = 0;
	uint32_t *const to[COUNTS] = {&r->total, &r->per_minute, &r->subnet_minute, &prefix,
	        &r->machine_hour, &r->machine_keys, &r->machine_mismatches, &r->suspects,
	        &r->request_minutes, &r->approval_minutes};

	for (size_t i = 0; i < COUNTS; i++)
		if (get_count(v[i], to[i]) < 0)
			return settings_bad(err, "release: a number is out of range");
	if (prefix < 1 || prefix > 32 || r->request_minutes == 0 || r->approval_minutes == 0)
		return settings_bad(err, "release: subnet_prefix is 1 to 32, minutes are not 0");
	r->subnet_prefix = prefix;
	return 0;
}

int settings_release(json_t *j, struct policy_rules *rules, struct error *err)
{
	static const char *const approvals[] = {"auto", "pairing", "two-person"};
	const char *campaign, *approval;
	json_int_t from, until, n[COUNTS];
	json_t *subnets, *inventory;

	if (json_unpack_ex(j, NULL, JSON_STRICT,
	            "{s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o}", "campaign",
	            &campaign, "approval", &approval, "from", &from, "until", &until, "total",
	            &n[0], "per_minute", &n[1], "subnet_minute", &n[2], "subnet_prefix", &n[3],
	            "machine_hour", &n[4], "machine_keys", &n[5], "machine_mismatches", &n[6],
	            "suspects", &n[7], "request_minutes", &n[8], "approval_minutes", &n[9],
	            "subnets", &subnets, "inventory", &inventory) < 0)
		return settings_bad(err, "release: a field is missing, unknown or of another type");
	if (settings_text(campaign, rules->campaign, sizeof(rules->campaign)) < 0)
		return settings_bad(err, "release.campaign is 1 to 63 bytes of text");
	size_t kind = settings_which(approval, approvals, 3);
	if (kind == 3)
		return settings_bad(err, "release.approval is auto, pairing or two-person");
	if (from < 0 || until < 0)
		return settings_bad(err, "release.from and until are not negative");
	rules->approval = (enum approval)kind;
	rules->from = from;
	rules->until = until;
	int r = parse_counts(n, rules, err);
	if (r == 0)
		r = parse_subnets(subnets, rules, err);
	return r < 0 ? r : parse_inventory(inventory, rules, err);
}
