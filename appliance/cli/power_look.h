/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What controllers say when they are looked at: `netmend power check` and `status`. */
#ifndef CLI_POWER_LOOK_H
#define CLI_POWER_LOOK_H

#include "appliance/cli/escrow_socket.h"
#include "appliance/cli/verb.h"

/* One machine's controller. Texts are as they came: what shows them cleans them. */
struct power_look {
	char name[NM_MAX_NAME + 1];
	json_t *machine; /* as a question to escrow names it; owned */
	char type[16], address[256];
	enum reason reason; /* OK: it could be driven */
	char text[400];
	char version[2 * NM_MAX_NAME]; /* of the controller */
	char power[16], boot[65];
	json_int_t id; /* of the question; 0: not asked yet */
	bool answered;
};

struct power_looks {
	struct power_look *all;
	size_t count, room;
};
void cli_power_looks_free(struct power_looks *l);

/* Takes machine over (NULL: no memory) and gives the new one, zero but for it; NULL: no memory. */
struct power_look *cli_power_looks_add(struct power_looks *l, json_t *machine);

/* All records of the vault, asked of nobody but escrow. 0, or -errno and err. */
int cli_power_look_records(struct escrow_socket *s, struct power_looks *ret, struct error *err);

/*
 * Has each looked at (order: "status" or "check"), at_once on their way. told, which may be NULL,
 * is called after each answer. Those that got none have the reason of err; then -errno, else 0.
 */
int cli_power_look_ask(struct escrow_socket *s, struct power_looks *l, const char *order,
        size_t at_once, void (*told)(const struct power_looks *l, size_t answered, size_t bad),
        struct error *err);

/* Puts an answer's words into look. */
void cli_power_look_take(struct power_look *look, const json_t *answer);

/* The bad ones first, those of one reason beside each other, by name. */
void cli_power_looks_sort(struct power_looks *l);

/* A table, below it what to do about each reason, and how many can be driven; or JSON. CLI_OK or
 * CLI_FAILED. */
int cli_power_looks_print(const struct power_looks *l, bool json);

#endif
