/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One order to a management controller, from its question to its answer. Nothing here waits for a
 * controller: a thread hands orders out, netmend-power's answers are taken as they come.
 */
#ifndef ESCROW_BMC_DESK_H
#define ESCROW_BMC_DESK_H

#include "appliance/escrow/bmc/question.h"
#include "appliance/escrow/client.h"
#include "appliance/escrow/escrow.h"

#define BMC_WAITING_MAX 2048

struct bmc_desk;

/* NULL without memory or threads. */
struct bmc_desk *bmc_desk_new(struct escrow *e);
/* What waits and what is on its way is answered and recorded first. NULL is fine. */
void bmc_desk_free(struct bmc_desk *d);

/* Takes q and answers it when it is done. */
void bmc_desk_take(
        struct bmc_desk *d, struct client *client, json_int_t id, struct bmc_question *q);

/* For status: how many records, their revision, whether netmend-power can be asked. */
json_t *bmc_desk_status(struct escrow *e);

/* Lists of the vault (lists.c): the answers to bmc_known and bmcs. */
json_t *bmc_known_answer(struct escrow *e, json_int_t id, const struct bmc_subjects *s);
json_t *bmcs_answer(struct escrow *e, json_int_t id, int64_t after);

#endif
