/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network of a test boot, and what the second appliance is configured with. */
#include "appliance/preflight/trial_private.h"

#include "appliance/supervisor/signed_ipxe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SMALLEST_NETWORK 27 /* bits: appliance, DHCP server and ten addresses fit */

bool trial_addresses(const struct config *config, char site[16], char range[40])
{
	struct in_addr address, at;
	char first[16], last[16];

	if (config->prefix < 8 || config->prefix > SMALLEST_NETWORK ||
	        inet_pton(AF_INET, config->address, &address) != 1)
		return false;
	uint32_t ours = ntohl(address.s_addr), host = (1u << (32 - config->prefix)) - 1;
	uint32_t network = ours & ~host;
	/* In whichever half of the network we are not. */
	uint32_t begin = (ours & host) > host / 2 ? network + 1 : network + host - 13;

	at.s_addr = htonl(begin);
	(void)inet_ntop(AF_INET, &at, site, 16);
	at.s_addr = htonl(begin + 2);
	(void)inet_ntop(AF_INET, &at, first, sizeof(first));
	at.s_addr = htonl(begin + 11);
	(void)inet_ntop(AF_INET, &at, last, sizeof(last));
	(void)snprintf(range, 40, "%s,%s", first, last);
	return true;
}

/* ---- links ---- */

static int ip(const struct trial *t, struct error *err, const char *const *words)
{
	const char *argv[16] = {t->ip};
	size_t n = 1;

	while (*words && n < 15)
		argv[n++] = *words++;
	argv[n] = NULL;
	return trial_command(t, argv, err);
}

#define IP(t, err, ...) ip(t, err, (const char *const[]){__VA_ARGS__, NULL})

/* In the namespace of that process, by its number. */
static int appliance_cable(const struct trial *t, pid_t appliance, struct error *err)
{
	const struct config *c = t->config;
	char pid[16], net[40], address[24];

	(void)snprintf(pid, sizeof(pid), "%d", (int)appliance);
	(void)snprintf(net, sizeof(net), "--net=/proc/%d/ns/net", (int)appliance);
	(void)snprintf(address, sizeof(address), "%s/%d", c->address, c->prefix);
	const char *const up[] = {"/usr/bin/nsenter", net, t->ip, "link", "set", "lo", "up", NULL};
	const char *const add[] = {"/usr/bin/nsenter", net, t->ip, "address", "add", address,
	        "broadcast", "+", "dev", c->interface, NULL};
	const char *const on[] = {
	        "/usr/bin/nsenter", net, t->ip, "link", "set", c->interface, "up", NULL};

	int r = IP(t, err, "link", "add", TRIAL_PORT, "type", "veth", "peer", "name", c->interface,
	        "netns", pid);
	if (r == 0)
		r = IP(t, err, "link", "set", TRIAL_PORT, "master", TRIAL_FLOOR, "up");
	if (r == 0)
		r = trial_command(t, up, err);
	if (r == 0)
		r = trial_command(t, add, err);
	return r == 0 ? trial_command(t, on, err) : r;
}

int trial_floor_make(const struct trial *t, pid_t appliance, struct error *err)
{
	int r = IP(t, err, "link", "set", "lo", "up");

	if (r == 0)
		r = IP(t, err, "link", "add", TRIAL_FLOOR, "type", "bridge", "forward_delay", "0");
	if (r == 0)
		r = IP(t, err, "link", "set", TRIAL_FLOOR, "up");
	for (size_t i = 0; r == 0 && i < t->facts->count; i++) {
		char tap[32];
		(void)snprintf(tap, sizeof(tap), "nmtap%zu", i);
		r = IP(t, err, "tuntap", "add", "dev", tap, "mode", "tap");
		if (r == 0)
			r = IP(t, err, "link", "set", tap, "master", TRIAL_FLOOR, "up");
	}
	return r == 0 ? appliance_cable(t, appliance, err) : r;
}

