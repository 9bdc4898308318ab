/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a BOX_KEYS box holds: one line of JSON, a line feed, and for a part bytes of the files. The
 * files of an import lie one behind the other; part n are the bytes from n * NM_KEYS_PART.
 */
#ifndef ESCROW_MESSAGE_KEYS_H
#define ESCROW_MESSAGE_KEYS_H

#include "appliance/escrow/policy/approvals.h"
#include "fixer/base/error.h"
#include "fixer/base/secret.h"
#include "netmend/limits.h"

#define KEYS_IMPORT_TEXT 33 /* 32 hexadecimal digits, which the browser throws */
#define KEYS_SHA256_TEXT 65
#define KEYS_FILE_NAME   64

enum keys_step {
	KEYS_PART,  /* takes bytes */
	KEYS_LOOK,  /* says what would come of them */
	KEYS_STORE, /* of what was looked at */
	KEYS_DROP,  /* forgets them */
};

struct keys_file {
	char name[KEYS_FILE_NAME]; /* clean */
	size_t size;
};

struct keys_order {
	enum keys_step step;
	char import[KEYS_IMPORT_TEXT];

	/* part */
	size_t part, size;    /* size: of all files */
	const uint8_t *bytes; /* borrowed from what was parsed */
	size_t len;           /* as part and size say */

	/* look */
	size_t file_count;
	struct keys_file files[NM_MAX_KEYS_FILES];

	/* store */
	char sha256[KEYS_SHA256_TEXT]; /* of all bytes, lower case */
	char approver[APPROVER_NAME];  /* "": nobody named */
	struct secret *passphrase;     /* NULL: none */
};

void keys_order_clear(struct keys_order *o);

/* Strict. -EBADMSG with what is wrong, never what was in it; -ENOMEM. */
int keys_order_parse(const void *plain, size_t len, struct keys_order *ret, struct error *err);

#endif
