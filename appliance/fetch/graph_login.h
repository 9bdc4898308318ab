/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An access token for Microsoft Graph, got when it is needed, kept while it is good. Three ways: an
 * application with a secret, an application with a certificate (OAuth 2.0 client credentials), or a
 * person who signs in with a code (RFC 8628); his refresh token is kept in memory only. Threads may
 * ask at once: one of them goes and gets the token, the others wait for it.
 */
#ifndef FETCH_GRAPH_LOGIN_H
#define FETCH_GRAPH_LOGIN_H

#include "appliance/fetch/https.h"
#include "appliance/fetch/source.h"

struct graph_login;

/* Reads the options tenant, client-id, client-secret, certificate, flow, login. api: the origin the
 * token is for. https is borrowed. -EINVAL with REASON_USAGE. */
int graph_login_new(const struct source_options *o, const char *api, struct https_client *https,
        struct graph_login **ret, struct error *err);
void graph_login_free(struct graph_login *l);

/* A person signs in, and what he may read is what the permission and his role allow. */
bool graph_login_is_delegated(const struct graph_login *l);

/* A copy of the token, the caller's. err: SOURCE_LOGIN, SOURCE_LOGIN_NEEDED (text: where to enter
 * which code), SOURCE_LIMITED, SOURCE_UNREACHABLE, SOURCE_CERTIFICATE, SOURCE_FAILED. */
int graph_login_token(
        struct graph_login *l, int64_t deadline, struct secret **ret, struct error *err);

/* Graph did not take this token: it is not handed out again. */
void graph_login_refused(struct graph_login *l, const struct secret *token);

/* "https://host[:port]" of an option, without a '/' at its end. -EINVAL with REASON_USAGE. */
int graph_origin(const struct source_options *o, const char *key, const char *otherwise, char *out,
        size_t size, struct error *err);

#endif
