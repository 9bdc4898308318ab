/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/escrow_keys.h"
#include "appliance/api/escrow_answer.h"
#include "appliance/api/input.h"

static int line_check(json_t *line, struct error *err)
{
	json_int_t from, to;
	const char *text;

	int r = input_unpack(
	        line, err, "lines", "{s:I, s:I, s:s}", "from", &from, "to", &to, "text", &text);
	return r == 0 ? input_check(from > 0 && to >= from, "lines.from", err) : r;
}

static int reason_check(json_t *reason, struct error *err)
{
	const char *text;
	json_int_t rows;

	int r = input_unpack(reason, err, "reasons", "{s:s, s:I}", "text", &text, "rows", &rows);
	return r == 0 ? input_check(rows > 0, "reasons.rows", err) : r;
}

static int each(json_t *list, const char *name, int (*check)(json_t *one, struct error *err),
        struct error *err)
{
	json_t *one;
	size_t i;

	int r = input_check(
	        json_is_array(list) && json_array_size(list) <= ESCROW_LIST_MAX, name, err);
	json_array_foreach(r == 0 ? list : NULL, i, one)
	{
		if (r == 0)
			r = check(one, err);
	}
	return r;
}

static int file_check(json_t *file, struct error *err)
{
	const char *name, *encoding, *columns;
	json_t *lines, *reasons;
	json_int_t n[8];

	int r = input_unpack(file, err, "files",
	        "{s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "name", &name,
	        "encoding", &encoding, "columns", &columns, "lines", &lines, "reasons", &reasons,
	        "rows", &n[0], "added", &n[1], "beside", &n[2], "present", &n[3], "repeated", &n[4],
	        "without_id", &n[5], "rejected", &n[6], "left_out", &n[7]);
	for (size_t i = 0; r == 0 && i < sizeof(n) / sizeof(n[0]); i++)
		r = input_check(n[i] >= 0, "files: a count", err);
	if (r == 0)
		r = each(lines, "lines", line_check, err);
	return r == 0 ? each(reasons, "reasons", reason_check, err) : r;
}

int escrow_keys_check(json_t *keys, struct error *err)
{
	const char *sha256;
	json_t *files;
	int approver, stored;

	int r = input_unpack(keys, err, "keys", "{s:s, s:b, s:b, s:o}", "sha256", &sha256,
	        "approver", &approver, "stored", &stored, "files", &files);
	if (r == 0)
		r = input_hex(sha256, 32, "keys.sha256", err);
	return r == 0 ? each(files, "files", file_check, err) : r;
}

void escrow_keys_add_up(const json_t *keys, struct escrow_keys_sum *ret)
{
	json_t *file;
	size_t i;

	*ret = (struct escrow_keys_sum){0};
	json_array_foreach(json_object_get(keys, "files"), i, file)
	{
		ret->added += json_integer_value(json_object_get(file, "added"));
		ret->present += json_integer_value(json_object_get(file, "present"));
		ret->rejected += json_integer_value(json_object_get(file, "rejected"));
	}
}
