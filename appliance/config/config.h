/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The appliance's configuration: one INI file, parsed strictly, and the defaults taken from the
 * host for everything it leaves out. The keys are in config.c's table and in
 * appliance/config/netmend.conf.example.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "appliance/config/hook.h"
#include "appliance/config/source.h"
#include "fixer/base/error.h"
#include "netmend/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CONFIG_FILE     "/etc/netmend.conf"
#define CONFIG_FILE_MAX (64 * 1024)

enum scope_mode { SCOPE_LISTED, SCOPE_ALL };
enum dhcp_mode { DHCP_PROXY, DHCP_FULL, DHCP_OFF };
enum uefi_mode { UEFI_AUTO, UEFI_SHIM, UEFI_IPXE };
enum approval_mode { RELEASE_AUTO, RELEASE_PAIRING, RELEASE_TWO_PERSON };

#define CONFIG_SUBNETS_MAX 64

struct config_subnets {
	size_t count;                       /* 0: every address */
	char names[CONFIG_SUBNETS_MAX][20]; /* "10.1.0.0/16" */
};

/* Who gets a key without anybody being asked, and how many; handed to netmend-escrow as it is. */
struct config_release {
	char campaign[64];
	int approval;                                       /* enum approval_mode */
	int64_t from, until;                                /* seconds since 1970; 0: open */
	int total, per_minute, subnet_minute, machine_hour; /* 0: any number */
	int machine_keys, machine_mismatches, suspects;     /* 0: never suspect; never stopped */
	int subnet_prefix, request_minutes, approval_minutes;
	struct config_subnets subnets;
	char inventory[CONFIG_PATH_MAX]; /* CSV file; "": none */
};

enum vault_key_place {
	VAULT_FROM_STATE,  /* auto: made beside the vault */
	VAULT_FROM_PERSON, /* ask */
	VAULT_FROM_FILE,
	VAULT_FROM_PASSPHRASE_FILE,
	VAULT_FROM_CREDENTIAL,
	VAULT_FROM_PASSPHRASE_CREDENTIAL,
};

struct config_vault_key {
	enum vault_key_place place;
	char name[CONFIG_PATH_MAX]; /* path, or name in $CREDENTIALS_DIRECTORY */
};

struct account {
	char name[32]; /* as configured: a name or a number */
	uid_t uid;
	gid_t gid;
	bool missing; /* no such user on this host: uid and gid are the fixed numbers */
};

struct config_order {
	size_t count;
	char names[NM_MAX_SOURCES][CONFIG_SOURCE_NAME];
};

/* Empty text and zero numbers stand for "not given" until config_resolve(). */
struct config {
	char interface[16];
	char address[16]; /* IPv4 */
	int prefix;       /* of the interface's network; only from config_resolve() */
	int http_port;
	int https_port;
	char state[CONFIG_PATH_MAX];
	char runtime[CONFIG_PATH_MAX];
	struct account web;
	struct account escrow;
	struct account fetch;
	struct account power;
	char kernel[CONFIG_PATH_MAX];
	char initrd[CONFIG_PATH_MAX];
	char program[CONFIG_PATH_MAX]; /* what UEFI x64 firmware boots */
	char shim[CONFIG_PATH_MAX];    /* the chain of signed programs, for UEFI x64 */
	char grub[CONFIG_PATH_MAX];    /* with network */
	int uefi;                      /* enum uefi_mode: which of the two firmware gets first */
	int scope;                     /* enum scope_mode */
	int at_once;                   /* machines that load kernel and initrd together */
	int dhcp_mode;                 /* enum dhcp_mode */
	char range[40];                /* "A,B", full mode */
	char gateway[16];              /* IPv4, or "" */
	char dnsmasq[CONFIG_PATH_MAX];
	int next_server; /* 1: the site's DHCP server names us as next-server; proxy mode */
	struct config_subnets relayed; /* networks whose relays ask us too; proxy mode */
	char recipe[CONFIG_PATH_MAX];  /* a built-in one's name, or a path */
	int dry_run;                   /* 1: every machine plans and reports, none is written to */
	char templates[CONFIG_PATH_MAX];
	struct config_subnets
	        metrics;    /* who may see GET /metrics without an account; /32: one host */
	int wallboard;      /* 1: open to whoever is not signed in */
	char database[512]; /* postgresql://... without a password; "": SQLite */
	char password_file[CONFIG_PATH_MAX]; /* of that database; "": none */
	struct config_release release;
	struct config_vault_key vault_key;
	int drive;       /* 1: management controllers (BMCs) may be driven */
	int syslog;      /* 1: audit records are copied there */
	int page_import; /* 1: recovery keys may come through the status page */
	/* The order keys are looked for in: names, the vault's is "vault". As configured, or all in
	 * the order of the file. */
	struct config_order order;
	size_t source_count;
	struct config_source sources[CONFIG_SOURCES_MAX];
	size_t hook_count;
	struct config_hook hooks[NM_MAX_HOOKS];
};

/* Every default that does not depend on the host. */
void config_defaults(struct config *ret);

/* Parses text of len bytes over the defaults. -EINVAL with REASON_USAGE and "NAME:LINE: ..." for an
 * unknown section or key, a key given twice, a bad value, a line that is no INI. */
int config_parse(
        const char *name, const char *text, size_t len, struct config *ret, struct error *err);

/* Reads and parses a file of at most CONFIG_FILE_MAX bytes; REASON_CANNOT_OPEN when it can't. */
int config_load(const char *path, struct config *ret, struct error *err);

/* Sets one key as the file would: for options of the command line. where names it in the error. */
int config_set(struct config *config, const char *section, const char *key, const char *value,
        const char *where, struct error *err);

/*
 * Fills in what was not given from the host: address and prefix of the interface, gateway from the
 * default route, newest kernel, numbers of the users. Stops at the first thing that stands in the
 * way of a start: -EINVAL or -ENODEV, REASON_USAGE, with what to do about it.
 */
int config_resolve(struct config *config, struct error *err);

/* The parts of config_resolve(), for `netmend check`, which wants every finding. */
int config_resolve_interface(struct config *config, struct error *err);
int config_resolve_kernel(struct config *config, struct error *err);
int config_resolve_accounts(struct config *config, struct error *err);

/* The source of this name, NULL for none. */
const struct config_source *config_source(const struct config *config, const char *name);

/* Whether keys are asked for anywhere but in the vault: netmend-fetch is started then. */
bool config_needs_fetch(const struct config *config);

/* "https://ADDRESS", with the port when it is not 443. */
#define CONFIG_URL_TEXT 40
void config_page_url(const struct config *config, char ret[CONFIG_URL_TEXT]);

const char *config_approval_name(const struct config *config);
const char *config_dhcp_mode_name(const struct config *config);
const char *config_scope_name(const struct config *config);

#endif
