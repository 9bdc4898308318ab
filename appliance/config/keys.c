/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/config/keys.h"

#include "fixer/windows/recipe.h"
#include "netmend/limits.h"

#include <errno.h>
#include <string.h>

#define MANY 1000000000 /* of anything that is counted here */

static const struct value_choices scopes = {"listed or all", {"listed", "all"}};
static const struct value_choices dhcp_modes = {"proxy, full or off", {"proxy", "full", "off"}};
static const struct value_choices uefi_modes = {"auto, shim or ipxe", {"auto", "shim", "ipxe"}};
static const struct value_choices yes_no = {"yes or no", {"no", "yes"}};
static const struct value_choices approvals = {
        "auto, pairing or two-person", {"auto", "pairing", "two-person"}};

#define ROW(section, name, parse, field, choices, low, high, list)                    \
	{                                                                             \
		section, name, parse, offsetof(struct config, field),                 \
		        sizeof(((struct config *)0)->field), choices, low, high, list \
	}
#define KEY(section, name, parse, field)  ROW(section, name, parse, field, NULL, 0, 0, false)
#define LIST(section, name, parse, field) ROW(section, name, parse, field, NULL, 0, 0, true)
#define CHOICE(section, name, field, choices) \
	ROW(section, name, value_choice, field, choices, 0, 0, false)
#define NUMBER(section, name, field, low, high) \
	ROW(section, name, value_number, field, NULL, low, high, false)

static const struct key keys[] = {
        KEY("server", "interface", value_interface, interface),
        KEY("server", "address", value_ipv4, address),
        KEY("server", "http-port", value_port, http_port),
        KEY("server", "https-port", value_port, https_port),
        KEY("server", "state", value_path, state),
        KEY("server", "runtime", value_path, runtime),
        KEY("server", "web-user", value_user, web.name),
        KEY("server", "escrow-user", value_user, escrow.name),
        KEY("server", "fetch-user", value_user, fetch.name),
        KEY("server", "power-user", value_user, power.name),
        KEY("boot", "kernel", value_path, kernel),
        KEY("boot", "initrd", value_path, initrd),
        KEY("boot", "program", value_path, program),
        CHOICE("boot", "uefi", uefi, &uefi_modes),
        KEY("boot", "shim", value_path, shim),
        KEY("boot", "grub", value_path, grub),
        CHOICE("boot", "scope", scope, &scopes),
        NUMBER("boot", "at-once", at_once, 1, NM_BOOT_AT_ONCE_MAX),
        CHOICE("dhcp", "mode", dhcp_mode, &dhcp_modes),
        KEY("dhcp", "range", value_range, range),
        KEY("dhcp", "gateway", value_ipv4, gateway),
        KEY("dhcp", "dnsmasq", value_path, dnsmasq),
        LIST("dhcp", "relayed", value_subnets, relayed),
        CHOICE("dhcp", "next-server", next_server, &yes_no),
        KEY("repair", "recipe", value_recipe, recipe),
        CHOICE("repair", "dry-run", dry_run, &yes_no),
        KEY("store", "database", value_database, database),
        KEY("store", "password-file", value_path, password_file),
        KEY("web", "templates", value_path, templates),
        LIST("web", "metrics", value_hosts, metrics),
        CHOICE("web", "wallboard", wallboard, &yes_no),
        KEY("release", "campaign", value_label, release.campaign),
        CHOICE("release", "approval", release.approval, &approvals),
        KEY("release", "from", value_time, release.from),
        KEY("release", "until", value_time, release.until),
        NUMBER("release", "total", release.total, 0, MANY),
        NUMBER("release", "per-minute", release.per_minute, 0, MANY),
        NUMBER("release", "subnet-minute", release.subnet_minute, 0, MANY),
        NUMBER("release", "subnet-prefix", release.subnet_prefix, 1, 32),
        NUMBER("release", "machine-hour", release.machine_hour, 0, MANY),
        NUMBER("release", "machine-keys", release.machine_keys, 0, MANY),
        NUMBER("release", "machine-mismatches", release.machine_mismatches, 0, MANY),
        NUMBER("release", "suspects", release.suspects, 0, MANY),
        NUMBER("release", "request-minutes", release.request_minutes, 1, 10080),
        NUMBER("release", "approval-minutes", release.approval_minutes, 1, 10080),
        LIST("release", "subnets", value_subnets, release.subnets),
        KEY("release", "inventory", value_path, release.inventory),
        KEY("escrow", "vault-key", value_vault_key, vault_key),
        LIST("escrow", "sources", value_order, order),
        CHOICE("escrow", "syslog", syslog, &yes_no),
        CHOICE("escrow", "page-import", page_import, &yes_no),
        CHOICE("power", "drive", drive, &yes_no),
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))
_Static_assert(KEYS <= KEYS_MAX, "KEYS_MAX is too small");

