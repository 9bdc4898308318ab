/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Recovery keys that a person brings through the status page: the files come in sealed parts, are
 * looked at, and are stored when that is ordered with the hash of what was looked at. Web carries
 * boxes; where approvers are enrolled, one of them has to say so with the passphrase, so that web
 * cannot put keys into the vault by itself. Where none is, it can: one more candidate each, tried
 * after all others on the machine's own blob, and no more of them than NM_MAX_PAGE_KEYS.
 */
#include "appliance/escrow/cases.h"
#include "appliance/escrow/clock.h"
#include "appliance/escrow/keys_report.h"
#include "appliance/escrow/orders.h"
#include "appliance/escrow/upload.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <string.h>

static json_t *refusal(const struct message *m, const struct error *err)
{
	return message_answer(m->id, err->reason, err->text);
}

static bool approvers_are_enrolled(struct escrow *e)
{
	char names[1][APPROVER_NAME];

	return approvers_list(e->approvers, names, 1) > 0;
}

/* What an answer tells of the files. Takes over r->files. */
static json_t *told(struct escrow *e, const struct message *m, const struct upload_content *c,
        struct keys_report *r, bool stored)
{
	json_t *a = message_answer(m->id, REASON_OK, "");
	json_t *keys = json_pack("{s:s,s:b,s:b,s:o}", "sha256", c->sha256, "approver",
	        approvers_are_enrolled(e), "stored", stored, "files", r->files);

	r->files = NULL;
	if (a && keys && json_object_set_new(a, "keys", keys) == 0)
		return a;
	json_decref(a);
	return message_answer(m->id, REASON_OUT_OF_MEMORY, "no memory");
}

/* --- the importer over all files ------------------------------------------------------------- */

/* seen: keys of the files before, which a look has not put there. */
static int room_left(struct vault *v, uint64_t seen, uint64_t *ret, struct error *err)
{
	uint64_t there = 0;
	int r = vault_count_page(v, &there, err);

	there += seen;
	*ret = there < NM_MAX_PAGE_KEYS ? NM_MAX_PAGE_KEYS - there : 0;
	return r;
}

static int no_room(struct error *err)
{
	return error_set(err, -EDQUOT, REASON_VALUE_BAD,
	        "more than %d keys from the status page are not kept: import the file on the "
	        "appliance, with netmend keys import",
	        NM_MAX_PAGE_KEYS);
}

static int import_one(const struct import *of_all, const struct keys_file *file,
        const uint8_t *bytes, struct keys_report *report, struct error *err)
{
	struct import import = *of_all;
	struct import_counts counts = {0};
	int r = room_left(import.vault, import.dry_run ? report->sum.added : 0, &import.room, err);

	if (r < 0)
		return r;
	if (keys_report_file(report, file->name) < 0)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	import.name = file->name;
	r = import_memory(&import, bytes, file->size, &counts, err);
	if (r == -EDQUOT)
		return no_room(err);
	if (r == 0 && keys_report_file_end(report, &counts) < 0)
		r = error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	return r;
}

/* Through a connection of its own: what is not committed yet must be no candidate for a machine
 * that asks meanwhile. */
static int import_all(struct escrow *e, const struct upload_content *c, bool dry_run,
        struct keys_report *report, struct error *err)
{
	struct import import = {.source = VAULT_PAGE,
	        .limited = true,
	        .brought = vault_brought_new(),
	        .listener = &report->listener,
	        .dry_run = dry_run};
	const uint8_t *at = c->bytes->data;
	int r = import.brought ? vault_again(e->vault, &import.vault, err)
	                       : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");

	for (size_t i = 0; r == 0 && i < c->file_count; i++) {
		r = import_one(&import, &c->files[i], at, report, err);
		at += c->files[i].size;
	}
	vault_close(import.vault);
	vault_brought_free(import.brought);
	return r;
}

/* --- look ------------------------------------------------------------------------------------ */

static int take_files(struct upload_content *c, const struct keys_order *o, struct error *err)
{
	size_t rest = c->bytes->len;

	for (size_t i = 0; i < o->file_count; i++) {
		if (o->files[i].size > rest)
			return error_set(err, -EBADMSG, REASON_VALUE_BAD,
			        "the files are larger than what came");
		rest -= o->files[i].size;
	}
	if (rest > 0)
		return error_set(
		        err, -EBADMSG, REASON_VALUE_BAD, "the files are smaller than what came");
	memcpy(c->files, o->files, sizeof(c->files));
	c->file_count = o->file_count;
	return 0;
}

static json_t *look(struct escrow *e, const struct message *m, const struct keys_order *o)
{
	struct upload_content *c;
	struct keys_report report;
	struct error err = {0};

	if (upload_open(e->upload, o->import, &c, &err) < 0)
		return refusal(m, &err);
	int r = take_files(c, o, &err);
	if (r == 0)
		r = keys_report_begin(&report);
	if (r == 0)
		r = import_all(e, c, true, &report, &err);
	json_t *a = r == 0 ? told(e, m, c, &report, false) : refusal(m, &err);
	if (r < 0)
		c->file_count = 0;
	upload_close(e->upload, false, clock_steady());
	keys_report_clear(&report);
	return a;
}

