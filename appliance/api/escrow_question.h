/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What escrow is asked, without "v" and "id". NULL without memory. */
#ifndef API_ESCROW_QUESTION_H
#define API_ESCROW_QUESTION_H

#include "appliance/store/campaigns.h"

#include <jansson.h>

/* turn: of the machine's campaign; its name "" for none. */
json_t *escrow_question_release(const struct store_session *session, const char *secret,
        const struct machine *m, const char *address, const struct store_turn *turn);
/* by: NULL for none. */
json_t *escrow_question_box(const char *op, const char *box, const char *address, const char *by);
/* m: NULL when it is not known. */
json_t *escrow_question_misuse(enum reason reason, const struct machine *m, const char *address);

#endif
