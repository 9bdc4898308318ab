/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intel AMT: who is logged in, and the machine's power. */
#include "appliance/power/amt_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PORT_TLS   16993
#define PORT_PLAIN 16992

static const struct amt_class power_now = {AMT_CIM_SCHEMA, "CIM_AssociatedPowerManagementService"};
static const struct amt_class power_service = {AMT_CIM_SCHEMA, "CIM_PowerManagementService"};
static const struct amt_class computer = {AMT_CIM_SCHEMA, "CIM_ComputerSystem"};

/* ---- where it is ---- */

struct way {
	bool tls;
	uint16_t port;
};

/* At most two: with TLS, and without where no certificate is known. Which of them a machine speaks
 * is a choice of whoever set it up. */
static size_t ways_to(const struct power_target *t, struct way ways[2])
{
	size_t count = 0;

	if (t->port != PORT_PLAIN)
		ways[count++] = (struct way){true, t->port ? t->port : PORT_TLS};
	if (!t->pin[0])
		ways[count++] = (struct way){false, t->port ? t->port : PORT_PLAIN};
	return count;
}

static int try_way(const struct power_target *t, const struct way *way, int64_t deadline,
        struct amt **ret, struct error *err)
{
	struct amt_xml *x = NULL;
	struct amt *a = calloc(1, sizeof(*a));

	if (!a)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	a->address = t->address;
	int r = bmc_https_new(t, way->tls, way->port, HTTPS_LOGIN_DIGEST, &a->https);
	if (r == -EINVAL)
		r = error_set(err, r, REASON_POWER_UNREACHABLE,
		        "\"%s\" is neither a host's name nor an IP address", t->address);
	else if (r < 0)
		r = error_set(err, r, REASON_OUT_OF_MEMORY, "no memory");
	if (r == 0)
		r = amt_get(a, deadline, &power_now, NULL, NULL, &x, err);
	amt_xml_free(x);
	if (r < 0) {
		bmc_https_free(a->https);
		free(a);
		return r;
	}
	*ret = a;
	return 0;
}

static int amt_open(const struct power_target *t, int64_t deadline, void **ret, struct error *err)
{
	struct way ways[2];
	size_t count = ways_to(t, ways);
	struct error why = {0};
	struct amt *a = NULL;
	int r = -EACCES;

	if (count == 0)
		return error_set(err, r, REASON_POWER_CERTIFICATE,
		        "%s: its certificate is known, and port %d is the one without TLS: nothing "
		        "was sent to it. Leave out the port, or have the certificate forgotten",
		        t->address, PORT_PLAIN);
	for (size_t i = 0; i < count; i++) {
		/* A port that is silent leaves the other one half of the time. */
		int64_t now = power_clock();
		int64_t limit = i + 1 < count ? now + (deadline - now) / 2 : deadline;
		why = (struct error){0};
		r = try_way(t, &ways[i], limit, &a, &why);
		if (r == 0) {
			*ret = a;
			return 0;
		}
		if (why.reason != REASON_POWER_UNREACHABLE)
			break;
	}
	if (why.reason == REASON_POWER_UNREACHABLE && count > 1 && t->port == 0) {
		struct error last = why;
		(void)error_set(&why, last.code, last.reason,
		        "%s: Intel AMT answers neither on port %d nor on %d (%.150s)", t->address,
		        PORT_TLS, PORT_PLAIN, last.text);
	}
	if (err)
		*err = why;
	return r;
}

/* There is no session to end. */
static void amt_close(void *bmc, int64_t deadline)
{
	struct amt *a = bmc;

	(void)deadline;
	if (!a)
		return;
	bmc_https_free(a->https);
	free(a);
}

/* ---- power ---- */

/* CIM's PowerState. Who sleeps (S3) has its memory on, and does not start anew; who hibernates
 * does. 5 is on its way. */
static enum power_state state_of(int64_t value)
{
	switch (value) {
	case 2:
	case 3:
	case 4:
		return POWER_ON;
	case 6:
	case 7:
	case 8:
	case 9:
	case 12:
	case 13:
		return POWER_OFF;
	default:
		return POWER_UNKNOWN;
	}
}

static int amt_status(void *bmc, int64_t deadline, enum power_state *ret, struct error *err)
{
	struct amt *a = bmc;
	struct amt_xml *x = NULL;
	int64_t value = 0;
	int r = amt_get(a, deadline, &power_now, NULL, NULL, &x, err);

	if (r < 0)
		return r;
	r = amt_xml_number(x, "PowerState", UINT16_MAX, &value);
	amt_xml_free(x);
	if (r < 0)
		return error_set(err, r, REASON_POWER_ANSWER_BAD,
		        "%s: Intel AMT does not say whether the machine is on", a->address);
	*ret = state_of(value);
	return 0;
}

/* Requested states of CIM_PowerManagementService. */
enum request { REQUEST_ON = 2, REQUEST_CYCLE = 5, REQUEST_OFF = 8, REQUEST_RESET = 10 };

static int request(
        struct amt *a, int64_t deadline, enum request state, int64_t *ret_value, struct error *err)
{
	static const char managed[] =
	        "<w:Selector Name=\"CreationClassName\">CIM_ComputerSystem</w:Selector>"
	        "<w:Selector Name=\"Name\">ManagedSystem</w:Selector>";
	char *machine = amt_reference("ManagedElement", &computer, managed), *inner = NULL;
	int r = -ENOMEM;

	if (machine && asprintf(&inner, "<h:PowerState>%d</h:PowerState>%s", state, machine) >= 0)
		r = amt_invoke(a, deadline, &power_service, "RequestPowerStateChange", inner,
		        ret_value, err);
	else
		(void)error_set(err, r, REASON_OUT_OF_MEMORY, "no memory");
	free(machine);
	free(inner);
	return r;
}

static int amt_control(void *bmc, int64_t deadline, enum power_act act, struct error *err)
{
	struct amt *a = bmc;
	enum power_state state = POWER_UNKNOWN;
	int64_t value = 0;
	int r = amt_status(a, deadline, &state, err);

	if (r < 0)
		return r;
	/* What already is so is refused by some versions, with a code that says nothing. */
	if (state == (act == POWER_ACT_OFF ? POWER_OFF : POWER_ON) && act != POWER_ACT_CYCLE)
		return 0;
	if (act == POWER_ACT_OFF)
		r = request(a, deadline, REQUEST_OFF, &value, err);
	else if (act == POWER_ACT_ON || state == POWER_OFF)
		r = request(a, deadline, REQUEST_ON, &value, err);
	else
		r = request(a, deadline, REQUEST_CYCLE, &value, err);
	/* Some have no cycle; a reset starts it anew as well. */
	if (r == 0 && value != 0 && act == POWER_ACT_CYCLE && state != POWER_OFF)
		r = request(a, deadline, REQUEST_RESET, &value, err);
	if (r == 0 && value != 0)
		r = error_set(err, -EREMOTEIO, REASON_POWER_REFUSED,
		        "%s: Intel AMT refuses to switch the machine's power: its code is %lld",
		        a->address, (long long)value);
	return r;
}

const struct power_ops power_amt = {
        .type = "amt",
        .port = PORT_TLS,
        .open = amt_open,
        .close = amt_close,
        .identify = amt_identify,
        .status = amt_status,
        .boot_set = amt_boot_set,
        .boot_get = amt_boot_get,
        .control = amt_control,
};
