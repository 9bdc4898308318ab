/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One pinned HTTPS connection to the appliance and the calls of include/netmend/README.md. */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include "fixer/base/buffer.h"
#include "fixer/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct link;

/* url: https://IPV4:PORT. pin: SHA-256 of the server key's SubjectPublicKeyInfo; nothing is sent to
 * a server that does not prove it. No connection is made yet. 0 or -errno. */
int link_new(const char *url, const uint8_t pin[32], struct link **ret, struct error *err);
void link_free(struct link *l);

struct link_answer {
	int status;         /* HTTP status */
	struct buffer body; /* bounded by max_body; caller frees with buffer_free */
};

/* One request; connects, reconnects once on a stale connection. body may be NULL. 0 when an HTTP
 * answer arrived, whatever its status. REASON_APPLIANCE_UNREACHABLE (worth retrying),
 * REASON_PIN_MISMATCH, REASON_PROTOCOL_ERROR. timeout in seconds for the whole call. */
int link_call(struct link *l, const char *method, const char *path, const char *content_type,
        const void *body, size_t body_len, size_t max_body, unsigned timeout,
        struct link_answer *ret, struct error *err);

#endif
