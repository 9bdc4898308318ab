/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the next start is from: set, and read back. */
#include "appliance/power/drive_internal.h"

#include <errno.h>
#include <stdio.h>

#define TRIES 2

static const char *device_name(enum power_device device)
{
	switch (device) {
	case POWER_DEVICE_NONE:
		return "no override";
	case POWER_DEVICE_NETWORK:
		return "network";
	case POWER_DEVICE_CD:
		return "CD";
	case POWER_DEVICE_OTHER:
		break;
	}
	return "another device";
}

static const char *firmware_name(enum power_firmware firmware)
{
	return firmware == POWER_FIRMWARE_UEFI     ? ", UEFI"
	       : firmware == POWER_FIRMWARE_LEGACY ? ", legacy"
	                                           : "";
}

/* It cannot tell, or not us: that says nothing about whether it keeps what it was told. */
static bool cannot_tell(enum reason reason)
{
	return reason == REASON_POWER_UNSUPPORTED || reason == REASON_POWER_RIGHTS ||
	       reason == REASON_POWER_REFUSED || reason == REASON_POWER_ANSWER_BAD;
}

int drive_boot_read(struct drive *d)
{
	struct power_boot boot = {0};
	int64_t since = power_clock();
	struct error err = {0};
	int r = drive_in_time(d, "readback");

	if (r < 0)
		return r;
	d->result->boot = (struct power_boot){.device = POWER_DEVICE_OTHER};
	d->result->boot_known = false;
	if (d->ops->boot_get(d->bmc, drive_share(d), &boot, &err) < 0) {
		if (err.reason == REASON_POWER_UNSUPPORTED) {
			drive_step(d, "readback", since, true,
			        "this controller cannot tell what it has kept");
			return 0;
		}
		r = drive_failed(d, "readback", since, &err);
		return cannot_tell(err.reason) ? 0 : r;
	}
	d->result->boot = boot;
	d->result->boot_known = true;
	drive_step(d, "readback", since, true, "%s%s%s", device_name(boot.device),
	        boot.device == POWER_DEVICE_NONE ? ""
	        : boot.persistent                ? " always"
	                                         : " once",
	        boot.device == POWER_DEVICE_NONE ? "" : firmware_name(boot.firmware));
	return 0;
}

static int set(struct drive *d, const struct power_boot *boot)
{
	int64_t since = power_clock();
	struct error err = {0};
	int r = drive_in_time(d, "boot");

	if (r < 0)
		return r;
	if (d->ops->boot_set(d->bmc, drive_share(d), boot, &err) < 0)
		return drive_failed(d, "boot", since, &err);
	drive_step(d, "boot", since, true, "%s%s%s: taken", device_name(boot->device),
	        boot->device == POWER_DEVICE_NONE ? "" : " once", firmware_name(boot->firmware));
	return 0;
}

enum kept { KEPT, KEPT_OTHERWISE, NOT_KEPT };

static enum kept compare(const struct power_result *r, const struct power_boot *want)
{
	const struct power_boot *is = &r->boot;

	if (!r->boot_known)
		return KEPT;
	if (is->device != want->device)
		return NOT_KEPT;
	if (want->device == POWER_DEVICE_NONE)
		return KEPT;
	bool other_firmware = want->firmware != POWER_FIRMWARE_AUTO &&
	                      is->firmware != POWER_FIRMWARE_AUTO && is->firmware != want->firmware;
	return is->persistent || other_firmware ? KEPT_OTHERWISE : KEPT;
}

int drive_boot(struct drive *d, enum power_device device)
{
	struct power_boot want = {.device = device, .firmware = d->job->firmware};
	enum kept kept = NOT_KEPT;

	if (device == POWER_DEVICE_NONE)
		want.firmware = POWER_FIRMWARE_AUTO;
	for (unsigned i = 0; i < TRIES && kept != KEPT; i++) {
		int r = set(d, &want);
		if (r == 0)
			r = drive_boot_read(d);
		if (r < 0)
			return r;
		kept = compare(d->result, &want);
	}
	if (kept == NOT_KEPT)
		return drive_fail(d, "readback", power_clock(), -EIO, REASON_POWER_BOOT_FLAG,
		        "%s: told %u times to start from %s next, it has kept %s",
		        d->job->target.address, TRIES, device_name(device),
		        device_name(d->result->boot.device));
	if (kept == KEPT_OTHERWISE)
		(void)snprintf(d->note, sizeof(d->note), "it keeps %s %s%s instead",
		        device_name(device), d->result->boot.persistent ? "always" : "once",
		        firmware_name(d->result->boot.firmware));
	return 0;
}

int drive_insert(struct drive *d)
{
	int64_t since = power_clock();
	struct error err = {0};
	int r = drive_in_time(d, "insert");

	if (r < 0)
		return r;
	if (!d->ops->insert)
		return drive_fail(d, "insert", since, -ENOTSUP, REASON_POWER_UNSUPPORTED,
		        "%s: a controller of type %s has no virtual media", d->job->target.address,
		        d->ops->type);
	if (d->ops->insert(d->bmc, drive_share(d), d->job->image, &err) < 0)
		return drive_failed(d, "insert", since, &err);
	drive_step(d, "insert", since, true, "image inserted");
	return 0;
}

int drive_eject(struct drive *d)
{
	int64_t since = power_clock();
	struct error err = {0};
	int r = drive_in_time(d, "eject");

	if (r < 0)
		return r;
	if (!d->ops->eject) {
		drive_step(d, "eject", since, true, "it has no virtual media");
		return 0;
	}
	if (d->ops->eject(d->bmc, drive_share(d), &err) == 0) {
		drive_step(d, "eject", since, true, "virtual media ejected");
		return 0;
	}
	if (err.reason == REASON_POWER_UNSUPPORTED) {
		drive_step(d, "eject", since, true, "it has no virtual media");
		return 0;
	}
	return drive_failed(d, "eject", since, &err);
}
