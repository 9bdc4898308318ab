/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `fixer --image` and `--disk`: one repair without an appliance. The bundle goes into a file. */
#include "fixer/bundle_file.h"
#include "fixer/commands.h"
#include "fixer/image_file.h"
#include "fixer/machine/in_use.h"
#include "fixer/repair/facts_show.h"
#include "fixer/report.h"
#include "fixer/unlock.h"
#include "netmend/limits.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_WINDOWS 3

struct image_run {
	const struct command *command;
	struct recipe recipe;
	struct keys keys;
	struct image_file *image;
	struct survey *survey;
	char *bundle_path;
	json_t *volumes;      /* what was found and done on each */
	char how[UNLOCK_HOW]; /* the one in work was opened; "" when it was not or is plain NTFS */
	struct volume_facts facts; /* of the one in work, as it is now; none when it stays closed */

	/* Of the volume that speaks for the disk. */
	unsigned weight;
	enum reason reason;
	char text[320];
	char bundle_sha256[65];
};

static bool quiet(const struct image_run *run)
{
	return run->command->json;
}

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

/* From the first write on, an impatient Ctrl-C or a closed pipe must not leave half a repair. */
static void hold_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGPIPE);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

static void show_progress(void *context, enum repair_step step, const char *text)
{
	const struct image_run *run = context;

	if (step != STEP_COMMIT)
		return;
	report_line(quiet(run), "    writing %s", text);
	hold_signals();
}

static int save_bundle(void *context, const struct bundle *bundle, struct error *err)
{
	const struct image_run *run = context;

	int r = bundle_file_write(run->bundle_path, bundle, err);
	if (r == 0)
		report_line(quiet(run), "    saved %s", run->bundle_path);
	return r;
}

static void run_repair(struct image_run *run, const struct volume_target *target, bool dry_run,
        struct repair_result *result)
{
	const struct repair_options options = {
	        .dry_run = dry_run,
	        .host = run->command->disk,
	        .sector_size = run->survey->disk->sector_size,
	};
	const struct repair_ops ops = {show_progress, save_bundle, run};

	(void)repair_volume(run->command->disk, target, &run->recipe, &options, &ops, result, NULL);
}

/* What the volume tells about its Windows. It changes nothing, so its failure does not matter. */
static void look_for_evidence(struct image_run *run, const struct volume_target *target)
{
	(void)facts_read(
	        run->survey->disk, target, &run->recipe, NM_EVIDENCE_SECONDS, &run->facts, NULL);
}

/* One volume that can be opened. An image that is served is opened for writing only when a plan for
 * it has passed every check: opening alone may change such a file. */
static void repair_one(
        struct image_run *run, const struct volume_target *target, struct repair_result *result)
{
	bool dry_run = run->command->dry_run, rehearse = image_file_is_served(run->image);
	struct error err = {0};

	run_repair(run, target, dry_run || rehearse, result);
	if (dry_run || !rehearse || result->reason != REASON_WOULD_REPAIR)
		return;
	repair_result_clear(result);
	if (image_file_make_writable(run->image, &err) == 0) {
		run_repair(run, target, false, result);
		return;
	}
	result->reason = err.reason;
	memcpy(result->text, err.text, sizeof(result->text));
}

/* Opens what can be opened and repairs it; result says why not, too. */
static void treat(
        struct image_run *run, const struct survey_volume *v, struct repair_result *result)
{
	struct secret *vmk CLEANUP_SECRET = NULL;
	struct error err = {.code = -EINVAL, .reason = v->reason};

	(void)snprintf(err.text, sizeof(err.text), "%s", v->text);
	int r = v->reason == REASON_OK ? 0 : -EINVAL;
	if (r == 0 && v->bitlocker) {
		r = volume_unlock(v->bitlocker, &run->keys, &vmk, run->how, &err);
		if (r == 0)
			report_line(quiet(run), "    %s", run->how);
	}
	if (r == 0) {
		const struct volume_target target = {.partition = *v->partition,
		        .bitlocker = v->kind == VOLUME_BITLOCKER,
		        .vmk = vmk};
		look_for_evidence(
		        run, &target); /* first: a served image is reopened for the repair */
		repair_one(run, &target, result);
		return;
	}
	result->reason = err.reason;
	memcpy(result->text, err.text, sizeof(result->text));
}

static void record(
        struct image_run *run, const struct survey_volume *v, const struct repair_result *result)
{
	const struct plan *plan = result->plan;
	json_t *entry = report_json_volume(v);

