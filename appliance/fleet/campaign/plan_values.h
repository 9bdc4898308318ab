/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The values of a plan's JSON. All of them: 0, or -EINVAL with VALUE_BAD naming the field, -ENOMEM.
 */
#ifndef CAMPAIGN_PLAN_VALUES_H
#define CAMPAIGN_PLAN_VALUES_H

#include "appliance/fleet/campaign/plan.h"

/* Machines at most, and other numbers that count some. */
#define PLAN_COUNT_MAX 1000000

/* -EINVAL, "field: what". */
int plan_bad(struct error *err, const char *field, const char *what);
/* Text of a person: not empty, no control characters, at most size - 1 bytes. */
int plan_text(char *dst, size_t size, const char *src, const char *field, struct error *err);
/* The lists of sites, floors, owners and rings; and the list of that name, of texts or, with
 * numbers, of numbers too. Made where they are not there; they stay the object's. */
int plan_lists_take(json_t *object, const char *where, struct plan_lists *ret, struct error *err);
int plan_list_take(json_t *object, const char *name, const char *where, bool numbers, json_t **ret,
        struct error *err);
/* An object with no field but these; names ends with NULL. */
int plan_known(json_t *object, const char *where, const char *const *names, struct error *err);
/* What is not there becomes this. Takes over value. */
int plan_default(json_t *object, const char *name, json_t *value);
int plan_boolean(json_t *object, const char *name, bool *ret, struct error *err);
int plan_integer(json_t *object, const char *name, json_int_t low, json_int_t high, int *ret,
        struct error *err);
/* ms since 1970; 0: none. */
int plan_moment(json_t *object, const char *name, int64_t *ret, struct error *err);
/* The part "power". given: as the caller wrote it, when all of it has to be there; or NULL. */
int plan_power_take(struct plan *p, const json_t *given, struct error *err);
/* The first field of full that is not in given; both have the same lists. NULL: none. */
const char *plan_missing(const json_t *full, const json_t *given);

#endif
