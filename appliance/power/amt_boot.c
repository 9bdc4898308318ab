/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a machine with Intel AMT starts from next. The order of steps is Intel's: the boot order
 * cleared, the one-time options off, the boot configuration made the next one for a single start,
 * the network as its source. It holds for the next start, however that comes about.
 */
#include "appliance/power/amt_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct amt_class boot_config = {AMT_CIM_SCHEMA, "CIM_BootConfigSetting"};
static const struct amt_class boot_source = {AMT_CIM_SCHEMA, "CIM_BootSourceSetting"};
static const struct amt_class boot_service = {AMT_CIM_SCHEMA, "CIM_BootService"};
static const struct amt_class boot_settings = {AMT_AMT_SCHEMA, "AMT_BootSettingData"};
static const struct amt_class opt_in = {AMT_IPS_SCHEMA, "IPS_OptInService"};
static const struct amt_class host_setup = {AMT_IPS_SCHEMA, "IPS_HostBasedSetupService"};

/* ---- consent of who sits before it ---- */

#define CONTROL_MODE_CLIENT 1
#define OPT_IN_ALL          UINT32_MAX
#define OPT_IN_RECEIVED     3
#define OPT_IN_IN_SESSION   4

enum consent { CONSENT_NOT_NEEDED, CONSENT_PERHAPS, CONSENT_NEEDED };

static int64_t number_of(struct amt *a, int64_t deadline, const struct amt_class *class,
        const char *name, struct amt_xml **ret)
{
	int64_t value = -1;

	if (amt_get(a, deadline, class, NULL, NULL, ret, NULL) < 0)
		*ret = NULL;
	else
		(void)amt_xml_number(*ret, name, UINT32_MAX, &value);
	return value;
}

/* Whoever does not say (before AMT 7 there is nothing of it) needs none. In client control mode it
 * is needed for changes of the boot, whatever the policy says. */
static enum consent consent_of(struct amt *a, int64_t deadline)
{
	struct amt_xml *setup = NULL, *x = NULL;
	int64_t mode = number_of(a, deadline, &host_setup, "CurrentControlMode", &setup);
	int64_t required = number_of(a, deadline, &opt_in, "OptInRequired", &x), state = 0;

	if (x)
		(void)amt_xml_number(x, "OptInState", UINT32_MAX, &state);
	amt_xml_free(setup);
	amt_xml_free(x);
	if (state == OPT_IN_RECEIVED || state == OPT_IN_IN_SESSION)
		return CONSENT_NOT_NEEDED;
	if (mode == CONTROL_MODE_CLIENT)
		return CONSENT_NEEDED;
	return required == OPT_IN_ALL ? CONSENT_PERHAPS : CONSENT_NOT_NEEDED;
}

static int needs_consent(const struct amt *a, struct error *err)
{
	return error_set(err, -EACCES, REASON_POWER_RIGHTS,
	        "%s: Intel AMT wants the code on the machine's screen (user consent) before it "
	        "changes the boot: it is in client control mode, or set up so. Set it up in admin "
	        "control mode without consent, or choose the network at the machine",
	        a->address);
}

/* ---- its methods ---- */

static int change_order(
        struct amt *a, int64_t deadline, bool network, int64_t *ret_value, struct error *err)
{
	static const char pxe[] =
	        "<w:Selector Name=\"InstanceID\">Intel(r) AMT: Force PXE Boot</w:Selector>";
	char *source = network ? amt_reference("Source", &boot_source, pxe) : NULL;

	if (network && !source)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	int r = amt_invoke(
	        a, deadline, &boot_config, "ChangeBootOrder", source ? source : "", ret_value, err);
	free(source);
	return r;
}

/* Role 1: next, for a single use. */
static int set_role(struct amt *a, int64_t deadline, int64_t *ret_value, struct error *err)
{
	static const char first[] =
	        "<w:Selector Name=\"InstanceID\">Intel(r) AMT: Boot Configuration 0</w:Selector>";
	char *config = amt_reference("BootConfigSetting", &boot_config, first), *inner = NULL;
	int r = -ENOMEM;

	if (config && asprintf(&inner, "%s<h:Role>1</h:Role>", config) >= 0)
		r = amt_invoke(
		        a, deadline, &boot_service, "SetBootConfigRole", inner, ret_value, err);
	else
		(void)error_set(err, r, REASON_OUT_OF_MEMORY, "no memory");
	free(config);
	free(inner);
	return r;
}

static int put_settings(struct amt *a, int64_t deadline, const struct amt_xml *read, bool base,
        bool *ret_set, struct error *err)
{
	char *body = amt_boot_settings(read, base, ret_set);

	if (!body)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	int r = amt_put(a, deadline, &boot_settings, body, err);
	free(body);
	return r;
}

