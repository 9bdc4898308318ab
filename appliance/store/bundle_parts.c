/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bytes of bundles, in parts that a server takes in one piece. */
#include "appliance/store/sql.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define PART_SIZE ((size_t)1024 * 1024)

/* As much as there is, up to a part: its length or -errno. */
static ssize_t part_read(int fd, uint8_t *part, off_t at)
{
	size_t len = 0;
	ssize_t n = 1;

	while (len < PART_SIZE && n > 0) {
		n = pread(fd, part + len, PART_SIZE - len, at + (off_t)len);
		if (n < 0)
			return -errno;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

int store_bundle_put_part(struct store *s, const char *sha256, int64_t part, int fd)
{
	uint8_t *bytes = malloc(PART_SIZE);
	ssize_t len = bytes ? part_read(fd, bytes, (off_t)part * (off_t)PART_SIZE) : -ENOMEM;
	int r = len < 0 ? (int)len : 0;

	if (len > 0) {
		struct sql *st =
		        sql_prepare(s, "INSERT INTO bundle_parts (sha256, part, bytes)"
		                       " VALUES (?, ?, ?) ON CONFLICT (sha256, part) DO NOTHING");
		sql_bind(st, "tib", sha256, part, bytes, (int)len);
		r = sql_run(s, st);
	}
	free(bytes);
	return r < 0 ? r : len > 0;
}

int store_bundle_put(struct store *s, const char *sha256, int fd)
{
	int64_t part = 0;
	int r;

	while ((r = store_bundle_put_part(s, sha256, part, fd)) > 0)
		part++;
	return r;
}

static int write_all(int fd, const uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int store_bundle_part(struct store *s, const char *sha256, int64_t part, int fd)
{
	struct sql *st =
	        sql_prepare(s, "SELECT bytes FROM bundle_parts WHERE sha256 = ? AND part = ?");
	size_t len = 0;

	sql_bind(st, "ti", sha256, part);
	int r = sql_step(s, st);
	if (r <= 0)
		return r;
	const void *data = sql_blob(st, 0, &len);
	r = data ? write_all(fd, data, len) : -EIO;
	sql_end(st);
	return r < 0 ? r : (int)len;
}

int store_bundle_is_whole(struct store *s, const char *sha256, int64_t size)
{
	struct sql *st = sql_prepare(
	        s, "SELECT coalesce(sum(length(bytes)), 0) FROM bundle_parts WHERE sha256 = ?");
	int64_t there = 0;

	sql_bind(st, "t", sha256);
	int r = sql_one(s, st, &there);
	return r < 0 ? r : there == size;
}

/* --- what nobody has ------------------------------------------------------------------------- */

int store_bundle_orphans(struct store *s, struct store_orphan *ret, size_t max, size_t *ret_count)
{
	struct sql *st =
	        sql_prepare(s, "SELECT p.sha256, count(*) FROM bundle_parts p WHERE NOT EXISTS"
	                       " (SELECT 1 FROM bundles b WHERE b.sha256 = p.sha256)"
	                       " GROUP BY p.sha256 ORDER BY p.sha256 LIMIT ?");
	size_t count = 0;
	int r;

	sql_bind(st, "i", (int64_t)max);
	while ((r = sql_step(s, st)) == 1 && count < max) {
		sql_text(st, 0, ret[count].sha256, sizeof(ret[count].sha256));
		ret[count++].parts = sql_int(st, 1);
	}
	sql_end(st);
	*ret_count = count;
	return r < 0 ? r : 0;
}

int store_bundle_drop(struct store *s, const char *sha256)
{
	struct sql *st = sql_prepare(s, "DELETE FROM bundle_parts WHERE sha256 = ? AND NOT EXISTS"
	                                " (SELECT 1 FROM bundles b WHERE b.sha256 = ?)");

	sql_bind(st, "tt", sha256, sha256);
	return sql_run(s, st);
}