const char *config_dhcp_mode_name(const struct config *config)
{
	return dhcp_modes.names[config->dhcp_mode];
}

const char *config_scope_name(const struct config *config)
{
	return scopes.names[config->scope];
}

const char *config_approval_name(const struct config *config)
{
	return approvals.names[config->release.approval];
}

void config_defaults(struct config *ret)
{
	*ret = (struct config){
	        .http_port = 80,
	        .https_port = 443,
	        .state = "/var/lib/netmend",
	        .runtime = "/run/netmend",
	        .web = {.name = "netmend"},
	        .escrow = {.name = "netmend-escrow"},
	        .fetch = {.name = "netmend-fetch"},
	        .power = {.name = "netmend-power"},
	        .initrd = NM_PREFIX "/lib/netmend/initrd.img",
	        .at_once = NM_BOOT_AT_ONCE,
	        .program = "/usr/lib/ipxe/snponly.efi",
	        .shim = "/usr/lib/shim/shimx64.efi.signed",
	        .grub = "/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed",
	        .dnsmasq = "/usr/sbin/dnsmasq",
	        .recipe = RECIPE_DEFAULT,
	        .templates = NM_PREFIX "/share/netmend/netboot",
	        .release = {.campaign = "default",
	                .per_minute = NM_RELEASE_PER_MINUTE,
	                .subnet_minute = NM_RELEASE_SUBNET_MINUTE,
	                .subnet_prefix = NM_RELEASE_SUBNET_PREFIX,
	                .machine_hour = NM_RELEASE_MACHINE_HOUR,
	                .machine_keys = NM_RELEASE_MACHINE_KEYS,
	                .machine_mismatches = NM_RELEASE_MISMATCHES,
	                .suspects = NM_RELEASE_SUSPECTS,
	                .request_minutes = NM_REQUEST_MINUTES,
	                .approval_minutes = NM_APPROVAL_MINUTES},
	        .syslog = 1,
	        .page_import = 1,
	        .drive = 1,
	};
}

static const struct key *find_key(const char *section, const char *name, bool *ret_section_known)
{
	*ret_section_known = false;
	for (size_t i = 0; i < KEYS; i++) {
		if (strcmp(keys[i].section, section) != 0)
			continue;
		*ret_section_known = true;
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	}
	return NULL;
}

size_t key_index(const struct key *key)
{
	return (size_t)(key - keys);
}

int key_set(struct config *config, const char *section, const char *name, const char *value,
        const struct key **ret_key, struct error *err)
{
	bool section_known;
	const struct key *key = find_key(section, name, &section_known);

	if (!section_known && section[0] == '\0')
		return error_set(
		        err, -EINVAL, REASON_USAGE, "%s stands before the first [section]", name);
	if (!section_known)
		return error_set(err, -EINVAL, REASON_USAGE, "there is no section [%s]", section);
	if (!key)
		return error_set(
		        err, -EINVAL, REASON_USAGE, "[%s] has no key \"%s\"", section, name);

	const struct value_target target = {.field = (char *)config + key->offset,
	        .size = key->size,
	        .choices = key->choices,
	        .low = key->low,
	        .high = key->high};
	const char *wanted = key->parse(value, &target);
	if (wanted && key->parse == value_database) /* it may have a password in it */
		return error_set(err, -EINVAL, REASON_USAGE, "[%s] %s: what is given is not %s",
		        section, name, wanted);
	if (wanted)
		return error_set(err, -EINVAL, REASON_USAGE, "[%s] %s: \"%s\" is not %s", section,
		        name, value, wanted);
	*ret_key = key;
	return 0;
}
