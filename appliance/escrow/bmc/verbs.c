/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verbs of netmend-escrow behind `netmend power import`, list, login, logins, remove and
 * forget-certificate. */
#include "appliance/escrow/bmc/import.h"
#include "appliance/escrow/vault/verb_vault.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATUS_REJECTED 3
#define SAYS_DEFAULT    "the default login"

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void stop_on_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)sigaction(signals[i], &action, NULL);
}

static int record(struct audit *audit, const char *event, json_t *fields, struct error *err)
{
	int r = fields ? audit_append(audit, event, fields, err)
	               : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");

	json_decref(fields);
	return r;
}

/* What each verb works on. */
struct place {
	struct vault_verb o;
	struct vault *vault;
	struct audit *audit;
};

static int place_open(int argc, char **argv, struct place *p, struct error *err)
{
	*p = (struct place){0};
	if (vault_verb_options(argc, argv, &p->o) < 0)
		return VERB_USAGE;
	int r = vault_verb_open_both(&p->o, &p->vault, &p->audit, err);
	return r < 0 ? verb_fail(err) : 0;
}

static void place_close(struct place *p)
{
	audit_close(p->audit);
	vault_close(p->vault);
}

/* --- import ---------------------------------------------------------------------------------- */

static void print_counts(const struct bmc_import *i, const struct bmc_import_counts *c)
{
	printf("%s: %" PRIu64 " added, %" PRIu64 " changed, %" PRIu64 " as they were, %" PRIu64
	       " rejected%s\n",
	        i->name, c->added, c->changed, c->same, c->rejected,
	        i->dry_run ? " (dry run: nothing was kept)" : "");
	if (c->without_login > 0)
		printf("  %" PRIu64 " lines have no login of their own: that of their group is "
		       "used, else the default one (netmend power login)\n",
		        c->without_login);
	if (c->passwords && !i->dry_run)
		printf("  The file has passwords in it: they are in the vault now, delete it.\n");
}

/* "N:name", the name for reports cleaned. The descriptor, or -1. */
static int file_of(const char *word, char *name, size_t size)
{
	char *end;
	long fd = strtol(word, &end, 10);

	if (end == word || *end != ':' || fd < 0 || fd > 1023 || fcntl((int)fd, F_GETFD) < 0)
		return -1;
	text_clean(name, size, end + 1);
	return (int)fd;
}

static int import_one(struct place *p, int fd, const char *name)
{
	struct bmc_import i = {.vault = p->vault,
	        .name = name,
	        .report = stderr,
	        .stop = &stop,
	        .dry_run = p->o.dry_run};
	struct bmc_import_counts c;
	struct error err = {0};
	int r = bmc_import_csv(&i, fd, &c, &err);

	(void)close(fd);
	if (r < 0)
		return verb_fail(&err);
	print_counts(&i, &c);
	(void)fflush(stdout);
	if (!p->o.dry_run &&
	        record(p->audit, "bmc-import",
	                json_pack("{s:s,s:I,s:I,s:I,s:I}", "file", name, "added",
	                        (json_int_t)c.added, "changed", (json_int_t)c.changed, "present",
	                        (json_int_t)c.same, "rejected", (json_int_t)c.rejected),
	                &err) < 0)
		return verb_fail(&err);
	return c.rejected > 0 ? STATUS_REJECTED : 0;
}

int verb_bmc_import(int argc, char **argv)
{
	char name[NM_MAX_PATH];
	struct error err = {0};
	struct place p;

	stop_on_signals();
	int status = place_open(argc, argv, &p, &err);
	if (status == 0 && vault_verb_walls(&p.o, &err) < 0)
		status = verb_fail(&err);
	if (status == 0) {
		int fd = p.o.words[0] && !p.o.words[1] ? file_of(p.o.words[0], name, sizeof(name))
		                                       : -1;
		status = fd < 0 ? VERB_USAGE : import_one(&p, fd, name);
	}
	place_close(&p);
	return status;
}

/* --- list ------------------------------------------------------------------------------------ */

struct logins {
	char groups[64][VAULT_BMC_GROUP];
	size_t count;
	bool standard, more;
};

