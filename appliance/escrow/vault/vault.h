/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The vault: recovery keys by key ID, encrypted at rest, in one SQLite file, DIR/vault.db. Every
 * row is a box of one size, found by a keyed hash of its key ID; a key without an ID is found by
 * keyed hashes of the machine's name and serial. The keys of boxes and hashes are random, made with
 * the vault, and wrapped in its meta table by what struct vault_key names. What a stolen copy
 * tells: README.md.
 *
 * Safe between threads of one process and between processes: `netmend keys import` adds while serve
 * looks up. Times are milliseconds since 1970. Errors: -ENOKEY with REASON_VAULT_LOCKED while the
 * vault is locked, -EIO for SQLite's, -ENOMEM.
 */
#ifndef ESCROW_VAULT_H
#define ESCROW_VAULT_H

#include "fixer/base/error.h"
#include "fixer/base/secret.h"
#include "fixer/base/text.h"
#include "netmend/limits.h"

#include <stdbool.h>
#include <stdint.h>

#define VAULT_RECOVERY_KEY_LEN 16 /* what 48 digits encode */
#define VAULT_SOURCE_NAME      32
#define VAULT_IMPORT           "import" /* the source of what a person imported */
/* And of what came through the status page, so from the network: tried after all others, and never
 * in the place of one. No configured source can have this name. */
#define VAULT_PAGE         "status page"
#define VAULT_HOST         104
#define VAULT_SERIAL       48
#define VAULT_KEY_FILE_MIN 32 /* bytes of a key file */

/* What opens the vault. */
enum vault_key_kind {
	VAULT_KEY_AUTO,       /* DIR/vault.key, made on the first start */
	VAULT_KEY_FILE,       /* the bytes of a key file the administrator keeps elsewhere */
	VAULT_KEY_PASSPHRASE, /* Argon2id; its parameters and salt are in the meta table */
	VAULT_KEY_ASK,        /* a passphrase too, typed after each start: locked until then */
};

struct vault_key {
	enum vault_key_kind kind;
	struct secret *secret; /* NULL for AUTO and ASK */
};

struct vault;

/*
 * Opens DIR/vault.db, or makes it (0600) when there is none; for ASK it has no keys until
 * vault_protect() chooses a passphrase. key stays the caller's. Nothing is made or changed when the
 * key is not the vault's: -EKEYREJECTED; -ENOKEY when DIR/vault.key is missing. With ASK the vault
 * is locked.
 */
int vault_open(const char *dir, const struct vault_key *key, struct vault **ret, struct error *err);
void vault_close(struct vault *v);

/* The same vault through a connection of its own, for a transaction that others must not see or be
 * part of; locked as v is now. To be closed. */
int vault_again(struct vault *v, struct vault **ret, struct error *err);

bool vault_locked(struct vault *v);

/* -EKEYREJECTED: not its passphrase; -ENOENT: no passphrase was chosen yet. Takes about a second
 * and 64 MB. An unlocked vault only has the passphrase judged. */
int vault_unlock(struct vault *v, const struct secret *passphrase, struct error *err);

/* From now on key (not ASK) opens it. The new wrapping is on stable storage and was tried before
 * anything of the old is removed, DIR/vault.key too. For ASK without a vault it makes the vault. */
int vault_protect(struct vault *v, const struct vault_key *key, struct error *err);

/* Removes every key, the traces of them in the file, and the keys of boxes and hashes: what an old
 * copy of the file holds is opened by an old copy of the wrapping only. A running escrow goes on
 * with the empty vault. */
int vault_wipe(struct vault *v, struct error *err);

/* Many adds in one transaction: begin, add..., commit. Other writers wait meanwhile (up to 10 s).
 */
int vault_begin(struct vault *v, struct error *err);
int vault_commit(struct vault *v, struct error *err);
void vault_roll_back(struct vault *v); /* as if nothing had been added since vault_begin() */

/* One recovery key and what is known of it. Texts may be "", and are cleaned. */
struct vault_entry {
	const struct secret *key; /* VAULT_RECOVERY_KEY_LEN bytes */
	bool has_id;              /* false: found by name and serial only; one of them is needed */
	struct guid id;
	const char *host;   /* as the source has it: a name, a DNS name, a distinguished name */
	const char *serial; /* of the BIOS */
	int64_t changed;    /* as the source says; 0: it does not */
};

