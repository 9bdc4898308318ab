/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One volume of a disk without an appliance: opened, repaired, recorded. */
#include "fixer/base/json_text.h"
#include "fixer/bundle_file.h"
#include "fixer/image_internal.h"
#include "fixer/repair/facts_show.h"
#include "fixer/report.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	report_line(image_quiet(run), "    writing %s", text);
	hold_signals();
}

/* The second bundle of a disk is called like the first with -2 before its ending. */
static char *next_path(const struct image_run *run)
{
	static const char ending[] = ".tar.zst";
	size_t len = strlen(run->bundle_path), tail = sizeof(ending) - 1;
	char *path;

	if (run->saved_count == 0)
		return strdup(run->bundle_path);
	if (len < tail || strcmp(run->bundle_path + len - tail, ending) != 0)
		tail = 0;
	if (asprintf(&path, "%.*s-%zu%s", (int)(len - tail), run->bundle_path, run->saved_count + 1,
	            run->bundle_path + len - tail) < 0)
		return NULL;
	return path;
}

static int save_bundle(void *context, const struct bundle *bundle, struct error *err)
{
	struct image_run *run = context;
	char *path = next_path(run);

	if (!path)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for the bundle");
	int r = bundle_file_write(path, bundle, err);
	if (r < 0) {
		free(path);
		return r;
	}
	run->saved[run->saved_count++] = path;
	report_line(image_quiet(run), "    saved %s", path);
	return 0;
}

static void run_repair(
        struct image_run *run, const struct volume_target *target, struct repair_result *result)
{
	const struct repair_options options = {
	        .dry_run = run->command->dry_run || run->rehearsal,
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

void image_treat_volume(
        struct image_run *run, const struct survey_volume *v, struct repair_result *result)
{
	struct secret *vmk CLEANUP_SECRET = NULL;
	struct error err = {.code = -EINVAL, .reason = v->reason};

	run->how[0] = 0;
	run->facts.windows_count = 0;
	(void)snprintf(err.text, sizeof(err.text), "%s", v->text);
	int r = v->reason == REASON_OK ? 0 : -EINVAL;
	if (r == 0 && v->bitlocker) {
		r = volume_unlock(v->bitlocker, &run->keys, &vmk, run->how, &err);
		if (r == 0)
			report_line(image_quiet(run), "    %s", run->how);
	}
	if (r == 0) {
		const struct volume_target target = {.partition = *v->partition,
		        .bitlocker = v->kind == VOLUME_BITLOCKER,
		        .vmk = vmk};
		if (!run->rehearsal)
			look_for_evidence(run, &target);
		run_repair(run, &target, result);
		return;
	}
	result->reason = err.reason;
	memcpy(result->text, err.text, sizeof(result->text));
}

void image_record_volume(struct image_run *run, const struct survey_volume *v,
        const struct repair_result *result, const char *saved, json_t *volumes)
{
	const struct plan *plan = result->plan;
	json_t *entry = report_json_volume(v);

	report_line(image_quiet(run), "    %s: %s", reason_code(result->reason),
	        result->text[0] ? result->text : reason_title(result->reason));
	if (plan)
		report_files(image_quiet(run), plan, result->reason);
	for (size_t i = 0; !image_quiet(run) && i < run->facts.windows_count; i++)
		report_installation(&run->facts.windows[i]);
	(void)json_object_set_new(entry, "reason", json_string(reason_code(result->reason)));
	(void)json_object_set_new(entry, "text", json_text(result->text));
	(void)json_object_set_new(entry, "how", json_text(run->how));
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
	(void)json_object_set_new(entry, "bundle", json_text(saved));
	(void)json_array_append_new(volumes, entry);
}
