/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the first rows of an export show of each column; columns.c draws the conclusions. */
#ifndef ESCROW_SAMPLE_H
#define ESCROW_SAMPLE_H

#include "appliance/escrow/vault/cell.h"
#include "appliance/escrow/vault/columns.h"

/* What the sample's rows show of one column. */
struct seen {
	size_t ids;      /* cells with a GUID */
	size_t ad_names; /* of these, GUIDs in braces behind other text: the CN of an AD record */
	size_t passwords;
	size_t others;     /* cells with neither, that hold something */
	size_t texts;      /* of these, what could name a machine */
	bool several;      /* not always the same first GUID */
	struct guid first; /* GUID of the first such cell */
};

struct sample {
	enum columns_file file;
	size_t rows; /* of data */
	struct seen columns[CSV_MAX_CELLS];
	enum column_word words[CSV_MAX_CELLS];
	struct cell_passwords *scratch; /* passwords pass through it: locked memory */
};

/* The separator with which most makes sense. 0, -EIO, -EINTR. */
int sample_separator(struct sample *s, struct csv *c, char *ret);

/* Looks at the rows behind csv_rewind(); header and names go to columns, and how many there are. */
int sample_rows(struct sample *s, struct csv *c, struct columns *columns);

#endif
