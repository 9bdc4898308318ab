/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/json_text.h"
#include "fixer/machine/sysfs.h"
#include "fixer/session_internal.h"
#include "netmend/version.h"

#include <stdio.h>

static json_t *base64_json(const void *data, size_t len)
{
	char *text = base64_encode(data, len);
	json_t *string = text ? json_string(text) : NULL;

	free(text);
	return string;
}

static json_t *machine_json(const struct machine_identity *m, enum boot_order order)
{
	json_t *macs = json_array();

	for (size_t i = 0; i < m->mac_count; i++)
		(void)json_array_append_new(macs, json_text(m->macs[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s}", "uuid", json_text(m->uuid),
	        "serial", json_text(m->serial), "asset", json_text(m->asset), "manufacturer",
	        json_text(m->manufacturer), "product", json_text(m->product), "macs", macs,
	        "firmware", m->uefi ? "uefi" : "bios", "boot_order", boot_order_name(order));
}

static json_t *disk_json(const struct session_disk *d)
{
	return json_pack("{s:o, s:I, s:I, s:o, s:o, s:s}", "name", json_text(d->info.name), "size",
	        (json_int_t)d->info.size, "sector", (json_int_t)d->info.sector, "model",
	        json_text(d->info.model), "serial", json_text(d->info.serial), "id", d->id);
}

static json_t *protector_json(const struct bitlocker_protector *p)
{
	char id[GUID_TEXT];

	guid_format(&p->id, id);
	const char *kind = bitlocker_protector_name(p->kind);
	if (p->kind != PROTECTOR_RECOVERY_PASSWORD || !p->has_blob)
		return json_pack("{s:s, s:s}", "id", id, "kind", kind);
	return json_pack("{s:s, s:s, s:o, s:o}", "id", id, "kind", kind, "salt",
	        base64_json(p->blob.salt, sizeof(p->blob.salt)), "blob",
	        base64_json(p->blob.sealed, sizeof(p->blob.sealed)));
}

/* The fields of a volume that BitLocker metadata gives; empty ones without it. */
static json_t *bitlocker_json(const struct bitlocker *b)
{
	char id[GUID_TEXT] = "", state[16] = "";
	const char *method = "";
	bool suspended = false;
	json_t *protectors = json_array();

	if (b) {
		const struct bitlocker_info *info = bitlocker_info(b);
		guid_format(&info->volume_id, id);
		(void)snprintf(
		        state, sizeof(state), "%u/%u", info->current_state, info->next_state);
		method = bitlocker_method_name(info->method);
		suspended = info->suspended;
		for (size_t i = 0; i < info->protector_count; i++)
			(void)json_array_append_new(
			        protectors, protector_json(&info->protectors[i]));
	}
	return json_pack("{s:s, s:s, s:s, s:b, s:o}", "id", id, "method", method, "state", state,
	        "suspended", suspended, "protectors", protectors);
}

static json_t *volume_json(const struct session_volume *v)
{
	json_t *volume = bitlocker_json(v->bitlocker);
	json_t *place = json_pack("{s:I, s:I, s:I, s:I, s:s, s:s}", "disk", (json_int_t)v->disk,
	        "partition", (json_int_t)v->partition.number, "start",
	        (json_int_t)v->partition.start, "size", (json_int_t)v->partition.size, "kind",
	        v->encrypted ? "bitlocker" : "ntfs", "reason", reason_code(v->reason));

	(void)json_object_update(volume, place);
	json_decref(place);
	return volume;
}

json_t *session_request(const struct session *s)
{
	char boot_id[64];
	json_t *disks = json_array(), *volumes = json_array();

	sysfs_text("", s->env->boot_id, boot_id, sizeof(boot_id));
	for (size_t i = 0; i < s->disk_count; i++)
		(void)json_array_append_new(disks, disk_json(&s->disks[i]));
	for (size_t i = 0; i < s->volume_count; i++)
		(void)json_array_append_new(volumes, volume_json(&s->volumes[i]));
	return json_pack("{s:i, s:s, s:s, s:o, s:s, s:b, s:o, s:o, s:o}", "v", NETMEND_WIRE_VERSION,
	        "token", s->params.token, "boot_id", boot_id, "key",
	        base64_json(s->public_key, sizeof(s->public_key)), "fixer", NETMEND_VERSION,
	        "dry_run", s->params.dry_run, "machine",
	        machine_json(&s->machine, boot_order_read(s->env->sys)), "disks", disks, "volumes",
	        volumes);
}
