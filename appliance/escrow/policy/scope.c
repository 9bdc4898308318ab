/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/policy/scope.h"
#include "appliance/escrow/policy/spelling.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One kind of identity: the inventory's, sorted. */
struct identities {
	bool (*spell)(const char *text, char ret[SPELLING_TEXT]);
	char (*list)[SPELLING_TEXT];
	size_t count;
};

enum { UUIDS, SERIALS, MACS, KINDS };

struct scope {
	const struct policy_rules *rules;
	struct identities known[KINDS];
};

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void add(struct identities *i, const char *text)
{
	if (text[0] && i->spell(text, i->list[i->count]))
		i->count++;
}

struct scope *scope_new(const struct policy_rules *rules)
{
	struct scope *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->rules = rules;
	s->known[UUIDS].spell = spelling_uuid;
	s->known[SERIALS].spell = spelling_serial;
	s->known[MACS].spell = spelling_mac;
	for (size_t k = 0; k < KINDS; k++) {
		s->known[k].list = calloc(rules->item_count + 1, SPELLING_TEXT);
		if (!s->known[k].list) {
			scope_free(s);
			return NULL;
		}
	}
	for (size_t i = 0; i < rules->item_count; i++) {
		add(&s->known[UUIDS], rules->items[i].uuid);
		add(&s->known[SERIALS], rules->items[i].serial);
		add(&s->known[MACS], rules->items[i].mac);
	}
	for (size_t k = 0; k < KINDS; k++)
		qsort(s->known[k].list, s->known[k].count, SPELLING_TEXT, compare);
	return s;
}

void scope_free(struct scope *s)
{
	for (size_t k = 0; s && k < KINDS; k++)
		free(s->known[k].list);
	free(s);
}

bool scope_address(const char *text, uint32_t *ret)
{
	struct in_addr address;

	if (inet_pton(AF_INET, text, &address) != 1)
		return false;
	*ret = ntohl(address.s_addr);
	return true;
}

static bool in_subnets(const struct policy_rules *rules, const char *ip)
{
	uint32_t address;

	if (!scope_address(ip, &address))
		return false;
	for (size_t i = 0; i < rules->subnet_count; i++) {
		const struct policy_subnet *net = &rules->subnets[i];
		if ((address & net->mask) == (net->address & net->mask))
			return true;
	}
	return false;
}

static bool is_known(const struct identities *i, const char *text)
{
	char key[SPELLING_TEXT];

	return i->spell(text, key) &&
	       bsearch(key, i->list, i->count, SPELLING_TEXT, compare) != NULL;
}

static void explain(const struct scope *s, const struct subject *subject, char *text, size_t size)
{
	char serial[SPELLING_TEXT];
	const char *ip = subject->ip[0] ? subject->ip : "its address";

	if (!s->rules->has_inventory)
		(void)snprintf(text, size, "%s is in none of the subnets", ip);
	else
		(void)snprintf(text, size,
		        "%s%sits UUID, serial number and MAC are not in the inventory%s",
		        s->rules->subnet_count ? ip : "",
		        s->rules->subnet_count ? " is in none of the subnets, and " : "",
		        subject->serial[0] && !spelling_serial(subject->serial, serial)
		                ? " (the serial number is a vendor's placeholder)"
		                : "");
}

bool scope_covers(const struct scope *s, const struct subject *subject, char *text, size_t size)
{
	const struct policy_rules *rules = s->rules;

	if (rules->subnet_count == 0 && !rules->has_inventory)
		return true;
	if (in_subnets(rules, subject->ip))
		return true;
	if (rules->has_inventory && (is_known(&s->known[UUIDS], subject->uuid) ||
	                                    is_known(&s->known[SERIALS], subject->serial) ||
	                                    is_known(&s->known[MACS], subject->mac)))
		return true;
	explain(s, subject, text, size);
	return false;
}
