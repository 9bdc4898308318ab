/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The appliance's configuration: one INI file, parsed strictly, and the defaults taken from the
 * host for everything it leaves out. The keys are in config.c's table and in
 * appliance/config/netmend.conf.example.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "fixer/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CONFIG_FILE     "/etc/netmend.conf"
#define CONFIG_PATH_MAX 256
#define CONFIG_FILE_MAX (64 * 1024)

enum scope_mode { SCOPE_LISTED, SCOPE_ALL };
enum dhcp_mode { DHCP_PROXY, DHCP_FULL, DHCP_OFF };

struct account {
	char name[32]; /* as configured: a name or a number */
	uid_t uid;
	gid_t gid;
	bool missing; /* no such user on this host: uid and gid are the fixed numbers */
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
	char kernel[CONFIG_PATH_MAX];
	char initrd[CONFIG_PATH_MAX];
	char program[CONFIG_PATH_MAX]; /* what UEFI x64 firmware boots */
	int scope;                     /* enum scope_mode */
	int dhcp_mode;                 /* enum dhcp_mode */
	char range[40];                /* "A,B", full mode */
	char gateway[16];              /* IPv4, or "" */
	char dnsmasq[CONFIG_PATH_MAX];
	char recipe[CONFIG_PATH_MAX]; /* a built-in one's name, or a path */
	int dry_run;                  /* 1: every machine plans and reports, none is written to */
	char templates[CONFIG_PATH_MAX];
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

const char *config_dhcp_mode_name(const struct config *config);
const char *config_scope_name(const struct config *config);

#endif
