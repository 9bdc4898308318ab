/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machines a call is about: a list of their numbers, or a filter. */
#ifndef API_CHOSEN_H
#define API_CHOSEN_H

#include "appliance/store/store.h"

#include <jansson.h>

struct chosen {
	int64_t *all; /* free() */
	size_t count, room;
	char text[200]; /* the filter, for the record; "" for a list */
};

/* One of machines and filter is NULL. -EINVAL names the field; -ENOMEM; what the store says. */
int chosen_read(
        struct store *s, json_t *machines, json_t *filter, struct chosen *ret, struct error *err);

#endif
