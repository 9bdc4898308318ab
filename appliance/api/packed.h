/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A long text that many are answered with: made piece by piece, kept compressed, shared by all who
 * are being sent it. Each answer has a beginning of its own. Who takes gzip (RFC 1952) gets what is
 * kept as it is; for others it is inflated while it is sent.
 */
#ifndef API_PACKED_H
#define API_PACKED_H

#include "appliance/http/http.h"

struct packed;

/* NULL without memory. */
struct packed *packed_new(void);
/* 0, -ENOMEM, -EMSGSIZE. After a failure only packed_drop() may follow. */
int packed_add(struct packed *p, const void *text, size_t len);
/* Nothing is added any more. */
int packed_end(struct packed *p);
/* Gives the maker's share back (NULL is fine); answers under way have shares of their own. */
void packed_drop(struct packed *p);

/* Answers 200 with head and, behind it, the text, which has been ended. */
void packed_reply(
        struct http_request *r, const char *type, const struct buffer *head, struct packed *p);

#endif
