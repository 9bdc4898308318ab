/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The calls of include/netmend/README.md as functions. The retry policy is here and nowhere else:
 * an appliance that does not answer (or says 503) is asked again for ever, 1 to 15 seconds apart;
 * any other refusal is final and comes back with the appliance's reason code.
 */
#ifndef LINK_API_H
#define LINK_API_H

#include "fixer/base/error.h"
#include "fixer/link/api_answer.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct api;

/* Told about trouble with the network; for the screen. */
struct api_hooks {
	/* Before each pause between two attempts. */
	void (*unreachable)(void *context, const struct error *err, unsigned seconds);
	/* The first call that went through after that. */
	void (*reached)(void *context);
	void *context;
};

/* url and pin as for link_new(); hooks is kept and may be NULL. No connection yet. */
int api_new(const char *url, const uint8_t pin[32], const struct api_hooks *hooks, struct api **ret,
        struct error *err);
void api_free(struct api *a);

/* POST boot: of a machine without a token. body is the whole request object (borrowed). */
int api_first_contact(struct api *a, json_t *body, struct api_boot *ret, struct error *err);

/* POST sessions. body is the whole request object (borrowed). Later calls use the session it
 * opened. ret is freed with api_session_clear(). */
int api_session_open(struct api *a, json_t *body, struct api_session *ret, struct error *err);

/* One long poll of up to wait seconds (at most NM_RELEASE_WAIT_MAX). */
int api_release_wait(struct api *a, unsigned wait, struct api_release *ret, struct error *err);

/*
 * Puts an event into the queue: state and step are static text, text is cut to NM_MAX_EVENT_TEXT,
 * numbers (may be NULL, reference taken over) an object of integers. Events stay queued until the
 * appliance acknowledged them; over API_EVENTS_MAX the oldest is dropped. One attempt is made to
 * send the queue, unless the appliance did not answer a moment ago.
 */
#define API_EVENTS_MAX 256
void api_event(struct api *a, const char *state, const char *step, enum reason reason,
        const char *text, json_t *numbers);

/* Sends what is queued, for as long as it takes. Events refused by the appliance are dropped: the
 * story of a machine must not stop its repair. */
void api_events_flush(struct api *a);

/* PUT journal; ret_sha256 is the appliance's hash of what it has on stable storage. */
int api_journal_put(
        struct api *a, const void *bytes, size_t len, char ret_sha256[65], struct error *err);

/* GET journal: the caller frees *ret_bytes. -ENOENT when there is none. */
int api_journal_get(struct api *a, uint8_t **ret_bytes, size_t *ret_len, struct error *err);

/* POST result. */
int api_result(struct api *a, json_t *body, struct api_next *ret, struct error *err);

#endif
