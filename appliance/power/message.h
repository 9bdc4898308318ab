/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON of this process's socket (README.md): strict in, bounded out. */
#ifndef POWER_MESSAGE_H
#define POWER_MESSAGE_H

#include "appliance/power/drive.h"

#include <jansson.h>
#include <stddef.h>

#define POWER_SECONDS_MIN 5

struct power_message {
	json_int_t id;
	bool console;         /* its screen is asked for; job.order says nothing then */
	struct power_job job; /* texts are clean; deadline is the caller's to set */
	struct secret *password;
	unsigned seconds;
};

/* 0, and the caller's to power_message_clear(); -EBADMSG names the field, never a value; -ENOMEM
 * without locked memory. After an error ret->id and ret->console are those of the message, id 0
 * when it has none, and there is nothing to clear. */
int power_message_parse(
        const void *bytes, size_t len, struct power_message *ret, struct error *err);
void power_message_clear(struct power_message *m);

/* The rules of single fields, for the command line, too. */
bool power_message_address_good(const char *address);
bool power_message_pin_good(const char *pin);   /* "" is */
bool power_message_image_good(const char *url); /* http(s)://..., printable, no blank */

/* Answers; the caller's to json_decref(). NULL without memory. */
json_t *power_message_answer(json_int_t id, const struct power_result *r);
/* Of the order "console". */
json_t *power_message_screen(
        json_int_t id, const struct power_result *r, const struct power_screen *screen);
/* Of an order that no BMC was asked for. */
json_t *power_message_refusal(const struct power_message *m, enum reason reason, const char *text);

#endif
