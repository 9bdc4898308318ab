/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What may be asked about management controllers (../../power/README.md, "Escrow's socket"). */
#ifndef ESCROW_BMC_QUESTION_H
#define ESCROW_BMC_QUESTION_H

#include "appliance/escrow/subject.h"
#include "appliance/escrow/vault/bmc.h"

#include <jansson.h>

#define BMC_KNOWN_MAX 128
#define BMC_IMAGE     512
#define BMC_WHY       160

enum bmc_order {
	BMC_STATUS, /* this and the next two change nothing */
	BMC_CHECK,
	BMC_CONSOLE,
	BMC_BOOT,
	BMC_MEDIA,
	BMC_EJECT,
	BMC_ON,
	BMC_OFF,
	BMC_CYCLE,
	BMC_ORDERS
};
const char *bmc_order_name(enum bmc_order order); /* static */
bool bmc_order_acts(enum bmc_order order);

struct bmc_subject {
	int64_t number;         /* in the fleet; 0: none */
	char name[NM_MAX_NAME]; /* clean, as web has it: for the record */
	struct vault_bmc_machine machine;
};

struct bmc_question {
	enum bmc_order order;
	struct bmc_subject subject;
	const char *firmware; /* "auto", "uefi", "legacy"; static */
	bool other;
	char image[BMC_IMAGE];
	char by[NM_MAX_NAME], why[BMC_WHY];
};

/* Fields of the message beside v, id and op. -EBADMSG names the field; -ENOMEM. *ret: free(). */
int bmc_question_parse(json_t *j, struct bmc_question **ret, struct error *err);

struct bmc_subjects {
	size_t count;
	struct bmc_subject items[BMC_KNOWN_MAX];
};
int bmc_known_parse(json_t *j, struct bmc_subjects **ret, struct error *err);

/* *ret_after: records up to that id were told; 0: none. */
int bmcs_parse(json_t *j, int64_t *ret_after, struct error *err);

#endif
