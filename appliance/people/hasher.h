/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The thread that computes Argon2id for an event loop. Questions wait in a short queue and are
 * answered one after the other; the loop is told by a descriptor. All functions are the loop's.
 */
#ifndef PEOPLE_HASHER_H
#define PEOPLE_HASHER_H

#include "appliance/people/password.h"

#define HASHER_QUEUE 32
/* An answer nobody takes in that time is forgotten: whoever asked has gone. */
#define HASHER_KEPT_MS 30000

struct hasher;

/* Starts the thread: after the walls of the process are up, so that it stands behind them too.
 * 0 or -errno. */
int hasher_new(struct hasher **ret);
/* Waits for the question under way. NULL is fine. */
void hasher_free(struct hasher *h);

/* One of the two may be absent: a password to be checked against a hash; one to be hashed, which is
 * done only when the check was right. */
struct hasher_question {
	struct secret *given; /* taken over, also on failure */
	const char *known;    /* hash given is checked against; copied */
	struct secret *fresh; /* taken over, also on failure */
};

/* -EBUSY: HASHER_QUEUE wait already; -ENOMEM. *ret_ticket names the question, never 0. */
int hasher_ask(struct hasher *h, const struct hasher_question *question, int64_t *ret_ticket);

/* Readable when questions were answered. */
int hasher_fd(const struct hasher *h);
/* The ticket of one that was answered since, 0 when there is none left; empties the descriptor. */
int64_t hasher_news(struct hasher *h);

struct hasher_answer {
	int result; /* 0, -EACCES (the password is wrong), -ENOMEM */
	char fresh[PASSWORD_HASH_TEXT];
};

/* Takes the answer: it is forgotten then. -EAGAIN: not yet; -ENOENT: no such ticket. */
int hasher_take(struct hasher *h, int64_t ticket, struct hasher_answer *ret);

#endif
