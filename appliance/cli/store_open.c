/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/verb.h"
#include "appliance/supervisor/store_place.h"

#include <string.h>

int cli_open_store(const struct cli_options *options, struct config *ret_config, struct store **ret)
{
	struct secret *place CLEANUP_SECRET = NULL;
	struct error err = {0};
	struct config config;

	if (cli_open_state(options, &config) != CLI_OK)
		return CLI_FAILED;
	int r = secrets_init();
	if (r < 0) {
		error_set(&err, r, REASON_INTERNAL, "cannot protect the memory of this command: %s",
		        strerror(-r));
		return cli_fail(&err);
	}
	if (store_place(&config, &place, &err) < 0)
		return cli_fail(&err);
	if (cli_become(&config.web) != CLI_OK)
		return CLI_FAILED;
	if (store_open((const char *)place->data, ret, &err) < 0)
		return cli_fail(&err);
	*ret_config = config;
	return CLI_OK;
}

int cli_with_store(const struct cli_call *call,
        int (*work)(const struct cli_call *call, struct store *store, void *context), void *context)
{
	struct config config;
	struct store *store;

	if (cli_open_store(&call->options, &config, &store) != CLI_OK)
		return CLI_FAILED;
	int status = work(call, store, context);
	store_close(store);
	return status;
}
