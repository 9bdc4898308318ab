/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend check`: keys and their release. */
#include "appliance/cli/check.h"
#include "appliance/guard/guard.h"
#include "appliance/supervisor/child.h"
#include "appliance/supervisor/serve.h"
#include "appliance/supervisor/settings.h"
#include "appliance/supervisor/store_place.h"
#include "fixer/base/buffer.h"
#include "fixer/base/secret.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define POLICY_TEXT 400
#define OUTPUT_MAX  8192 /* of netmend-fetch: a line a source, and what it logs */

static void check_vault(const struct config *c)
{
	const struct config_vault_key *key = &c->vault_key;

	switch (key->place) {
	case VAULT_FROM_STATE:
		check_good("vault key: a file beside the vault, so a copy of %s/escrow has both "
		           "([escrow] vault-key)",
		        c->state);
		break;
	case VAULT_FROM_PERSON:
		check_good(
		        "vault key: a passphrase, typed after each start (netmend keys unlock); no "
		        "key is released before");
		break;
	case VAULT_FROM_FILE:
	case VAULT_FROM_CREDENTIAL:
		check_good("vault key: %s", key->name);
		break;
	default:
		check_good("vault key: the passphrase in %s", key->name);
	}
}

static void say_time(struct buffer *text, const char *word, int64_t seconds)
{
	char time[ISO8601_TEXT];

	if (seconds == 0)
		return;
	iso8601_format(seconds * 1000000000, time);
	(void)buffer_printf(text, " %s %s", word, time);
}

static void say_limit(struct buffer *text, int limit, const char *what)
{
	if (limit > 0)
		(void)buffer_printf(text, ", at most %d %s", limit, what);
}

/* One sentence, so that nobody has to know the defaults. */
static void check_policy(const struct config *c)
{
	static const char *const how[] = {"automatically",
	        "when a person has compared the code on the machine's screen",
	        "when two people have approved it"};
	const struct config_release *r = &c->release;
	struct buffer text;

	buffer_init(&text, POLICY_TEXT);
	(void)buffer_printf(&text, "release: keys go %s to %s", how[r->approval],
	        c->scope == SCOPE_ALL ? "every machine that boots from the network"
	                              : "machines on the list");
	if (r->subnets.count > 0)
		(void)buffer_printf(&text, " in %s%s", r->subnets.names[0],
		        r->subnets.count == 1 ? "" : " and other subnets");
	if (r->inventory[0])
		(void)buffer_printf(&text, " that are in the inventory");
	if (!r->from && !r->until)
		(void)buffer_printf(&text, ", at any time");
	say_time(&text, "from", r->from);
	say_time(&text, "until", r->until);
	say_limit(&text, r->total, "in all");
	if (r->total == 0)
		(void)buffer_printf(&text, ", no total");
	say_limit(&text, r->per_minute, "a minute");
	say_limit(&text, r->machine_hour, "an hour for one machine");
	check_good("%s (campaign %s)", (const char *)text.data, r->campaign);
	buffer_free(&text);
}

/* "NAME\tTYPE\tREASON\ttext", or a line of its log, which is kept for a person to see. */
static void take_line(char *line, char *said, size_t said_size)
{
	struct error err = {0};
	char *fields[4];

	for (int i = 0; i < 4; i++)
		fields[i] = strsep(&line, "\t");
	int reason = fields[2] ? reason_parse(fields[2]) : -1;
	if (!fields[3] || reason < 0) {
		if (fields[0][0])
			text_clean(said, said_size, fields[0]);
	} else if (reason == REASON_OK) {
		check_good("source %s (%s): %s", fields[0], fields[1], fields[3]);
	} else {
		error_set(&err, -EINVAL, (enum reason)reason, "source %s (%s): %s: %s. %s",
		        fields[0], fields[1], reason_title((enum reason)reason), fields[3],
		        reason_advice((enum reason)reason));
		check_bad(&err);
	}
}

static void run_fetch(const struct config *c, const char *folder)
{
	static char output[OUTPUT_MAX];
	char program[STATE_PATH_MAX], said[200] = "nothing more is known";
	const char *argv[] = {program, "check", "--settings-fd", "3", NULL};
	struct child child = {.name = "netmend-fetch",
	        .argv = argv,
	        .uid = c->fetch.uid,
	        .gid = c->fetch.gid,
	        .fd_count = 1};
	struct error err = {0};
	char *rest = output;

	if (serve_find_program("netmend-fetch", program, &err) < 0 ||
	        settings_for_fetch(c, folder, &child.fds[0], &err) < 0) {
		check_bad(&err);
		return;
	}
	int seconds = NM_SOURCE_SECONDS * (1 + (int)c->order.count);
	int r = child_run(&child, seconds, output, sizeof(output));
	(void)close(child.fds[0]);
	while (rest)
		take_line(strsep(&rest, "\n"), said, sizeof(said));
	if (r == 0 || r == 3)
		return;
	error_set(&err, -EINVAL, REASON_SOURCE_FAILED,
	        "netmend-fetch did not check the sources: %s",
	        r == -ETIMEDOUT ? "it takes too long" : said);
	check_bad(&err);
}

/* Keytabs need a folder that fetch-user can read, whether serve runs or not. */
static void check_sources(const struct config *c)
{
	char folder[] = "/tmp/netmend-check-XXXXXX", path[STATE_PATH_MAX];
	char name[CONFIG_SOURCE_NAME + 8];
	struct error err = {0};

	for (size_t i = 0; i < c->source_count; i++) {
		bool named = false;
		for (size_t k = 0; k < c->order.count; k++)
			named = named || strcmp(c->order.names[k], c->sources[i].name) == 0;
		if (!named)
			check_note("source %s is not asked: [escrow] sources does not name it",
			        c->sources[i].name);
	}
	if (!config_needs_fetch(c))
		return;
	if (!mkdtemp(folder) || chown(folder, 0, c->fetch.gid) < 0 || chmod(folder, 0750) < 0) {
		error_set(&err, -errno, REASON_CANNOT_OPEN, "cannot make %s: %s", folder,
		        strerror(errno));
		check_bad(&err);
		return;
	}
	run_fetch(c, folder);
	for (size_t i = 0; i < c->source_count; i++) {
		snprintf(name, sizeof(name), "%s.keytab", c->sources[i].name);
		state_path(path, folder, name);
		(void)unlink(path); /* most sources have none */
	}
	(void)rmdir(folder);
}

static void check_store(const struct config *config)
{
	struct secret *place CLEANUP_SECRET = NULL;
	struct error err = {0};

	if (config->database[0] && store_place(config, &place, &err) < 0)
		check_bad(&err);
	else if (config->database[0])
		check_good("store %s%s", config->database,
		        config->password_file[0] ? ", with a password" : "");
}

void check_keys(const struct config *config)
{
	struct error err = {0};
	int fd;

	if (secrets_init() < 0 || settings_for_escrow(config, &fd, &err) < 0) {
		if (!err.code)
			error_set(&err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory can be locked");
		check_bad(&err);
	} else {
		(void)close(fd);
		check_vault(config);
		check_store(config);
	}
	check_policy(config);
	check_sources(config);
}

void check_walls(void)
{
	int abi = guard_landlock_abi();
	struct error err = {0};

	if (guard_has_seccomp()) {
		check_good("seccomp: escrow, fetch, power and web lose the system calls they do "
		           "not need");
	} else {
		error_set(&err, -EOPNOTSUPP, REASON_INTERNAL,
		        "this kernel has no seccomp filters: escrow, fetch, power and web do not "
		        "start "
		        "without");
		check_bad(&err);
	}
	if (abi > 0)
		check_good("Landlock (ABI %d): they lose the files they do not need%s", abi,
		        abi >= 4 ? ", escrow the network" : "");
	else
		check_note(
		        "no Landlock in this kernel: files are protected by users and modes alone");
	if (guard_raise_memory_limit())
		check_good("locked memory: nothing of escrow, fetch and power is swapped out");
	else
		check_note(
		        "the limit of locked memory cannot be raised here: only keys are kept from "
		        "swap (LimitMEMLOCK=infinity)");
}
