/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The search for one case's keys: source after source, for every volume still closed and every
 * protector of it. It can stop before a source that may take long and be taken up by another
 * thread.
 */
#ifndef ESCROW_SEARCH_H
#define ESCROW_SEARCH_H

#include "appliance/escrow/escrow.h"

struct finding {
	struct secret *vmk; /* NULL: still closed */
	const struct ask_protector *protector;
	const char *source; /* its name */
	char origin[200];
};

struct search;

/* ask is borrowed. turn: its place in the stretcher's order. NULL without memory. */
struct search *search_new(const struct ask *ask, uint64_t turn);
void search_free(struct search *s);

/* True when it is over; false before a remote source, when remote is false. */
bool search_go_on(struct escrow *e, struct search *s, bool remote);

/* How many volumes were opened; finding i belongs to volume i of the ask. */
size_t search_found(const struct search *s);
const struct finding *search_finding(const struct search *s, size_t i);

/* When none was: the most telling reason, and a text with the key IDs and what the sources said. */
enum reason search_reason(struct escrow *e, const struct search *s, char *text, size_t size);

/* A source failed (as opposed to: has no such key). */
bool search_failed(const struct search *s);

#endif
