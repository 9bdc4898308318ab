/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is in one cell of an export: key IDs, recovery passwords, or what stands in their place. */
#ifndef ESCROW_CELL_H
#define ESCROW_CELL_H

#include "appliance/escrow/vault/vault.h"

#define CELL_MANY   4 /* IDs or passwords of one row */
#define CELL_DIGITS 48

struct cell_ids {
	size_t count; /* CELL_MANY + 1: more than fit */
	struct guid ids[CELL_MANY];
};

/*
 * Adds every GUID in text that is not there yet: with or without braces, inside other text (the CN
 * of an AD record). A cell that is nothing but 32 hexadecimal digits does not tell its byte order:
 * both readings are added; X'...' (csvde) is the bytes as stored. How many were found.
 */
size_t cell_ids(const char *text, struct cell_ids *ids);

/* Room for the passwords of a row, as digits only; in locked memory. */
struct cell_passwords {
	size_t count; /* CELL_MANY + 1: more than fit */
	char digits[CELL_MANY][CELL_DIGITS];
};

/* Adds every run of 48 digits (96: two, ...) that only blanks and dashes, typographic ones too,
 * divide. How many were found. */
size_t cell_passwords(const char *text, struct cell_passwords *ret);

/* What a cell holds instead of a password. */
enum cell_filler {
	CELL_EMPTY,
	CELL_NULL,        /* NULL */
	CELL_NO_DATA,     /* NOData, N/A, none, - */
	CELL_OBJECT,      /* System.Object[], System.String[]: an array the export lost */
	CELL_SPREADSHEET, /* 1.23457E+47 */
	CELL_OTHER,
};
enum cell_filler cell_filler(const char *text);

/* Digits in text: for saying how many a password has. */
size_t cell_count_digits(const char *text);

#endif
