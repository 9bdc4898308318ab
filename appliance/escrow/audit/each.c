/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/audit/audit.h"
#include "appliance/escrow/audit/log.h"
#include "fixer/base/text.h"

#include <string.h>

static bool take(const struct log_line *l, struct audit_record *ret)
{
	const char *time = json_string_value(json_object_get(l->record, "time"));
	int64_t seconds = 0;

	if (!l->record || !time || iso8601_parse(time, &seconds) < 0)
		return false;
	*ret = (struct audit_record){.n = l->chain->count,
	        .at = seconds * 1000,
	        .event = json_string_value(json_object_get(l->record, "event")),
	        .fields = l->record,
	        .line = l->text,
	        .len = l->len,
	        .hash = l->chain->hash};
	return true;
}

int audit_each(const char *dir, audit_fn *each, void *context, struct error *err)
{
	struct log *log CLEANUP_LOG = NULL;
	struct audit_record record;
	struct log_line l;
	int r = log_open(dir, &log, err);

	if (r < 0)
		return r;
	while ((r = log_next(log, &l)) == 1)
		if (take(&l, &record) && each(context, &record) != 0)
			return 0;
	if (r < 0)
		return error_set(
		        err, r, REASON_AUDIT_FAILED, "cannot read audit.log: %s", strerror(-r));
	return 0;
}

const char *audit_text(const struct audit_record *record, const char *name)
{
	const char *text = json_string_value(json_object_get(record->fields, name));

	return text ? text : "";
}
