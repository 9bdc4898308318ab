/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/link/clock.h"
#include "fixer/session_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What the appliance and the person see of each step of repair_volume(). */
static const struct {
	const char *state, *title;
} steps[] = {
        [STEP_INSPECT] = {"running", "LOOKING AT THE DISK"},
        [STEP_UNLOCK] = {"unlocking", "UNLOCKING THE DISK"},
        [STEP_PLAN] = {"planning", "PLANNING THE REPAIR"},
        [STEP_SAVE] = {"saving", "SAVING THE REPAIR FIRST"},
        [STEP_COMMIT] = {"repairing", "REPAIRING: DO NOT SWITCH OFF"},
        [STEP_VERIFY] = {"repairing", "CHECKING THE REPAIR"},
        [STEP_DONE] = {"repairing", "DONE"},
};

struct volume_job {
	struct session *s;
	char name[64];
	enum repair_step step;        /* the one running */
	struct session_bundle *saved; /* NULL before it is */
};

static void note_end(struct session *s, enum repair_step step)
{
	int64_t now = uptime_ms();

	if (step == STEP_PLAN && !s->timing.save) /* not of the volumes after the repaired one */
		s->timing.plan = now;
	if (step == STEP_SAVE)
		s->timing.save = now;
	if (step == STEP_COMMIT)
		s->timing.commit = now;
	if (step == STEP_VERIFY)
		s->timing.verify = now;
}

static void progress(void *context, enum repair_step step, const char *text)
{
	struct volume_job *job = context;
	char line[NM_MAX_EVENT_TEXT];

	if (step == STEP_DONE || (step == job->step && !text[0]))
		return;
	if (step != job->step)
		note_end(job->s, job->step);
	job->step = step;
	(void)snprintf(line, sizeof(line), "%s%s%.300s", job->name, text[0] ? ": " : "", text);
	session_show(job->s, steps[step].title, line);
	session_tell(job->s, steps[step].state, repair_step_name(step), REASON_OK, line, NULL);
}

static int save(void *context, const struct bundle *bundle, struct error *err)
{
	struct volume_job *job = context;
	struct session_bundle *saved = &job->s->bundles[job->s->bundle_count];
	char ours[65];

	int r = api_journal_put(job->s->api, bundle->bytes, bundle->len, saved->sha256, err);
	if (r < 0)
		return r;
	job->s->bundle_count++;
	job->saved = saved;
	hex_encode(bundle->sha256, sizeof(bundle->sha256), ours);
	if (strcmp(ours, saved->sha256) != 0)
		return error_set(err, -EBADMSG, REASON_JOURNAL_REFUSED,
		        "the appliance has saved something else than was sent");
	return 0;
}

/* A volume without Windows is no news: nearly every machine has a recovery partition. */
static void tell_volume(struct session *s, const struct session_volume *v, const char *state)
{
	enum reason reason = v->reason == REASON_NO_WINDOWS ? REASON_OK : v->reason;
	json_t *numbers = json_pack("{s:I}", "sectors", (json_int_t)v->result.sectors_written);

	session_tell(s, repair_is_done(v->reason) ? "repaired" : state, "volume", reason, v->text,
	        numbers);
}

static void repair_one(struct session *s, struct session_volume *v)
{
	struct volume_job job = {.s = s, .step = STEP_INSPECT};
	const struct volume_target target = {
	        .partition = v->partition, .bitlocker = v->encrypted, .vmk = v->vmk};
	const struct repair_options options = {
	        .dry_run = s->params.dry_run, .host = s->open.machine};
	const struct repair_ops ops = {progress, save, &job};
	struct error err = {0};

	session_volume_name(s, v, job.name);
	int r = repair_volume(
	        s->disks[v->disk].path, &target, &s->recipe, &options, &ops, &v->result, &err);
	note_end(s, job.step);
	if (job.saved)
		job.saved->written = v->result.written;
	v->repaired = true;
	v->reason = v->result.reason;
	(void)snprintf(v->text, sizeof(v->text), "%s: %.240s", job.name,
	        r < 0 ? err.text : v->result.text);
	s->sectors += v->result.sectors_written;
	tell_volume(s, v, steps[job.step].state);
}

static int by_size(const void *a, const void *b)
{
	const struct session_volume *const *x = a, *const *y = b;
	uint64_t p = (*x)->partition.size, q = (*y)->partition.size;

	return p < q ? -1 : p > q;
}

/* The recovery partitions first, so that the story of a machine ends with its Windows. The
 * appliance offers the next boot the last bundle saved: nothing is saved after one that is half
 * written. */
void session_repair(struct session *s)
{
	struct session_volume *order[NM_MAX_VOLUMES];

	for (size_t i = 0; i < s->volume_count; i++)
		order[i] = &s->volumes[i];
	qsort(order, s->volume_count, sizeof(order[0]), by_size);
	for (size_t i = 0; i < s->volume_count; i++) {
		if (order[i]->reason != REASON_OK)
			continue;
		repair_one(s, order[i]);
		if (order[i]->result.written == WRITTEN_PART)
			break;
	}
}
