/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose Intel AMT it is. */
#include "appliance/power/amt_internal.h"

#include "fixer/base/text.h"

#include <errno.h>
#include <string.h>

static const struct amt_class package = {AMT_CIM_SCHEMA, "CIM_ComputerSystemPackage"};
static const struct amt_class chassis = {AMT_CIM_SCHEMA, "CIM_Chassis"};
static const struct amt_class host_setup = {AMT_IPS_SCHEMA, "IPS_HostBasedSetupService"};
static const struct amt_class software = {AMT_CIM_SCHEMA, "CIM_SoftwareIdentity"};

/* What one version has and another has not: 0 and NULL. */
static int get_if_any(struct amt *a, int64_t deadline, const struct amt_class *class,
        const char *selector, const char *value, struct amt_xml **ret, struct error *err)
{
	struct error why = {0};
	int r = amt_get(a, deadline, class, selector, value, ret, &why);

	if (r < 0)
		*ret = NULL;
	if (r == 0 || why.reason == REASON_POWER_UNSUPPORTED || why.reason == REASON_POWER_RIGHTS ||
	        why.reason == REASON_POWER_REFUSED)
		return 0;
	if (err)
		*err = why;
	return r;
}

static void copy(const struct amt_xml *x, const char *name, char *out, size_t size)
{
	const char *text = x ? amt_xml_text(x, name) : NULL;

	text_clean(out, size, text ? text : "");
}

/* PlatformGUID: the bytes as SMBIOS has them, in hex. */
static void copy_uuid(const struct amt_xml *x, char out[40])
{
	const char *text = x ? amt_xml_text(x, "PlatformGUID") : NULL;
	struct guid uuid;

	if (text && hex_decode(text, uuid.bytes, sizeof(uuid.bytes)) == 0)
		guid_format(&uuid, out);
}

/* In client control mode a boot order takes somebody who reads a code from the machine's screen:
 * better known before the day it is needed. */
static const char *mode_of(const struct amt_xml *x)
{
	const char *mode = x ? amt_xml_text(x, "CurrentControlMode") : NULL;

	return !mode                    ? ""
	       : strcmp(mode, "1") == 0 ? ", client control mode"
	       : strcmp(mode, "2") == 0 ? ", admin control mode"
	                                : "";
}

int amt_identify(void *bmc, int64_t deadline, struct power_identity *ret, struct error *err)
{
	struct amt *a = bmc;
	struct amt_xml *x = NULL;
	char version[64];
	int r = get_if_any(a, deadline, &package, NULL, NULL, &x, err);

	if (r < 0)
		return r;
	copy_uuid(x, ret->uuid);
	amt_xml_free(x);
	r = get_if_any(a, deadline, &chassis, NULL, NULL, &x, err);
	if (r < 0)
		return r;
	copy(x, "Manufacturer", ret->vendor, sizeof(ret->vendor));
	copy(x, "Model", ret->product, sizeof(ret->product));
	copy(x, "SerialNumber", ret->serial, sizeof(ret->serial));
	amt_xml_free(x);
	r = get_if_any(a, deadline, &software, "InstanceID", "AMT", &x, err);
	if (r < 0)
		return r;
	copy(x, "VersionString", version, sizeof(version));
	amt_xml_free(x);
	r = get_if_any(a, deadline, &host_setup, NULL, NULL, &x, err);
	if (r < 0)
		return r;
	(void)snprintf(ret->firmware, sizeof(ret->firmware), "Intel AMT%s%s%s",
	        version[0] ? " " : "", version, mode_of(x));
	amt_xml_free(x);
	(void)snprintf(ret->pin, sizeof(ret->pin), "%s", bmc_https_pin(a->https));
	return 0;
}
