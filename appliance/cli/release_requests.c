/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend release list`, approve and deny. */
#include "appliance/cli/cli.h"
#include "appliance/cli/passphrase.h"
#include "appliance/cli/release.h"
#include "appliance/store/machine.h"
#include "netmend/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* As many as fit into a message, after those that are there. *ret_more: there may be others. */
static int fetch_some(
        const struct release_call *call, json_t *requests, bool *ret_more, struct error *err)
{
	size_t before = json_array_size(requests);
	json_t *answer;
	int r = escrow_socket_order(call->escrow,
	        json_pack("{s:s, s:I}", "op", "requests", "skip", (json_int_t)before),
	        RELEASE_SECONDS, &answer, err);

	if (r < 0)
		return r;
	if (json_array_extend(requests, json_object_get(answer, "requests")) < 0)
		r = error_set(err, -EBADMSG, REASON_ESCROW_UNREACHABLE,
		        "escrow gave no list of requests");
	*ret_more = json_array_size(requests) > before;
	json_decref(answer);
	return r;
}

/* The requests that wait for people, an array the caller owns. */
static int fetch(const struct release_call *call, json_t **ret, struct error *err)
{
	json_t *requests = json_array();
	bool more = true;
	int r = 0;

	while (r == 0 && more && json_array_size(requests) < NM_MAX_CASES)
		r = fetch_some(call, requests, &more, err);
	if (r < 0)
		json_decref(requests);
	else
		*ret = requests;
	return r;
}

int release_list(const struct release_call *call, int argc, char **argv)
{
	struct error err = {0};
	json_t *requests;

	(void)argc;
	(void)argv;
	if (fetch(call, &requests, &err) < 0)
		return cli_fail(&err);
	int status = release_print_requests(requests, call->json);
	json_decref(requests);
	return status;
}

/* --- which ones ----------------------------------------------------------------------------------
 */

static bool is(const json_t *object, const char *key, const char *word)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && text[0] && strcasecmp(text, word) == 0;
}

/* What looks like a code or a request means nothing else: a machine that gives itself a code for a
 * name does not get what was meant for another one. */
static bool is_code(const char *word)
{
	return (strlen(word) == 6 && strspn(word, "ACDEFGHJKLMNPQRTUVWXY34679"
	                                          "acdefghjklmnpqrtuvwxy") == 6) ||
	       (strlen(word) == 16 && strspn(word, "0123456789abcdefABCDEF") == 16);
}

static bool matches(const json_t *request, const char *word)
{
	const json_t *machine = json_object_get(request, "machine");
	char number[24], mac[MAC_TEXT];

	if (is_code(word))
		return is(request, "request", word) || is(request, "code", word);
	(void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
	        json_integer_value(json_object_get(machine, "id")));
	return is(machine, "name", word) || is(machine, "serial", word) ||
	       is(machine, "ip", word) || strcmp(number, word) == 0 ||
	       (mac_normalise(word, mac) == 0 && is(machine, "mac", mac));
}

static bool has(const json_t *array, const json_t *value)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		if (item == value)
			return true;
	}
	return false;
}

/* Those that words name, each once; every word names one. CLI_OK, or CLI_FAILED and printed. */
static int choose(json_t *requests, int count, char **words, json_t *ret)
{
	json_t *request;
	size_t i;

	for (int w = 0; w < count; w++) {
		json_t *found = json_array();
		int status = CLI_FAILED;
		json_array_foreach(requests, i, request)
		{
			if (matches(request, words[w]))
				(void)json_array_append(found, request);
		}
		if (json_array_size(found) == 0) {
			fprintf(stderr,
			        "netmend: no request of %s waits for approval (see netmend release "
			        "list)\n",
			        words[w]);
		} else if (json_array_size(found) > 1) {
			fprintf(stderr, "netmend: several are called %s: name one by its code\n",
			        words[w]);
			(void)release_print_requests(found, false);
		} else {
			request = json_array_get(found, 0);
			status = has(ret, request) || json_array_append(ret, request) == 0
			                 ? CLI_OK
			                 : CLI_FAILED;
		}
		json_decref(found);
		if (status != CLI_OK)
			return status;
	}
	return CLI_OK;
}

/* --- deciding ------------------------------------------------------------------------------------
 */

static bool needs_two(const json_t *requests)
{
	return json_integer_value(json_object_get(json_array_get(requests, 0), "needs")) > 1;
}

static int confirm(const struct release_call *call, const json_t *chosen)
{
	char line[16];

	if (call->yes)
		return CLI_OK;
	if (!isatty(STDIN_FILENO))
		return cli_usage("compare the codes first; where nobody can be asked, --yes says "
		                 "that it was done");
	fprintf(stderr,
	        "\nDoes each code stand on the screen of its machine? Release %zu key%s? [y/N] ",
	        json_array_size(chosen), json_array_size(chosen) == 1 ? "" : "s");
	if (fgets(line, sizeof(line), stdin) && (line[0] == 'y' || line[0] == 'Y'))
		return CLI_OK;
	fputs("Nothing was released.\n", stderr);
	return CLI_FAILED;
}

/* NULL without memory. */
static json_t *question(const struct release_call *call, const json_t *chosen, const char *decision,
        const struct secret *passphrase)
{
	json_t *ids = json_array(), *request;
	size_t i;

	json_array_foreach(chosen, i, request)
	{
		if (json_array_append(ids, json_object_get(request, "request")) < 0) {
			json_decref(ids);
			return NULL;
		}
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s}", "op", "decide", "from", "",
	        "approver", call->as ? call->as : "", "passphrase",
	        passphrase ? (const char *)passphrase->data : "", "decision", decision, "requests",
	        ids, "why", call->why ? call->why : "");
}

static const json_t *request_with(const json_t *requests, const char *id)
{
	const json_t *request;
	size_t i;

	json_array_foreach(requests, i, request)
	{
		if (is(request, "request", id))
			return request;
	}
	return NULL;
}

/* One line for each; CLI_FAILED when one of them was not done. */
static int print_results(const json_t *answer, const json_t *chosen, const char *done)
{
	const json_t *results = json_object_get(answer, "results"), *result;
	int status = json_array_size(results) == json_array_size(chosen) ? CLI_OK : CLI_FAILED;
	size_t i;

	json_array_foreach(results, i, result)
	{
		const json_t *request = request_with(chosen, release_text(result, "request"));
		const json_t *machine = json_object_get(request, "machine");
		const char *reason = release_text(result, "reason");
		int known = reason_parse(reason);
		bool ok = strcmp(reason, "OK") == 0;

		printf("%s  %s %s: %s %s\n", release_text(request, "code"),
		        release_text(machine, "name"), release_text(machine, "mac"),
		        ok           ? done
		        : known >= 0 ? reason_title((enum reason)known)
		                     : reason,
		        release_text(result, "text"));
		if (!ok)
			status = CLI_FAILED;
	}
	return status;
}

static int decide(const struct release_call *call, const json_t *chosen, const char *decision,
        const char *done)
{
	struct secret *passphrase CLEANUP_SECRET = NULL;
	char prompt[96];
	struct error err = {0};
	json_t *answer;

	if (!call->as && strcmp(decision, "approve") == 0 && needs_two(chosen))
		return cli_usage("two people approve here, each by name: --as NAME");
	(void)snprintf(prompt, sizeof(prompt), "Passphrase of %.64s", call->as ? call->as : "");
	if (call->as && cli_read_passphrase(prompt, false, &passphrase, &err) < 0)
		return cli_fail(&err);
	if (escrow_socket_order(call->escrow, question(call, chosen, decision, passphrase),
	            RELEASE_SECONDS, &answer, &err) < 0)
		return cli_fail(&err);
	int status = print_results(answer, chosen, done);
	json_decref(answer);
	return status;
}

static int choose_and_decide(
        const struct release_call *call, int argc, char **argv, const char *decision)
{
	bool approve = strcmp(decision, "approve") == 0;
	struct error err = {0};
	json_t *requests, *chosen = json_array();

	if (fetch(call, &requests, &err) < 0) {
		json_decref(chosen);
		return cli_fail(&err);
	}
	int status = choose(requests, argc, argv, chosen);
	if (status == CLI_OK && approve) {
		(void)release_print_requests(chosen, false);
		status = confirm(call, chosen);
	}
	if (status == CLI_OK)
		status = decide(call, chosen, decision, approve ? "approved" : "denied");
	json_decref(requests);
	json_decref(chosen);
	return status;
}

int release_approve(const struct release_call *call, int argc, char **argv)
{
	return choose_and_decide(call, argc, argv, "approve");
}

int release_deny(const struct release_call *call, int argc, char **argv)
{
	return choose_and_decide(call, argc, argv, "deny");
}
