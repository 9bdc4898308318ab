/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Login of an application by certificate: a short-lived JWT (RFC 7519, 7523) signed with its
 * private key, in the form the Microsoft identity platform takes: PS256, certificate named by the
 * SHA-256 of its DER ("x5t#S256").
 */
#ifndef FETCH_GRAPH_ASSERTION_H
#define FETCH_GRAPH_ASSERTION_H

#include "fixer/base/error.h"
#include "fixer/base/secret.h"

struct graph_certificate;

/* pem: private key (RSA, 2048 bits or more, without passphrase) and certificate, in any order.
 * -EINVAL with REASON_USAGE. */
int graph_certificate_new(const char *pem, struct graph_certificate **ret, struct error *err);
void graph_certificate_free(struct graph_certificate *c);

/* now: seconds since 1970. Good for ten minutes. audience: the token endpoint. Text with its NUL;
 * NULL when it could not be made. */
struct secret *graph_assertion(
        const struct graph_certificate *c, const char *client, const char *audience, int64_t now);

#endif
