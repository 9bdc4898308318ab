/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON of the escrow socket (../README.md): strict in, bounded. */
#ifndef ESCROW_MESSAGE_H
#define ESCROW_MESSAGE_H

#include "fixer/bitlocker/bitlocker.h"

#include <jansson.h>

struct message_protector {
	struct guid id;
	struct bitlocker_blob blob;
};

struct message_volume {
	struct guid id;
	size_t protector_count;
	struct message_protector protectors[NM_MAX_PROTECTORS];
};

enum message_op { MESSAGE_STATUS, MESSAGE_RELEASE };

struct message {
	enum message_op op;
	json_int_t id;
	char session[33];
	uint8_t key[32]; /* the fixer's X25519 public key */
	json_int_t machine_id;
	char name[NM_MAX_NAME], uuid[NM_MAX_NAME], serial[NM_MAX_NAME], mac[32], ip[48];
	size_t volume_count;
	struct message_volume *volumes;
};

/* -EBADMSG with the field named in err. The message is freed with message_free. */
int message_parse(const void *bytes, size_t len, struct message **ret, struct error *err);
void message_free(struct message *m);

/* {"v":1,"id":..,"status":..,"reason":..,"text":..,"volumes":[..]}; volumes is consumed, may be
 * NULL. */
json_t *message_answer(
        json_int_t id, const char *status, enum reason reason, const char *text, json_t *volumes);

#endif