enum vault_added {
	VAULT_ADDED,
	VAULT_ADDED_BESIDE, /* other keys for this ID, or this name, are there: all are tried */
	VAULT_PRESENT,      /* exactly this key for this ID was there */
	VAULT_REPEATED,     /* the same import brought exactly this key for this ID before */
};
/* -EINVAL: without ID, and name and serial say nothing. */
int vault_add(struct vault *v, const char *source, const struct vault_entry *entry,
        enum vault_added *ret, struct error *err);

/* What one import has brought so far, over all its files. Holds keyed hashes, nothing secret; 16 to
 * 48 bytes a key. Not safe between threads. */
struct vault_brought;
struct vault_brought *vault_brought_new(void); /* NULL without memory */
void vault_brought_free(struct vault_brought *b);

/*
 * vault_add() of one key of an import; b is told of it. look: it is judged as if all that b has
 * were in the vault, and nothing is written: no lock is taken that a writer waits for, and none at
 * all is held from one key to the next.
 */
int vault_bring(struct vault *v, const char *source, const struct vault_entry *entry,
        struct vault_brought *b, bool look, enum vault_added *ret, struct error *err);

struct vault_candidates {
	size_t count;
	struct secret *keys[NM_MAX_CANDIDATES];
	struct vault_origin {
		char source[VAULT_SOURCE_NAME], host[VAULT_HOST]; /* clean */
	} origins[NM_MAX_CANDIDATES];
	size_t left_out; /* more are stored than are tried */
	size_t damaged;  /* rows that were not written by this vault, passed over */
};

/*
 * Keys stored for the ID, at most NM_MAX_CANDIDATES, none is no error. First those whose host is
 * name (the machine's, NULL or "" when it is not known), so that many bogus records do not crowd
 * out its own; then those a source still has, the newest first; those of the status page have the
 * places left over. -EBADMSG when there are only damaged rows.
 */
int vault_lookup(struct vault *v, const struct guid *id, const char *name,
        struct vault_candidates *ret, struct error *err);

/* The same for keys that came without an ID: those of this machine's name or serial ("": not
 * known). Only the machine's blob tells whether one is right. */
int vault_lookup_name(struct vault *v, const char *name, const char *serial,
        struct vault_candidates *ret, struct error *err);

void vault_candidates_clear(struct vault_candidates *c);

/* All rows; works while locked. */
int vault_count(struct vault *v, uint64_t *ret, struct error *err);
/* Those that came through the status page. */
int vault_count_page(struct vault *v, uint64_t *ret, struct error *err);

struct vault_record {
	bool has_id; /* also false for rows of a release that did not store the ID in the row */
	struct guid id;
	char host[VAULT_HOST], serial[VAULT_SERIAL], source[VAULT_SOURCE_NAME]; /* clean */
	int64_t added, changed;
	bool stale; /* its source does not have it any more */
};

/* Calls take for every row, in the order they were added, until it returns other than 0, which is
 * then the result. take must not call the vault. -EBADMSG for a damaged row, after the others. */
int vault_each(struct vault *v, int (*take)(void *context, const struct vault_record *r),
        void *context, struct error *err);

/*
 * A snapshot pulls everything a source has into the vault. What the source does not have any more
 * when a snapshot is complete is kept, marked stale, and tried last: a machine whose account was
 * tidied away needs its key all the same.
 */
struct vault_snapshot;
struct vault_snapshot_counts {
	uint64_t added, present, stale; /* stale: marked by this one */
};

int vault_snapshot_begin(
        struct vault *v, const char *source, struct vault_snapshot **ret, struct error *err);
/* One transaction. Entries have an ID. */
int vault_snapshot_add(struct vault_snapshot *s, const struct vault_entry *entries, size_t count,
        struct error *err);
/* Frees s. complete: the source said that this was all; otherwise what was added stays, and neither
 * time nor marks change. ret may be NULL. */
int vault_snapshot_end(struct vault_snapshot *s, bool complete, struct vault_snapshot_counts *ret,
        struct error *err);

/* The last complete snapshot of a source; works while locked. */
struct vault_snapshot_info {
	char source[VAULT_SOURCE_NAME];
	int64_t ended;
	uint64_t keys; /* what the source had */
};
int vault_snapshots(struct vault *v, struct vault_snapshot_info ret[NM_MAX_SOURCES],
        size_t *ret_count, struct error *err);

struct vault_figures {
	uint64_t keys, without_id, stale;
	int64_t last_added; /* 0: never */
	bool passphrase;    /* what its wrapping wants: a passphrase, or a key file */
};
int vault_figures(struct vault *v, struct vault_figures *ret, struct error *err);

#endif
