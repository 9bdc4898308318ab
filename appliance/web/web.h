/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `netmend web`: the process the whole LAN can talk to. The supervisor binds the ports, drops to
 * web-user and executes
 *
 *     netmend web --http-fd 3 --https-fd 4 --control-fd 5 --database FILE ...
 *
 * It reads no configuration file: everything it needs is on its command line, and nothing of it is
 * secret. The TLS key is a path; a database's password comes through a pipe.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "fixer/base/error.h"

/* Option of the same name with '-' for '_'; strings are borrowed from argv. */
struct web_options {
	int http_fd;    /* listening TCP socket, port 80 */
	int https_fd;   /* listening TCP socket, https_port */
	int control_fd; /* SOCK_SEQPACKET to the supervisor; -1: none (answers nobody's SYNC) */
	const char *database;      /* STATE/web/netmend.db; "": store_fd says where */
	int store_fd;              /* a pipe with the store's place, read once; -1: none */
	const char *appliance;     /* STATE/web/appliance-id, made when missing; "": without one */
	const char *bundles;       /* STATE/web/bundles */
	const char *cert;          /* STATE/tls/cert.pem */
	const char *key;           /* STATE/tls/key.pem */
	const char *kernel;        /* served as /boot/vmlinuz */
	const char *initrd;        /* served as /boot/initrd.img */
	const char *program;       /* served as /boot/x64/snponly.efi */
	const char *media;         /* STATE/media: what is served as /boot/netmend.iso */
	const char *escrow_socket; /* RUNTIME/escrow.sock */
	const char *hosts;         /* STATE/dnsmasq/hosts: one file per MAC, written here */
	const char *templates;     /* directory of entry.ipxe and its siblings */
	const char *page;          /* directory of the status page's files */
	const char *recipe;        /* file with the recipe, sent to each fixer */
	const char *address;       /* the appliance's IPv4 address on the boot network */
	int http_port;             /* of the URLs handed out; 80 */
	int https_port;            /* of the URLs handed out; 443 */
	int prefix;                /* of the boot network, 1 to 32 */
	const char *gateway;       /* IPv4, or "" */
	const char *scope;         /* "listed" or "all" */
	int at_once; /* so many machines may load kernel and initrd together; 0: all */
	/* Which boot program UEFI firmware gets of whom nobody said otherwise: "ipxe", "shim"; ""
	 * or "auto": there is only one. */
	const char *loader;
	const char *wallboard; /* "yes" or "no": open to whoever is not signed in */
	const char *dry_run;   /* "yes" or "no": netmend.dry-run=1 for every machine */
	const char *metrics;   /* who may see GET /metrics: "10.0.0.5/32,10.1.0.0/16", or "" */
};

/* Most arguments web_options_argv() makes, with the final NULL. */
#define WEB_ARGV_MAX 64

/* argv[0] is "web". 0, or -EINVAL with REASON_USAGE naming the option. Every option is required
 * but --control-fd, --gateway, --http-port, --https-port, --dry-run, --metrics, --wallboard,
 * --at-once, --appliance and one of --database and --store-fd. */
int web_options_parse(int argc, char **argv, struct web_options *ret, struct error *err);

/* The reverse, for the supervisor's exec: fills argv with program, "web", "--http-fd", "3", ...,
 * NULL. Numbers are printed into text (at least 128 bytes), which must live as long as argv. */
void web_options_argv(const struct web_options *options, const char *program, char *text,
        const char *argv[WEB_ARGV_MAX]);

/* Runs until SIGTERM or the supervisor's end of control_fd closes. 0, or -errno after logging why
 * it could not start. */
int web_main(const struct web_options *options);

#endif
