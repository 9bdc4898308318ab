/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dnsmasq's configuration: netboot/dnsmasq.conf.in filled in, and judged by dnsmasq itself. */
#ifndef SUPERVISOR_DNSMASQ_H
#define SUPERVISOR_DNSMASQ_H

#include "appliance/config/config.h"
#include "fixer/base/buffer.h"

#define DNSMASQ_CONFIG_MAX (64 * 1024)

/* What dnsmasq needs of root: raw sockets and ports below 1024. */
#define DNSMASQ_CAPABILITIES \
	((1ULL << CAP_NET_BIND_SERVICE) | (1ULL << CAP_NET_RAW) | (1ULL << CAP_NET_ADMIN))

/* The user dnsmasq runs as: "dnsmasq" of its package, else "nobody", else their usual number. */
void dnsmasq_account(uid_t *ret_uid, gid_t *ret_gid);

#define DNSMASQ_CONF "dnsmasq/dnsmasq.conf"

/* What is in the TFTP root besides iPXE for UEFI x64. */
struct dnsmasq_programs {
	bool bios;        /* iPXE for BIOS */
	bool shim;        /* the signed chain */
	bool signed_ipxe; /* what firmware gets is the shim of signed iPXE */
};

/*
 * Fills in a template: "@NAME@" places, and lines beginning "%word[,word...] " kept only when every
 * word is one of the mode, the scope, "gateway" (one is known) or "bios" (a BIOS program is there).
 * A line with @RELAYED@ comes once for each network of [dhcp] relayed. ret is initialised here and
 * freed by the caller. -EINVAL for an unknown place or word, with the template's line.
 */
int dnsmasq_render(const struct config *config, const struct dnsmasq_programs *programs,
        const char *template, size_t len, struct buffer *ret, struct error *err);

/* Renders TEMPLATES/dnsmasq.conf.in into STATE/dnsmasq/dnsmasq.conf, and makes the files it names.
 */
int dnsmasq_write_config(const struct config *config, struct error *err);

/* Runs `dnsmasq --test` on a configuration file as dnsmasq's user. */
int dnsmasq_test_config(const struct config *config, const char *path, struct error *err);

#endif
