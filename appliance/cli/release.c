/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend release`: what people decide about keys, asked of the running escrow by root. */
#include "appliance/cli/release.h"
#include "appliance/cli/verb.h"

#include <stdio.h>
#include <string.h>

static int order(const struct release_call *call, json_t *question, const char *done)
{
	struct error err = {0};

	if (escrow_socket_order(call->escrow, question, RELEASE_SECONDS, NULL, &err) < 0)
		return cli_fail(&err);
	puts(done);
	return CLI_OK;
}

static int do_stop(const struct release_call *call, int argc, char **argv)
{
	return order(call, json_pack("{s:s, s:s}", "op", "stop", "why", argc ? argv[0] : ""),
	        "No key is released any more; netmend release resume lets the machines go on.");
}

static int do_resume(const struct release_call *call, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return order(call, json_pack("{s:s}", "op", "resume"),
	        "Keys are released again, by the rules of the configuration.");
}

static int do_trust(const struct release_call *call, int argc, char **argv)
{
	(void)argc;
	return order(call, json_pack("{s:s, s:s}", "op", "trust", "which", argv[0]),
	        "It is suspect no more.");
}

/* The verb's work, with the running escrow on the line. */
static int with_escrow(const struct cli_call *call,
        int (*run)(const struct release_call *call, int argc, char **argv))
{
	struct escrow_socket *escrow CLEANUP_ESCROW_SOCKET = NULL;
	struct config config;
	struct error err = {0};

	if (cli_load_config(&call->options, &config, &err) < 0 ||
	        escrow_socket_open(config.runtime, &escrow, &err) < 0)
		return cli_fail(&err);
	const struct release_call ask = {.escrow = escrow,
	        .json = call->options.json,
	        .yes = cli_value(call, "--yes"),
	        .as = cli_value(call, "--as"),
	        .why = cli_value(call, "--why")};
	return run(&ask, call->count, call->words);
}

#define ASKS(name, function)                         \
	static int name(const struct cli_call *call) \
	{                                            \
		return with_escrow(call, function);  \
	}

ASKS(ask_status, release_status)
ASKS(ask_list, release_list)
ASKS(ask_approve, release_approve)
ASKS(ask_deny, release_deny)
ASKS(ask_stop, do_stop)
ASKS(ask_resume, do_resume)
ASKS(ask_trust, do_trust)
ASKS(ask_approver, release_approver)

static const struct cli_option decide_options[] = {
        {"--as", "NAME", "as this approver, with his passphrase"},
        {"--why", "TEXT", "kept in the audit record"},
        {"--yes", NULL, "the codes have been compared"},
        {0},
};

const struct cli_verb release_verbs[] = {
        {"status", "", 0, 0, CLI_JSON | CLI_WATCH, NULL, "what holds, how many, who is suspect",
                ask_status},
        {"list", "", 0, 0, CLI_JSON | CLI_WATCH, NULL,
                "who waits for approval, and the code on its screen", ask_list},
        {"approve", "WHICH...", 1, CLI_MANY, 0, decide_options,
                "release its key (WHICH: code, request, MAC, number or name)", ask_approve},
        {"deny", "WHICH...", 1, CLI_MANY, 0, decide_options, "not this machine", ask_deny},
        {"stop", "[WHY]", 0, 1, 0, NULL, "no key for anybody", ask_stop},
        {"resume", "", 0, 0, 0, NULL, "go on; who is suspect stays so", ask_resume},
        {"trust", "WHICH", 1, 1, 0, NULL, "this machine or address is not suspect", ask_trust},
        {"approver", "add|remove|list [NAME]", 1, 2, CLI_JSON, NULL,
                "the people who may approve on the status page", ask_approver},
        {0},
};
