/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is an audit log: 'R' and its bytes as they are, or 'B' and lines, each made a record
 * whose members it is, with the right hash. Lines are looked at as copies in another log, too. */
#include "appliance/escrow/audit/chain.h"
#include "appliance/escrow/audit/copy.h"
#include "appliance/escrow/audit/report.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define INPUT_MAX 65536

static char dir[64], log_path[80], head_path[80];

static void remove_all(void)
{
	(void)unlink(log_path);
	(void)unlink(head_path);
	(void)rmdir(dir);
}

static void make_dir(void)
{
	if (dir[0])
		return;
	/* In memory: every append waits for its disk. */
	(void)snprintf(dir, sizeof(dir), "/dev/shm/netmend-fuzz-audit-XXXXXX");
	must(mkdtemp(dir) != NULL);
	(void)snprintf(log_path, sizeof(log_path), "%s/" AUDIT_LOG, dir);
	(void)snprintf(head_path, sizeof(head_path), "%s/" AUDIT_HEAD, dir);
	must(atexit(remove_all) == 0);
}

static void store(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "we");

	must(f && fwrite(data, 1, len, f) == len && fclose(f) == 0);
}

/* The log and its head of those bodies. */
static void store_bodies(const char *text)
{
	struct buffer log;
	struct chain chain;
	char line[2048], head[128];

	chain_begin(&chain);
	buffer_init(&log, 4 * 1024 * 1024);
	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = text + strcspn(text, "\n");
		(void)snprintf(line, sizeof(line), "%.*s", (int)(end - text), text);
		(void)chain_add(&chain, "release", line, 1700000000000, &log);
	}
	store(log_path, log.data ? (const void *)log.data : "", log.len);
	int len = snprintf(head, sizeof(head), "%020llu %s %020llu\n",
	        (unsigned long long)chain.count, chain.hash, (unsigned long long)chain.end);
	store(head_path, head, (size_t)len);
	buffer_free(&log);
}

static uint64_t records(FILE *out)
{
	struct audit_verdict verdict;

	must(audit_verify(dir, NULL, out, &verdict, NULL) == 0);
	must(strlen(verdict.hash) == 64);
	return verdict.records;
}

static void read_all(FILE *out)
{
	const struct filter f = {.machine = "PC1", .since = 5};
	struct rotation list;

	must(audit_show(dir, &f, false, out, NULL) == 0);
	must(audit_export(dir, true, out, NULL) == 0);
	must(audit_export(dir, false, out, NULL) == 0);
	must(rotation_read(dir, &list, NULL) == 0);
	for (size_t i = 0; i < list.count; i++)
		must(list.due[i].times > 0 && list.due[i].first <= list.due[i].last);
	must(rotation_print(&list, ROTATION_CSV, out) == 0);
	(void)rotation_print(&list, ROTATION_JSON, out);
	rotation_clear(&list);
}

/* Whatever is there, the next record can be written and read. */
static void append_one(FILE *out)
{
	uint64_t before = records(out);
	json_t *none = json_object();
	struct audit *a;

	must(audit_open(dir, &a, NULL) == 0);
	must(audit_append(a, "start", none, NULL) == 0);
	audit_close(a);
	json_decref(none);
	must(records(out) > 0 && records(out) + 1 >= before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[INPUT_MAX + 1], hash[AUDIT_HASH];
	uint64_t n;

	if (size < 1 || size > INPUT_MAX)
		return 0;
	make_dir();
	memcpy(text, data + 1, size - 1);
	text[size - 1] = 0;
	if (copy_find(text, &n, hash))
		must(strlen(hash) == 64);
	(void)unlink(head_path);
	if (data[0] == 'B')
		store_bodies(text);
	else
		store(log_path, data + 1, size - 1);
	FILE *out = fopen("/dev/null", "we");
	must(out != NULL);
	read_all(out);
	append_one(out);
	(void)fclose(out);
	return 0;
}
