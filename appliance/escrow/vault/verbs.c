/* SPDX-License-Identifier: GPL-3.0-or-later */
/* status, wipe and passphrase: of the vault as a whole. */
#include "appliance/escrow/vault/verb_vault.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* --- status --------------------------------------------------------------------------------------
 */

static const char *opened_by(const struct vault_figures *f, enum vault_key_kind kind)
{
	if (f->passphrase)
		return kind == VAULT_KEY_ASK ? "a passphrase, typed after each start"
		                             : "a passphrase";
	return kind == VAULT_KEY_FILE ? "a key file kept elsewhere" : "vault.key beside it";
}

static void print_status(const struct vault_figures *f, enum vault_key_kind kind,
        const struct vault_snapshot_info *snapshots, size_t count)
{
	char when[VAULT_TIME_TEXT];

	printf("%" PRIu64 " recovery keys in the vault\n", f->keys);
	if (f->without_id > 0)
		printf("  %" PRIu64 " without key ID: found by name or serial number only\n",
		        f->without_id);
	if (f->stale > 0)
		printf("  %" PRIu64 " that their source does not have any more\n", f->stale);
	vault_time_text(f->last_added, when);
	printf("last one added: %s\nopened by: %s\n", when, opened_by(f, kind));
	for (size_t i = 0; i < count; i++) {
		vault_time_text(snapshots[i].ended, when);
		printf("snapshot of %s: %s (%" PRId64 " hours ago), %" PRIu64 " keys\n",
		        snapshots[i].source, when,
		        ((int64_t)time(NULL) - snapshots[i].ended / 1000) / 3600,
		        snapshots[i].keys);
	}
}

static json_t *status_json(const struct vault_figures *f, enum vault_key_kind kind,
        const struct vault_snapshot_info *snapshots, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(
		        list, json_pack("{s:s,s:I,s:I}", "source", snapshots[i].source, "ended",
		                      (json_int_t)snapshots[i].ended, "keys",
		                      (json_int_t)snapshots[i].keys));
	return json_pack("{s:i,s:I,s:I,s:I,s:I,s:s,s:o}", "v", 1, "keys", (json_int_t)f->keys,
	        "without_id", (json_int_t)f->without_id, "stale", (json_int_t)f->stale,
	        "last_added", (json_int_t)f->last_added, "opened_by", opened_by(f, kind),
	        "snapshots", list);
}

int verb_status(int argc, char **argv)
{
	struct vault_snapshot_info snapshots[NM_MAX_SOURCES];
	struct vault_figures figures;
	struct vault_verb o;
	struct vault *vault = NULL;
	struct error err = {0};
	size_t count = 0;

	if (vault_verb_options(argc, argv, &o) < 0 || o.words[0])
		return VERB_USAGE;
	int r = vault_verb_open(&o, &vault, &err);
	if (r == 0)
		r = vault_figures(vault, &figures, &err);
	if (r == 0)
		r = vault_snapshots(vault, snapshots, &count, &err);
	vault_close(vault);
	if (r < 0)
		return verb_fail(&err);
	if (o.json) {
		json_t *json = status_json(&figures, o.kind, snapshots, count);
		(void)json_dumpf(json, stdout, JSON_INDENT(1));
		putchar('\n');
		json_decref(json);
	} else {
		print_status(&figures, o.kind, snapshots, count);
	}
	return 0;
}

/* --- wipe ----------------------------------------------------------------------------------------
 */

static int record(struct audit *audit, const char *event, json_t *fields, struct error *err)
{
	int r = fields ? audit_append(audit, event, fields, err)
	               : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");

	json_decref(fields);
	return r;
}

/* Whether it is meant was asked by the command line. */
int verb_wipe(int argc, char **argv)
{
	struct vault_verb o;
	struct vault *vault = NULL;
	struct audit *audit = NULL;
	struct error err = {0};
	uint64_t keys = 0;

	if (vault_verb_options(argc, argv, &o) < 0 || o.words[0])
		return VERB_USAGE;
	int r = vault_verb_open_both(&o, &vault, &audit, &err);
	if (r == 0)
		r = vault_count(vault, &keys, &err);
	if (r == 0)
		r = record(audit, "wipe", json_pack("{s:I}", "keys", (json_int_t)keys), &err);
	if (r == 0)
		r = vault_wipe(vault, &err);
	audit_close(audit);
	vault_close(vault);
	if (r < 0)
		return verb_fail(&err);
	printf("%" PRIu64 " recovery keys removed; the vault is empty and has new keys of its own\n"
	       "Backups of %s open with their own key file or passphrase: destroy them too.\n",
	        keys, o.state);
	return 0;
}

