/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/boot/boot.h"
#include "appliance/boot/decide.h"
#include "appliance/boot/netmask.h"
#include "appliance/boot/template.h"
#include "appliance/fleet/identity.h"
#include "fixer/base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCRIPT_TYPE "text/plain; charset=utf-8"

static void server_name(char *ret, size_t size, const char *address, int port, int usual)
{
	if (port == usual)
		(void)snprintf(ret, size, "%s", address);
	else
		(void)snprintf(ret, size, "%s:%d", address, port);
}

int boot_open(struct boot *b, const struct boot_options *options, struct fleet *fleet,
        const char *cert_pem, struct error *err)
{
	*b = (struct boot){.options = *options, .fleet = fleet};
	server_name(b->server, sizeof(b->server), options->address, options->http_port, 80);
	/* The fixer wants the port spelled out (bootparams.h). */
	(void)snprintf(b->secure_server, sizeof(b->secure_server), "%s:%d", options->address,
	        options->https_port);
	b->medium = (struct medium){options->media, b->pin, options->kernel, options->initrd};
	int r = boot_pin(cert_pem, b->pin, err);
	if (r == 0)
		r = boot_template_load(options->templates, "entry.ipxe", &b->entry, err);
	if (r == 0)
		r = boot_template_load(options->templates, "remediate.ipxe", &b->remediate, err);
	if (r == 0)
		r = boot_template_load(options->templates, "local.ipxe", &b->local, err);
	if (r == 0)
		r = boot_template_load(options->templates, "hold.ipxe", &b->hold, err);
	if (r == 0)
		r = boot_template_load(options->templates, "turn.ipxe", &b->turn, err);
	if (r < 0)
		boot_close(b);
	return r;
}

void boot_close(struct boot *b)
{
	free(b->entry);
	free(b->remediate);
	free(b->local);
	free(b->hold);
	free(b->turn);
	b->entry = b->remediate = b->local = b->hold = b->turn = NULL;
}

static void reply_script(
        struct http_request *r, const char *text, const struct boot_value *values, size_t count)
{
	struct error err = {0};
	struct buffer out;

	buffer_init(&out, BOOT_SCRIPT_MAX);
	if (boot_render(text, values, count, &out, &err) < 0) {
		log_error("%s", err.text);
		http_reply_error(r, 500, REASON_INTERNAL, "%s", err.text);
	} else {
		http_reply_text(r, 200, SCRIPT_TYPE, (const char *)out.data);
	}
	buffer_free(&out);
}

void boot_entry(struct http_request *r, struct boot *b)
{
	const struct boot_value values[] = {{"SERVER", b->server}};

	reply_script(r, b->entry, values, 1);
}

static const char *argument(const struct http_request *r, const char *name)
{
	const char *value = http_argument(r, name);

	return value ? value : "";
}

/* -EINVAL without a usable MAC. What is malformed besides is left out, not refused: the boot of a
 * machine must not fail for what its vendor wrote into SMBIOS. */
static int identity_read(const struct http_request *r, struct fleet_identity *ret)
{
	struct fleet_identity i = {0};

	if (mac_normalise(argument(r, "mac"), i.mac) < 0 || !r->address[0])
		return -EINVAL;
	identity_uuid(argument(r, "uuid"), i.uuid);
	identity_serial(argument(r, "serial"), i.serial);
	identity_string(argument(r, "asset"), i.asset);
	identity_string(argument(r, "manufacturer"), i.manufacturer);
	identity_string(argument(r, "product"), i.product);
	(void)snprintf(i.ip, sizeof(i.ip), "%s", r->address);
	*ret = i;
	return 0;
}

static void reply_remediate(struct http_request *r, struct boot *b, const struct boot_decision *d)
{
	const struct machine *m = &d->machine;
	char attempt[12], prefix[12];
	struct in_addr a;
	const char *gateway = argument(r, "gateway");
	/* A machine behind a relay lives in another network than the appliance. */
	int bits = netmask_prefix(argument(r, "netmask"));

	if (bits < 0 || inet_pton(AF_INET, gateway, &a) != 1) {
		gateway = bits < 0 ? b->options.gateway : "";
		bits = bits < 0 ? b->options.prefix : bits;
	}
	(void)snprintf(attempt, sizeof(attempt), "%d", m->attempt);
	(void)snprintf(prefix, sizeof(prefix), "%d", bits);
	const struct boot_value values[] = {
	        {"NAME", boot_shown_name(m)},
	        {"ATTEMPT", attempt},
	        {"SERVER", b->server},
	        {"SECURE_SERVER", b->secure_server},
	        {"PIN", b->pin},
	        {"TOKEN", d->token},
	        {"IP", m->ip},
	        {"PREFIX", prefix},
	        {"GATEWAY", gateway},
	        {"MAC", m->mac},
	        {"DRY_RUN", d->dry_run ? "netmend.dry-run=1" : ""},
	};
	reply_script(r, b->remediate, values, sizeof(values) / sizeof(values[0]));
}

