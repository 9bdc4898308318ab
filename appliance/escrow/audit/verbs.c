/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What netmend-escrow does for `netmend audit`. */
#include "appliance/escrow/audit/report.h"
#include "appliance/escrow/verb.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

struct options {
	const char *state, *machine, *since, *done;
	bool json, csv, copied;
};

/* allowed: the short names of those options that the verb takes besides --state. */
static int parse(int argc, char **argv, const char *allowed, struct options *ret)
{
	static const struct option table[] = {{"state", required_argument, NULL, 's'},
	        {"machine", required_argument, NULL, 'm'}, {"since", required_argument, NULL, 't'},
	        {"done", required_argument, NULL, 'd'}, {"json", no_argument, NULL, 'j'},
	        {"csv", no_argument, NULL, 'c'}, {"copied", no_argument, NULL, 'k'}, {0}};
	struct options o = {0};
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c != 's' && !strchr(allowed, c))
			return -EINVAL;
		if (c == 's')
			o.state = optarg;
		else if (c == 'm')
			o.machine = optarg;
		else if (c == 't')
			o.since = optarg;
		else if (c == 'd')
			o.done = optarg;
		else if (c == 'j')
			o.json = true;
		else if (c == 'c')
			o.csv = true;
		else if (c == 'k')
			o.copied = true;
		else
			return -EINVAL;
	}
	if (optind != argc || !o.state || (o.json && o.csv))
		return -EINVAL;
	*ret = o;
	return 0;
}

int verb_audit_verify(int argc, char **argv)
{
	struct audit_verdict verdict;
	struct options o;
	struct error err = {0};

	if (parse(argc, argv, "k", &o) < 0)
		return VERB_USAGE;
	if (audit_verify(o.state, o.copied ? stdin : NULL, stdout, &verdict, &err) < 0)
		return verb_fail(&err);
	printf("%" PRIu64 " records, %s\n", verdict.records,
	        verdict.problems == 0 ? "chain whole" : "not as they were written");
	if (o.copied)
		printf("%" PRIu64 " of them compared with copies\n", verdict.compared);
	return verdict.problems == 0 ? 0 : 1;
}

int verb_audit_show(int argc, char **argv)
{
	struct options o;
	struct error err = {0};
	struct filter f = {0};

	if (parse(argc, argv, "jmt", &o) < 0)
		return VERB_USAGE;
	f.machine = o.machine;
	if (o.since && filter_since(o.since, (int64_t)time(NULL) * 1000, &f.since) < 0) {
		error_set(&err, -EINVAL, REASON_USAGE,
		        "--since is a time such as 2026-11-22T13:00:00Z or 2026-11-22, or how long "
		        "ago: 30m, 12h, 7d");
		return verb_fail(&err);
	}
	return audit_show(o.state, &f, o.json, stdout, &err) < 0 ? verb_fail(&err) : 0;
}

int verb_audit_export(int argc, char **argv)
{
	struct audit_verdict verdict;
	struct options o;
	struct error err = {0};

	if (parse(argc, argv, "jc", &o) < 0)
		return VERB_USAGE;
	if (audit_export(o.state, o.json, stdout, &err) < 0 ||
	        audit_verify(o.state, NULL, stderr, &verdict, &err) < 0)
		return verb_fail(&err);
	if (verdict.problems == 0)
		return 0;
	error_set(&err, -EBADMSG, REASON_AUDIT_FAILED,
	        "exported, but the record is not as it was written");
	return verb_fail(&err);
}

/* --- rotation -----------------------------------------------------------------------------------
 */

static int mark(
        struct audit *a, const struct rotation *list, const struct guid *id, struct error *err)
{
	char text[GUID_TEXT];
	size_t i = 0;

	guid_format(id, text);
	while (i < list->count && !guid_equal(&list->due[i].protector, id))
		i++;
	if (i == list->count) {
		fprintf(stderr, "%s: not due for rotation\n", text);
		return -ENOENT;
	}
	json_t *fields = json_pack("{s:s,s:s}", "protector", text, "machine",
	        list->due[i].machine ? list->due[i].machine : "");
	int r = fields ? audit_append(a, "rotated", fields, err)
	               : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	json_decref(fields);
	return r;
}

/* The first GUID in the line. */
static bool find_guid(const char *line, struct guid *ret)
{
	char piece[GUID_TEXT];

	for (; strlen(line) >= GUID_TEXT - 1; line++) {
		memcpy(piece, line, GUID_TEXT - 1);
		piece[GUID_TEXT - 1] = 0;
		if (guid_parse(piece, ret) == 0)
			return true;
	}
	return false;
}

/* One GUID, or "-": a list on standard input, one in each line; other lines are passed over. */
static int mark_done(const char *dir, const char *done, struct error *err)
{
	char *line CLEANUP_FREE = NULL;
	struct rotation list = {0};
	struct audit *a = NULL;
	size_t size = 0, marked = 0, others = 0;
	struct guid id;
	bool one = strcmp(done, "-") != 0;
	int r = one && guid_parse(done, &id) < 0
	                ? error_set(err, -EINVAL, REASON_USAGE, "--done takes a protector's GUID")
	                : rotation_read(dir, &list, err);

	if (r == 0)
		r = audit_open(dir, &a, err);
	while (r == 0 && (one || getline(&line, &size, stdin) > 0)) {
		if (one || find_guid(line, &id)) {
			r = mark(a, &list, &id, err);
			marked += r == 0;
			others += r == -ENOENT;
			r = r == -ENOENT ? 0 : r;
		}
		if (one)
			break;
	}
	audit_close(a);
	rotation_clear(&list);
	if (r == 0)
		printf("%zu marked as rotated, %zu were not due\n", marked, others);
	return r == 0 && others > 0 ? 1 : r;
}

int verb_audit_rotation(int argc, char **argv)
{
	struct rotation list;
	struct options o;
	struct error err = {0};

	if (parse(argc, argv, "jcd", &o) < 0 || (o.done && (o.json || o.csv)))
		return VERB_USAGE;
	if (o.done) {
		int r = mark_done(o.state, o.done, &err);
		return r < 0 ? verb_fail(&err) : r;
	}
	if (rotation_read(o.state, &list, &err) < 0)
		return verb_fail(&err);
	int r = rotation_print(&list,
	        o.json  ? ROTATION_JSON
	        : o.csv ? ROTATION_CSV
	                : ROTATION_TEXT,
	        stdout);
	rotation_clear(&list);
	return r < 0 ? 1 : 0;
}
