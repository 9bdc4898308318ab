/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `netmend progress` and `netmend wire` share. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "appliance/config/config.h"
#include "appliance/store/store.h"

#include <jansson.h>

/* GET /api/v1/wire from the store: 0 or -errno. */
int wire_read(const struct config *config, struct store *store, json_t **ret);
/* As tables. CLI_OK or CLI_FAILED. */
int wire_print(const json_t *wire);

#endif
