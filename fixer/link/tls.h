/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One TLS connection whose peer is known by the hash of its public key and by nothing else: no
 * certificate authority, no names, no dates (the machine's clock may be years off).
 */
#ifndef LINK_TLS_H
#define LINK_TLS_H

#include "fixer/base/error.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_PIN_LEN 32 /* SHA-256 of the SubjectPublicKeyInfo, DER (RFC 7469 section 2.4) */

struct tls_context;
struct tls;

/* Settings shared by the connections of one link. -ENOMEM. SIGPIPE is ignored from here on: OpenSSL
 * writes to sockets with write(). */
int tls_context_new(const uint8_t pin[TLS_PIN_LEN], struct tls_context **ret);
void tls_context_free(struct tls_context *c);

/*
 * Connects and shakes hands, TLS 1.2 or newer, before deadline (monotonic_ms()). The peer's key is
 * compared inside the handshake: REASON_PIN_MISMATCH before a byte of ours is sent to another host.
 * Anything else that fails is REASON_APPLIANCE_UNREACHABLE.
 */
int tls_connect(struct tls_context *c, const struct sockaddr_in *address, int64_t deadline,
        struct tls **ret, struct error *err);
void tls_close(struct tls *t); /* says goodbye if it can without waiting; NULL is fine */

/* All of data. 0; -ETIMEDOUT after the deadline; -ECONNRESET and other errnos. */
int tls_write(struct tls *t, const void *data, size_t len, int64_t deadline);

/* At most capacity bytes, at least one; 0 at the end of the stream; negative as above. */
ssize_t tls_read(struct tls *t, void *data, size_t capacity, int64_t deadline);

#endif
