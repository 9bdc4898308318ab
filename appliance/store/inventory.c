/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/inventory.h"
#include "appliance/store/sql.h"

#include <errno.h>
#include <string.h>

#define LINE                                                                                       \
	"machine, name, serial, uuid, macs, site, floor, owner, ring, bmc, rank, imported, rack, " \
	"feed "

bool inventory_mac_next(const char **at, char ret[MAC_TEXT])
{
	if (!**at)
		return false;
	memcpy(ret, *at, MAC_TEXT - 1);
	ret[MAC_TEXT - 1] = 0;
	*at += (*at)[MAC_TEXT - 1] ? MAC_TEXT : MAC_TEXT - 1;
	return true;
}

static void line_read(struct sql *st, struct inventory_line *line)
{
	line->machine = sql_int(st, 0);
	sql_text(st, 1, line->name, sizeof(line->name));
	sql_text(st, 2, line->serial, sizeof(line->serial));
	sql_text(st, 3, line->uuid, sizeof(line->uuid));
	sql_text(st, 4, line->macs, sizeof(line->macs));
	sql_text(st, 5, line->site, sizeof(line->site));
	sql_text(st, 6, line->floor, sizeof(line->floor));
	sql_text(st, 7, line->owner, sizeof(line->owner));
	sql_text(st, 8, line->ring, sizeof(line->ring));
	sql_text(st, 9, line->bmc, sizeof(line->bmc));
	line->rank = (int)sql_int(st, 10);
	line->imported = sql_int(st, 11);
	sql_text(st, 12, line->rack, sizeof(line->rack));
	sql_text(st, 13, line->feed, sizeof(line->feed));
}

int store_inventory_set(struct store *s, const struct inventory_line *line)
{
	struct sql *st = sql_prepare(s,
	        "INSERT INTO inventory (" LINE ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	        " ON CONFLICT (machine) DO UPDATE SET name = excluded.name,"
	        " serial = excluded.serial, uuid = excluded.uuid, macs = excluded.macs,"
	        " site = excluded.site, floor = excluded.floor, owner = excluded.owner,"
	        " ring = excluded.ring, bmc = excluded.bmc, rank = excluded.rank,"
	        " imported = excluded.imported, rack = excluded.rack, feed = excluded.feed");

	sql_bind(st, "itttttttttiitt", line->machine, line->name, line->serial, line->uuid,
	        line->macs, line->site, line->floor, line->owner, line->ring, line->bmc,
	        (int64_t)line->rank, line->imported, line->rack, line->feed);
	return sql_run(s, st);
}

int store_inventory_get(struct store *s, int64_t machine, struct inventory_line *ret)
{
	struct sql *st = sql_prepare(s, "SELECT " LINE "FROM inventory WHERE machine = ?");

	sql_bind(st, "i", machine);
	int r = sql_step(s, st);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	line_read(st, ret);
	sql_end(st);
	return 0;
}

static int one_row(struct store *s, struct sql *st)
{
	int64_t count;
	int r = sql_run_count(s, st, &count);

	return r < 0 ? r : count == 1 ? 0 : -ENOENT;
}

int store_inventory_remove(struct store *s, int64_t machine)
{
	struct sql *st = sql_prepare(s, "DELETE FROM inventory WHERE machine = ?");

	sql_bind(st, "i", machine);
	return one_row(s, st);
}

int store_inventory_move(struct store *s, int64_t from, int64_t to)
{
	struct sql *st = sql_prepare(s, "UPDATE inventory SET machine = ? WHERE machine = ?");

	sql_bind(st, "ii", to, from);
	return one_row(s, st);
}

int store_inventory_conflict(struct store *s, int64_t machine, const char *text)
{
	struct sql *st = sql_prepare(s, "UPDATE inventory SET conflict = ? WHERE machine = ?");

	sql_bind(st, "ti", text, machine);
	return one_row(s, st);
}

int store_inventory(struct store *s, int (*each)(const struct inventory_line *line, void *context),
        void *context)
{
	struct sql *st = sql_prepare(s, "SELECT " LINE "FROM inventory ORDER BY machine");
	struct inventory_line line;
	int r;

	while ((r = sql_step(s, st)) == 1) {
		line_read(st, &line);
		r = each(&line, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}
