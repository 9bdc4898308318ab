/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the vault has, and what it lacks: never a password. */
#include "appliance/escrow/vault/missing.h"
#include "appliance/escrow/vault/verb_vault.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define STATUS_MISSING 3

/* --- list ----------------------------------------------------------------------------------------
 */

struct listing {
	bool json, any;
};

static int print_json(struct listing *l, const struct vault_record *r, const char *id)
{
	json_t *json = json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:b}", "host", r->host, "serial",
	        r->serial, "id", id, "source", r->source, "added", (json_int_t)r->added, "changed",
	        (json_int_t)r->changed, "stale", (int)r->stale);

	if (!json)
		return -ENOMEM;
	fputs(l->any ? ",\n " : "\n ", stdout);
	(void)json_dumpf(json, stdout, JSON_COMPACT);
	json_decref(json);
	return 0;
}

static int print_record(void *context, const struct vault_record *r)
{
	char id[GUID_TEXT] = "", when[VAULT_TIME_TEXT];
	struct listing *l = context;

	if (r->has_id)
		guid_format(&r->id, id);
	int result = 0;
	if (l->json) {
		result = print_json(l, r, id);
	} else {
		vault_time_text(r->added, when);
		printf("%-36s  %s  %-12s  %s%s%s%s\n", id[0] ? id : "(no key ID)", when, r->source,
		        r->host, r->serial[0] ? " serial " : "", r->serial,
		        r->stale ? "  (its source does not have it any more)" : "");
	}
	l->any = true;
	return result;
}

static int record(struct audit *audit, json_t *fields, struct error *err)
{
	int r = fields ? audit_append(audit, "list", fields, err)
	               : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");

	json_decref(fields);
	return r;
}

/* Which machine has which key is worth knowing for a thief: that it was listed is recorded. */
static int list(const struct vault_verb *o, struct vault *vault, struct audit *audit)
{
	struct listing l = {.json = o->json};
	struct error err = {0};
	uint64_t keys = 0;
	int r = vault_count(vault, &keys, &err);

	if (r == 0)
		r = record(audit, json_pack("{s:I}", "keys", (json_int_t)keys), &err);
	if (r < 0)
		return verb_fail(&err);
	if (o->json)
		fputs("{\"v\": 1, \"keys\": [", stdout);
	r = vault_each(vault, print_record, &l, &err);
	if (o->json)
		puts("\n]}");
	if (r == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		r = error_set(&err, -EIO, REASON_CANNOT_OPEN, "the list could not be written");
	return r < 0 ? verb_fail(&err) : 0;
}

/* --- list --missing ------------------------------------------------------------------------------
 */

static int print_missing(
        void *context, unsigned long line, const char *host, const char *serial, const char *id)
{
	struct listing *l = context;

	if (l->json) {
		json_t *json = json_pack("{s:I,s:s,s:s,s:s}", "line", (json_int_t)line, "host",
		        host, "serial", serial, "id", id);
		if (!json)
			return -ENOMEM;
		fputs(l->any ? ",\n " : "\n ", stdout);
		(void)json_dumpf(json, stdout, JSON_COMPACT);
		json_decref(json);
	} else {
		printf("line %lu: %s%s%s%s%s\n", line, host,
		        host[0] && serial[0] ? ", serial " : "", serial,
		        (host[0] || serial[0]) && id[0] ? ", key ID " : "", id);
	}
	l->any = true;
	return 0;
}

static int list_missing(const struct vault_verb *o, struct vault *vault, struct audit *audit)
{
	struct listing l = {.json = o->json};
	struct missing_counts counts = {0};
	struct error err = {0};
	int r = record(audit, json_pack("{s:b}", "missing", 1), &err);

	if (r == 0 && o->json)
		fputs("{\"v\": 1, \"missing\": [", stdout);
	if (r == 0)
		r = missing_find(vault, o->inventory_fd, stderr, print_missing, &l, &counts, &err);
	if (r < 0)
		return verb_fail(&err);
	if (o->json)
		printf("\n], \"machines\": %" PRIu64 "}\n", counts.machines);
	(void)fflush(stdout);
	fprintf(stderr, "%" PRIu64 " of %" PRIu64 " machines have no recovery key in the vault\n",
	        counts.missing, counts.machines);
	if (counts.unnamed > 0)
		fprintf(stderr, "%" PRIu64 " rows name no machine and were passed over\n",
		        counts.unnamed);
	return counts.missing > 0 ? STATUS_MISSING : 0;
}

int verb_list(int argc, char **argv)
{
	struct vault_verb o;
	struct vault *vault = NULL;
	struct audit *audit = NULL;
	struct error err = {0};

	if (vault_verb_options(argc, argv, &o) < 0 || o.words[0])
		return VERB_USAGE;
	int r = vault_verb_open_both(&o, &vault, &audit, &err);
	if (r == 0)
		r = vault_verb_walls(&o, &err);
	int status = r < 0                 ? verb_fail(&err)
	             : o.inventory_fd >= 0 ? list_missing(&o, vault, audit)
	                                   : list(&o, vault, audit);
	audit_close(audit);
	vault_close(vault);
	return status;
}
