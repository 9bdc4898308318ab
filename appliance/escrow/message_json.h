/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parsers of messages and of orders share. */
#ifndef ESCROW_MESSAGE_JSON_H
#define ESCROW_MESSAGE_JSON_H

#include "fixer/base/error.h"
#include "fixer/base/secret.h"

#include <jansson.h>

/* Fills err and gives -EBADMSG. */
int json_bad(struct error *err, const char *what);

/* Base64 of exactly len bytes. 0 or -EBADMSG. */
int json_exact(const char *text, void *out, size_t len);

/* Text that fits, made clean. -EBADMSG when it is longer than size - 1. */
int json_line(const char *text, char *out, size_t size);

/* Text of 1 to max bytes in locked memory, without a NUL. -EBADMSG, -ENOMEM. */
int json_secret(const char *text, size_t max, struct secret **ret);

/* A request's name: 16 hexadecimal digits. 0 or -EBADMSG. */
int json_request(const char *text, char out[17]);

#endif