/* --- store ----------------------------------------------------------------------------------- */

/* Who says so, proved where somebody can; else "". */
static enum reason authenticate(
        struct escrow *e, const struct message *m, const struct keys_order *o)
{
	if (!approvers_are_enrolled(e))
		return REASON_OK;
	if (!o->approver[0] || !o->passphrase)
		return REASON_APPROVER_UNKNOWN;
	return approvers_verify(e->approvers, o->approver, o->passphrase, m->from, clock_wall());
}

static json_t *names_of(const struct upload_content *c)
{
	json_t *names = json_array();

	for (size_t i = 0; i < c->file_count; i++)
		(void)json_array_append_new(names, json_string(c->files[i].name));
	return names;
}

/* No record, no key: it is on disk before the first of them is. */
static int record(struct escrow *e, const struct message *m, const struct keys_order *o,
        const struct upload_content *c, struct error *err)
{
	json_t *fields = json_pack("{s:o,s:s,s:s,s:s,s:s,s:s,s:I}", "file", names_of(c), "source",
	        VAULT_PAGE, "from", m->from, "account", m->account, "by",
	        approvers_are_enrolled(e) ? o->approver : "", "sha256", c->sha256, "bytes",
	        (json_int_t)c->bytes->len);

	return record_append(e->audit, "import", fields, err);
}

static void record_end(struct escrow *e, const struct upload_content *c,
        const struct keys_report *report, const struct error *err)
{
	record_note(e->audit, "imported",
	        json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:s}", "source", VAULT_PAGE, "sha256",
	                c->sha256, "added", (json_int_t)report->sum.added, "present",
	                (json_int_t)report->sum.present, "repeated",
	                (json_int_t)report->sum.repeated, "rejected",
	                (json_int_t)report->sum.rejected, "text", err->text));
}

static int store_all(struct escrow *e, const struct message *m, const struct keys_order *o,
        const struct upload_content *c, struct keys_report *report, struct error *err)
{
	int r = record(e, m, o, c, err);

	if (r < 0)
		return r;
	r = import_all(e, c, false, report, err);
	record_end(e, c, report, err);
	if (report->sum.added > 0)
		cases_wake_all(e->cases);
	return r;
}

static json_t *store_opened(struct escrow *e, const struct message *m, const struct keys_order *o,
        const struct upload_content *c, bool *ret_done)
{
	struct keys_report report;
	struct error err = {0};

	if (c->file_count == 0 || strcmp(c->sha256, o->sha256) != 0)
		return message_answer(m->id, REASON_VALUE_BAD,
		        "these are not the files that were looked at: nothing was stored");
	enum reason reason = authenticate(e, m, o);
	if (reason != REASON_OK)
		return message_answer(m->id, reason, "");
	*ret_done = true;
	int r = keys_report_begin(&report);
	if (r == 0)
		r = store_all(e, m, o, c, &report, &err);
	if (r < 0)
		log_error("keys from the status page: %s", err.text);
	json_t *a = r == 0 ? told(e, m, c, &report, true) : refusal(m, &err);
	keys_report_clear(&report);
	return a;
}

static json_t *store(struct escrow *e, const struct message *m, const struct keys_order *o)
{
	struct upload_content *c;
	struct error err = {0};
	bool done = false;

	if (upload_open(e->upload, o->import, &c, &err) < 0)
		return refusal(m, &err);
	json_t *a = store_opened(e, m, o, c, &done);
	upload_close(e->upload, done, clock_steady());
	return a;
}

/* --- any of them ----------------------------------------------------------------------------- */

static json_t *carry_out(struct escrow *e, const struct message *m, const struct keys_order *o)
{
	struct error err = {0};
	int r = 0;

	switch (o->step) {
	case KEYS_PART:
		r = upload_part(e->upload, o, clock_steady(), &err);
		break;
	case KEYS_LOOK:
		return look(e, m, o);
	case KEYS_STORE:
		return store(e, m, o);
	case KEYS_DROP:
		r = upload_drop(e->upload, o->import, &err);
		break;
	}
	return r < 0 ? refusal(m, &err) : message_answer(m->id, REASON_OK, "");
}

static int may_import(struct escrow *e, struct error *err)
{
	if (!e->settings.page_import)
		return error_set(err, -EPERM, REASON_NOT_NOW,
		        "the configuration takes no keys from the status page ([escrow] "
		        "page-import): netmend keys import on the appliance does");
	if (vault_locked(e->vault))
		return error_set(err, -ENOKEY, REASON_VAULT_LOCKED,
		        "the vault is locked: netmend keys unlock on the appliance");
	return 0;
}

json_t *orders_keys(struct escrow *e, struct message *m)
{
	struct secret *plain CLEANUP_SECRET = NULL;
	struct keys_order o = {0};
	struct error err = {0};
	int r = may_import(e, &err);

	if (r == 0)
		r = box_open(e->box, BOX_KEYS, m->box, m->box_len, &plain, &err);
	if (r == 0)
		r = keys_order_parse(plain->data, plain->len, &o, &err);
	json_t *a = r == 0 ? carry_out(e, m, &o) : refusal(m, &err);
	keys_order_clear(&o);
	return a;
}
