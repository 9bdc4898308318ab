/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/row.h"
#include "appliance/fleet/group.h"
#include "appliance/fleet/operator.h"
#include "fixer/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ROW_MAX ((size_t)64 * 1024)

struct writer {
	struct buffer *out;
	int error; /* of the first append that failed; nothing is appended after it */
};

static void put(struct writer *w, const char *text, size_t len)
{
	if (w->error == 0)
		w->error = buffer_append(w->out, text, len);
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* One character that does not stand for itself: bytes of text it took. What is not UTF-8 becomes a
 * question mark: one broken name must not keep the fleet from being seen. */
static size_t put_special(struct writer *w, const char *text)
{
	unsigned char c = (unsigned char)text[0];
	char escape[8];

	if (c >= 0x80) {
		size_t len = utf8_char(text, NULL);
		put(w, len ? text : "?", len ? len : 1);
		return len ? len : 1;
	}
	if (c == '"' || c == '\\')
		(void)snprintf(escape, sizeof(escape), "\\%c", c);
	else
		(void)snprintf(escape, sizeof(escape), "\\u%04X", c);
	put(w, escape, strlen(escape));
	return 1;
}

static void put_text(struct writer *w, const char *text)
{
	put(w, "\"", 1);
	while (*text) {
		size_t plain = 0;
		while (is_plain((unsigned char)text[plain]))
			plain++;
		put(w, text, plain);
		text += plain;
		if (*text)
			text += put_special(w, text);
	}
	put(w, "\"", 1);
}

/* begin: with the comma or brace before the name and the colon after it. */
static void text_field(struct writer *w, const char *begin, const char *text)
{
	put(w, begin, strlen(begin));
	put_text(w, text);
}

static void number_field(struct writer *w, const char *begin, int64_t number)
{
	char digits[24];

	int len = snprintf(digits, sizeof(digits), "%" PRId64, number);
	put(w, begin, strlen(begin));
	put(w, digits, (size_t)len);
}

static void flag_field(struct writer *w, const char *begin, bool flag)
{
	put(w, begin, strlen(begin));
	put(w, flag ? "true" : "false", flag ? 4 : 5);
}

static void put_identity(struct writer *w, const struct machine *m)
{
	char name[NM_MAX_NAME + 1];

	fleet_machine_name(m, name);
	number_field(w, "{\"id\":", m->id);
	text_field(w, ",\"name\":", name);
	text_field(w, ",\"mac\":", m->mac);
	text_field(w, ",\"ip\":", m->ip);
	text_field(w, ",\"uuid\":", machine_uuid(m));
	text_field(w, ",\"serial\":", machine_serial(m));
	text_field(w, ",\"product\":", m->product);
}

static void put_state(struct writer *w, const struct machine *m)
{
	text_field(w, ",\"state\":", machine_state_name(m->state));
	text_field(w, ",\"reason\":", reason_code(m->reason));
	text_field(w, ",\"severity\":", reason_severity(m->reason));
	text_field(w, ",\"group\":", machine_group_name(machine_group(m->state, m->reason)));
	text_field(w, ",\"title\":", reason_title(m->reason));
	text_field(w, ",\"advice\":", reason_advice(m->reason));
	text_field(w, ",\"text\":", m->text);
	text_field(w, ",\"actor\":", reason_actor(m->reason));
	number_field(w, ",\"attempt\":", m->attempt);
	number_field(w, ",\"since\":", m->since);
	number_field(w, ",\"first_seen\":", m->first_seen);
	number_field(w, ",\"last_seen\":", m->last_seen);
	text_field(w, ",\"pairing\":", m->pairing);
	flag_field(w, ",\"in_scope\":", m->in_scope);
	flag_field(w, ",\"held\":", m->held);
	flag_field(w, ",\"done\":", m->done);
	flag_field(w, ",\"network_first\":", m->boot_order == MACHINE_BOOT_ORDER_NETWORK);
	text_field(w, ",\"safe_mode\":",
	        m->safe_mode > MACHINE_SAFE_MODE_NONE ? machine_safe_mode_name(m->safe_mode) : "");
}

static void put_place(struct writer *w, const struct machine *m)
{
	number_field(w, ",\"campaign\":", m->campaign);
	number_field(w, ",\"wave\":", m->wave);
	flag_field(w, ",\"open\":", m->open);
	flag_field(w, ",\"listed\":", m->listed);
	text_field(w, ",\"site\":", m->site);
	text_field(w, ",\"floor\":", m->floor);
	text_field(w, ",\"owner\":", m->owner);
	text_field(w, ",\"ring\":", m->ring);
	text_field(w, ",\"bmc\":", m->bmc);
	number_field(w, ",\"rank\":", m->rank);
	text_field(w, ",\"conflict\":", m->conflict);
	text_field(w, ",\"appliance\":", m->appliance);
}

int row_append(struct buffer *out, const struct machine *m)
{
	struct writer w = {.out = out};
	size_t before = out->len;

	put_identity(&w, m);
	put_state(&w, m);
	put_place(&w, m);
	put(&w, "}", 1);
	if (w.error < 0)
		out->len = before;
	return w.error;
}

json_t *row_object(const struct machine *m)
{
	struct buffer text;

	buffer_init(&text, ROW_MAX);
	json_t *row = row_append(&text, m) == 0
	                      ? json_loadb((const char *)text.data, text.len, 0, NULL)
	                      : NULL;
	buffer_free(&text);
	return row;
}
