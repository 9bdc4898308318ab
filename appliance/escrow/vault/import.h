/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recovery keys from CSV exports of every dialect (cell.h, columns.h) into the vault. */
#ifndef ESCROW_IMPORT_H
#define ESCROW_IMPORT_H

#include "appliance/escrow/vault/vault.h"

#include <signal.h>
#include <stdio.h>

/* Why a row brings no key. */
enum import_reject {
	REJECT_NO_PASSWORD,
	REJECT_EMPTY,
	REJECT_NULL,
	REJECT_NO_DATA,
	REJECT_OBJECT,
	REJECT_SPREADSHEET,
	REJECT_NOT_48,
	REJECT_TYPO,
	REJECT_NO_NAME,
	REJECT_MANY,
	REJECT_LONG,
	REJECT_QUOTE,
	IMPORT_REJECTS
};
const char *import_reject_text(enum import_reject why); /* static */

struct import_counts {
	uint64_t rows; /* of data, rejected ones too */
	uint64_t added, beside,
	        present;     /* keys; beside: of the added, those whose ID had another */
	uint64_t repeated;   /* keys that the same import brought before, in whichever file */
	uint64_t without_id; /* of the added */
	uint64_t rejected;   /* rows, or in a row with several the passwords that fail */
	uint64_t reasons[IMPORT_REJECTS];
	bool stopped;
};

struct columns;

/* Is told what a report says in words. */
struct import_listener {
	/* What is taken for what; not of an empty file. encoding: csv_encoding(). */
	void (*columns)(void *context, const char *encoding, const struct columns *columns);
	/* Neighbouring lines with the same fault. text: clean, without a value. */
	void (*rejected)(void *context, unsigned long from, unsigned long to, const char *text);
	void *context;
};

struct import {
	struct vault *vault;
	const char *source; /* of the keys; NULL: VAULT_IMPORT */
	bool limited;       /* to room keys that may be added: -EDQUOT beyond */
	uint64_t room;
	struct vault_brought *brought; /* of all files of one import; NULL: this one is alone */
	const char *name;              /* of the file, for the report */
	FILE *report;                  /* may be NULL, when there is a listener */
	const struct import_listener *listener; /* may be NULL */
	bool dry_run;   /* everything is judged, nothing written: no writer waits */
	bool on_screen; /* report is a terminal: progress on one line */
	const volatile sig_atomic_t *stop; /* set by a signal: ends after the row; may be NULL */
};

/*
 * Imports CSV from fd. The report says which column is taken for what, how far it is (every few
 * seconds), and names each rejected row (neighbours with the same fault together), never a value.
 * Idempotent. Keys are kept in portions: what was read before a fault, or a stop, stays. 0 when the
 * file was read to its end or stopped, whatever was rejected. *ret is set in every case.
 */
int import_csv(const struct import *i, int fd, struct import_counts *ret, struct error *err);
/* The same of a file in (locked) memory, which stays the caller's. */
int import_memory(const struct import *i, const void *text, size_t len, struct import_counts *ret,
        struct error *err);

#endif
