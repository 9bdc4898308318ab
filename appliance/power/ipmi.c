/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * IPMI 2.0 over the network. Commands and their bytes: the specification's chapters 20 (device) and
 * 28 (chassis); what ipmitool 1.8.19 sends was captured and is the same.
 */
#include "appliance/power/console.h"
#include "appliance/power/ipmi_identity.h"
#include "appliance/power/ipmi_session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NETFN_CHASSIS   0x00
#define CHASSIS_STATUS  0x01
#define CHASSIS_CONTROL 0x02
#define BOOT_SET        0x08
#define BOOT_GET        0x09

/* Parameters of the boot options (table 28-14), and what is in number 5. */
#define PARAMETER_PROGRESS     0
#define PARAMETER_VALID_KEPT   3
#define PARAMETER_ACKNOWLEDGED 4
#define PARAMETER_FLAGS        5
#define FLAG_VALID             0x80
#define FLAG_PERSISTENT        0x40
#define FLAG_EFI               0x20
#define DEVICE_NETWORK         0x04
#define DEVICE_CD              0x14
#define DEVICE_MASK            0x3c

static int ipmi_open(const struct power_target *t, int64_t deadline, void **ret, struct error *err)
{
	bool six = strchr(t->address, ':') != NULL;
	struct ipmi_bmc *b = calloc(1, sizeof(*b));

	if (!b)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	b->target = t;
	(void)snprintf(b->host, sizeof(b->host), six ? "[%s]:%u" : "%s:%u", t->address,
	        t->port ? t->port : power_ipmi.port);
	int r = ipmi_session_open(b, deadline, err);
	if (r < 0) {
		free(b);
		return r;
	}
	*ret = b;
	return 0;
}

/* The library's goodbye is not waited for longer than its answers are. */
static void ipmi_close(void *bmc, int64_t deadline)
{
	struct ipmi_bmc *b = bmc;

	(void)deadline;
	if (!b)
		return;
	ipmi_session_close(b);
	free(b);
}

static int ipmi_identify(void *bmc, int64_t deadline, struct power_identity *ret, struct error *err)
{
	return ipmi_identity(bmc, deadline, ret, err);
}

static int ipmi_status(void *bmc, int64_t deadline, enum power_state *ret, struct error *err)
{
	struct ipmi_bmc *b = bmc;
	struct ipmi_answer answer;
	int r = ipmi_command(
	        b, deadline, false, NETFN_CHASSIS, CHASSIS_STATUS, NULL, 0, &answer, err);

	if (r < 0)
		return r;
	if (answer.code != IPMI_DONE)
		return ipmi_refused(b, "tell its power", answer.code, err);
	if (answer.len < 3)
		return error_set(err, -EPROTO, REASON_POWER_ANSWER_BAD,
		        "%s: its answer about the power is cut off", b->target->address);
	*ret = answer.data[0] & 1 ? POWER_ON : POWER_OFF;
	return 0;
}

/* ---- boot order ---- */

static int boot_option(struct ipmi_bmc *b, int64_t deadline, const uint8_t *data, size_t len,
        uint8_t *ret_code, struct error *err)
{
	struct ipmi_answer answer;
	int r = ipmi_command(b, deadline, false, NETFN_CHASSIS, BOOT_SET, data, len, &answer, err);

	*ret_code = answer.code;
	return r;
}

/* What not every BMC knows: silence counts, a refusal does not. */
static int boot_option_if_known(struct ipmi_bmc *b, int64_t deadline, uint8_t parameter,
        uint8_t value, uint8_t more, size_t len, struct error *err)
{
	const uint8_t data[] = {parameter, value, more};
	uint8_t code;

	return boot_option(b, deadline, data, len, &code, err);
}

static uint8_t device_of(const struct power_boot *boot)
{
	switch (boot->device) {
	case POWER_DEVICE_NETWORK:
		return DEVICE_NETWORK;
	case POWER_DEVICE_CD:
		return DEVICE_CD;
	case POWER_DEVICE_NONE:
	case POWER_DEVICE_OTHER:
		break;
	}
	return 0;
}

/* Some boards ignore the network when the EFI bit is set and some when it is not (bmclib #209): the
 * other form is for the second try. */