/* --- passphrase ----------------------------------------------------------------------------------
 */

#define PASSPHRASE_LEAST 12
#define KEY_FILE_MOST    4096

static void print_advice(enum vault_key_kind kind)
{
	static const char *const advice[] = {
	        [VAULT_KEY_AUTO] = "The vault is opened by vault.key beside it from now on.\n"
	                           "In [escrow] of the configuration:\n"
	                           "    vault-key = auto\n",
	        [VAULT_KEY_FILE] = "The vault is opened by this key file from now on.\n"
	                           "In [escrow] of the configuration, before the next start:\n"
	                           "    vault-key = file:PATH (owned by root, mode 0600)\n"
	                           "Keep a copy of the file where the vault's backups are not.\n",
	        [VAULT_KEY_PASSPHRASE] =
	                "The vault is opened by this passphrase from now on.\n"
	                "In [escrow] of the configuration, before the next start, one of\n"
	                "    vault-key = ask (typed after each start: netmend keys unlock)\n"
	                "    vault-key = passphrase-file:PATH (owned by root, mode 0600)\n"
	                "    vault-key = passphrase-credential:NAME (systemd)\n"
	                "Nobody can open the vault without it.\n"};

	fputs(advice[kind], stdout);
	if (kind != VAULT_KEY_AUTO)
		puts("There is no vault.key beside it any more; backups made while there was one "
		     "still "
		     "open with that.");
}

static int new_key(const struct vault_verb *o, struct vault_key *ret, struct error *err)
{
	const char *what = o->words[0] ? o->words[0] : "passphrase";

	if (strcmp(what, "auto") == 0) {
		ret->kind = VAULT_KEY_AUTO;
		return 0;
	}
	ret->kind = strcmp(what, "file") == 0 ? VAULT_KEY_FILE : VAULT_KEY_PASSPHRASE;
	int r = vault_verb_read(o->secret_fd,
	        ret->kind == VAULT_KEY_FILE ? KEY_FILE_MOST : NM_MAX_PASSPHRASE, &ret->secret, err);
	if (r == 0 && ret->kind == VAULT_KEY_PASSPHRASE && ret->secret->len < PASSPHRASE_LEAST)
		r = error_set(err, -EINVAL, REASON_USAGE,
		        "too short: whoever steals the vault's file can try passphrases for "
		        "years; at least %d characters, such as five words",
		        PASSPHRASE_LEAST);
	return r;
}

int verb_passphrase(int argc, char **argv)
{
	struct vault_key key = {0};
	struct vault_verb o;
	struct vault *vault = NULL;
	struct audit *audit = NULL;
	struct error err = {0};

	if (vault_verb_options(argc, argv, &o) < 0 || (o.words[0] && o.words[1]))
		return VERB_USAGE;
	bool automatic = o.words[0] && strcmp(o.words[0], "auto") == 0;
	if (automatic == (o.secret_fd >= 0) ||
	        (o.words[0] && !automatic && strcmp(o.words[0], "file") != 0))
		return VERB_USAGE;
	int r = new_key(&o, &key, &err);
	if (r == 0)
		r = vault_verb_open(&o, &vault, &err);
	if (r == 0)
		r = audit_open(o.state, &audit, &err);
	if (r == 0 && o.syslog)
		audit_copy_to_syslog(audit);
	if (r == 0)
		r = record(audit, "protect",
		        json_pack("{s:s}", "key",
		                automatic    ? "auto"
		                : o.words[0] ? "file"
		                             : "passphrase"),
		        &err);
	if (r == 0)
		r = vault_protect(vault, &key, &err);
	audit_close(audit);
	vault_close(vault);
	secret_free(key.secret);
	if (r < 0)
		return verb_fail(&err);
	print_advice(key.kind);
	return 0;
}
