/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/vault/missing.h"
#include "appliance/escrow/vault/cell.h"
#include "appliance/escrow/vault/columns.h"
#include "appliance/escrow/vault/name.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

/* --- what the vault has: hashes, sorted ----------------------------------------------------------
 */

#define HASH_LEN 16

struct hash {
	uint8_t bytes[HASH_LEN];
};

struct set {
	struct hash *all;
	size_t count, room;
	uint8_t key[crypto_generichash_KEYBYTES]; /* of this run */
};

/* kind: 'h' host, 's' serial, 'i' key ID. */
static struct hash hash_of(const struct set *set, char kind, const void *data, size_t len)
{
	crypto_generichash_state state;
	struct hash h;

	crypto_generichash_init(&state, set->key, sizeof(set->key), HASH_LEN);
	crypto_generichash_update(&state, (const uint8_t *)&kind, 1);
	crypto_generichash_update(&state, data, len);
	crypto_generichash_final(&state, h.bytes, HASH_LEN);
	return h;
}

static int put(struct set *set, char kind, const void *data, size_t len)
{
	if (set->count == set->room) {
		size_t room = set->room ? set->room * 2 : 1024;
		struct hash *all = reallocarray(set->all, room, sizeof(*all));
		if (!all)
			return -ENOMEM;
		set->all = all;
		set->room = room;
	}
	set->all[set->count++] = hash_of(set, kind, data, len);
	return 0;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, HASH_LEN);
}

static bool has(const struct set *set, char kind, const void *data, size_t len)
{
	struct hash h = hash_of(set, kind, data, len);

	return set->count > 0 && bsearch(&h, set->all, set->count, sizeof(h), compare) != NULL;
}

static int take_record(void *context, const struct vault_record *r)
{
	struct set *set = context;
	char normal[VAULT_HOST];
	int result = r->has_id ? put(set, 'i', r->id.bytes, GUID_LEN) : 0;

	name_normal_host(r->host, normal, sizeof(normal));
	if (result == 0 && normal[0])
		result = put(set, 'h', normal, strlen(normal));
	/* A file without header does not tell names from serials: each is looked for as both. */
	name_normal_serial(r->serial, normal, VAULT_SERIAL);
	if (result == 0 && normal[0])
		result = put(set, 's', normal, strlen(normal));
	return result;
}

/* --- the inventory -------------------------------------------------------------------------------
 */

struct search {
	struct set set;
	struct columns columns;
	missing_fn *each;
	void *context;
	struct missing_counts counts;
};

static void cell_text(const struct csv_row *row, int column, char *out, size_t size)
{
	bool there = column >= 0 && (size_t)column < row->count &&
	             cell_filler(row->cells[column]) == CELL_OTHER;

	text_clean(out, size, there ? row->cells[column] : "");
}

static bool known_name(const struct search *s, const char *text, bool host, bool serial)
{
	char normal[VAULT_HOST];

	name_normal_host(text, normal, sizeof(normal));
	if (host && normal[0] && has(&s->set, 'h', normal, strlen(normal)))
		return true;
	name_normal_serial(text, normal, VAULT_SERIAL);
	return serial && normal[0] && has(&s->set, 's', normal, strlen(normal));
}

static int judge_row(struct search *s, const struct csv_row *row)
{
	char host[VAULT_HOST], serial[VAULT_SERIAL], id[GUID_TEXT] = "";
	bool unsure = s->columns.host_unsure, found = false;
	struct cell_ids ids = {0};

	cell_text(row, s->columns.host, host, sizeof(host));
	cell_text(row, s->columns.serial, serial, sizeof(serial));
	for (size_t i = 0; i < row->count; i++)
		if (s->columns.is_id[i])
			(void)cell_ids(row->cells[i], &ids);
	if (!host[0] && !serial[0] && ids.count == 0) {
		s->counts.unnamed++;
		return 0;
	}
	s->counts.machines++;
	for (size_t i = 0; i < ids.count && i < CELL_MANY && !found; i++)
		found = has(&s->set, 'i', ids.ids[i].bytes, GUID_LEN);
	found = found || known_name(s, host, true, unsure) || known_name(s, serial, false, true);
	if (found)
		return 0;
	s->counts.missing++;
	if (ids.count > 0)
		guid_format(&ids.ids[0], id);
	return s->each(s->context, row->line, host, serial, id);
}

static int read_inventory(struct search *s, struct csv *csv, struct error *err)
{
	struct csv_row row;
	int r = 0, got;

	while (r == 0 && (got = csv_next(csv, &row)) != 0) {
		if (got == -EMSGSIZE || got == -EILSEQ)
			s->counts.unnamed++;
		else if (got < 0)
			r = error_set(err, got, REASON_CANNOT_OPEN, "cannot read the inventory");
		else if (!columns_row_is_empty(&row) && row.line != s->columns.header)
			r = judge_row(s, &row);
	}
	return r;
}

static int search(
        struct search *s, struct vault *v, struct csv *csv, FILE *report, struct error *err)
{
	bool understood = false;
	int r = columns_decide(csv, COLUMNS_INVENTORY, &s->columns);

	if (r < 0)
		return error_set(err, r, REASON_CANNOT_OPEN, "cannot read the inventory");
	fputs("inventory: ", report);
	columns_print(&s->columns, report);
	for (size_t i = 0; i < s->columns.count; i++)
		understood = understood || s->columns.is_id[i];
	if (!understood && s->columns.host < 0 && s->columns.serial < 0)
		return error_set(err, -EINVAL, REASON_USAGE,
		        "the inventory has no column of machines' names, serial numbers or key "
		        "IDs");
	r = vault_each(v, take_record, &s->set, err);
	if (r < 0)
		return r;
	if (s->set.count > 0)
		qsort(s->set.all, s->set.count, sizeof(*s->set.all), compare);
	return read_inventory(s, csv, err);
}

int missing_find(struct vault *v, int fd, FILE *report, missing_fn *each, void *context,
        struct missing_counts *ret, struct error *err)
{
	struct search s = {.each = each, .context = context};
	struct csv *csv = csv_new(fd, NULL);

	randombytes_buf(s.set.key, sizeof(s.set.key));
	int r = csv ? search(&s, v, csv, report, err) : -ENOMEM;
	if (r == -ENOMEM)
		r = error_set(err, r, REASON_OUT_OF_MEMORY, "no memory for the list");
	csv_free(csv);
	free(s.set.all);
	if (r == 0)
		*ret = s.counts;
	return r;
}
