/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a person may decide about machines. Called by web for the page and by `netmend machines`, a
 * process of its own, on the same store; the web process sees the change within a second and
 * corrects the answer list. A decision about one machine is one durable transaction: an event on
 * its timeline, and the record of who decided it (store/actions.h).
 */
#ifndef FLEET_OPERATOR_H
#define FLEET_OPERATOR_H

#include "appliance/store/actions.h"
#include "fixer/base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum fleet_deed {
	DEED_ADD,      /* into scope, to be repaired from now on, also after an earlier repair */
	DEED_REMOVE,   /* out of scope: not answered any more. Its history stays */
	DEED_HOLD,     /* not answered, no hand-out, no key, until released */
	DEED_RELEASE,  /* ends a hold, the serve guard's too, and clears what a relapse left */
	DEED_RETRY,    /* what failed, relapsed or booted again and again may boot once more */
	DEED_DISCARD,  /* its pending bundle is kept, but not offered any more: it starts over */
	DEED_SET_BACK, /* a person put Windows before the network in its firmware: off that list */
	DEED_NORMAL_START, /* a person ended the safe mode its Windows was set to: off that list */
	DEEDS
};

const char *fleet_deed_name(enum fleet_deed verb); /* "add", as in /machines/act; static */
int fleet_deed_parse(const char *name);            /* -1: none */

/* Within a transaction, without a record of its own: to one machine, which is saved. The reports of
 * campaigns that are over are kept (campaign_keep_reports()). text: why, "" for nothing to say.
 * -ENODATA and err NOT_NOW: the machine's state does not allow it, nothing was changed; else what
 * the store says. */
int fleet_apply(struct store *s, struct machine *m, enum fleet_deed verb, const struct actor *by,
        int64_t now, const char *text, struct error *err);

/* To one machine. As fleet_apply(), or -ENOENT. */
int fleet_decide(struct store *s, const struct actor *by, enum fleet_deed verb, int64_t machine,
        const char *text, struct error *err);

/* Keys that came through the page are in escrow: the record of who brought them. sha256: of the
 * files. */
int fleet_keys_stored(struct store *s, const struct actor *by, int64_t added, int64_t present,
        int64_t rejected, const char *sha256);

struct fleet_order {
	enum fleet_deed verb;
	const int64_t *machines;
	size_t count;
	const char *text;   /* why; "" */
	const char *chosen; /* how they were chosen, for the record; "" when one by one */
	/* Told of each machine that does not fit (NOT_NOW) or is not there (NOT_FOUND). */
	void (*refused)(int64_t machine, const struct error *why, void *context);
	void *context;
};
/* How far it is; all 0 at the beginning. */
struct fleet_progress {
	size_t next; /* of its machines: those before are done, or refused */
	size_t done;
	bool recorded; /* who has begun it */
};
/* To many, a slice of them (slice.h): 1: there are more; 0: the end; else what the store says, and
 * p tells what was done before, which stays. One record for all of them; when they are more than a
 * slice, another one of its beginning. */
int fleet_act_slice(struct store *s, const struct actor *by, const struct fleet_order *order,
        struct fleet_progress *p);
/* All slices, for who has nothing else to do: others get their turn in between. *ret_done is set in
 * any case. */
int fleet_act(
        struct store *s, const struct actor *by, const struct fleet_order *order, size_t *ret_done);

/* DEED_ADD for the machine of this MAC, which is made when it is new. name may be NULL. -EINVAL:
 * not a MAC. */
int fleet_add(struct store *s, const struct actor *by, const char *mac, const char *name,
        int64_t *ret_id);

/* A machine and one of its saved repairs. -ENOENT: no such machine, or none of its bundles. */
int fleet_bundle_find(struct store *s, int64_t machine, const char *sha256,
        struct machine *ret_machine, struct store_bundle *ret_bundle);

/* Records that its saved repair leaves the appliance, before it does: a durable transaction.
 * -ENOENT as above. */
int fleet_bundle_taken(
        struct store *s, const struct actor *by, int64_t machine, const char *sha256);

/* "auto", "ipxe" or "shim"; -1: none of them. */
int fleet_loader_parse(const char *name);
/* Which boot program it gets from its next boot on, whatever it has started or not: a durable
 * transaction with its record. -ENOENT. */
int fleet_choose_loader(
        struct store *s, const struct actor *by, int64_t machine, enum machine_loader loader);
/* The same for all of a model ("VENDOR MODEL", as their SMBIOS says it), those there will be too;
 * a word for one of them goes before. *ret_known: how many are known by now: a model is known
 * from a machine's first contact. -EINVAL: no name. */
int fleet_choose_model_loader(struct store *s, const struct actor *by, const char *model,
        enum machine_loader loader, int64_t *ret_known);

/* How people call it: name, serial, MAC or number. */
void fleet_machine_name(const struct machine *m, char ret[NM_MAX_NAME + 1]);

#endif
