/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/vault/columns.h"

static void print_column(const struct columns *c, size_t i, const char *is, bool *first, FILE *out)
{
	fprintf(out, "%scolumn %zu", *first ? "" : ", ", i + 1);
	if (c->names[i][0])
		fprintf(out, " '%s'", c->names[i]);
	fprintf(out, " %s", is);
	*first = false;
}

static const char *role_of(const struct columns *c, size_t i)
{
	if (c->is_id[i])
		return c->ids_unsure ? "may be the key ID (each key is kept under all of these)"
		       : (int)i == c->host ? "is the key ID and the machine"
		                           : "is the key ID";
	if (c->is_password[i])
		return "is the recovery password";
	if ((int)i == c->serial)
		return "is the serial number";
	if ((int)i == c->host)
		return c->host_unsure ? "is the machine's name or serial number"
		                      : "is the machine's name";
	return NULL;
}

void columns_print(const struct columns *c, FILE *out)
{
	bool first = true, has_id = false, has_password = false;

	for (size_t i = 0; i < c->count; i++) {
		const char *role = role_of(c, i);
		has_id = has_id || c->is_id[i];
		has_password = has_password || c->is_password[i];
		if (role)
			print_column(c, i, role, &first, out);
	}
	if (first)
		fputs("no column of it is understood", out);
	else if (!has_id && has_password)
		fputs("; there are no key IDs: these keys are found by the machine's name or "
		      "serial "
		      "number only",
		        out);
	if (c->header == 0)
		fputs("; there is no header", out);
	fputc('\n', out);
}
