/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a machine starts from next, by Redfish: Boot of the ComputerSystem. */
#include "appliance/power/redfish_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Where orders go, and what is there now. The caller's to json_decref(). */
static int current(struct redfish *b, int64_t deadline, char path[REDFISH_PATH], json_t **ret,
        char *etag, struct error *err)
{
	json_t *system = NULL;

	(void)snprintf(path, REDFISH_PATH, "%s", b->system);
	int r = redfish_get(b, b->system, deadline, &system, etag, err);
	if (r < 0)
		return r;
	const json_t *settings = json_object_get(system, "@Redfish.Settings");
	if (b->quirks.settings && redfish_child(settings, "SettingsObject", path) == 0) {
		json_t *later = NULL;
		r = redfish_get(b, path, deadline, &later, etag, err);
		/* What it allows stands at the system itself. */
		if (r == 0 && json_is_object(json_object_get(later, "Boot")))
			(void)json_object_update_missing(
			        json_object_get(later, "Boot"), json_object_get(system, "Boot"));
		json_decref(system);
		system = later;
	}
	*ret = system;
	return r;
}

static const char *target_of(
        const struct redfish *b, const json_t *boot, const struct power_boot *wanted)
{
	static const char field[] = "BootSourceOverrideTarget";

	if (wanted->device == POWER_DEVICE_NETWORK)
		return redfish_allows(boot, field, "Pxe") ? "Pxe" : NULL;
	if (wanted->device != POWER_DEVICE_CD)
		return NULL;
	if (b->quirks.usb_cd && redfish_allows(boot, field, "UsbCd"))
		return "UsbCd";
	return redfish_allows(boot, field, "Cd") ? "Cd" : NULL;
}

static const char *mode_of(enum power_firmware firmware, const json_t *boot)
{
	const char *now = redfish_text(boot, "BootSourceOverrideMode");

	if (firmware == POWER_FIRMWARE_AUTO)
		return now[0] ? now : "UEFI";
	return firmware == POWER_FIRMWARE_LEGACY ? "Legacy" : "UEFI";
}

/* One spelling of the order; with_mode: that field too. Takes back for target NULL. */
static json_t *spelling(const char *target, const char *mode, bool with_mode)
{
	json_t *boot = target ? json_pack("{s:s, s:s}", "BootSourceOverrideTarget", target,
	                                "BootSourceOverrideEnabled", "Once")
	                      : json_pack("{s:s}", "BootSourceOverrideEnabled", "Disabled");

	if (boot && with_mode)
		(void)json_object_set_new(boot,
		        target ? "BootSourceOverrideMode" : "BootSourceOverrideTarget",
		        json_string(target ? mode : "None"));
	return boot ? json_pack("{s:o}", "Boot", boot) : NULL;
}

/* The form it should like first; one that is refused as such is followed by the other, each with
 * and without the ETag (AMI and Lenovo want it, some old ones refuse it). */
static int send(struct redfish *b, const char *path, const char *etag, const char *target,
        const char *mode, bool mode_first, int64_t deadline, struct error *err)
{
	int r = -EINVAL;

	for (int form = 0; r == -EINVAL && form < 4; form++) {
		bool with_etag = form % 2 == 0;
		if (with_etag || etag[0]) {
			const struct redfish_request q = {.method = "PATCH",
			        .path = path,
			        .body = spelling(target, mode, mode_first == (form < 2)),
			        .etag = with_etag ? etag : ""};
			r = redfish_ask(b, &q, deadline, NULL, NULL, err);
		}
	}
	return r;
}

int redfish_boot_set(
        void *bmc, int64_t deadline, const struct power_boot *wanted, struct error *err)
{
	struct redfish *b = bmc;
	char path[REDFISH_PATH], etag[128] = "";
	json_t *system = NULL;
	int r = current(b, deadline, path, &system, etag, err);

	if (r < 0)
		return r;
	const json_t *boot = json_object_get(system, "Boot");
	const char *target = target_of(b, boot, wanted), *mode = mode_of(wanted->firmware, boot);
	bool is = strcmp(mode, redfish_text(boot, "BootSourceOverrideMode")) == 0;
	bool full = b->target->other_form || b->quirks.full_boot || !is;
	if (!target && wanted->device != POWER_DEVICE_NONE)
		r = error_set(err, -EOPNOTSUPP, REASON_POWER_UNSUPPORTED,
		        "%s: it does not offer to start from %s once", b->target->address,
		        wanted->device == POWER_DEVICE_CD ? "virtual media" : "the network");
	if (r == 0)
		r = send(b, path, etag, target, mode, full && (target || b->quirks.none_target),
		        deadline, err);
	json_decref(system);
	return r;
}

int redfish_boot_get(void *bmc, int64_t deadline, struct power_boot *ret, struct error *err)
{
	struct redfish *b = bmc;
	char path[REDFISH_PATH], etag[128];
	json_t *system = NULL;
	int r = current(b, deadline, path, &system, etag, err);

	if (r < 0)
		return r;
	const json_t *boot = json_object_get(system, "Boot");
	const char *enabled = redfish_text(boot, "BootSourceOverrideEnabled");
	const char *target = redfish_text(boot, "BootSourceOverrideTarget");
	*ret = (struct power_boot){.device = POWER_DEVICE_NONE,
	        .firmware = strcmp(redfish_text(boot, "BootSourceOverrideMode"), "Legacy") == 0
	                            ? POWER_FIRMWARE_LEGACY
	                            : POWER_FIRMWARE_UEFI,
	        .persistent = strcmp(enabled, "Continuous") == 0};
	if (!enabled[0])
		r = error_set(err, -EOPNOTSUPP, REASON_POWER_UNSUPPORTED,
		        "%s: it does not tell where the machine starts from", b->target->address);
	else if (strcmp(enabled, "Disabled") != 0 && strcmp(target, "None") != 0)
		ret->device = strcmp(target, "Pxe") == 0 ? POWER_DEVICE_NETWORK
		              : strcmp(target, "Cd") == 0 || strcmp(target, "UsbCd") == 0
		                      ? POWER_DEVICE_CD
		                      : POWER_DEVICE_OTHER;
	json_decref(system);
	return r;
}
