/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend audit`: files are opened here, as the caller; the record of releases is read by
 * netmend-escrow. */
#include "appliance/cli/actions.h"
#include "appliance/cli/escrow.h"
#include "appliance/cli/verb.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 8

struct words {
	size_t count;
	const char *list[WORDS_MAX + 1]; /* ends with NULL */
};

static void add(struct words *w, const char *name, const char *value)
{
	w->list[w->count++] = name;
	if (value)
		w->list[w->count++] = value;
}

/* Standard output goes to the file; "-" leaves it. */
static int open_output(const char *path)
{
	struct error err = {0};

	if (strcmp(path, "-") == 0)
		return CLI_OK;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0)
		return CLI_OK;
	error_set(&err, -errno, REASON_CANNOT_OPEN, "cannot write %s: %s", path, strerror(errno));
	return cli_fail(&err);
}

static int verify(const struct cli_call *call)
{
	const char *copy = cli_value(call, "--copy");
	struct words words = {0};

	if (copy && cli_open_input(copy) != CLI_OK)
		return CLI_FAILED;
	if (copy)
		add(&words, "--copied", NULL);
	return cli_run_escrow(&call->options, "audit-verify", words.list);
}

static int show(const struct cli_call *call)
{
	const char *machine = cli_value(call, "--machine"), *since = cli_value(call, "--since");
	struct words words = {0};

	if (machine)
		add(&words, "--machine", machine);
	if (since)
		add(&words, "--since", since);
	return cli_run_escrow(&call->options, "audit-show", words.list);
}

static int export_record(const struct cli_call *call)
{
	if (open_output(call->words[0]) != CLI_OK)
		return CLI_FAILED;
	return cli_run_escrow(&call->options, "audit-export", NULL);
}

static int rotation(const struct cli_call *call)
{
	const char *done = cli_value(call, "--done");
	bool csv = cli_value(call, "--csv");
	struct words words = {0};
	struct guid id;

	if (csv + call->options.json + (done != NULL) > 1)
		return cli_usage("audit rotation [--json | --csv | --done GUID|FILE]");
	if (csv)
		add(&words, "--csv", NULL);
	if (done && guid_parse(done, &id) < 0) {
		if (cli_open_input(done) != CLI_OK)
			return CLI_FAILED;
		done = "-";
	}
	if (done)
		add(&words, "--done", done);
	return cli_run_escrow(&call->options, "audit-rotation", words.list);
}

static const struct cli_option show_options[] = {
        {"--machine", "MACHINE", "by name, UUID, serial, MAC or address"},
        {"--since", "TIME", "nothing older"},
        {0},
};
static const struct cli_option verify_options[] = {
        {"--copy", "FILE", "compare with copies in a log kept elsewhere"},
        {0},
};
static const struct cli_option rotation_options[] = {
        {"--csv", NULL, "as CSV"},
        {"--done", "GUID|FILE", "was replaced"},
        {0},
};

const struct cli_verb audit_verbs[] = {
        {"show", "", 0, 0, CLI_JSON | CLI_WATCH, show_options,
                "what was released and refused, to whom, and why", show},
        {"verify", "", 0, 0, 0, verify_options, "whether a byte of that record was changed",
                verify},
        {"export", "FILE", 1, 1, CLI_JSON, NULL, "the record as CSV, or JSON lines", export_record},
        {"rotation", "", 0, 0, CLI_JSON | CLI_WATCH, rotation_options,
                "passwords that were used and are to be replaced", rotation},
        {"actions", "", 0, 0, CLI_JSON | CLI_WATCH, cli_actions_options,
                "what people did with machines, inventory, campaigns and accounts", cli_actions},
        {0},
};
