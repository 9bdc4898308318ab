/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The repair of a damaged volume, in a process whose end is judged, too. */
#include "fixer/base/cleanup.h"
#include "tests/generators/run.h"
#include "tests/volumes/corrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS 400 /* more than all the fixer's own limits together */

static const char recipe_text[] =
        "[recipe]\nname = corrupt\n[match]\npath = \\Windows\\System32\\drivers\\CrowdStrike\n"
        "glob = C-00000291*.sys\nmodified-from = 2024-07-19T04:09:00Z\n"
        "modified-to = 2024-07-19T05:27:00Z\nwhen-outside-window = skip\n[action]\ndo = %s\n"
        "unclean-journal = %s\n";

static const char *const action_names[] = {"remove", "rename", "report-only"};
static const char *const unclean_names[] = {"rename", "replay", "refuse"};

/* Keeps the bundle as bytes that are read again when they are needed. */
static int save(void *context, const struct bundle *bundle, struct error *err)
{
	return bundle_decode(bundle->bytes, bundle->len, context, err);
}

/* What must never come out of a repair: the rest is for people to act on. */
static bool bad_reason(enum reason reason)
{
	return reason == REASON_INTERNAL || reason == REASON_FIXER_CRASHED ||
	       reason == REASON_VERIFY_FAILED || reason == REASON_CANNOT_OPEN ||
	       reason == REASON_DISK_CHANGED || reason == REASON_OK;
}

static const uint8_t *map_file(const struct corrupt_base *b)
{
	CLEANUP_CLOSE int fd = open(b->path, O_RDONLY | O_CLOEXEC);
	const uint8_t *bytes =
	        fd < 0 ? MAP_FAILED : mmap(NULL, b->size, PROT_READ, MAP_SHARED, fd, 0);

	return bytes == MAP_FAILED ? NULL : bytes;
}

static void judge(const struct corrupt_case *c, const struct repair_result *result,
        const struct bundle *bundle, struct corrupt_verdict *v)
{
	const struct corrupt_base *b = c->base;
	const uint8_t *file = map_file(b);
	struct error err = {0};
	size_t written;

	if (!file) {
		(void)snprintf(v->text, CORRUPT_TEXT, "cannot map the volume");
		return;
	}
	if (bad_reason(result->reason))
		(void)snprintf(v->text, CORRUPT_TEXT, "%s", result->text);
	else if (result->written == WRITTEN_ALL && result->plan)
		corrupt_judge(b->bytes, file, b->size, result->plan, v);
	if (bundle && result->written != WRITTEN_NONE && !v->text[0] &&
	        repair_undo(b->path, bundle, &written, &err) < 0)
		(void)snprintf(v->text, CORRUPT_TEXT, "undo: %s", err.text);
	if (!v->text[0] && memcmp(b->bytes, file, b->size) != 0)
		(void)snprintf(v->text, CORRUPT_TEXT, "%s: the volume is not as it was before",
		        result->written == WRITTEN_NONE ? "refused" : "undone");
	v->good = !v->text[0];
}

static void work(const struct corrupt_case *c, struct corrupt_verdict *v)
{
	struct bundle *bundle = NULL;
	const struct repair_ops ops = {.save = save, .context = &bundle};
	const struct repair_options options = {.host = "corrupt", .sector_size = c->base->sector};
	const struct volume_target target = {.partition = {.size = c->base->size}};
	struct repair_result result = {0};
	struct recipe recipe;
	struct error err = {0};
	char text[640];

	int len = snprintf(text, sizeof(text), recipe_text, action_names[c->action],
	        unclean_names[c->unclean]);
	if (recipe_parse(text, (size_t)len, &recipe, &err) < 0) {
		(void)snprintf(v->text, CORRUPT_TEXT, "%s", err.text);
		return;
	}
	(void)repair_volume(c->base->path, &target, &recipe, &options, &ops, &result, &err);
	v->reason = result.reason;
	v->plan = result.plan ? result.plan->kind : PLAN_NONE;
	judge(c, &result, bundle, v);
	repair_result_clear(&result);
	bundle_free(bundle);
}

void corrupt_run(const struct corrupt_case *c, struct corrupt_verdict *ret)
{
	struct corrupt_verdict *shared = mmap(
	        NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0;

	*ret = (struct corrupt_verdict){.text = "cannot start a process"};
	if (shared == MAP_FAILED)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		(void)alarm(SECONDS);
		work(c, shared);
		_exit(0);
	}
	if (pid > 0 && waitpid(pid, &status, 0) == pid) {
		*ret = *shared;
		if (status != 0) {
			ret->good = false;
			(void)snprintf(ret->text, CORRUPT_TEXT, "the fixer ended with status %#x%s",
			        (unsigned)status,
			        WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? ": it hung"
			                                                           : "");
		}
	}
	(void)munmap(shared, sizeof(*shared));
}
