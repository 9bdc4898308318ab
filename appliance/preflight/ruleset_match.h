/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conditions of a rule. */
#ifndef PREFLIGHT_RULESET_MATCH_H
#define PREFLIGHT_RULESET_MATCH_H

#include "appliance/preflight/ruleset.h"

enum fits { FITS_NO, FITS_YES, FITS_UNKNOWN };

/* Whether what the left side names of the packet is the right side, or in it. */
enum fits ruleset_compare(const json_t *left, const json_t *right, const struct packet *packet);

/* A "match" statement. */
enum fits ruleset_match(const json_t *match, const struct packet *packet);

#endif
