/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/input.h"
#include "appliance/fleet/identity.h"
#include "fixer/base/text.h"
#include "netmend/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTORS_MAX ((json_int_t)1 << 55)

/* Missing: a fixer from an older medium, which does not look. */
static int boot_order_check(const char *text, enum machine_boot_order *ret, struct error *err)
{
	*ret = MACHINE_BOOT_ORDER_UNKNOWN;
	if (!text || strcmp(text, "unknown") == 0)
		return 0;
	if (strcmp(text, "disk-first") == 0)
		*ret = MACHINE_BOOT_ORDER_DISK;
	else if (strcmp(text, "network-first") == 0)
		*ret = MACHINE_BOOT_ORDER_NETWORK;
	else
		return input_bad(err, "machine.boot_order: disk-first, network-first or unknown");
	return 0;
}

static int machine_check(json_t *json, struct fleet_hello *hello, struct error *err)
{
	const char *uuid, *serial, *asset, *manufacturer, *product, *firmware, *order = NULL;
	struct fleet_identity *ret = &hello->identity;
	char mac[MAC_TEXT];
	json_t *macs, *value;
	size_t i;

	int r = input_unpack(json, err, "machine", "{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s?s}",
	        "uuid", &uuid, "serial", &serial, "asset", &asset, "manufacturer", &manufacturer,
	        "product", &product, "macs", &macs, "firmware", &firmware, "boot_order", &order);
	if (r < 0)
		return r;
	if (!json_is_array(macs) || json_array_size(macs) > NM_MAX_MACS)
		return input_bad(err, "machine.macs: not a list of at most %d", NM_MAX_MACS);
	json_array_foreach(macs, i, value)
	{
		if (!json_is_string(value) || mac_normalise(json_string_value(value), mac) < 0)
			return input_bad(err, "machine.macs[%zu]: not a MAC", i);
	}
	if (strcmp(firmware, "uefi") != 0 && strcmp(firmware, "bios") != 0)
		return input_bad(err, "machine.firmware: uefi or bios");
	identity_uuid(uuid, ret->uuid);
	identity_serial(serial, ret->serial);
	identity_string(asset, ret->asset);
	identity_string(manufacturer, ret->manufacturer);
	identity_string(product, ret->product);
	return boot_order_check(order, &hello->boot_order, err);
}

static int disk_check(json_t *json, const char *where, struct error *err)
{
	const char *name, *model, *serial, *id;
	json_int_t size, sector;

	int r = input_unpack(json, err, where, "{s:s, s:I, s:I, s:s, s:s, s:s}", "name", &name,
	        "size", &size, "sector", &sector, "model", &model, "serial", &serial, "id", &id);
	if (r == 0)
		r = input_length(name, NM_MAX_NAME, "disks.name", err);
	if (r == 0)
		r = input_length(model, NM_MAX_NAME, "disks.model", err);
	if (r == 0)
		r = input_length(serial, NM_MAX_NAME, "disks.serial", err);
	if (r == 0)
		r = input_word(id, "disks.id", err);
	if (r == 0)
		r = input_range(size, 0, SECTORS_MAX, "disks.size", err);
	return r < 0 ? r : input_range(sector, 0, 65536, "disks.sector", err);
}

static bool is_protector_kind(const char *text)
{
#define NAME(kind, name) (name),
	static const char *const kinds[] = {WIRE_PROTECTORS(NAME)};
#undef NAME

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(text, kinds[i]) == 0)
			return true;
	return false;
}

static int protector_check(json_t *json, const char *where, struct error *err)
{
	const char *id, *kind, *salt = NULL, *blob = NULL;

	int r = input_unpack(json, err, where, "{s:s, s:s, s?s, s?s}", "id", &id, "kind", &kind,
	        "salt", &salt, "blob", &blob);
	if (r == 0)
		r = id[0] ? input_guid_or_empty(id, "protectors.id", err)
		          : input_bad(err, "%s: id is empty", where);
	if (r == 0 && !is_protector_kind(kind))
		r = input_bad(err, "protectors.kind: no kind of protector");
	if (r == 0 && !salt != !blob)
		r = input_bad(err, "%s: salt and blob come together", where);
	if (r == 0 && blob && strcmp(kind, WIRE_RECOVERY_PASSWORD) != 0)
		r = input_bad(err, "%s: a blob of what is no recovery password", where);
	if (r == 0 && salt)
		r = input_base64(salt, 16, "protectors.salt", err);
	/* Whether escrow can use a blob of another length is escrow's to say. */
	return r < 0 || !blob ? r : input_base64(blob, 72, "protectors.blob", err);
}

