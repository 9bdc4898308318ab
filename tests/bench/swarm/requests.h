/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The requests of a machine, whole: head and body. */
#ifndef SWARM_REQUESTS_H
#define SWARM_REQUESTS_H

#include "tests/bench/swarm/acts.h"

#define REQUEST_MAX ((size_t)80 * 1024 * 1024)

/* Each puts the request into out (empty, of REQUEST_MAX). 0 or -ENOMEM. */
int request_boot(const struct machine *m, struct buffer *out);
/* first bytes only, or 0: all of it. */
int request_file(const struct machine *m, const char *path, size_t first, struct buffer *out);
int request_session(const struct machine *m, struct buffer *out);
/* Event n of the present boot; n 0: the heartbeat. */
int request_event(const struct machine *m, const struct act *act, unsigned n, struct buffer *out);
int request_release(const struct machine *m, unsigned wait, struct buffer *out);
int request_pending(const struct machine *m, struct buffer *out);
/* sha256: of the bundle, which is other bytes for each machine. */
int request_journal(const struct machine *m, char sha256[65], struct buffer *out);
int request_result(const struct machine *m, enum reason reason, struct buffer *out);
/* GET of the page's API. */
int request_page(const struct swarm *s, const char *path, struct buffer *out);

#endif
