/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/block/file.h"
#include "fixer/block/member.h"
#include "fixer/session_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BOOT_SECTOR 512

static void disk_refused(struct session_disk *d, enum reason reason, const char *text)
{
	char line[sizeof(d->text)];

	(void)snprintf(line, sizeof(line), "%s: %.200s", d->info.name, text);
	memcpy(d->text, line, sizeof(d->text));
	d->reason = reason;
}

static void volume_refused(struct session_volume *v, const struct error *err)
{
	v->reason = err->reason;
	(void)snprintf(v->text, sizeof(v->text), "%s", err->text);
}

bool session_needs_key(const struct session_volume *v)
{
	return v->bitlocker && v->reason == REASON_OK && !v->vmk &&
	       bitlocker_info(v->bitlocker)->needs_key;
}

static bool has_recovery_blob(const struct bitlocker_info *info, bool *ret_flags_unknown)
{
	bool flags_unknown = false;

	for (size_t i = 0; i < info->protector_count; i++) {
		const struct bitlocker_protector *p = &info->protectors[i];
		if (p->kind != PROTECTOR_RECOVERY_PASSWORD)
			continue;
		if (p->has_blob)
			return true;
		flags_unknown = flags_unknown || p->stretch_flags_unknown;
	}
	*ret_flags_unknown = flags_unknown;
	return false;
}

/* Reasons a BitLocker volume cannot be worked on, whatever key may come. */
static int check_bitlocker(struct session_volume *v, struct error *err)
{
	const struct bitlocker_info *info = bitlocker_info(v->bitlocker);
	bool flags_unknown = false;
	char openers[256];

	int r = bitlocker_write_refusal(v->bitlocker, err);
	if (r < 0 || !info->needs_key)
		return r;
	if (strcmp(bitlocker_method_name(info->method), "unknown") == 0)
		return error_set(
		        err, -ENOTSUP, REASON_BITLOCKER_METHOD, "method 0x%04x", info->method);
	/* A suspended volume has its key beside it, in the clear. */
	if (info->suspended && bitlocker_clear_key(v->bitlocker, &v->vmk, err) == 0)
		return 0;
	if (has_recovery_blob(info, &flags_unknown))
		return 0;
	if (flags_unknown)
		return error_set(err, -ENOTSUP, REASON_BITLOCKER_STRETCH_FLAGS,
		        "the recovery protector's stretching is not known");
	bitlocker_openers(info, openers, sizeof(openers));
	return error_set(err, -ENOENT, REASON_BITLOCKER_NO_RECOVERY,
	        "none of its protectors is a recovery password: %s", openers);
}

static void inspect_bitlocker(struct block_device *disk, struct session_volume *v)
{
	struct block_device *window CLEANUP_BLOCK = NULL;
	struct error err = {0};

	v->encrypted = true;
	int r = partition_open(disk, v->partition.start, v->partition.size, &window);
	if (r < 0)
		r = error_set(&err, r, REASON_DISK_READ_ERROR, "cannot open the partition: %s",
		        strerror(-r));
	if (r == 0)
		r = bitlocker_parse(window, &v->bitlocker, &err);
	if (r < 0 && err.code == 0)
		r = error_set(&err, r, REASON_BITLOCKER_METADATA_BAD, "%s", strerror(-r));
	if (r == 0)
		r = check_bitlocker(v, &err);
	if (r < 0)
		volume_refused(v, &err);
}

/* Adds the partition to the volumes when it is one Windows could live on. */
static void inspect_partition(
        struct session *s, size_t index, struct block_device *disk, const struct partition *p)
{
	struct session_disk *d = &s->disks[index];
	uint8_t sector[BOOT_SECTOR];

	if (p->size < sizeof(sector))
		return;
	if (block_read(disk, p->start, sector, sizeof(sector)) < 0) {
		disk_refused(d, REASON_DISK_READ_ERROR, "cannot read a boot sector");
		return;
	}
	bool encrypted = bitlocker_probe(sector, sizeof(sector));
	if (!encrypted && memcmp(sector + 3, "NTFS    ", 8) != 0)
		return;
	if (s->volume_count == NM_MAX_VOLUMES) {
		disk_refused(d, REASON_INTERNAL, "more volumes than a session can carry");
		return;
	}
	struct session_volume *v = &s->volumes[s->volume_count++];
	*v = (struct session_volume){.disk = index, .partition = *p, .reason = REASON_OK};
	if (encrypted)
		inspect_bitlocker(disk, v);
}

/* Nothing is written to such a disk, so no key is asked for, either. */
static void refuse_volumes(struct session *s, size_t first, const struct error *err)
{
	for (size_t i = first; i < s->volume_count; i++)
		if (s->volumes[i].reason == REASON_OK)
			volume_refused(&s->volumes[i], err);
}

static void inspect_disk(struct session *s, size_t index)
{
	struct session_disk *d = &s->disks[index];
	struct block_device *disk CLEANUP_BLOCK = NULL;
	struct error err = {0}, refusal = {0};
	size_t first = s->volume_count;

	d->table = calloc(1, sizeof(*d->table));
	int r = d->table ? file_device_open(d->path, false, 0, &disk, &err)
	                 : error_set(&err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	if (r == 0)
		r = partition_table_read(disk, d->table, &err);
	if (disk && disk_refusal(disk, r == 0 ? d->table : NULL, &refusal) < 0)
		err = refusal;
	if (r < 0) {
		disk_refused(d, err.reason, err.text);
		free(d->table);
		d->table = NULL;
		return;
	}
	d->info.size = disk->size;
	d->info.sector = disk->sector_size;
	bundle_disk_id(d->table, d->id);
	for (size_t i = 0; i < d->table->count; i++)
		inspect_partition(s, index, disk, &d->table->entries[i]);
	if (refusal.code) {
		disk_refused(d, refusal.reason, refusal.text);
		refuse_volumes(s, first, &refusal);
	}
}

void session_inventory(struct session *s)
{
	struct machine_disk found[NM_MAX_DISKS];
	size_t count = 0, more = 0;

	machine_controllers_read(s->env->sys, &s->controllers);
	if (machine_disks_read(s->env->sys, found, &count, &more) < 0)
		return; /* no disks: the verdict says so */
	for (size_t i = 0; i < count; i++) {
		struct session_disk *d = &s->disks[s->disk_count++];
		*d = (struct session_disk){.info = found[i], .reason = REASON_OK};
		(void)snprintf(d->path, sizeof(d->path), "%s/%.31s", s->env->dev, found[i].name);
		inspect_disk(s, i);
	}
	if (more > 0)
		disk_refused(
		        &s->disks[count - 1], REASON_INTERNAL, "there are more disks after it");
}

void session_inventory_clear(struct session *s)
{
	for (size_t i = 0; i < s->volume_count; i++) {
		secret_free(s->volumes[i].vmk);
		bitlocker_free(s->volumes[i].bitlocker);
		repair_result_clear(&s->volumes[i].result);
		free(s->volumes[i].facts);
	}
	for (size_t i = 0; i < s->disk_count; i++)
		free(s->disks[i].table);
}
