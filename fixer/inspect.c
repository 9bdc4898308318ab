/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `fixer inspect`: what is on a disk, all that can be seen without a key and, with one, the rest.
 */
#include "fixer/inspect.h"
#include "fixer/commands.h"
#include "fixer/report.h"

#include <errno.h>
#include <string.h>

/* Facts of a volume that is open or needs no opening. */
static int read_facts(const struct inspection *in, const struct secret *vmk,
        struct inspected_volume *v, struct error *err)
{
	const struct volume_target target = {.partition = *v->volume->partition,
	        .bitlocker = v->volume->kind == VOLUME_BITLOCKER,
	        .vmk = vmk};

	return facts_read(in->survey->disk, &target, &in->recipe, NM_CHILD_SECONDS, &v->facts, err);
}

/* Whether a repair could go on, once the volume is open. */
static void judge(struct inspected_volume *v)
{
	const struct survey_volume *s = v->volume;

	if (v->closed.code)
		v->repair = v->closed;
	else if (s->reason != REASON_OK)
		(void)error_set(&v->repair, -EPERM, s->reason, "%s", s->text);
	else if (v->facts.windows_count == 0)
		(void)error_set(&v->repair, -ENOENT, REASON_NO_WINDOWS, "no Windows on it");
	else
		(void)ntfs_refusal(&v->facts.ntfs, &v->repair);
}

static void look(const struct inspection *in, const struct keys *keys, struct inspected_volume *v)
{
	const struct survey_volume *s = v->volume;
	struct secret *vmk CLEANUP_SECRET = NULL;
	struct error *err = &v->closed;
	int r = 0;

	if (s->kind == VOLUME_UNREADABLE || (s->kind == VOLUME_BITLOCKER && !s->bitlocker))
		r = error_set(err, -EIO, s->reason, "%s", s->text);
	else if (s->bitlocker && bitlocker_info(s->bitlocker)->map_damaged)
		r = error_set(err, -EBADMSG, REASON_BITLOCKER_METADATA_BAD,
		        "not readable, with any key: the map of what is encrypted is damaged");
	else if (s->bitlocker)
		r = volume_unlock(s->bitlocker, keys, &vmk, v->how, err);
	if (r == 0)
		(void)read_facts(in, vmk, v, err);
	judge(v);
}

static bool is_wanted(const struct command *c, const struct partition *p)
{
	return c->partition == ANY_PARTITION || c->partition == p->number;
}

static int find_partition(const struct command *c, const struct survey *s, struct error *err)
{
	for (size_t i = 0; i < s->table.count; i++)
		if (is_wanted(c, &s->table.entries[i]))
			return 0;
	if (c->partition == ANY_PARTITION)
		return 0;
	return error_set(
	        err, -EINVAL, REASON_USAGE, "%s has no partition %u", c->disk, c->partition);
}

static int look_at_disk(const struct command *c, struct inspection *in, struct error *err)
{
	struct keys keys = {0};

	in->path = c->disk;
	int r = command_recipe(c, &in->recipe, err);
	if (r == 0)
		r = image_file_open(c->disk, &in->image, err);
	if (r == 0)
		r = keys_load(&c->keys, &keys, err);
	if (r == 0)
		r = survey_disk(c->disk, &in->survey, err);
	if (r == 0)
		in->survey->image = *image_file_info(in->image);
	if (r == 0)
		r = find_partition(c, in->survey, err);
	for (size_t i = 0; r == 0 && i < in->survey->count; i++) {
		const struct survey_volume *s = &in->survey->volumes[i];
		if (!is_wanted(c, s->partition))
			continue;
		in->volumes[in->count].volume = s;
		look(in, &keys, &in->volumes[in->count++]);
	}
	keys_clear(&keys);
	return r;
}

/* When a key was given and no volume opens, that is what the person wants to know first. */
static void find_wrong_key(const struct command *c, const struct inspection *in, struct error *err)
{
	const struct key_files *k = &c->keys;

	if (!k->recovery_password && !k->passphrase && !k->startup_key)
		return;
	for (size_t i = 0; i < in->count; i++)
		if (in->volumes[i].how[0])
			return;
	for (size_t i = 0; i < in->count && !err->code; i++)
		if (in->volumes[i].volume->bitlocker)
			*err = in->volumes[i].closed;
}

static void show(const struct command *c, const struct inspection *in, const struct error *err)
{
	if (c->json) {
		json_t *root = report_json_new(err->reason, err->text);
		if (in->survey)
			inspect_json(in, root);
		report_json_print(root);
		return;
	}
	if (in->survey) {
		inspect_print(in);
		if (in->count == 0 && !err->code)
			report_line(false, "No NTFS or BitLocker volume there.");
	}
	if (!err->code)
		return;
	if (in->survey)
		report_line(false, "%s", "");
	/* The text of a volume was shown with that volume. */
	report_reason(false, err->reason, in->count ? "" : err->text);
}

enum exit_status command_inspect(const struct command *c)
{
	struct inspection *in CLEANUP_FREE = calloc(1, sizeof(*in));
	struct error err = {.reason = REASON_OK};

	if (!in) {
		report_reason(c->json, REASON_OUT_OF_MEMORY, "starting");
		return status_of(REASON_OUT_OF_MEMORY);
	}
	if (look_at_disk(c, in, &err) == 0)
		find_wrong_key(c, in, &err);
	show(c, in, &err);
	survey_free(in->survey);
	(void)image_file_close(in->image, NULL);
	return status_of(err.reason);
}
