/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of machines as exports spell them. */
#ifndef ESCROW_NAME_H
#define ESCROW_NAME_H

#include <stddef.h>

/*
 * The computer a cell names, for people: of a distinguished name the CN of the computer (the second
 * one when the first is a recovery record's, which ends in a GUID in braces); of a DNS name the
 * host; of DOMAIN\NAME the name; without a trailing $. Anything else as it is. Clean.
 */
void name_of_host(const char *text, char *out, size_t size);

/* The same in one case (ASCII), for comparing and hashing; "" stays "". */
void name_normal_host(const char *text, char *out, size_t size);

/* A serial: in one case, without blanks; "" when it is one of those that many machines share ("To
 * be filled by O.E.M.", zeros, ...). */
void name_normal_serial(const char *text, char *out, size_t size);

#endif
