/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The escrow client as one object; for its files only. */
#ifndef API_ESCROW_CLIENT_PRIVATE_H
#define API_ESCROW_CLIENT_PRIVATE_H

#include "appliance/api/escrow_client.h"

enum op { OP_STATUS, OP_RELEASE, OP_BOX, OP_MISUSE, OP_REQUESTS, OP_POWER, OP_BMCS };

/* A question without its answer yet. */
struct question {
	struct question *next;
	int64_t id;
	enum op op;
	int64_t about; /* OP_RELEASE: the session; OP_BOX, OP_POWER: the ticket; OP_REQUESTS: the
	                  reading */
	char *text;    /* OP_MISUSE: is sent until there is an answer */
	bool sent;     /* on this connection */
};

/* Each machine that waits for its key has a question here. */
#define QUESTION_BUCKETS 1024

struct escrow_client {
	struct escrow_client_options options;
	struct loop_source source;                    /* fd -1: not connected */
	struct question *questions[QUESTION_BUCKETS]; /* by id */
	int64_t next_id;
	int64_t status_asked; /* by the caller's clock */
	bool requests_asked;  /* the answer is still to come ... */
	bool requests_stale;  /* ... and has to be asked for once more */
	json_t *status, *requests;
	struct escrow_figures figures;
	json_t *requests_coming;  /* the list so far: escrow tells as many as fit into a message */
	int64_t requests_reading; /* grows when the list is read from its start */
};

/* ---- escrow_link.c: the connection and what is asked on it ---- */

/* 0 or -errno. */
int client_connect(struct escrow_client *e);
/* Nobody's question gets an answer any more, but for reports of misuse, which wait. */
void client_disconnect(struct escrow_client *e, const char *why);

/* Takes over json (without "v" and "id"). 0 or -errno; a report of misuse that cannot be sent now
 * stays. */
int client_ask(struct escrow_client *e, enum op op, int64_t about, json_t *json);
/* Sends the reports that stayed. 0 or -errno. */
int client_misuse_send(struct escrow_client *e);
/* Takes the question of this id out of its list, to be freed; NULL when nobody asked. */
struct question *client_question_take(struct escrow_client *e, int64_t id);
void client_question_free(struct question *q);

/* ---- escrow_heard.c: what escrow says ---- */

/* The connection is readable: the loop's callback. */
void client_ready(void *context, uint32_t events);
void client_requests_ask(struct escrow_client *e);
/* Take over what is known now (NULL: as before) and tell when it is another one. */
void client_status_set(struct escrow_client *e, json_t *status);
void client_requests_set(struct escrow_client *e, json_t *requests);

#endif
