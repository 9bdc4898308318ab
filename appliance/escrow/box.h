/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a person's browser seals for this process, so that the web process that carries it neither
 * reads nor changes it (WebCrypto: ECDH on P-256, HKDF-SHA256, AES-256-GCM; layout: ../README.md).
 * The key pair is of this process and never stored; a box opens once.
 */
#ifndef ESCROW_BOX_H
#define ESCROW_BOX_H

#include "fixer/base/error.h"
#include "fixer/base/secret.h"

#include <stdint.h>

#define BOX_POINT 65 /* an uncompressed point of P-256 */

struct box_key;

/* What is sealed; a box of one kind does not open as another. */
enum box_kind {
	BOX_ORDER, /* JSON: decide, enter */
	BOX_KEYS,  /* of an import of recovery keys (message_keys.h) */
};

struct box_key *box_key_new(void); /* NULL when there is no memory or no randomness */
void box_key_free(struct box_key *k);

/* What boxes are sealed to. It is another one after some thousand boxes. Safe between threads. */
void box_key_public(struct box_key *k, uint8_t ret[BOX_POINT]);

/* *ret: what was inside. -EBADMSG REASON_PROTOCOL_ERROR when it does not open, which may also mean
 * that the page is older than this process; -EALREADY REASON_PROTOCOL_ERROR for one opened before;
 * -ENOMEM. Safe between threads. */
int box_open(struct box_key *k, enum box_kind kind, const uint8_t *box, size_t len,
        struct secret **ret, struct error *err);

#endif
