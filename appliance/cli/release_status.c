/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend release status`: what holds, and who is suspect. */
#include "appliance/cli/cli.h"
#include "appliance/cli/release.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *approval_words(const char *approval)
{
	if (strcmp(approval, "auto") == 0)
		return "auto: nobody has to approve";
	if (strcmp(approval, "pairing") == 0)
		return "pairing: one person compares the code on the machine's screen";
	if (strcmp(approval, "two-person") == 0)
		return "two-person: two people compare the code on the machine's screen";
	return approval;
}

static void print_status(const json_t *status)
{
	const char *stopped = release_text(status, "stopped");
	const json_t *waiting = json_object_get(status, "waiting");

	if (stopped[0])
		printf("release   stopped: %s\n          netmend release resume lets the machines "
		       "go "
		       "on\n",
		        stopped);
	else
		printf("release   running\n");
	printf("approval  %s\n", approval_words(release_text(status, "approval")));
	printf("campaign  %s, %" PRId64 " released\n", release_text(status, "campaign"),
	        release_number(status, "released"));
	printf("requests  %" PRId64 " for people to decide (netmend release list)\n",
	        release_number(status, "requests"));
	printf("queue     %" PRId64 " machines, about %" PRId64 " a minute\n",
	        release_number(waiting, "machines"), release_number(waiting, "per_minute"));
	if (json_is_true(json_object_get(status, "locked")))
		printf("vault     locked: netmend keys unlock\n");
	else
		printf("vault     %" PRId64 " keys\n", release_number(status, "keys"));
}

static void print_suspects(const json_t *suspects)
{
	const json_t *one;
	size_t i;

	json_array_foreach(suspects, i, one)
	{
		printf("suspect   %s: %s\n", release_text(one, "what"), release_text(one, "why"));
	}
	if (i > 0)
		puts("          netmend release trust WHICH lets one go on");
}

/* The status, with "suspects". The caller's. */
static int fetch(const struct release_call *call, json_t **ret, struct error *err)
{
	json_t *status, *answer;
	int r = escrow_socket_order(
	        call->escrow, json_pack("{s:s}", "op", "status"), RELEASE_SECONDS, &status, err);

	if (r < 0)
		return r;
	r = escrow_socket_order(
	        call->escrow, json_pack("{s:s}", "op", "suspects"), RELEASE_SECONDS, &answer, err);
	if (r == 0) {
		if (json_object_set(status, "suspects", json_object_get(answer, "suspects")) < 0)
			r = error_set(err, -EBADMSG, REASON_ESCROW_UNREACHABLE,
			        "escrow gave no list of suspects");
		json_decref(answer);
	}
	if (r < 0)
		json_decref(status);
	else
		*ret = status;
	return r;
}

int release_status(const struct release_call *call, int argc, char **argv)
{
	struct error err = {0};
	json_t *status;

	(void)argc;
	(void)argv;
	if (fetch(call, &status, &err) < 0)
		return cli_fail(&err);
	int r = CLI_OK;
	if (call->json) {
		r = cli_print_json(json_incref(status));
	} else {
		print_status(status);
		print_suspects(json_object_get(status, "suspects"));
	}
	json_decref(status);
	return r;
}
