/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend-escrow serve`: opens everything, goes behind the walls, starts the threads. */
#include "appliance/escrow/bmc/desk.h"
#include "appliance/escrow/cases.h"
#include "fixer/base/json_wipe.h"
#include "appliance/escrow/keeper.h"
#include "appliance/escrow/server.h"
#include "appliance/escrow/snapshot.h"
#include "appliance/escrow/status.h"
#include "appliance/escrow/upload.h"
#include "appliance/escrow/verb.h"
#include "appliance/guard/guard.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Threads that work on cases: twice as many as keep the stretcher busy. */
#define LOCAL_MIN 32
#define LOCAL_MAX 192
#define REMOTE    32

struct options {
	const char *state, *socket;
	int settings_fd, listen_fd; /* -1: none */
	uid_t web_uid;
};

/* A number from 0, or -1. */
static long number(const char *text)
{
	char *end;

	errno = 0;
	long n = strtol(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && n >= 0 && n <= INT32_MAX ? n : -1;
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option table[] = {{"state", required_argument, NULL, 's'},
	        {"socket", required_argument, NULL, 'k'}, {"web-uid", required_argument, NULL, 'u'},
	        {"settings-fd", required_argument, NULL, 'f'},
	        {"listen-fd", required_argument, NULL, 'l'}, {0}};
	long uid = -1;
	int c;

	*o = (struct options){.settings_fd = -1, .listen_fd = -1};
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		long n = optarg ? number(optarg) : -1;
		if (c == 's')
			o->state = optarg;
		else if (c == 'k')
			o->socket = optarg;
		else if (c == 'u' && n >= 0)
			uid = n;
		else if (c == 'f' && n > STDERR_FILENO)
			o->settings_fd = (int)n;
		else if (c == 'l' && n > STDERR_FILENO)
			o->listen_fd = (int)n;
		else
			return -EINVAL;
	}
	o->web_uid = (uid_t)uid;
	return optind == argc && o->state && uid >= 0 && !o->socket == (o->listen_fd >= 0)
	               ? 0
	               : -EINVAL;
}

/* --- what is opened before the walls --------------------------------------------------------- */

static int open_stores(struct escrow *e, struct error *err)
{
	if (mkdir(e->state, 0700) < 0 && errno != EEXIST)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "cannot make %s: %s", e->state,
		        strerror(errno));
	int r = vault_open(e->state, &e->settings.vault, &e->vault, err);
	if (r == 0)
		r = audit_open(e->state, &e->audit, err);
	if (r == 0 && e->settings.syslog)
		audit_copy_to_syslog(e->audit);
	return r < 0 ? r : approvers_open(e->state, &e->approvers, err);
}

static int make_parts(struct escrow *e, struct error *err)
{
	e->box = box_key_new();
	e->gate = gate_new(&e->settings.rules, e->audit);
	e->refusals = refusals_new(e->audit, e->settings.rules.campaign);
	e->entered = entered_new();
	e->cases = cases_new(e);
	e->snapshot = snapshot_new(e);
	e->upload = upload_new();
	if (!e->box || !e->gate || !e->refusals || !e->entered || !e->cases || !e->snapshot ||
	        !e->upload)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	return gate_remember(e->gate, e->state, err);
}

static int raise_walls(const char *state, struct error *err)
{
	const struct guard_path paths[] = {{.path = state, .write = true}};
	bool locked = false;

	tzset(); /* for the system's log: the file of the time zone is out of reach afterwards */
	int r = guard_memory(&locked);
	if (r < 0)
		return error_set(err, r, REASON_INTERNAL, "cannot lock memory: %s", strerror(-r));
	if (!locked)
		log_warning("only keys are locked in memory, not the rest: the limit is too low");
	r = guard_paths(paths, 1);
	if (r == -EOPNOTSUPP)
		log_warning("this kernel has no Landlock: files are kept apart by users only");
	else if (r < 0)
		return error_set(err, r, REASON_INTERNAL, "Landlock: %s", strerror(-r));
	return guard_calls(GUARD_ESCROW, err);
}

/* --- threads --------------------------------------------------------------------------------- */

static bool needs_fetch(const struct settings *s)
{
	for (size_t i = 0; i < s->source_count; i++)
		if (strcmp(s->sources[i].type, "vault") != 0)
			return true;
	return false;
}

static int start_threads(struct escrow *e, unsigned processors, struct error *err)
{
	unsigned local = LOCAL_MIN;

	if (needs_fetch(&e->settings)) {
		e->fetch = fetch_client_new(e->settings.fetch);
		if (!e->fetch)
			return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	}
	e->sources = sources_new(&e->settings, e->vault, e->entered, e->fetch);
	e->stretcher = stretcher_new(processors);
	e->desk = bmc_desk_new(e);
	if (!e->sources || !e->stretcher || !e->desk ||
	        cases_start(
	                e->cases, local < LOCAL_MAX ? local : LOCAL_MAX, e->fetch ? REMOTE : 0) < 0)
		return error_set(
		        err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory, or no more threads");
	return record_append(e->audit, "start", status_start(e), err);
}

/* In the order in which they need each other. */
static void escrow_clear(struct escrow *e)
{
	snapshot_free(e->snapshot);
	cases_free(e->cases);
	stretcher_free(e->stretcher);
	sources_free(e->sources);
	fetch_client_free(e->fetch);
	upload_free(e->upload);
	entered_free(e->entered);
	refusals_free(e->refusals);
	gate_free(e->gate);
	box_key_free(e->box);
	approvers_free(e->approvers);
	audit_close(e->audit);
	vault_close(e->vault);
	settings_clear(&e->settings);
}

static int run(struct escrow *e, struct server *server, unsigned processors, struct error *err)
{
	int r = raise_walls(e->state, err);

	if (r == 0)
		r = start_threads(e, processors, err);
	struct keeper *keeper = r == 0 ? keeper_new(e) : NULL;
	if (r == 0 && !keeper)
		r = error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no more threads");
	if (r == 0) {
		log_info("ready: campaign %s, approval %s", e->settings.rules.campaign,
		        status_approval(e->settings.rules.approval));
		r = server_run(server, e);
		if (r < 0)
			(void)error_set(err, r, REASON_INTERNAL, "%s", strerror(-r));
	}
	/* Who waits is let go. A snapshot wakes cases; cases refuse, the keeper writes how often.
	 */
	bmc_desk_free(e->desk);
	e->desk = NULL;
	cases_stop(e->cases);
	fetch_client_stop(e->fetch);
	if (e->stretcher)
		stretcher_stop(e->stretcher);
	snapshot_free(e->snapshot);
	cases_free(e->cases);
	e->snapshot = NULL;
	e->cases = NULL;
	keeper_free(keeper);
	return r;
}

int verb_serve(int argc, char **argv)
{
	struct options o;
	struct escrow e = {0};
	struct server *server = NULL;
	struct error err = {0};
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (parse(argc, argv, &o) < 0)
		return VERB_USAGE;
	json_wipe_init();
	json_object_seed(0);
	e.state = o.state;
	settings_defaults(&e.settings);
	int r = o.settings_fd >= 0 ? settings_read(o.settings_fd, &e.settings, &err) : 0;
	if (r == 0)
		r = open_stores(&e, &err);
	if (r == 0)
		r = make_parts(&e, &err);
	int fd = r < 0 ? r : o.socket ? guard_listen(o.socket, &err) : o.listen_fd;
	if (fd >= 0)
		server = server_new(fd, o.web_uid, &err);
	if (server)
		r = run(&e, server, processors > 0 ? (unsigned)processors : 1, &err);
	server_free(server);
	escrow_clear(&e);
	return server && r == 0 ? 0 : verb_fail(&err);
}