/* One-time options off: setup, redirected drives, a BIOS flash. AMT 11 and 12 refuse properties
 * that newer ones have. Where none is on, a refusal changes nothing. */
static int clear_options(struct amt *a, int64_t deadline, struct error *err)
{
	struct error why = {0};
	struct amt_xml *read = NULL;
	bool set = false;
	int r = amt_get(a, deadline, &boot_settings, NULL, NULL, &read, err);

	if (r < 0)
		return r;
	for (unsigned base = 0; base < 2; base++) {
		why = (struct error){0};
		r = put_settings(a, deadline, read, base != 0, &set, &why);
		if (r == 0 || why.reason != REASON_POWER_REFUSED)
			break;
	}
	amt_xml_free(read);
	if (r < 0 && why.reason == REASON_POWER_REFUSED && !set)
		return 0;
	if (r < 0 && err)
		*err = why;
	return r;
}

/* ---- the whole of it ---- */

static const char *meaning(int64_t value)
{
	static const char *const known[] = {"done", "not supported", "it failed", "busy",
	        "it does not know what it was pointed to", "a parameter is wrong", "access denied"};

	return value >= 0 && value < (int64_t)(sizeof(known) / sizeof(known[0]))
	               ? known[value]
	               : "no code that is known";
}

/* value: what method returned. */
static int judge(struct amt *a, const char *method, int64_t value, struct error *err)
{
	if (value == 0)
		return 0;
	return error_set(err, value == 1 ? -ENOTSUP : -EREMOTEIO,
	        value == 1   ? REASON_POWER_UNSUPPORTED
	        : value == 6 ? REASON_POWER_RIGHTS
	                     : REASON_POWER_REFUSED,
	        "%s: Intel AMT does not take the boot order (%s: code %lld, %s)%s", a->address,
	        method, (long long)value, meaning(value),
	        value == 6 ? ""
	                   : ". It may be off in firmware setup, or this machine cannot start from "
	                     "its wired network");
}

static int give_order(struct amt *a, int64_t deadline, bool network, struct error *err)
{
	int64_t value = 0;
	int r = change_order(a, deadline, false, &value, err);

	if (r == 0)
		r = judge(a, "ChangeBootOrder", value, err);
	if (r == 0)
		r = clear_options(a, deadline, err);
	if (r < 0 || !network)
		return r;
	r = set_role(a, deadline, &value, err);
	if (r == 0)
		r = judge(a, "SetBootConfigRole", value, err);
	if (r == 0)
		r = change_order(a, deadline, true, &value, err);
	if (r == 0)
		r = judge(a, "ChangeBootOrder", value, err);
	return r;
}

int amt_boot_set(void *bmc, int64_t deadline, const struct power_boot *b, struct error *err)
{
	struct amt *a = bmc;
	struct error why = {0};
	bool network = b->device == POWER_DEVICE_NETWORK;

	if (!network && b->device != POWER_DEVICE_NONE)
		return error_set(err, -ENOTSUP, REASON_POWER_UNSUPPORTED,
		        "%s: Intel AMT is only asked for the network, not for other devices",
		        a->address);
	enum consent consent = network ? consent_of(a, deadline) : CONSENT_PERHAPS;
	if (consent == CONSENT_NEEDED)
		return needs_consent(a, err);
	int r = give_order(a, deadline, network, &why);
	if (r < 0 && consent == CONSENT_PERHAPS && network &&
	        (why.reason == REASON_POWER_RIGHTS || why.reason == REASON_POWER_REFUSED))
		return needs_consent(a, err);
	if (r < 0 && err)
		*err = why;
	return r;
}

/* AMT does not tell which source it was given. It tells the options that would win over it. */
int amt_boot_get(void *bmc, int64_t deadline, struct power_boot *ret, struct error *err)
{
	static const char *const winning[] = {"BIOSSetup", "UseIDER", "UseSafeMode", "ReflashBIOS",
	        "SecureErase", "PlatformErase", "ConfigurationDataReset"};
	struct amt *a = bmc;
	struct amt_xml *x = NULL;
	bool set = false;
	int r = amt_get(a, deadline, &boot_settings, NULL, NULL, &x, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(winning) / sizeof(winning[0]); i++) {
		const char *value = amt_xml_text(x, winning[i]);
		set = set || (value && strcmp(value, "true") == 0);
	}
	amt_xml_free(x);
	if (!set)
		return error_set(err, -EOPNOTSUPP, REASON_POWER_UNSUPPORTED,
		        "%s: Intel AMT does not tell where the machine starts from next",
		        a->address);
	*ret = (struct power_boot){.device = POWER_DEVICE_OTHER};
	return 0;
}
