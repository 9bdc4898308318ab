/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/repair/facts.h"
#include "fixer/block/overlay.h"
#include "fixer/repair/sandbox.h"
#include "fixer/repair/volume.h"
#include "fixer/windows/hive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ANSWER_MAX (64 * 1024)

/* --- in the children ------------------------------------------------------------------------- */

struct facts_job {
	struct block_device *dev; /* the NTFS volume, on an overlay */
	const struct recipe *recipe;
	int64_t until; /* now_ms() */

	/* The installation in work. */
	uint64_t root;
	const struct windows_version *version;
	int scratch; /* for its hives */
};

static int collect(struct ntfs_view *view, struct volume_facts *facts, uint64_t roots[WINDOWS_MAX])
{
	struct windows_list windows;

	facts->ntfs = *ntfs_view_facts(view);
	int r = ntfs_describe(view, &facts->description);
	if (r == 0)
		r = windows_find(view, &windows);
	if (r < 0)
		return r;
	facts->windows_count = windows.count;
	for (size_t i = 0; r == 0 && i < windows.count; i++) {
		roots[i] = windows.roots[i];
		r = ntfs_path(view, roots[i], facts->windows[i].directory,
		        sizeof(facts->windows[i].directory));
	}
	return r;
}

static int read_file_system(void *context, struct buffer *out, struct error *err)
{
	const struct facts_job *job = context;
	static struct volume_facts facts; /* of this child alone; large for a stack */
	uint64_t roots[WINDOWS_MAX];
	struct ntfs_view *view;

	int r = ntfs_view_open(job->dev, &view, err);
	if (r < 0)
		return r;
	r = collect(view, &facts, roots);
	r = r < 0 ? ntfs_view_error(view, r, "looking at the file system", err)
	          : facts_encode(&facts, roots, out);
	(void)ntfs_view_close(view); /* what it may have written went into the overlay */
	return r;
}

static int read_registry(void *context, struct buffer *out, struct error *err)
{
	const struct facts_job *job = context;
	struct windows_version version;
	struct ntfs_view *view;

	int r = ntfs_view_open(job->dev, &view, err);
	if (r < 0)
		return r;
	windows_version_read(view, job->root, job->scratch, &version);
	(void)ntfs_view_close(view);
	return version_encode(&version, out);
}

static int read_evidence(void *context, struct buffer *out, struct error *err)
{
	const struct facts_job *job = context;
	struct windows_evidence evidence;
	struct ntfs_view *view;

	int r = ntfs_view_open(job->dev, &view, err);
	if (r < 0)
		return r;
	windows_evidence_read(view, job->root, job->version, job->recipe, &evidence);
	(void)ntfs_view_close(view);
	return evidence_encode(&evidence, out);
}

/* --- in the parent --------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* sandbox_run() in the time that is left. */
static int run_child(int (*work)(void *, struct buffer *, struct error *), struct facts_job *job,
        struct buffer *ret, struct error *err)
{
	int64_t left = job->until - now_ms();

	if (left <= 0)
		return error_set(
		        err, -ETIMEDOUT, REASON_CHILD_TIMEOUT, "no time was left to look at it");
	return sandbox_run(work, job, (unsigned)(left / 1000 + 1), ANSWER_MAX, ret, err);
}

static const char *problem_of(const struct error *err)
{
	return err->code ? err->text : "what its reader tells is garbled";
}

static void read_version(struct facts_job *job, struct windows_version *ret)
{
	struct buffer answer;
	struct error err = {0};

	int r = run_child(read_registry, job, &answer, &err);
	if (r == 0) {
		r = version_decode(answer.data, answer.len, ret);
		buffer_free(&answer);
	}
	if (r < 0)
		(void)snprintf(ret->problem, sizeof(ret->problem), "the registry: %.140s",
		        problem_of(&err));
}

static void look_for_evidence(struct facts_job *job, struct windows_evidence *ret)
{
	struct buffer answer;
	struct error err = {0};

	int r = run_child(read_evidence, job, &answer, &err);
	if (r == 0) {
		r = evidence_decode(answer.data, answer.len, ret);
		buffer_free(&answer);
	}
	if (r < 0)
		(void)snprintf(ret->problem, sizeof(ret->problem), "the last crash: %.140s",
		        problem_of(&err));
}

static void read_installations(
        struct facts_job *job, const uint64_t *roots, struct volume_facts *facts)
{
	job->scratch = hive_scratch();
	for (size_t i = 0; i < facts->windows_count; i++) {
		struct windows_facts *w = &facts->windows[i];
		job->root = roots[i];
		job->version = &w->version;
		read_version(job, &w->version);
		look_for_evidence(job, &w->evidence);
	}
	if (job->scratch >= 0)
		(void)close(job->scratch);
}

static int read_facts(struct facts_job *job, struct volume_facts *ret, struct error *err)
{
	uint64_t roots[WINDOWS_MAX];
	struct buffer answer;

	int r = run_child(read_file_system, job, &answer, err);
	if (r < 0)
		return r;
	r = facts_decode(answer.data, answer.len, ret, roots);
	buffer_free(&answer);
	if (r < 0)
		return error_set(err, -EPROTO, REASON_CHILD_CRASHED,
		        "what the file system's reader tells is garbled");
	read_installations(job, roots, ret);
	return 0;
}

int facts_read(struct block_device *disk, const struct volume_target *target,
        const struct recipe *recipe, unsigned seconds, struct volume_facts *ret, struct error *err)
{
	CLEANUP_BLOCK struct block_device *overlay = NULL;
	struct facts_job job = {.recipe = recipe, .until = now_ms() + (int64_t)seconds * 1000};
	struct volume volume;

	int r = overlay_open(disk, NM_OVERLAY_MAX, &overlay);
	if (r < 0)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "no memory to look at the volume");
	r = volume_attach(overlay, target, &volume, err);
	if (r < 0)
		return r;
	job.dev = volume.dev;
	r = read_facts(&job, ret, err);
	volume_detach(&volume);
	return r;
}
