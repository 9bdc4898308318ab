/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend preflight`: what would stop the first machine, said before it is switched on. */
#include "appliance/cli/escrow_socket.h"
#include "appliance/cli/verb.h"
#include "appliance/preflight/gather.h"
#include "appliance/preflight/judge.h"
#include "appliance/preflight/settings.h"
#include "appliance/boot/template.h"
#include "appliance/supervisor/loaders.h"
#include "appliance/supervisor/signed_ipxe.h"
#include "appliance/supervisor/serve.h"
#include "appliance/supervisor/state.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* dnsmasq asks for 3 s by ping whether an address is free before it offers it first. */
#define WAIT_SECONDS   5
#define WAIT_MAX       120
#define MACHINES_MAX   1000000
#define ESCROW_SECONDS 20

static const struct cli_option options[] = {
        {"--settings", SETTINGS_NAMES,
                "print what to type into that DHCP server or switch, look at nothing"},
        {"--machines", "NUMBER", "so many machines are on this network"},
        {"--wait", "SECONDS", "listen so long for DHCP servers, 5 if not told"},
        {"--boot", NULL,
                "also start virtual machines from the configured boot files, on a network of their "
                "own (QEMU, some minutes)"},
        {"--boot-seconds", "SECONDS", "give such a machine so long, 300 if not told"},
        {0},
};

/* ---- escrow ---- */

static void take_sources(const json_t *sources, struct escrow_facts *ret)
{
	const json_t *source;
	size_t i, len = 0;

	json_array_foreach(sources, i, source)
	{
		const char *name = json_string_value(json_object_get(source, "name"));
		const char *reason = json_string_value(json_object_get(source, "reason"));
		if (!name || !reason || strcmp(reason, "OK") == 0 || len >= sizeof(ret->sources))
			continue;
		int n = snprintf(ret->sources + len, sizeof(ret->sources) - len, "%s%s (%s)",
		        len ? ", " : "", name, reason);
		len += n > 0 ? (size_t)n : 0;
	}
}

static void gather_escrow(const struct config *config, struct escrow_facts *ret)
{
	char program[STATE_PATH_MAX];
	struct error err = {0};
	json_t *answer = NULL;

	*ret = (struct escrow_facts){.serve_runs = state_is_locked(config)};
	ret->program = serve_find_program("netmend-escrow", program, &err) == 0;
	if (ret->serve_runs) {
		CLEANUP_ESCROW_SOCKET struct escrow_socket *s = NULL;
		int r = escrow_socket_open(config->runtime, &s, &err);
		if (r == 0)
			r = escrow_socket_ask(s, json_pack("{s:s}", "op", "status"), ESCROW_SECONDS,
			        &answer, &err);
		ret->answers = r == 0 && json_is_true(json_object_get(answer, "ok"));
	}
	ret->locked = json_is_true(json_object_get(answer, "locked"));
	ret->keys = json_integer_value(json_object_get(answer, "keys"));
	take_sources(json_object_get(answer, "sources"), ret);
	(void)snprintf(ret->why, sizeof(ret->why), "%.150s", err.text);
	json_decref(answer);
}

/* ---- output ---- */

static int print_json(const struct findings *all)
{
	json_t *list = json_array();

	for (size_t i = 0; i < all->count; i++) {
		const struct finding *f = &all->list[i];
		(void)json_array_append_new(list,
		        json_pack("{s:s, s:s, s:s, s:s}", "check", f->check, "level",
		                finding_level_name(f->level), "what", f->what, "fix", f->fix));
	}
	return cli_print_json(json_pack("{s:i, s:I, s:o}", "v", 1, "problems",
	        (json_int_t)all->problems, "findings", list));
}

static void print_findings(const struct findings *all)
{
	static const char *const labels[] = {"ok", "note", "PROBLEM"};

	for (size_t i = 0; i < all->count; i++) {
		const struct finding *f = &all->list[i];
		printf("%-9s%-13s%s\n", labels[f->level], f->check, f->what);
		for (const char *line = f->fix; *line;) {
			size_t len = strcspn(line, "\n");
			printf("%-22s> %.*s\n", "", (int)len, line);
			line += len + (line[len] == '\n');
		}
	}
	if (all->problems)
		printf("\n%zu problem%s: what to do is below each.\n", all->problems,
		        all->problems == 1 ? "" : "s");
	else
		printf("\nNothing found that would stop a machine.\n");
}

/* ---- the verb ---- */

static int number_of(
        const struct cli_call *call, const char *name, long otherwise, long most, long *ret)
{
	const char *value = cli_value(call, name);
	char *end;

	*ret = otherwise;
	if (!value)
		return CLI_OK;
	*ret = strtol(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || *ret < 1 || *ret > most) {
		fprintf(stderr, "netmend: %s takes a number from 1 to %ld\n", name, most);
		return CLI_USAGE;
	}
	return CLI_OK;
}

/* Whether firmware can be given the signed chain: it is installed, or will be. */
static bool has_shim(const struct config *config)
{
	return config->uefi != UEFI_IPXE && access(config->shim, R_OK) == 0 &&
	       access(config->grub, R_OK) == 0;
}

static int print_settings(struct config *config, const char *name)
{
	struct error err = {0};
	struct buffer text;

	if (config_resolve_interface(config, &err) < 0)
		return cli_fail(&err);
	buffer_init(&text, BOOT_SCRIPT_MAX);
	int r = settings_render(config, has_shim(config), name, &text, &err);
	if (r == 0)
		fputs((const char *)text.data, stdout);
	else
		(void)cli_fail(&err);
	buffer_free(&text);
	return r == 0 ? CLI_OK : r == -EINVAL ? CLI_USAGE : CLI_FAILED;
}

struct wanted {
	long wait, machines, boot_seconds;
	bool boot, json;
};

static void try_boot(struct config *config, const struct wanted *w, struct facts *facts)
{
	struct error err = {0};

	/* Who gets the signed chain first may have Secure Boot on, and has it in the test. */
	bool secure = facts->signed_ipxe || facts->shim_first;

	facts->trial.wanted = true;
	if (config->prefix == 0 || config_resolve_kernel(config, &err) < 0) {
		facts->trial.broken = config->prefix != 0;
		(void)snprintf(facts->trial.why, sizeof(facts->trial.why), "%.190s",
		        config->prefix ? err.text : "the interface has no address");
		return;
	}
	trial_run(config, secure, (int)w->boot_seconds, isatty(STDERR_FILENO), &facts->trial);
}

static int look(struct config *config, const struct wanted *w)
{
	struct facts *facts = calloc(1, sizeof(*facts));
	struct findings *all = calloc(1, sizeof(*all));
	struct error err = {0};
	int status = CLI_FAILED;

	if (!facts || !all) {
		error_set(&err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
		free(facts);
		free(all);
		return cli_fail(&err);
	}
	/* What is wrong with the interface is a finding. */
	if (config_resolve_interface(config, &err) < 0)
		config->prefix = 0;
	facts->config = *config;
	facts->signed_ipxe = signed_ipxe_is_kept(config);
	facts->shim_first = has_shim(config) && loaders_first(config) == LOADER_SHIM;
	gather_link(config, &facts->link);
	gather_dhcp(config->interface, (int)w->wait, &facts->dhcp);
	gather_ports(config, facts);
	gather_clock(&facts->clock);
	gather_limits(&facts->limits);
	facts->limits.machines = (unsigned long)w->machines;
	gather_firewall(&facts->firewall);
	gather_certificate(config, &facts->certificate);
	gather_escrow(config, &facts->escrow);
	if (w->boot)
		try_boot(config, w, facts);
	judge_everything(facts, all);
	if (w->json)
		status = print_json(all);
	else
		print_findings(all);
	if (!w->json || status == CLI_OK)
		status = all->problems ? CLI_FAILED : CLI_OK;
	firewall_facts_free(&facts->firewall);
	free(facts);
	free(all);
	return status;
}

static int do_preflight(const struct cli_call *call)
{
	const char *settings = cli_value(call, "--settings");
	struct error err = {0};
	struct config config;
	struct wanted w = {.json = call->options.json, .boot = cli_value(call, "--boot") != NULL};

	if (number_of(call, "--wait", WAIT_SECONDS, WAIT_MAX, &w.wait) != CLI_OK ||
	        number_of(call, "--machines", 0, MACHINES_MAX, &w.machines) != CLI_OK ||
	        number_of(call, "--boot-seconds", TRIAL_SECONDS, TRIAL_SECONDS_MAX,
	                &w.boot_seconds) != CLI_OK)
		return CLI_USAGE;
	if (cli_load_config(&call->options, &config, &err) < 0)
		return cli_fail(&err);
	if (settings)
		return print_settings(&config, settings);
	if (geteuid() != 0) {
		error_set(&err, -EPERM, REASON_USAGE,
		        "preflight must run as root (sudo): it asks DHCP servers and tries ports");
		return cli_fail(&err);
	}
	if (!config.interface[0])
		return config_resolve_interface(&config, &err) < 0 ? cli_fail(&err) : CLI_FAILED;
	return look(&config, &w);
}

const struct cli_verb preflight_verbs[] = {
        {"", "", 0, 0, CLI_INTERFACE | CLI_JSON, options,
                "what would stop the first machine: DHCP servers, ports, firewall and more, each "
                "with the fix; or settings for the site's DHCP",
                do_preflight},
        {0},
};