/* As a company has one: addresses, and where the configuration counts on it, our address. */
int trial_floor_site(const struct trial *t, struct error *err)
{
	const struct config *c = t->config;
	char site[16], address[24], range[40], range_option[80], leases[STATE_PATH_MAX + 20],
	        boot[40], log[STATE_PATH_MAX];

	if (!trial_addresses(c, site, range))
		return error_set(err, -ERANGE, REASON_USAGE, "no room for a DHCP server");
	(void)snprintf(address, sizeof(address), "%s/%d", site, c->prefix);
	(void)snprintf(range_option, sizeof(range_option), "--dhcp-range=%s,1h", range);
	(void)snprintf(leases, sizeof(leases), "--dhcp-leasefile=%s/site-leases", t->folder);
	(void)snprintf(boot, sizeof(boot), "--dhcp-boot=,,%s", c->address);
	state_path(log, t->folder, "site.log");
	const char *const argv[] = {c->dnsmasq, "--keep-in-foreground", "--conf-file=/dev/null",
	        "--port=0", "--interface=" TRIAL_FLOOR, "--bind-interfaces", "--no-ping",
	        "--pid-file=", "--user=root", "--log-facility=-", range_option, leases,
	        c->next_server ? boot : NULL, NULL};

	int r = IP(t, err, "address", "add", address, "broadcast", "+", "dev", TRIAL_FLOOR);
	if (r < 0)
		return r;
	r = trial_spawn(argv, log);
	return r < 0 ? error_set(err, r, REASON_INTERNAL, "cannot start %s: %s", c->dnsmasq,
	                       strerror(-r))
	             : 0;
}

/* ---- configuration ---- */

/* Signed iPXE that was brought is in our state directory. */
static int bring_signed(const struct trial *t, const struct config *theirs, struct error *err)
{
	struct signed_ipxe_set set = {0};
	int r = signed_ipxe_load(t->config, &set, err);

	if (r == 0)
		r = signed_ipxe_keep(theirs, &set, err);
	signed_ipxe_free(&set);
	return r == -ENOENT ? 0 : r;
}

static void print_sections(FILE *out, const struct trial *t, const struct config *theirs)
{
	static const char *const uefi[] = {"auto", "shim", "ipxe"};
	const struct config *c = t->config;

	fprintf(out,
	        "[server]\ninterface = %s\naddress = %s\nstate = %s\nruntime = %s\n"
	        "http-port = %d\nhttps-port = %d\n"
	        "web-user = %s\nescrow-user = %s\nfetch-user = %s\n",
	        c->interface, c->address, theirs->state, theirs->runtime, c->http_port,
	        c->https_port, c->web.name, c->escrow.name, c->fetch.name);
	fprintf(out,
	        "[boot]\nscope = all\nkernel = %s\ninitrd = %s\nprogram = %s\nuefi = %s\n"
	        "shim = %s\ngrub = %s\n",
	        c->kernel, c->initrd, c->program, uefi[c->uefi], c->shim, c->grub);
	fprintf(out, "[dhcp]\nmode = %s\ndnsmasq = %s\n", config_dhcp_mode_name(c), c->dnsmasq);
	if (c->dhcp_mode == DHCP_FULL)
		fprintf(out, "range = %s\n", c->range);
	if (c->gateway[0])
		fprintf(out, "gateway = %s\n", c->gateway);
	if (c->next_server)
		fprintf(out, "next-server = yes\n");
	fprintf(out,
	        "[web]\ntemplates = %s\n[repair]\nrecipe = %s\n"
	        "[escrow]\nsyslog = no\n",
	        c->templates, c->recipe);
}

int trial_write_config(const struct trial *t, struct error *err)
{
	struct config *theirs = malloc(sizeof(*theirs));

	if (!theirs)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	*theirs = *t->config;
	int n = snprintf(theirs->state, sizeof(theirs->state), "%s/state", t->folder);
	int k = snprintf(theirs->runtime, sizeof(theirs->runtime), "%s/run", t->folder);
	int r = n < (int)sizeof(theirs->state) && k < (int)sizeof(theirs->runtime) &&
	                        mkdir(theirs->state, 0755) == 0
	                ? 0
	                : -EIO;
	FILE *out = r == 0 ? fopen(t->conf, "we") : NULL;
	if (out)
		print_sections(out, t, theirs);
	if (!out || ferror(out) || fclose(out) != 0)
		r = error_set(err, -EIO, REASON_INTERNAL, "cannot write %s", t->conf);
	if (r == 0)
		r = bring_signed(t, theirs, err);
	free(theirs);
	return r;
}
