/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which of several records of one GUID are tried. Every computer may write records below its own
 * entry, of any GUID, and as many as it likes; what nobody can forge is when the directory took a
 * record in, and the right one was there before anybody could know its GUID. So the oldest of all
 * is always among them; the others are those of a computer of the machine's name, oldest first.
 */
#include "appliance/fetch/ldap_internal.h"

#include <stdlib.h>
#include <string.h>

static int better_first(const void *a, const void *b)
{
	const struct ldap_hit *x = a, *y = b;

	if (x->same_host != y->same_host)
		return x->same_host ? -1 : 1;
	if (x->named_so != y->named_so)
		return x->named_so ? -1 : 1;
	return x->created < y->created ? -1 : x->created > y->created;
}

static void keep_oldest(struct ldap_hit *all, size_t count, size_t max)
{
	size_t oldest = 0;

	for (size_t i = 1; i < count; i++)
		if (all[i].created < all[oldest].created)
			oldest = i;
	if (oldest >= max)
		all[max - 1] = all[oldest];
}

size_t ldap_rank(LDAP *ld, LDAPMessage *result, const struct source_question *q,
        struct ldap_hit *hits, size_t max, size_t *ret_all)
{
	int entries = ldap_count_entries(ld, result);
	struct ldap_hit *all = entries > 0 ? calloc((size_t)entries, sizeof(*all)) : NULL;
	size_t count = 0;

	/* Continuation references are no entries: they are passed over. */
	for (LDAPMessage *e = all ? ldap_first_entry(ld, result) : NULL;
	        e && count < (size_t)entries; e = ldap_next_entry(ld, e)) {
		struct ldap_record record;
		ldap_read_record(ld, e, &record);
		all[count++] = (struct ldap_hit){.entry = e,
		        .same_host = ldap_same_host(q->name, record.host),
		        .named_so = record.has_named && guid_equal(&record.named, &q->protector),
		        .created = record.created};
	}
	*ret_all = count;
	if (count > 0)
		qsort(all, count, sizeof(*all), better_first);
	if (count > max) {
		keep_oldest(all, count, max);
		count = max;
	}
	if (count > 0)
		memcpy(hits, all, count * sizeof(*all));
	free(all);
	return count;
}
