/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON of the escrow socket (../README.md): strict in, bounded. */
#ifndef ESCROW_MESSAGE_H
#define ESCROW_MESSAGE_H

#include "appliance/escrow/bmc/question.h"
#include "appliance/escrow/policy/approvals.h"
#include "appliance/escrow/subject.h"
#include "fixer/bitlocker/bitlocker.h"

#include <jansson.h>
#include <stdatomic.h>

/* --- what a machine asks ---------------------------------------------------------------------- */

struct ask_protector {
	struct guid id;
	struct bitlocker_blob blob;
};

struct ask_volume {
	struct guid id;
	size_t protector_count;
	struct ask_protector *protectors;
};

/* One allocation, shared: each holder frees it once. */
struct ask {
	atomic_uint references;
	char session[33];
	uint8_t key[32]; /* the fixer's X25519 public key */
	struct subject subject;
	size_t volume_count, protector_count; /* protectors of all volumes */
	struct ask_volume *volumes;
};

struct ask *ask_hold(struct ask *a);
void ask_free(struct ask *a);

/* Whether two asks of one session are of the same machine: all but its name and its campaign, which
 * people change. */
bool ask_same(const struct ask *a, const struct ask *b);

/* --- what people order, in a box or as root --------------------------------------------------- */

#define ORDER_WHY      160
#define ORDER_REQUESTS 1024

struct decision {
	char approver[APPROVER_NAME]; /* "": nobody named */
	struct secret *passphrase;    /* with its NUL not counted; NULL: none */
	bool approve;
	char why[ORDER_WHY];
	size_t count;
	char (*requests)[REQUEST_TEXT];
};

struct entry {
	int64_t machine;
	bool has_protector;
	struct guid protector;
	struct secret *password; /* as typed */
};

struct order {
	bool is_entry;
	struct decision decision;
	struct entry entry;
};

void order_clear(struct order *o);

/* What was inside a box. -EBADMSG with the field named; the text never holds what was typed. */
int order_parse(const void *bytes, size_t len, struct order *ret, struct error *err);

/* --- messages --------------------------------------------------------------------------------- */

enum message_op {
	MESSAGE_NONE,
	MESSAGE_STATUS,
	MESSAGE_RELEASE,
	MESSAGE_MISUSE,
	MESSAGE_REQUESTS,
	MESSAGE_SUSPECTS,
	MESSAGE_DECIDE,
	MESSAGE_ENTER,
	MESSAGE_KEYS,
	MESSAGE_STOP,
	MESSAGE_RESUME,
	MESSAGE_TRUST,
	MESSAGE_UNLOCK,
	MESSAGE_SNAPSHOT,
	MESSAGE_APPROVER,
	MESSAGE_POWER,
	MESSAGE_BMC_KNOWN,
	MESSAGE_BMCS,
};

enum approver_action { APPROVER_ADD, APPROVER_REMOVE, APPROVER_LIST };

struct message {
	enum message_op op;
	json_int_t id;
	bool has_id;            /* also when the rest is malformed: it can be answered */
	bool root_only;         /* marked R in ../README.md */
	struct ask *ask;        /* release */
	size_t skip;            /* requests: so many of the oldest */
	struct subject subject; /* misuse */
	enum reason misuse;     /* misuse */
	bool silent;            /* misuse that we found ourselves: nobody waits for an answer */
	char from[48];          /* decide, enter, keys */
	uint8_t *box;           /* decide, enter, keys; NULL: order is in the clear (root) */
	size_t box_len;
	struct order order;          /* decide by root */
	char why[ORDER_WHY];         /* stop */
	char which[NM_MAX_NAME];     /* trust */
	char source[32];             /* snapshot; "": all */
	enum approver_action action; /* approver */
	char name[APPROVER_NAME];    /* approver */
	char account[NM_MAX_NAME];   /* keys: who it is, as web says */
	struct secret *passphrase;   /* approver add, unlock */
	struct bmc_question *power;  /* power */
	struct bmc_subjects *bmcs;   /* bmc_known */
	int64_t after;               /* bmcs: the last record that was told */
};

/*
 * *ret is set in any case but without memory (-ENOMEM), and is message_free()d. -EBADMSG with the
 * field named in err; op and id are what could be read of them.
 */
int message_parse(const void *bytes, size_t len, struct message **ret, struct error *err);
void message_free(struct message *m);

/* {"v":1,"id":..,"ok":..,"reason":..,"text":..}; ok is reason == OK. */
json_t *message_answer(json_int_t id, enum reason reason, const char *text);

#endif
