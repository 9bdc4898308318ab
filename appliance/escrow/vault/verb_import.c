/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/vault/import.h"
#include "appliance/escrow/vault/verb_vault.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATUS_REJECTED 3

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* Without SA_RESTART: a read that waits for a pipe ends too. */
static void stop_on_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)sigaction(signals[i], &action, NULL);
}

static void print_counts(const struct import *i, const struct import_counts *c)
{
	printf("%s: %" PRIu64 " added, %" PRIu64 " already there, %" PRIu64 " rejected%s\n",
	        i->name, c->added, c->present, c->rejected,
	        i->dry_run ? " (dry run: nothing was kept)" : "");
	if (c->repeated > 0)
		printf("  %" PRIu64 " repeated: an earlier row has the same key, it counts once\n",
		        c->repeated);
	if (c->beside > 0)
		printf("  %" PRIu64 " of them for a key ID that had another key: all are tried\n",
		        c->beside);
	if (c->without_id > 0)
		printf("  %" PRIu64
		       " of them without a key ID: found by name or serial number only\n",
		        c->without_id);
	for (int why = 0; why < IMPORT_REJECTS; why++)
		if (c->reasons[why] > 0)
			printf("  %" PRIu64 " rejected: %s\n", c->reasons[why],
			        import_reject_text((enum import_reject)why));
	if (c->stopped)
		printf("  stopped after %" PRIu64 " rows: import the file again for the rest\n",
		        c->rows);
}

static int record(struct audit *audit, const struct import *i, const struct import_counts *c,
        struct error *err)
{
	json_t *fields = json_pack("{s:s,s:I,s:I,s:I,s:I,s:b}", "file", i->name, "added",
	        (json_int_t)c->added, "present", (json_int_t)c->present, "repeated",
	        (json_int_t)c->repeated, "rejected", (json_int_t)c->rejected, "stopped",
	        (int)c->stopped);
	int r = fields ? audit_append(audit, "import", fields, err)
	               : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");

	json_decref(fields);
	return r;
}

/* fd is closed. 0, STATUS_REJECTED or 1. */
static int import_one(const struct import *i, int fd, struct audit *audit)
{
	struct import_counts counts = {0};
	struct error err = {0}, audit_err = {0};
	int r = import_csv(i, fd, &counts, &err);

	(void)close(fd);
	print_counts(i, &counts);
	(void)fflush(stdout);
	if (!i->dry_run && record(audit, i, &counts, &audit_err) < 0)
		return verb_fail(&audit_err);
	if (r < 0)
		return verb_fail(&err);
	if (counts.stopped)
		return 1;
	return counts.rejected > 0 ? STATUS_REJECTED : 0;
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

static int import_all(const struct vault_verb *o, struct vault *vault,
        struct vault_brought *brought, struct audit *audit)
{
	char standard_input[] = "0:standard input", *alone[] = {standard_input, NULL};
	char **word = o->words[0] ? o->words : alone;
	char name[NM_MAX_PATH];
	struct import i = {.vault = vault,
	        .brought = brought,
	        .name = name,
	        .report = stderr,
	        .dry_run = o->dry_run,
	        .on_screen = isatty(STDERR_FILENO),
	        .stop = &stop};
	int status = 0;

	for (; *word && !stop && status != 1; word++) {
		int fd = file_of(*word, name, sizeof(name));
		int one = fd < 0 ? VERB_USAGE : import_one(&i, fd, audit);
		if (one == VERB_USAGE)
			return one;
		status = one != 0 ? one : status;
	}
	if (*word)
		log_warning("%s and what follows was not imported", strchr(*word, ':') + 1);
	return status;
}

int verb_import(int argc, char **argv)
{
	struct vault_verb o;
	struct vault *vault = NULL;
	struct vault_brought *brought = NULL;
	struct audit *audit = NULL;
	struct error err = {0};

	if (vault_verb_options(argc, argv, &o) < 0)
		return VERB_USAGE;
	stop_on_signals();
	int r = vault_verb_open_both(&o, &vault, &audit, &err);
	if (r == 0)
		r = vault_verb_walls(&o, &err);
	if (r == 0 && !(brought = vault_brought_new()))
		r = error_set(&err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	int status = r < 0 ? verb_fail(&err) : import_all(&o, vault, brought, audit);
	vault_brought_free(brought);
	audit_close(audit);
	vault_close(vault);
	return status;
}
