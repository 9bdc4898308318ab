/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The appliance's own medium (appliance/boot/medium.h) as the configuration has it. */
#ifndef CLI_MEDIUM_H
#define CLI_MEDIUM_H

#include "appliance/boot/medium.h"
#include "appliance/boot/pin.h"
#include "appliance/supervisor/state.h"

struct cli_medium {
	char folder[STATE_PATH_MAX], pin[PIN_TEXT];
	struct medium medium;
};

/* Resolves the kernel; medium points into ret and config. CANNOT_OPEN: no certificate yet. */
int cli_medium_open(struct config *config, struct cli_medium *ret, struct error *err);

/* Where controllers get it. Resolves the interface. */
int cli_medium_url(struct config *config, char ret[MEDIUM_URL_TEXT], struct error *err);
/* The same, once medium_check() finds nothing. */
int cli_medium_ready(struct config *config, char ret[MEDIUM_URL_TEXT], struct error *err);

#endif
