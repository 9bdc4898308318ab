/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend campaign`: what its files share. */
#ifndef CLI_CAMPAIGN_H
#define CLI_CAMPAIGN_H

#include "appliance/cli/verb.h"
#include "appliance/store/campaigns.h"

/* Opens the store and finds the campaign of that name or number. CLI_OK, or CLI_FAILED and printed;
 * store_close() after. */
int campaign_open(
        const struct cli_call *call, const char *which, struct store **ret_store, int64_t *ret_id);
/* What went wrong with it, in words. CLI_FAILED. */
int campaign_failed(int code, const struct error *err, const char *what);

/* The verbs about plans. */
int campaign_do_create(const struct cli_call *call);
int campaign_do_change(const struct cli_call *call);
int campaign_do_preview(const struct cli_call *call);
int campaign_do_delete(const struct cli_call *call);

int campaign_list(const struct cli_call *call);
int campaign_print(const struct cli_call *call);
int campaign_write_report(const struct cli_call *call);
extern const struct cli_option campaign_report_options[];

#endif