static int note_login(void *context, const char *group, const char *user)
{
	struct logins *l = context;

	(void)user;
	if (!group[0])
		l->standard = true;
	else if (l->count < sizeof(l->groups) / sizeof(l->groups[0]))
		text_clean(l->groups[l->count++], VAULT_BMC_GROUP, group);
	else
		l->more = true;
	return 0;
}

static bool has_group(const struct logins *l, const char *group)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcasecmp(l->groups[i], group) == 0)
			return true;
	return false;
}

struct listing {
	struct logins logins;
	json_t *json; /* NULL: a table */
	uint64_t count, without;
};

/* Where its login comes from. */
static const char *login_of(const struct listing *l, const struct vault_bmc *b)
{
	if (b->user[0])
		return "own";
	if (b->group[0] && (has_group(&l->logins, b->group) || l->logins.more))
		return "group";
	return l->logins.standard ? "default" : "none";
}

static json_t *as_json(const struct vault_bmc *b, const char *login)
{
	json_t *macs = json_array();

	for (size_t i = 0; i < VAULT_BMC_MACS && b->machine.macs[i][0]; i++)
		(void)json_array_append_new(macs, json_string(b->machine.macs[i]));
	return json_pack("{s:s,s:s,s:s,s:o,s:s,s:s,s:i,s:s,s:s,s:s,s:s}", "name", b->machine.name,
	        "uuid", b->machine.uuid, "serial", b->machine.serial, "macs", macs, "type", b->type,
	        "address", b->address, "port", (int)b->port, "group", b->group, "user", b->user,
	        "login", login, "certificate", b->pin);
}

static const char *best_name(const struct vault_bmc *b)
{
	const struct vault_bmc_machine *m = &b->machine;

	return m->name[0] ? m->name : m->serial[0] ? m->serial : m->uuid[0] ? m->uuid : m->macs[0];
}

static int list_one(void *context, const struct vault_bmc *b)
{
	struct listing *l = context;
	const char *login = login_of(l, b);

	l->count++;
	l->without += strcmp(login, "none") == 0;
	if (l->json)
		return json_array_append_new(l->json, as_json(b, login)) < 0 ? -ENOMEM : 0;
	if (l->count == 1)
		printf("%-24s %-24s %-8s %-16s %-16s %-8s %s\n", "MACHINE", "ADDRESS", "KIND",
		        "GROUP", "USER", "LOGIN", "CERTIFICATE");
	printf("%-24s %-24s %-8s %-16s %-16s %-8s %s\n", best_name(b), b->address, b->type,
	        b->group[0] ? b->group : "-", b->user[0] ? b->user : "-", login,
	        b->pin[0] ? "known" : "-");
	return 0;
}

