/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/repair/facts.h"
#include "fixer/block/overlay.h"
#include "fixer/repair/sandbox.h"
#include "fixer/repair/volume.h"
#include "fixer/windows/hive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_MAX (64 * 1024)

/* --- in the children ------------------------------------------------------------------------- */

struct facts_job {
	struct block_device *dev; /* the NTFS volume, on an overlay */
	uint64_t root;            /* of the installation whose registry is wanted */
	int scratch;              /* for its hives */
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
	struct volume_facts facts = {0};
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

/* --- in the parent --------------------------------------------------------------------------- */

static void read_version(struct facts_job *job, struct windows_version *ret)
{
	struct buffer answer;
	struct error err = {0};

	int r = sandbox_run(read_registry, job, NM_CHILD_SECONDS, ANSWER_MAX, &answer, &err);
	if (r == 0) {
		r = version_decode(answer.data, answer.len, ret);
		buffer_free(&answer);
	}
	if (r < 0)
		(void)snprintf(ret->problem, sizeof(ret->problem), "%.150s",
		        err.code ? err.text : "what the registry's reader tells is garbled");
}

static void read_versions(
        struct block_device *dev, const uint64_t *roots, struct volume_facts *facts)
{
	struct facts_job job = {.dev = dev, .scratch = hive_scratch()};

	for (size_t i = 0; i < facts->windows_count; i++) {
		job.root = roots[i];
		read_version(&job, &facts->windows[i].version);
	}
	if (job.scratch >= 0)
		(void)close(job.scratch);
}

static int read_facts(struct block_device *dev, struct volume_facts *ret, struct error *err)
{
	struct facts_job job = {.dev = dev};
	uint64_t roots[WINDOWS_MAX];
	struct buffer answer;

	int r = sandbox_run(read_file_system, &job, NM_CHILD_SECONDS, ANSWER_MAX, &answer, err);
	if (r < 0)
		return r;
	r = facts_decode(answer.data, answer.len, ret, roots);
	buffer_free(&answer);
	if (r < 0)
		return error_set(err, -EPROTO, REASON_CHILD_CRASHED,
		        "what the file system's reader tells is garbled");
	read_versions(dev, roots, ret);
	return 0;
}

int facts_read(struct block_device *disk, const struct volume_target *target,
        struct volume_facts *ret, struct error *err)
{
	CLEANUP_BLOCK struct block_device *overlay = NULL;
	struct volume volume;

	int r = overlay_open(disk, NM_OVERLAY_MAX, &overlay);
	if (r < 0)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "no memory to look at the volume");
	r = volume_attach(overlay, target, &volume, err);
	if (r < 0)
		return r;
	r = read_facts(volume.dev, ret, err);
	volume_detach(&volume);
	return r;
}