static void reply_wait(struct http_request *r, struct boot *b, const struct boot_decision *d)
{
	const struct machine *m = &d->machine;
	char number[12];

	(void)snprintf(number, sizeof(number), "%d", d->seconds);
	const struct boot_value values[] = {{"NAME", boot_shown_name(m)},
	        {"REASON", reason_code(m->reason)}, {"SERVER", b->server}, {"SECONDS", number}};
	reply_script(r, d->what == FLEET_HOLD ? b->hold : b->local, values,
	        sizeof(values) / sizeof(values[0]));
}

static void reply_turn(struct http_request *r, struct boot *b, const struct boot_decision *d)
{
	char before[12], seconds[12];

	(void)snprintf(before, sizeof(before), "%d", d->before);
	(void)snprintf(seconds, sizeof(seconds), "%d", d->seconds);
	const struct boot_value values[] = {{"NAME", boot_shown_name(&d->machine)},
	        {"BEFORE", before}, {"SERVER", b->server}, {"SECONDS", seconds}};
	reply_script(r, b->turn, values, sizeof(values) / sizeof(values[0]));
}

void boot_script(struct http_request *r, struct boot *b)
{
	struct fleet_identity identity;
	struct boot_decision d;

	if (identity_read(r, &identity) < 0) {
		http_reply_error(r, 400, REASON_PROTOCOL_ERROR, "mac is missing or malformed");
		return;
	}
	int e = boot_decide(b->fleet, b->options.dry_run, &identity, &d);
	if (e < 0) {
		http_reply_error(
		        r, 503, REASON_INTERNAL, "the appliance cannot decide: %s", strerror(-e));
		return;
	}
	if (d.what == FLEET_REMEDIATE)
		reply_remediate(r, b, &d);
	else if (d.before >= 0)
		reply_turn(r, b, &d);
	else
		reply_wait(r, b, &d);
	sodium_memzero(d.token, sizeof(d.token));
}

static void reply_boot_file(struct http_request *r, const char *type, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		log_error("%s: %s", path, strerror(errno));
		http_reply_error(r, 404, REASON_CANNOT_OPEN, "not on this appliance");
		return;
	}
	http_reply_file(r, type, fd);
}

/* One of the files beside the boot program. */
static void reply_program(struct http_request *r, struct boot *b, const char *name)
{
	char path[PATH_MAX];
	const char *slash = strrchr(b->options.program, '/');
	int folder = slash ? (int)(slash - b->options.program) : 0;

	if ((size_t)folder + strlen(name) + 2 > sizeof(path)) {
		http_reply_error(r, 404, REASON_CANNOT_OPEN, "not on this appliance");
		return;
	}
	(void)snprintf(path, sizeof(path), "%.*s/%s", folder, b->options.program, name);
	reply_boot_file(r, "application/efi", path);
}

void boot_program(struct http_request *r, struct boot *b)
{
	reply_boot_file(r, "application/efi", b->options.program);
}

void boot_ipxe_shim(struct http_request *r, struct boot *b)
{
	reply_program(r, b, "snponly-shim.efi");
}

void boot_kernel_shim(struct http_request *r, struct boot *b)
{
	reply_program(r, b, "shimx64.efi");
}

/* One that is older than the kernel is given to whoever has begun to read it. */
void boot_medium(struct http_request *r, struct boot *b)
{
	char path[PATH_MAX];
	struct error err = {0};

	if (medium_check(&b->medium, &err) == -ENOENT) {
		http_reply_error(r, 404, REASON_CANNOT_OPEN, "%s", err.text);
		return;
	}
	medium_file(&b->medium, path);
	reply_boot_file(r, "application/octet-stream", path);
}

void boot_kernel(struct http_request *r, struct boot *b)
{
	reply_boot_file(r, "application/octet-stream", b->options.kernel);
}

void boot_initrd(struct http_request *r, struct boot *b)
{
	int e = fleet_boot_progress(b->fleet, r->address);

	/* The timeline misses a step; the boot goes on. */
	if (e < 0)
		log_warning("boot progress of %s: %s", r->address, strerror(-e));
	reply_boot_file(r, "application/octet-stream", b->options.initrd);
}
