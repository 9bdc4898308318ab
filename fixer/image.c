/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `fixer --image` and `--disk`: one repair without an appliance. The bundle goes into a file. */
#include "fixer/base/json_text.h"
#include "fixer/bundle_file.h"
#include "fixer/image_internal.h"
#include "fixer/machine/in_use.h"
#include "fixer/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_HALF_WRITTEN 9

/* What is told of the disk as a whole. */
struct outcome {
	unsigned weight; /* of the volume that speaks for it */
	enum reason reason;
	char text[320];
	const char *bundle; /* run->saved's, or "" */
	char bundle_sha256[65];
	json_t *volumes; /* what was found and done on each */
};

int command_recipe(const struct command *c, struct recipe *ret, struct error *err)
{
	char text[NM_MAX_RECIPE + 1];

	const char *builtin = recipe_builtin_text(c->recipe);
	if (builtin)
		return recipe_parse(builtin, strlen(builtin), ret, err);
	FILE *f = fopen(c->recipe, "re");
	if (!f)
		return error_set(
		        err, -errno, REASON_CANNOT_OPEN, "%s: %s", c->recipe, strerror(errno));
	size_t len = fread(text, 1, sizeof(text), f);
	int failed = ferror(f);
	(void)fclose(f);
	if (failed)
		return error_set(err, -EIO, REASON_CANNOT_OPEN, "%s: cannot be read", c->recipe);
	if (len > NM_MAX_RECIPE)
		return error_set(err, -EMSGSIZE, REASON_RECIPE_BAD, "%s: over %d bytes", c->recipe,
		        NM_MAX_RECIPE);
	int r = recipe_parse(text, len, ret, err);
	if (r < 0)
		error_prefix(err, "%s", c->recipe);
	return r;
}

/* Which volume speaks for the disk: one half written, then those that hold a Windows or the bad
 * file, by how much is to be done about them; then the first that could not be looked into. */
static unsigned weight(const struct repair_result *result)
{
	const struct plan *plan = result->plan;
	const char *severity = reason_severity(result->reason);

	if (result->written == WRITTEN_PART)
		return WEIGHT_HALF_WRITTEN;
	if (!plan || (plan->windows_count == 0 && plan->file_count == 0))
		return result->reason == REASON_NO_WINDOWS ? 1 : 2;
	if (strcmp(severity, "fail") == 0)
		return 8;
	if (repair_is_done(result->reason) || result->reason == REASON_WOULD_REPAIR)
		return 7;
	return strcmp(severity, "ok") == 0 ? 5 : 6;
}

static bool is_wanted(const struct command *c, const struct survey_volume *v)
{
	return c->partition == ANY_PARTITION || c->partition == v->partition->number;
}

static void note(const struct repair_result *result, const char *saved, struct outcome *out)
{
	if (weight(result) <= out->weight)
		return;
	out->weight = weight(result);
	out->reason = result->reason;
	memcpy(out->text, result->text, sizeof(out->text));
	memcpy(out->bundle_sha256, result->bundle_sha256, sizeof(out->bundle_sha256));
	out->bundle = saved;
}

/* Each Windows on the disk may be the one that starts. What is half written is completed or undone
 * before anything else is. */
static void treat_all(struct image_run *run, struct outcome *out)
{
	const struct survey *s = run->survey;

	out->reason = s->refusal.code ? s->refusal.reason : REASON_NO_NTFS;
	memcpy(out->text, s->refusal.text, sizeof(out->text));
	for (size_t i = 0; i < s->count && out->weight < WEIGHT_HALF_WRITTEN; i++) {
		const struct survey_volume *v = &s->volumes[i];
		struct repair_result result = {0};
		size_t before = run->saved_count;
		if (!is_wanted(run->command, v))
			continue;
		report_volume(image_quiet(run), v);
		image_treat_volume(run, v, &result);
		const char *saved = run->saved_count > before ? run->saved[before] : "";
		image_record_volume(run, v, &result, saved, out->volumes);
		note(&result, saved, out);
		repair_result_clear(&result);
	}
}

