/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/session_internal.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static struct session_disk *find_disk(struct session *s, const struct bundle *b)
{
	for (size_t i = 0; i < s->disk_count; i++) {
		struct session_disk *d = &s->disks[i];
		if (d->table && bundle_fits(b, d->table, d->info.size, d->info.sector, NULL) == 0)
			return d;
	}
	return NULL;
}

static int fetch(struct session *s, struct bundle **ret, struct error *err)
{
	CLEANUP_FREE uint8_t *bytes = NULL;
	uint8_t hash[32];
	char hex[65];
	size_t len = 0;

	int r = api_journal_get(s->api, &bytes, &len, err);
	if (r < 0)
		return r;
	(void)crypto_hash_sha256(hash, bytes, len);
	hex_encode(hash, sizeof(hash), hex);
	if (strcmp(hex, s->open.pending_sha256) != 0)
		return error_set(err, -EBADMSG, REASON_BUNDLE_BAD,
		        "the interrupted repair did not arrive as it was saved");
	return bundle_decode(bytes, len, ret, err);
}

static int complete(struct session *s, const struct bundle *bundle, struct error *err)
{
	const struct session_disk *d = find_disk(s, bundle);
	size_t written = 0;

	if (!d)
		return error_set(err, -ENODEV, REASON_PENDING_CONFLICT,
		        "it belongs to disk %s, which is not here", bundle->disk_id);
	session_show(s, "FINISHING THE INTERRUPTED REPAIR", "Do not switch off.");
	session_tell(s, "repairing", "pending", REASON_OK, d->info.name,
	        json_pack("{s:I}", "sectors", (json_int_t)bundle->sector_count));
	int r = repair_complete(d->path, bundle, &written, err);
	if (r < 0)
		return r;
	s->completed = true;
	s->sectors += written;
	struct session_bundle *b = &s->bundles[s->bundle_count++];
	memcpy(b->sha256, s->open.pending_sha256, sizeof(b->sha256));
	b->written = WRITTEN_ALL;
	session_tell(s, "repairing", "pending", REASON_COMPLETED_PENDING, d->info.name,
	        json_pack("{s:I}", "sectors", (json_int_t)written));
	return 0;
}

int session_complete_pending(struct session *s, struct error *err)
{
	struct bundle *bundle CLEANUP(bundle_free_p) = NULL;

	if (!s->open.pending)
		return 0;
	if (s->params.dry_run) {
		session_tell(s, "running", "pending", REASON_OK,
		        "dry run: the interrupted repair stays as it is", NULL);
		return 0;
	}
	int r = fetch(s, &bundle, err);
	if (r == -ENOENT) {
		session_tell(s, "running", "pending", REASON_OK,
		        "the appliance has no interrupted repair any more", NULL);
		return 0;
	}
	return r < 0 ? r : complete(s, bundle, err);
}
