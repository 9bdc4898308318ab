/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Judges an NTFS volume by the on-disk format alone: every MFT record, run, index and bitmap.
 * Shares no code with the fixer or libntfs-3g. The volume may be damaged in any way.
 */
#ifndef NTFSCHECK_NTFSCHECK_H
#define NTFSCHECK_NTFSCHECK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Writes what is wrong with the volume (its boot sector at volume[0]) to report, one finding a
 * line: "KIND: record N: text"; README.md lists the kinds. report may be NULL. Texts name records,
 * not files, so that findings before and after a rename can be compared. Returns the number of
 * findings.
 */
int ntfscheck(const uint8_t *volume, size_t size, FILE *report);

/*
 * Writes every fact of every record in use as one line each, in an order that depends on the facts
 * only. Left out: LSNs, update sequences, slack, the content of $MFT, $MFTMirr and $LogFile, and
 * where in its tree an index entry is. Returns the number of findings (what they touch may be
 * missing).
 */
int ntfscheck_dump(const uint8_t *volume, size_t size, FILE *out);

/* State of the journal and flags of $Volume in words, a line each. None of them is a finding. */
void ntfscheck_notes(const uint8_t *volume, size_t size, FILE *out);

#endif