static int survey_of(struct image_run *run, struct error *err)
{
	int r = survey_disk(run->command->disk, &run->survey, err);

	if (r == 0)
		run->survey->image = *image_file_info(run->image);
	return r;
}

/* An image that is served is opened for writing only when a plan for it has passed every check:
 * opening alone may change such a file. Then it must be looked at anew. */
static int rehearse(struct image_run *run, struct error *err)
{
	bool repairs = false;

	run->rehearsal = true;
	for (size_t i = 0; i < run->survey->count; i++) {
		struct repair_result result = {0};
		if (!is_wanted(run->command, &run->survey->volumes[i]))
			continue;
		image_treat_volume(run, &run->survey->volumes[i], &result);
		repairs = repairs || result.reason == REASON_WOULD_REPAIR;
		repair_result_clear(&result);
	}
	run->rehearsal = false;
	if (!repairs)
		return 0;
	survey_free(run->survey);
	run->survey = NULL;
	int r = image_file_make_writable(run->image, err);
	return r < 0 ? r : survey_of(run, err);
}

static int prepare(struct image_run *run, struct error *err)
{
	const struct command *c = run->command;

	int r = command_recipe(c, &run->recipe, err);
	if (r == 0)
		r = disk_in_use(c->disk, !c->dry_run, err);
	if (r == 0)
		r = image_file_open(c->disk, &run->image, err);
	if (r == 0)
		r = keys_load(&c->keys, &run->keys, err);
	if (r == 0)
		r = survey_of(run, err);
	if (r < 0)
		return r;
	run->bundle_path = c->bundle ? strdup(c->bundle) : bundle_file_name(c->disk);
	if (!run->bundle_path)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "starting");
	return image_file_is_served(run->image) && !c->dry_run ? rehearse(run, err) : 0;
}

static void show_end(const struct image_run *run, const struct outcome *out)
{
	/* The text of a volume was shown with that volume. */
	report_reason(image_quiet(run), out->reason, run->survey ? "" : out->text);
	for (size_t i = 0; i < run->saved_count; i++)
		report_line(image_quiet(run), "  undo: fixer --undo %s --image %s", run->saved[i],
		        run->command->disk);
	if (out->bundle[0] && status_of(out->reason) == STATUS_WRITE)
		report_line(image_quiet(run), "  complete: fixer --complete %s --image %s",
		        out->bundle, run->command->disk);
	if (!image_quiet(run))
		return;
	json_t *root = report_json_new(out->reason, out->text);
	if (run->survey)
		(void)json_object_set_new(
		        root, "disk", report_json_disk(run->survey, run->command->disk));
	(void)json_object_set_new(root, "bundle", json_text(out->bundle));
	(void)json_object_set_new(root, "bundle_sha256", json_string(out->bundle_sha256));
	(void)json_object_set(root, "volumes", out->volumes);
	report_json_print(root);
}

static void note_error(const struct error *err, struct outcome *out)
{
	out->reason = err->reason;
	memcpy(out->text, err->text, sizeof(out->text));
}

enum exit_status command_repair(const struct command *c)
{
	struct image_run run = {.command = c};
	struct outcome out = {.bundle = "", .volumes = json_array()};
	struct error err = {0};

	if (prepare(&run, &err) < 0) {
		note_error(&err, &out);
	} else {
		report_disk(image_quiet(&run), run.survey, c->disk);
		treat_all(&run, &out);
	}
	if (image_file_close(run.image, &err) < 0)
		note_error(&err, &out);
	show_end(&run, &out);
	survey_free(run.survey);
	keys_clear(&run.keys);
	json_decref(out.volumes);
	for (size_t i = 0; i < run.saved_count; i++)
		free(run.saved[i]);
	free(run.bundle_path);
	return status_of(out.reason);
}