/* *blobs: of the volumes before, and then of this one too. */
static int volume_check(
        json_t *json, size_t disks, const char *where, size_t *blobs, struct error *err)
{
	const char *kind, *reason, *id, *method, *state;
	json_int_t disk, partition, start, size;
	json_t *protectors, *value;
	enum reason parsed;
	int suspended;
	size_t i;
	char inner[96];

	int r = input_unpack(json, err, where,
	        "{s:I, s:I, s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:b, s:o}", "disk", &disk,
	        "partition", &partition, "start", &start, "size", &size, "kind", &kind, "reason",
	        &reason, "id", &id, "method", &method, "state", &state, "suspended", &suspended,
	        "protectors", &protectors);
	if (r == 0)
		r = input_range(disk, 0, (json_int_t)disks - 1, "volumes.disk", err);
	if (r == 0)
		r = input_range(partition, 0, NM_MAX_PARTITIONS, "volumes.partition", err);
	if (r == 0)
		r = input_range(start, 0, SECTORS_MAX, "volumes.start", err);
	if (r == 0)
		r = input_range(size, 0, SECTORS_MAX, "volumes.size", err);
	if (r == 0 && strcmp(kind, "bitlocker") != 0 && strcmp(kind, "ntfs") != 0)
		r = input_bad(err, "%s: kind is bitlocker or ntfs", where);
	if (r == 0)
		r = input_reason(reason, &parsed, "volumes.reason", err);
	if (r == 0)
		r = input_guid_or_empty(id, "volumes.id", err);
	if (r == 0)
		r = input_word(method, "volumes.method", err);
	if (r == 0)
		r = input_word(state, "volumes.state", err);
	if (r == 0 &&
	        (!json_is_array(protectors) || json_array_size(protectors) > NM_MAX_PROTECTORS))
		r = input_bad(
		        err, "%s: protectors is no list of at most %d", where, NM_MAX_PROTECTORS);
	if (r < 0)
		return r;
	json_array_foreach(protectors, i, value)
	{
		(void)snprintf(inner, sizeof(inner), "%.40s.protectors[%zu]", where, i);
		r = protector_check(value, inner, err);
		if (r < 0)
			return r;
		*blobs += json_object_get(value, "blob") != NULL;
	}
	if (*blobs > NM_MAX_BLOBS)
		return input_bad(err, "volumes: more than %d recovery passwords", NM_MAX_BLOBS);
	return 0;
}

static int lists_check(json_t *disks, json_t *volumes, struct error *err)
{
	json_t *value;
	size_t i, blobs = 0;
	char where[40];
	int r;

	if (!json_is_array(disks) || json_array_size(disks) > NM_MAX_DISKS)
		return input_bad(err, "disks: not a list of at most %d", NM_MAX_DISKS);
	if (!json_is_array(volumes) || json_array_size(volumes) > NM_MAX_VOLUMES)
		return input_bad(err, "volumes: not a list of at most %d", NM_MAX_VOLUMES);
	json_array_foreach(disks, i, value)
	{
		(void)snprintf(where, sizeof(where), "disks[%zu]", i);
		r = disk_check(value, where, err);
		if (r < 0)
			return r;
	}
	json_array_foreach(volumes, i, value)
	{
		(void)snprintf(where, sizeof(where), "volumes[%zu]", i);
		r = volume_check(value, json_array_size(disks), where, &blobs, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int boot_id_check(const char *text, struct error *err)
{
	struct guid guid;

	if (strlen(text) != 36 || guid_parse(text, &guid) < 0)
		return input_bad(err, "boot_id: not the 36 characters of a boot_id");
	return 0;
}

int input_hello(json_t *root, struct fleet_hello *ret, char **ret_volumes, struct error *err)
{
	struct fleet_hello hello = {0};
	json_t *machine, *disks, *volumes;
	const char *fixer;
	int v, dry_run;

	int r = input_unpack(root, err, "body", "{s:i, s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:o}",
	        "v", &v, "token", &hello.token, "boot_id", &hello.boot_id, "key", &hello.key,
	        "fixer", &fixer, "dry_run", &dry_run, "machine", &machine, "disks", &disks,
	        "volumes", &volumes);
	if (r == 0)
		r = input_version(v, err);
	if (r == 0)
		r = input_hex(hello.token, 16, "token", err);
	if (r == 0)
		r = boot_id_check(hello.boot_id, err);
	if (r == 0)
		r = input_base64(hello.key, 32, "key", err);
	if (r == 0)
		r = input_word(fixer, "fixer", err);
	if (r == 0)
		r = machine_check(machine, &hello, err);
	if (r == 0)
		r = lists_check(disks, volumes, err);
	if (r < 0)
		return r;
	char *text = json_dumps(volumes, JSON_COMPACT);
	if (!text)
		return -ENOMEM;
	hello.volumes = text;
	*ret = hello;
	*ret_volumes = text;
	return 0;
}
