/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/ops.h"
#include "appliance/store/schema.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <string.h>

#define WAITS      12 /* of five seconds */
#define MIGRATIONS ((int64_t)(sizeof(migrations) / sizeof(migrations[0])))

static int migrate_from(struct store *s, int64_t version, struct error *err)
{
	int r = 0;

	if (version > MIGRATIONS)
		return error_set(err, -ENOTSUP, REASON_CANNOT_OPEN,
		        "the store was written by a newer netmend (version %lld, this one knows "
		        "%lld): install that one here too",
		        (long long)version, (long long)MIGRATIONS);
	for (int64_t next = version; r == 0 && next < MIGRATIONS; next++) {
		r = s->ops->execute(s, migrations[next]);
		if (r == 0)
			r = s->ops->set_version(s, next + 1);
	}
	return r < 0 ? error_set(err, r, REASON_CANNOT_OPEN,
	                       "the store's tables cannot be brought from version %lld to %lld; %s",
	                       (long long)version, (long long)MIGRATIONS,
	                       r == -EBUSY ? "somebody else has one of them in use: try again"
	                                   : "the log says why")
	             : 0;
}

/* Whoever changes the tables may be at it for longer than a writer otherwise may. */
static int begin(struct store *s)
{
	int r = -EBUSY;

	for (int i = 0; r == -EBUSY && i < WAITS; i++) {
		if (i == 1)
			log_info("store: another process writes, waiting for it");
		r = store_begin(s, true);
	}
	return r;
}

int store_migrate(struct store *s, struct error *err)
{
	int64_t version;
	int r = begin(s);

	if (r < 0)
		return error_set(err, r, REASON_CANNOT_OPEN, "the store cannot be written to: %s",
		        r == -EBUSY ? "another process has it" : strerror(-r));
	r = s->ops->version(s, &version);
	r = r < 0 ? error_set(err, r, REASON_CANNOT_OPEN, "the store cannot be read")
	          : migrate_from(s, version, err);
	if (r < 0) {
		store_rollback(s);
		return r;
	}
	r = store_commit(s);
	return r < 0 ? error_set(err, r, REASON_CANNOT_OPEN, "the store cannot be written to") : 0;
}
