/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of the boot-time session share; nobody else includes it. */
#ifndef FIXER_SESSION_INTERNAL_H
#define FIXER_SESSION_INTERNAL_H

#include "fixer/base/bootparams.h"
#include "fixer/base/pairing.h"
#include "fixer/bitlocker/bitlocker.h"
#include "fixer/block/partition.h"
#include "fixer/link/api.h"
#include "fixer/link/heartbeat.h"
#include "fixer/machine/bootnext.h"
#include "fixer/machine/controllers.h"
#include "fixer/machine/disks.h"
#include "fixer/machine/identity.h"
#include "fixer/repair/facts.h"
#include "fixer/repair/repair.h"
#include "fixer/repair/safe_mode.h"
#include "fixer/session.h"

#include <limits.h>

struct session_disk {
	struct machine_disk info;
	char path[PATH_MAX];
	char id[DISK_ID_TEXT];         /* as in a bundle; "" when the table could not be read */
	struct partition_table *table; /* NULL when it could not be read */
	enum reason reason;            /* OK, or why this disk cannot be worked on */
	char text[320];
};

struct session_volume {
	size_t disk; /* index */
	struct partition partition;
	struct bitlocker *bitlocker; /* parsed metadata; NULL for plain NTFS or when that failed */
	bool encrypted;
	struct secret *vmk; /* once released, or at once when BitLocker is suspended */
	enum reason reason; /* OK while it can be worked on, otherwise why not */
	char text[320];
	bool repaired; /* repair_volume() was called and filled result */
	struct repair_result result;
	struct volume_facts *facts; /* for people; NULL: not known */
};

/* One the appliance has on stable storage: saved for a volume, or the interrupted one completed. */
struct session_bundle {
	char sha256[65];
	enum repair_written written;
};

struct session {
	const struct session_env *env;
	struct bootparams params;
	struct machine_identity machine;
	struct machine_controllers controllers;
	size_t disk_count, volume_count;
	struct session_disk disks[NM_MAX_DISKS];
	struct session_volume volumes[NM_MAX_VOLUMES];

	struct heartbeat *heartbeat; /* NULL when it could not be started */
	struct api *api;
	struct api_hooks hooks;
	struct api_session open;
	uint8_t public_key[32];
	struct secret *private_key; /* gone once the VMKs are unsealed */
	char request[17];           /* waits for approval by people; "" otherwise */
	char code[PAIRING_CODE];    /* what they compare; "" when there is none */

	struct recipe recipe;
	struct error failure; /* what ended the session before its volumes were looked at */
	bool completed;       /* an interrupted repair was brought to its end */
	size_t sectors;       /* written in this session */
	enum safe_mode safe_mode;
	size_t bundle_count;
	struct session_bundle bundles[NM_MAX_VOLUMES + 1];
	struct {
		int64_t init, session, release, plan, save, commit, verify; /* uptime_ms() */
	} timing;

	struct { /* the status on the screen, to come back to after trouble with the network */
		bool no_answer;
		bool is_reason;
		enum reason reason;
		const char *title;
		char text[1024];
	} shown;
};

/* session_tell.c: screen, events and heartbeat in one place. */

/* Shows a status; title is static text, in capitals. */
void session_show(struct session *s, const char *title, const char *text);
void session_show_reason(struct session *s, enum reason reason, const char *text);
/* Adds an event and lets the heartbeat repeat its state; numbers as for api_event(). */
void session_tell(struct session *s, const char *state, const char *step, enum reason reason,
        const char *text, json_t *numbers);
/* For api_new(): the screen says when the appliance does not answer and when it does again. */
struct api_hooks session_hooks(struct session *s);
/* "nvme0n1 partition 3". */
void session_volume_name(const struct session *s, const struct session_volume *v, char out[64]);

/* session_inventory.c: fills disks and volumes; what cannot be worked on gets its reason. */
void session_inventory(struct session *s);
void session_inventory_clear(struct session *s);
/* True when the volume stays closed unless escrow releases its key. */
bool session_needs_key(const struct session_volume *v);

/* session_contact.c: a boot without a token gets one. *ret_go_on: false when the machine is not to
 * be repaired (shown, and its time is over). 0, or what refused it. */
int session_first_contact(struct session *s, bool *ret_go_on, struct error *err);

/* session_request.c: the body of POST sessions; NULL without memory. */
json_t *session_request(const struct session *s);

/* session_release.c: waits for keys and opens them. Volumes that stay closed get their reason. */
void session_release(struct session *s);

/* session_pending.c: completes the interrupted repair the appliance saved. 0, or the reason. */
int session_complete_pending(struct session *s, struct error *err);

/* session_repair.c: repairs every volume that is still OK, until one is left half written. */
void session_repair(struct session *s);

/* session_safe_mode.c: whether this machine's Windows will start in safe mode; sets safe_mode. */
void session_safe_mode(struct session *s);

/* session_evidence.c: what the volumes tell of their Windows and its last crash. */
void session_evidence(struct session *s);
/* One line about it, "" when nothing is known. */
void session_evidence_words(const struct session *s, char *out, size_t size);

/* session_verdict.c: the one reason for the whole machine. *ret_text lives as long as s. */
enum reason session_verdict(const struct session *s, const char **ret_text);

/* session_result.c: the body of POST result; NULL without memory. */
json_t *session_result(
        const struct session *s, enum reason reason, const char *text, enum bootnext boot_next);

#endif
