/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `fixer --undo`, `--complete` and `verify`: what can be done with a saved bundle. */
#include "fixer/bundle_file.h"
#include "fixer/bundle_show.h"
#include "fixer/commands.h"
#include "fixer/image_file.h"
#include "fixer/machine/in_use.h"
#include "fixer/report.h"

#include <stdio.h>

static enum exit_status finish(const struct command *c, enum reason reason, const char *text)
{
	report_reason(c->json, reason, text);
	if (c->json)
		report_json_print(report_json_new(reason, text));
	return status_of(reason);
}

/* Looked at for reading first: what may not be opened for writing is refused there. */
static int open_writable(const char *path, struct image_file **image, struct error *err)
{
	int r = disk_in_use(path, true, err);

	if (r == 0)
		r = image_file_open(path, image, err);
	return r < 0 ? r : image_file_make_writable(*image, err);
}

/* The part undo and complete share. */
static enum exit_status apply(const struct command *c, enum reason done,
        int (*act)(const char *, const struct bundle *, size_t *, struct error *))
{
	struct bundle *bundle CLEANUP(bundle_free_p) = NULL;
	struct image_file *image = NULL;
	struct error err = {0};
	char text[120];
	size_t written;

	int r = bundle_file_read(c->bundle, &bundle, &err);
	if (r == 0)
		r = open_writable(c->disk, &image, &err);
	if (r == 0)
		r = act(c->disk, bundle, &written, &err);
	int closed = image_file_close(image, r == 0 ? &err : NULL);
	r = r < 0 ? r : closed;
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