static int ipmi_boot_set(
        void *bmc, int64_t deadline, const struct power_boot *boot, struct error *err)
{
	struct ipmi_bmc *b = bmc;
	bool efi = boot->firmware != POWER_FIRMWARE_LEGACY && !b->target->other_form &&
	           boot->device != POWER_DEVICE_NONE;
	const uint8_t flags[] = {PARAMETER_FLAGS, (uint8_t)(FLAG_VALID | (efi ? FLAG_EFI : 0)),
	        device_of(boot), 0, 0, 0};
	uint8_t code = 0;

	int r = boot_option_if_known(b, deadline, PARAMETER_PROGRESS, 1, 0, 2, err);
	/* Not to be dropped after 60 s, which a power-on self-test may take. */
	if (r == 0)
		r = boot_option_if_known(b, deadline, PARAMETER_VALID_KEPT, 8, 0, 2, err);
	if (r == 0)
		r = boot_option_if_known(b, deadline, PARAMETER_ACKNOWLEDGED, 1, 1, 3, err);
	if (r == 0)
		r = boot_option(b, deadline, flags, sizeof(flags), &code, err);
	if (r < 0)
		return r;
	if (code != IPMI_DONE) {
		(void)boot_option_if_known(b, deadline, PARAMETER_PROGRESS, 0, 0, 2, err);
		return ipmi_refused(b, "set where it starts from", code, err);
	}
	r = boot_option_if_known(b, deadline, PARAMETER_PROGRESS, 2, 0, 2, err);
	return r == 0 ? boot_option_if_known(b, deadline, PARAMETER_PROGRESS, 0, 0, 2, err) : r;
}

static int ipmi_boot_get(void *bmc, int64_t deadline, struct power_boot *ret, struct error *err)
{
	static const uint8_t which[] = {PARAMETER_FLAGS, 0, 0};
	struct ipmi_bmc *b = bmc;
	struct ipmi_answer answer;
	int r = ipmi_command(
	        b, deadline, false, NETFN_CHASSIS, BOOT_GET, which, sizeof(which), &answer, err);

	if (r < 0)
		return r;
	if (answer.code != IPMI_DONE)
		return ipmi_refused(b, "tell where it starts from", answer.code, err);
	/* Version, parameter, then its bytes. */
	if (answer.len < 4 || (answer.data[1] & 0x7f) != PARAMETER_FLAGS)
		return error_set(err, -EPROTO, REASON_POWER_ANSWER_BAD,
		        "%s: its answer about the boot order is cut off", b->target->address);
	uint8_t flags = answer.data[2], device = answer.data[3] & DEVICE_MASK;
	*ret = (struct power_boot){.device = POWER_DEVICE_NONE,
	        .firmware = flags & FLAG_EFI ? POWER_FIRMWARE_UEFI : POWER_FIRMWARE_LEGACY,
	        .persistent = flags & FLAG_PERSISTENT};
	/* A device, and that no flag holds: it was set, and the flags were not kept to be told. */
	if (flags == 0 && device != 0)
		return error_set(err, -EOPNOTSUPP, REASON_POWER_UNSUPPORTED,
		        "%s: it keeps a boot device and does not tell for how long",
		        b->target->address);
	if (flags & FLAG_VALID)
		ret->device = device == DEVICE_NETWORK ? POWER_DEVICE_NETWORK
		              : device == DEVICE_CD    ? POWER_DEVICE_CD
		              : device == 0            ? POWER_DEVICE_NONE
		                                       : POWER_DEVICE_OTHER;
	return 0;
}

/* ---- power ---- */

static int control(
        struct ipmi_bmc *b, int64_t deadline, uint8_t act, uint8_t *ret_code, struct error *err)
{
	struct ipmi_answer answer = {0};
	int r = ipmi_command(
	        b, deadline, true, NETFN_CHASSIS, CHASSIS_CONTROL, &act, 1, &answer, err);

	*ret_code = answer.code;
	return r;
}

static int ipmi_control(void *bmc, int64_t deadline, enum power_act act, struct error *err)
{
	static const struct {
		uint8_t value;
		const char *what;
		enum power_state goal;
	} acts[] = {[POWER_ACT_OFF] = {0, "switch the power off", POWER_OFF},
	        [POWER_ACT_ON] = {1, "switch the power on", POWER_ON},
	        [POWER_ACT_CYCLE] = {2, "switch the power off and on", POWER_UNKNOWN}};
	struct ipmi_bmc *b = bmc;
	enum power_state is = POWER_UNKNOWN;
	uint8_t code;
	int r = control(b, deadline, acts[act].value, &code, err);

	if (r < 0 || code == IPMI_DONE)
		return r;
	if (code != IPMI_NOT_IN_THIS_STATE)
		return ipmi_refused(b, acts[act].what, code, err);
	r = ipmi_status(b, deadline, &is, err);
	if (r < 0 || is == acts[act].goal)
		return r;
	if (act == POWER_ACT_CYCLE && is == POWER_OFF) {
		r = control(b, deadline, acts[POWER_ACT_ON].value, &code, err);
		if (r < 0 || code == IPMI_DONE)
			return r;
	}
	return ipmi_refused(b, acts[act].what, code, err);
}

const struct power_ops power_ipmi = {
        .type = "ipmi",
        .port = 623,
        .open = ipmi_open,
        .close = ipmi_close,
        .identify = ipmi_identify,
        .status = ipmi_status,
        .boot_set = ipmi_boot_set,
        .boot_get = ipmi_boot_get,
        .control = ipmi_control,
        .console = ipmi_console,
};