	report_line(quiet(run), "    %s: %s", reason_code(result->reason),
	        result->text[0] ? result->text : reason_title(result->reason));
	if (plan)
		report_files(quiet(run), plan, result->reason);
	for (size_t i = 0; !quiet(run) && i < run->facts.windows_count; i++)
		report_installation(&run->facts.windows[i]);
	(void)json_object_set_new(entry, "reason", json_string(reason_code(result->reason)));
	(void)json_object_set_new(entry, "text", json_string(result->text));
	(void)json_object_set_new(entry, "how", json_string(run->how));
	(void)json_object_set_new(
	        entry, "sectors", json_integer((json_int_t)result->sectors_written));
	(void)json_object_set_new(
	        entry, "plan", json_string(plan ? plan_kind_name(plan->kind) : "none"));
	(void)json_object_set_new(
	        entry, "journal", json_string(plan ? journal_state_name(plan->journal) : ""));
	(void)json_object_set_new(
	        entry, "windows", json_integer(plan ? (json_int_t)plan->windows_count : 0));
	(void)json_object_set_new(
	        entry, "files", plan ? report_json_files(plan, result->reason) : json_array());
	(void)json_object_set_new(
	        entry, "installations", facts_json_installations(&run->facts, WINDOWS_MAX));
	(void)json_array_append_new(run->volumes, entry);
}

/* Which volume speaks for the disk: the one with Windows; else the first that could not be looked
 * into; else any. */
static unsigned weight(const struct repair_result *result)
{
	if (result->plan && result->plan->windows_count > 0)
		return WEIGHT_WINDOWS;
	return result->reason == REASON_NO_WINDOWS ? 1 : 2;
}

static void treat_all(struct image_run *run)
{
	const struct survey *s = run->survey;

	run->reason = s->refusal.code ? s->refusal.reason : REASON_NO_NTFS;
	memcpy(run->text, s->refusal.text, sizeof(run->text));
	for (size_t i = 0; i < s->count && run->weight < WEIGHT_WINDOWS; i++) {
		struct repair_result result = {0};
		const struct survey_volume *v = &s->volumes[i];
		if (run->command->partition != ANY_PARTITION &&
		        run->command->partition != v->partition->number)
			continue;
		run->how[0] = 0;
		run->facts.windows_count = 0;
		report_volume(quiet(run), v);
		treat(run, v, &result);
		record(run, v, &result);
		if (weight(&result) > run->weight) {
			run->weight = weight(&result);
			run->reason = result.reason;
			memcpy(run->text, result.text, sizeof(run->text));
			memcpy(run->bundle_sha256, result.bundle_sha256,
			        sizeof(run->bundle_sha256));
		}
		repair_result_clear(&result);
	}
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
		r = survey_disk(c->disk, &run->survey, err);
	if (r < 0)
		return r;
	run->survey->image = *image_file_info(run->image);
	run->bundle_path = c->bundle ? strdup(c->bundle) : bundle_file_name(c->disk);
	run->volumes = json_array();
	if (!run->bundle_path || !run->volumes)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "starting");
	return 0;
}

static void show_end(const struct image_run *run)
{
	bool saved = run->bundle_sha256[0] != 0;

	/* The text of a volume was shown with that volume. */
	report_reason(quiet(run), run->reason, run->survey ? "" : run->text);
	if (saved)
		report_line(quiet(run), "  undo: fixer --undo %s --image %s", run->bundle_path,
		        run->command->disk);
	if (saved && status_of(run->reason) == STATUS_WRITE)
		report_line(quiet(run), "  complete: fixer --complete %s --image %s",
		        run->bundle_path, run->command->disk);
	if (!quiet(run))
		return;
	json_t *root = report_json_new(run->reason, run->text);
	if (run->survey)
		(void)json_object_set_new(
		        root, "disk", report_json_disk(run->survey, run->command->disk));
	(void)json_object_set_new(root, "bundle", json_string(saved ? run->bundle_path : ""));
	(void)json_object_set_new(root, "bundle_sha256", json_string(run->bundle_sha256));
	(void)json_object_set(root, "volumes", run->volumes);
	report_json_print(root);
}

enum exit_status command_repair(const struct command *c)
{
	struct image_run run = {.command = c};
	struct error err = {0};

	if (prepare(&run, &err) < 0) {
		run.reason = err.reason;
		memcpy(run.text, err.text, sizeof(run.text));
	} else {
		report_disk(quiet(&run), run.survey, c->disk);
		treat_all(&run);
	}
	if (image_file_close(run.image, &err) < 0) {
		run.reason = err.reason;
		memcpy(run.text, err.text, sizeof(run.text));
	}
	show_end(&run);
	survey_free(run.survey);
	keys_clear(&run.keys);
	json_decref(run.volumes);
	free(run.bundle_path);
	return status_of(run.reason);
}
