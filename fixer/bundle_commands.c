/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `fixer --undo`, `--complete` and `verify`: what can be done with a saved bundle. */
#include "fixer/bundle_file.h"
#include "fixer/bundle_show.h"
#include "fixer/commands.h"
#include "fixer/report.h"

#include <stdio.h>

static enum exit_status finish(const struct command *c, enum reason reason, const char *text)
{
	report_reason(c->json, reason, text);
	if (c->json)
		report_json_print(report_json_new(reason, text));
	return status_of(reason);
}

/* The part undo and complete share. */
static enum exit_status apply(const struct command *c, enum reason done,
        int (*act)(const char *, const struct bundle *, size_t *, struct error *))
{
	struct bundle *bundle CLEANUP(bundle_free_p) = NULL;
	struct error err = {0};
	char text[120];
	size_t written;

	int r = bundle_file_read(c->bundle, &bundle, &err);
	if (r == 0)
		r = act(c->disk, bundle, &written, &err);
	if (r < 0)
		return finish(c, err.reason, err.text);
	(void)snprintf(text, sizeof(text),
	        "%zu of %zu sectors had to be written, all were read back", written,
	        bundle->sector_count);
	return finish(c, done, text);
}

enum exit_status command_undo(const struct command *c)
{
	return apply(c, REASON_UNDONE, repair_undo);
}

enum exit_status command_complete(const struct command *c)
{
	return apply(c, REASON_COMPLETED_PENDING, repair_complete);
}

enum exit_status command_verify(const struct command *c)
{
	struct bundle *b CLEANUP(bundle_free_p) = NULL;
	struct error err = {0};

	if (bundle_file_read(c->bundle, &b, &err) < 0)
		return finish(c, err.reason, err.text);
	if (c->json)
		report_json_print(json_incref(b->manifest));
	else
		bundle_show(c->bundle, b);
	return STATUS_DONE;
}