static void print_json(json_t *json)
{
	(void)json_dumpf(json, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(json);
}

int verb_bmc_list(int argc, char **argv)
{
	struct listing l = {0};
	struct error err = {0};
	struct place p;
	int status = place_open(argc, argv, &p, &err);

	if (status == 0 && p.o.json)
		l.json = json_array();
	if (status == 0 && (vault_bmc_logins(p.vault, note_login, &l.logins, &err) < 0 ||
	                           vault_bmc_each(p.vault, 0, list_one, &l, &err) < 0))
		status = verb_fail(&err);
	place_close(&p);
	if (l.json)
		print_json(json_pack("{s:i,s:o}", "v", 1, "controllers", l.json));
	else if (status == 0)
		printf("%" PRIu64 " management controllers%s\n", l.count,
		        l.without ? "; those with login \"none\" can't be used yet: netmend power "
		                    "login"
		                  : "");
	return status;
}

/* --- logins ---------------------------------------------------------------------------------- */

static int print_login(void *context, const char *group, const char *user)
{
	json_t *list = context;

	if (list)
		return json_array_append_new(
		               list, json_pack("{s:s,s:s}", "group", group, "user", user)) < 0
		               ? -ENOMEM
		               : 0;
	printf("%-24s %s\n", group[0] ? group : "(default)", user);
	return 0;
}

int verb_bmc_logins(int argc, char **argv)
{
	struct error err = {0};
	struct place p;
	int status = place_open(argc, argv, &p, &err);
	json_t *list = status == 0 && p.o.json ? json_array() : NULL;

	if (status == 0 && vault_bmc_logins(p.vault, print_login, list, &err) < 0)
		status = verb_fail(&err);
	place_close(&p);
	if (list)
		print_json(json_pack("{s:i,s:o}", "v", 1, "logins", list));
	return status;
}

/* Words: group, user; without user it is removed. The password comes through --secret-fd. */
int verb_bmc_login(int argc, char **argv)
{
	struct secret *typed CLEANUP_SECRET = NULL, *password CLEANUP_SECRET = NULL;
	struct error err = {0};
	struct place p;
	int status = place_open(argc, argv, &p, &err);
	char **word = p.o.words;

	if (status == 0 &&
	        (!word[0] || (word[1] && word[2]) || (word[1] != NULL) != (p.o.secret_fd >= 0)))
		status = VERB_USAGE;
	if (status == 0 && word[1]) {
		if (vault_verb_read(p.o.secret_fd, NM_MAX_PASSPHRASE, &typed, &err) < 0)
			status = verb_fail(&err);
		else if (!(password = secret_new(typed->len + 1)))
			status = 1;
		else
			memcpy(password->data, typed->data, typed->len);
	}
	if (status == 0) {
		int r = record(p.audit, "bmc-login",
		        json_pack("{s:s,s:s,s:b}", "group", word[0], "user", word[1] ? word[1] : "",
		                "removed", word[1] == NULL),
		        &err);
		if (r == 0)
			r = vault_bmc_login_put(p.vault, word[0], word[1], password, &err);
		if (r == -ENOENT)
			(void)error_set(&err, r, REASON_NOT_FOUND, "there is no login of %s%s",
			        word[0][0] ? "group " : "that name: ",
			        word[0][0] ? word[0] : SAYS_DEFAULT);
		status = r < 0 ? verb_fail(&err) : 0;
	}
	if (status == 0)
		printf("%s%s: %s\n", word[0][0] ? "login of group " : SAYS_DEFAULT, word[0],
		        word[1] ? "kept" : "removed");
	place_close(&p);
	return status;
}

/* --- one record ------------------------------------------------------------------------------ */

/* What a person calls a machine by: any of its identities. */
static int find(struct vault *v, const char *word, struct vault_bmc *ret, struct error *err)
{
	int r = -ENOENT;

	for (int kind = 0; r == -ENOENT && kind < 4; kind++) {
		struct vault_bmc_machine m = {0};
		char *fields[] = {m.uuid, m.serial, m.macs[0], m.name};
		static const size_t sizes[] = {
		        sizeof(m.uuid), sizeof(m.serial), sizeof(m.macs[0]), sizeof(m.name)};
		if (strlen(word) < sizes[kind]) {
			text_clean(fields[kind], sizes[kind], word);
			r = vault_bmc_find(v, &m, false, ret, err);
		}
	}
	return r == -ENOENT ? error_set(err, r, REASON_NOT_FOUND,
	                              "no management controller of %s is known: netmend power "
	                              "list",
	                              word)
	                    : r;
}

static int change(struct place *p, bool forget, struct vault_bmc *b, struct error *err)
{
	int r = find(p->vault, p->o.words[0], b, err);

	if (r == 0)
		r = record(p->audit, forget ? "bmc-forget-certificate" : "bmc-remove",
		        json_pack("{s:s,s:s,s:s}", "machine", best_name(b), "address", b->address,
		                "certificate", b->pin),
		        err);
	if (r == 0)
		r = forget ? vault_bmc_pin(p->vault, b->id, b->address, "", false, err)
		           : vault_bmc_remove(p->vault, b->id, err);
	return r;
}

static int change_one(int argc, char **argv, bool forget)
{
	struct vault_bmc b = {0};
	struct error err = {0};
	struct place p;
	int status = place_open(argc, argv, &p, &err);

	if (status == 0 && (!p.o.words[0] || p.o.words[1]))
		status = VERB_USAGE;
	if (status == 0 && change(&p, forget, &b, &err) < 0)
		status = verb_fail(&err);
	if (status == 0)
		printf("%s (%s): %s\n", best_name(&b), b.address,
		        !forget ? "removed"
		        : !b.pin[0]
		                ? "no certificate was known"
		                : "its certificate is forgotten; the next one it shows is kept");
	vault_bmc_clear(&b);
	place_close(&p);
	return status;
}

int verb_bmc_remove(int argc, char **argv)
{
	return change_one(argc, argv, false);
}

int verb_bmc_forget(int argc, char **argv)
{
	return change_one(argc, argv, true);
}
