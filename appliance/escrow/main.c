/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netmend-escrow: the command line. */
#include "appliance/escrow/import.h"
#include "appliance/escrow/server.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] = "usage: netmend-escrow serve --state DIR --socket PATH --web-uid N\n"
                            "       netmend-escrow import --state DIR < FILE.csv\n"
                            "       netmend-escrow status --state DIR\n"
                            "       netmend-escrow audit-verify --state DIR\n"
                            "       netmend-escrow audit-show --state DIR [--json]\n"
                            "The process that holds recovery keys; usually started by `netmend "
                            "serve`, or through `netmend keys`.\n";

struct options {
	const char *state, *socket;
	uid_t web_uid;
	bool have_web_uid, json;
};

static int fail(const struct error *err)
{
	log_error("%s", err->text);
	return 1;
}

/* vault + audit of the state folder; both or neither. */
static int open_stores(
        const char *dir, struct vault **vault, struct audit **audit, struct error *err)
{
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "cannot make %s: %s", dir,
		        strerror(errno));
	int r = vault_open(dir, vault, err);
	if (r == 0)
		r = audit_open(dir, audit, err);
	if (r < 0) {
		vault_close(*vault);
		*vault = NULL;
	}
	return r;
}

static int do_serve(const struct options *o, struct vault *vault, struct audit *audit)
{
	struct error err = {0};
	struct stretched_cache *cache = stretched_cache_new();
	struct release *release = release_new(vault, audit, cache);
	json_t *none = json_object();
	int r = cache && release && none
	                ? audit_append(audit, "start", none, &err)
	                : error_set(&err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");

	if (r == 0)
		r = server_run(o->socket, o->web_uid, vault, release, &err);
	json_decref(none);
	release_free(release);
	stretched_cache_free(cache);
	return r < 0 ? fail(&err) : 0;
}

static int do_import(struct vault *vault, struct audit *audit)
{
	struct import_counts counts = {0};
	struct error err = {0};
	int r = import_csv(vault, STDIN_FILENO, stderr, &counts, &err);
	json_t *fields = json_pack("{s:I,s:I,s:I}", "added", (json_int_t)counts.added, "present",
	        (json_int_t)counts.present, "rejected", (json_int_t)counts.rejected);
	struct error audit_err = {0};

	if (audit_append(audit, "import", fields, &audit_err) < 0)
		log_error("%s", audit_err.text);
	json_decref(fields);
	printf("%" PRIu64 " added, %" PRIu64 " already there, %" PRIu64 " rejected\n", counts.added,
	        counts.present, counts.rejected);
	if (r < 0)
		return fail(&err);
	return counts.rejected > 0 ? 3 : 0;
}

static int do_status(struct vault *vault)
{
	uint64_t keys = 0;
	struct error err = {0};

	if (vault_count(vault, &keys, &err) < 0)
		return fail(&err);
	printf("%" PRIu64 " recovery keys in the vault\n", keys);
	return 0;
}

static int do_verify(const char *dir)
{
	uint64_t count = 0;
	struct error err = {0};

	if (audit_verify(dir, &count, &err) < 0)
		return fail(&err);
	printf("%" PRIu64 " records, chain whole\n", count);
	return 0;
}

static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option table[] = {{"state", required_argument, NULL, 's'},
	        {"socket", required_argument, NULL, 'k'}, {"web-uid", required_argument, NULL, 'u'},
	        {"json", no_argument, NULL, 'j'}, {0}};
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 's') {
			o->state = optarg;
		} else if (c == 'k') {
			o->socket = optarg;
		} else if (c == 'j') {
			o->json = true;
		} else if (c == 'u') {
			o->web_uid = (uid_t)strtoul(optarg, &end, 10);
			o->have_web_uid = end != optarg && *end == 0;
		} else {
			return -EINVAL;
		}
	}
	return optind == argc && o->state ? 0 : -EINVAL;
}

static int with_stores(const char *verb, const struct options *o)
{
	struct vault *vault = NULL;
	struct audit *audit = NULL;
	struct error err = {0};
	int status;

	if (open_stores(o->state, &vault, &audit, &err) < 0)
		return fail(&err);
	if (strcmp(verb, "serve") == 0)
		status = do_serve(o, vault, audit);
	else if (strcmp(verb, "import") == 0)
		status = do_import(vault, audit);
	else
		status = do_status(vault);
	audit_close(audit);
	vault_close(vault);
	return status;
}

int main(int argc, char **argv)
{
	struct options o = {0};
	struct error err = {0};
	const char *verb = argc > 1 ? argv[1] : "";

	log_init("netmend-escrow", false);
	(void)umask(077);
	if (secrets_init() < 0) {
		log_error("cannot protect the process's memory");
		return 1;
	}
	if (strcmp(verb, "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc < 2 || parse_options(argc - 1, argv + 1, &o) < 0 ||
	        (strcmp(verb, "serve") == 0 && (!o.socket || !o.have_web_uid))) {
		fputs(usage, stderr);
		return 2;
	}
	if (strcmp(verb, "audit-verify") == 0)
		return do_verify(o.state);
	if (strcmp(verb, "audit-show") == 0)
		return audit_show(o.state, o.json, stdout, &err) < 0 ? fail(&err) : 0;
	if (strcmp(verb, "serve") == 0 || strcmp(verb, "import") == 0 ||
	        strcmp(verb, "status") == 0)
		return with_stores(verb, &o);
	fputs(usage, stderr);
	return 2;
}
