/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend check`: everything serve needs, judged without starting it; one line a finding. */
#include "appliance/cli/check.h"
#include "appliance/cli/verb.h"
#include "appliance/supervisor/dnsmasq.h"
#include "appliance/supervisor/listen.h"
#include "appliance/supervisor/serve.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define SPACE_WANTED \
	(1024ULL * 1024 * 1024) /* bundles, store and audit of a few hundred machines */

static int problems;
static json_t *findings; /* with --json: shown at the end */

static void found(const char *level, const char *label, const char *format, va_list args)
{
	char text[1024];

	(void)vsnprintf(text, sizeof(text), format, args);
	if (findings)
		(void)json_array_append_new(
		        findings, json_pack("{s:s, s:s}", "level", level, "text", text));
	else
		printf("%s%s\n", label, text);
}

void check_good(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	found("ok", "ok       ", format, args);
	va_end(args);
}

void check_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	found("note", "note     ", format, args);
	va_end(args);
}

static void check_problem(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void check_problem(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	found("problem", "PROBLEM  ", format, args);
	va_end(args);
	problems++;
}

void check_bad(const struct error *err)
{
	check_problem("%s", err->text);
}

static void check_file(const char *key, const char *path, const char *advice)
{
	struct error err = {0};
	struct stat st;

	if (access(path, R_OK) < 0 || stat(path, &st) < 0) {
		error_set(&err, -errno, REASON_CANNOT_OPEN, "%s %s: %s%s%s", key, path,
		        strerror(errno), advice[0] ? "; " : "", advice);
		check_bad(&err);
	} else if (!S_ISREG(st.st_mode) || st.st_size == 0) {
		error_set(&err, -EINVAL, REASON_CANNOT_OPEN, "%s %s is %s", key, path,
		        S_ISREG(st.st_mode) ? "empty" : "not a file");
		check_bad(&err);
	} else {
		check_good("%s %s (%lld bytes)", key, path, (long long)st.st_size);
	}
}

static void check_boot(struct config *config)
{
	struct error err = {0};

	if (config_resolve_kernel(config, &err) < 0)
		check_bad(&err);
	else
		check_file("[boot] kernel", config->kernel, "");
	check_file("[boot] initrd", config->initrd, "make it with mkinitrd, as the README shows");
	check_file("[boot] program", config->program, "install the package ipxe");
	if (config->uefi == UEFI_IPXE)
		return;
	check_file("[boot] shim", config->shim, "install the package shim-signed");
	check_file("[boot] grub", config->grub, "install the package grub-efi-amd64-signed");
}

static void check_ports(const struct config *config)
{
	const int ports[] = {config->http_port, config->https_port};

	for (int i = 0; i < 2; i++) {
		struct error err = {0};
		int fd = listen_tcp(ports[i], &err);
		if (fd < 0) {
			check_bad(&err);
			continue;
		}
		close(fd);
		check_good("TCP port %d is free", ports[i]);
	}
}

/* The nearest directory that is there, for one that serve would make. */
static void check_directory(const char *key, const char *path)
{
	char existing[CONFIG_PATH_MAX];
	struct error err = {0};
	struct statvfs fs;

	snprintf(existing, sizeof(existing), "%s", path);
	while (access(existing, F_OK) < 0 && strrchr(existing, '/') != existing)
		*strrchr(existing, '/') = '\0';
	if (access(existing, F_OK) < 0)
		snprintf(existing, sizeof(existing), "/");
	if (access(existing, W_OK | X_OK) < 0 || statvfs(existing, &fs) < 0) {
		error_set(&err, -errno, REASON_CANNOT_OPEN, "%s %s: %s: %s", key, path, existing,
		        strerror(errno));
		check_bad(&err);
		return;
	}
	unsigned long long space = (unsigned long long)fs.f_bavail * fs.f_frsize;
	if (strcmp(key, "[server] state") == 0 && space < SPACE_WANTED) {
		error_set(&err, -ENOSPC, REASON_JOURNAL_REFUSED,
		        "%s %s: only %llu MB free; repairs are saved there first, so 1024 are "
		        "wanted",
		        key, path, space >> 20);
		check_bad(&err);
		return;
	}
	check_good("%s %s is writable (%llu MB free)", key, path, space >> 20);
}

static int write_temporary(const struct buffer *text, char path[32], struct error *err)
{
	memcpy(path, "/tmp/netmend-check-XXXXXX", 26);
	int CLEANUP_CLOSE fd = mkstemp(path);
	if (fd < 0 || fchmod(fd, 0644) < 0 ||
	        write(fd, text->data, text->len) != (ssize_t)text->len)
		return error_set(err, errno ? -errno : -EIO, REASON_CANNOT_OPEN,
		        "cannot write %s: %s", path, strerror(errno));
	return 0;
}

static void check_dnsmasq(const struct config *config)
{
	char template_path[STATE_PATH_MAX], path[32] = "";
	struct error err = {0};
	struct buffer template, text;

	state_path(template_path, config->templates, "dnsmasq.conf.in");
	if (state_read_file(template_path, DNSMASQ_CONFIG_MAX, &template, &err) < 0) {
		check_bad(&err);
		return;
	}
	const struct dnsmasq_programs programs = {.bios = true, .shim = true};
	int r = dnsmasq_render(
	        config, &programs, (const char *)template.data, template.len, &text, &err);
	buffer_free(&template);
	if (r < 0) {
		check_bad(&err);
		return;
	}
	r = write_temporary(&text, path, &err);
	buffer_free(&text);
	if (r == 0)
		r = dnsmasq_test_config(config, path, &err);
	if (path[0])
		(void)unlink(path);
	if (r < 0)
		check_bad(&err);
	else
		check_good("%s accepts the configuration made for it (%s)", config->dnsmasq,
		        config_dhcp_mode_name(config));
}

static void check_accounts(struct config *config)
{
	struct error err = {0};

	if (config_resolve_accounts(config, &err) < 0) {
		check_bad(&err);
		return;
	}
	check_good(
	        "web-user %s (%u), escrow-user %s (%u), fetch-user %s (%u), power-user %s (%u)%s",
	        config->web.name, (unsigned)config->web.uid, config->escrow.name,
	        (unsigned)config->escrow.uid, config->fetch.name, (unsigned)config->fetch.uid,
	        config->power.name, (unsigned)config->power.uid,
	        config->web.missing || config->escrow.missing || config->fetch.missing ||
	                        config->power.missing
	                ? ": not all on this host, so fixed numbers are used"
	                : "");
}

static void check_recipe(const struct config *config)
{
	struct recipe_warning warnings[RECIPE_WARNINGS_MAX];
	struct error err = {0};
	struct recipe recipe;

	if (state_read_recipe(config->recipe, &recipe, NULL, &err) < 0) {
		check_bad(&err);
		return;
	}
	size_t count = recipe_warnings(&recipe, warnings, RECIPE_WARNINGS_MAX);
	check_good("recipe %s, version %u%s", recipe.name, recipe.version,
	        count == 0 ? "" : ": netmend recipe check has warnings");
}

static void check_host(struct config *config)
{
	char escrow[STATE_PATH_MAX], entry[STATE_PATH_MAX];
	struct error err = {0};

	if (config_resolve_interface(config, &err) < 0)
		check_bad(&err);
	else
		check_good("interface %s has %s/%d, gateway %s", config->interface, config->address,
		        config->prefix, config->gateway[0] ? config->gateway : "none");
	check_accounts(config);
	check_boot(config);
	check_ports(config);
	check_directory("[server] state", config->state);
	check_directory("[server] runtime", config->runtime);
	state_path(entry, config->templates, "entry.ipxe");
	check_file("[web] templates", entry, "");
	if (config->dhcp_mode == DHCP_OFF)
		check_good("[dhcp] mode is off: dnsmasq is not used");
	else if (config->address[0])
		check_dnsmasq(config);
	check_recipe(config);
	err = (struct error){0};
	if (serve_find_program("netmend-escrow", escrow, &err) < 0)
		check_bad(&err);
	else
		check_good("escrow %s", escrow);
	check_keys(config);
	check_walls();
}

static int print_findings(void)
{
	int status = cli_print_json(
	        json_pack("{s:i, s:i, s:o}", "v", 1, "problems", problems, "findings", findings));

	return problems ? CLI_FAILED : status;
}

static int do_check(const struct cli_call *call)
{
	struct config config;
	struct error err = {0};

	if (geteuid() != 0) {
		error_set(&err, -EPERM, REASON_USAGE,
		        "check must run as root (sudo), like serve, to see what serve would see");
		return cli_fail(&err);
	}
	findings = call->options.json ? json_array() : NULL;
	if (cli_load_config(&call->options, &config, &err) < 0)
		check_bad(&err);
	else
		check_host(&config);
	if (findings)
		return print_findings();
	if (problems)
		printf("\n%d problem%s: serve would not start or not work.\n", problems,
		        problems == 1 ? "" : "s");
	else
		printf("\nEverything serve needs is there.\n");
	return problems ? CLI_FAILED : CLI_OK;
}

const struct cli_verb check_verbs[] = {
        {"", "", 0, 0, CLI_INTERFACE | CLI_JSON, NULL,
                "judge configuration and host, start nothing", do_check},
        {0},
};
