/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/cli.h"
#include "appliance/cli/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

int cli_print_json(json_t *json)
{
	struct error err = {0};
	bool done = json && json_dumpf(json, stdout, JSON_INDENT(1)) == 0;

	json_decref(json);
	if (done && putchar('\n') != EOF && fflush(stdout) == 0)
		return CLI_OK;
	error_set(&err, -EIO, REASON_CANNOT_OPEN, "cannot write the answer");
	return cli_fail(&err);
}

int cli_print_table(const struct table *t, const char *none)
{
	struct error err = {0};

	if (none && t && table_rows(t) == 0)
		return puts(none) == EOF ? CLI_FAILED : CLI_OK;
	int r = table_print(t);
	if (r == 0)
		return CLI_OK;
	error_set(&err, r, REASON_OUT_OF_MEMORY, "no memory for the list");
	return cli_fail(&err);
}

void cli_time_text(int64_t ms, char ret[CLI_TIME_TEXT])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm local;

	if (ms <= 0 || !localtime_r(&seconds, &local))
		(void)snprintf(ret, CLI_TIME_TEXT, "never");
	else
		(void)strftime(ret, CLI_TIME_TEXT, "%Y-%m-%d %H:%M:%S", &local);
}

void cli_age_text(int64_t ms, char ret[CLI_TIME_TEXT])
{
	int64_t seconds = (int64_t)time(NULL) - ms / 1000;

	seconds = seconds < 0 ? 0 : seconds;
	if (ms <= 0)
		(void)snprintf(ret, CLI_TIME_TEXT, "never");
	else if (seconds < 120)
		(void)snprintf(ret, CLI_TIME_TEXT, "%" PRId64 " s", seconds);
	else if (seconds < 7200)
		(void)snprintf(ret, CLI_TIME_TEXT, "%" PRId64 " min", seconds / 60);
	else if (seconds < 172800)
		(void)snprintf(ret, CLI_TIME_TEXT, "%" PRId64 " h", seconds / 3600);
	else
		(void)snprintf(ret, CLI_TIME_TEXT, "%" PRId64 " days", seconds / 86400);
}
