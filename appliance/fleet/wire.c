/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/wire.h"
#include "appliance/fleet/change.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const kinds[WIRE_KINDS] = {"other", "pxe", "http", "ipxe", "windows"};

/* ---- lines ---- */

/* A new one in place of the oldest when it is not there. */
static struct wire_line *line_of(struct wire *w, const char *mac, enum wire_kind kind)
{
	struct wire_line *line = &w->lines[0];

	for (size_t i = 0; i < w->line_count; i++) {
		struct wire_line *l = &w->lines[i];
		if (strcmp(l->heard.mac, mac) == 0 && strcmp(l->heard.kind, kinds[kind]) == 0)
			return l;
		if (l->heard.at < line->heard.at)
			line = l;
	}
	if (w->line_count < WIRE_LINES_MAX)
		line = &w->lines[w->line_count++];
	*line = (struct wire_line){0};
	(void)snprintf(line->heard.mac, sizeof(line->heard.mac), "%s", mac);
	(void)snprintf(line->heard.kind, sizeof(line->heard.kind), "%s", kinds[kind]);
	return line;
}

static void line_heard(struct wire *w, struct wire_line *line, const char *arch, int64_t now)
{
	line->heard.at = now;
	if (arch[0])
		(void)snprintf(line->heard.arch, sizeof(line->heard.arch), "%s", arch);
	line->unsaved = w->unsaved = true;
}

void wire_heard(struct wire *w, const char *mac, enum wire_kind kind, const char *arch,
        const char *vendor, int64_t now)
{
	struct wire_line *line = line_of(w, mac, kind);

	line_heard(w, line, arch, now);
	(void)snprintf(line->heard.vendor, sizeof(line->heard.vendor), "%s", vendor);
	if (now - line->judged > WIRE_JUDGED_MS)
		line->heard.answered = false;
}

void wire_judged(struct wire *w, const char *mac, enum wire_kind kind, const char *arch,
        bool answered, int64_t now)
{
	struct wire_line *line = line_of(w, mac, kind);

	line_heard(w, line, arch, now);
	line->heard.answered = answered;
	line->judged = now;
}

void wire_server(struct wire *w, const char *ip, const char *mac, int64_t now)
{
	size_t at = 0;

	for (size_t i = 0; i < w->server_count; i++) {
		if (strcmp(w->servers[i].ip, ip) == 0) {
			at = i;
			break;
		}
		if (w->servers[i].at < w->servers[at].at)
			at = i;
	}
	bool known = at < w->server_count && strcmp(w->servers[at].ip, ip) == 0;
	if (!known && w->server_count < WIRE_SERVERS_MAX)
		at = w->server_count++;
	struct store_dhcp_server *server = &w->servers[at];
	if (!known) {
		*server = (struct store_dhcp_server){0};
		(void)snprintf(server->ip, sizeof(server->ip), "%s", ip);
	}
	if (mac[0])
		(void)snprintf(server->mac, sizeof(server->mac), "%s", mac);
	server->at = now;
	w->server_unsaved[at] = w->unsaved = true;
}

/* ---- into the store ---- */

static int wire_save(struct fleet *f, struct wire *w, int64_t now)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->line_count; i++)
		if (w->lines[i].unsaved)
			r = store_heard_save(f->store, f->appliance, &w->lines[i].heard);
	for (size_t i = 0; r == 0 && i < w->server_count; i++)
		if (w->server_unsaved[i])
			r = store_dhcp_server_save(f->store, f->appliance, &w->servers[i]);
	return r < 0 ? r : store_wire_trim(f->store, f->appliance, now, WIRE_LINES_MAX);
}

int wire_tick(struct fleet *f, struct wire *w)
{
	int64_t now = f->clock();

	if (!w->unsaved || (now >= w->saved && now - w->saved < WIRE_SAVE_MS))
		return 0;
	int r = store_begin(f->store, false);
	if (r == 0)
		r = change_end(f->store, wire_save(f, w, now));
	if (r < 0)
		return r;
	for (size_t i = 0; i < w->line_count; i++)
		w->lines[i].unsaved = false;
	memset(w->server_unsaved, 0, sizeof(w->server_unsaved));
	w->unsaved = false;
	w->saved = now;
	return 0;
}

/* ---- why ---- */

static bool asks_for_program(const struct store_heard *heard)
{
	return strcmp(heard->kind, kinds[WIRE_OTHER]) != 0 &&
	       strcmp(heard->kind, kinds[WIRE_WINDOWS]) != 0;
}

/* Those netboot/dnsmasq.conf.in has programs for; iPXE is one already. */
static bool has_program(const struct store_heard *heard)
{
	return !heard->arch[0] || strcmp(heard->kind, kinds[WIRE_IPXE]) == 0 ||
	       strcmp(heard->arch, "bios") == 0 || strcmp(heard->arch, "uefi-x64") == 0;
}

/* Relapsed and served too often are holds of our own; any other is a person's. */
static void why_held(const struct machine *m, char ret[WIRE_WHY_TEXT])
{
	bool ours = m->reason == REASON_RELAPSED || m->reason == REASON_SERVED_TOO_OFTEN;

	(void)snprintf(ret, WIRE_WHY_TEXT, "%s%s", ours ? "held: " : "",
	        reason_title(ours ? m->reason : REASON_HELD));
}

void wire_why(const struct store_heard *heard, const struct machine *m, bool scope_all,
        const char *dhcp, char ret[WIRE_WHY_TEXT])
{
	ret[0] = '\0';
	if (heard->answered)
		return;
	if (!asks_for_program(heard))
		(void)snprintf(
		        ret, WIRE_WHY_TEXT, "it asks for an address, not for a boot program");
	else if (!has_program(heard))
		(void)snprintf(ret, WIRE_WHY_TEXT, "there is no boot program for its firmware (%s)",
		        heard->arch);
	else if (m && m->held)
		why_held(m, ret);
	else if (m && m->done)
		(void)snprintf(ret, WIRE_WHY_TEXT, "repaired already");
	else if (m && m->campaign && !m->open)
		(void)snprintf(ret, WIRE_WHY_TEXT, "%s",
		        reason_title(m->state == STATE_held ? m->reason : REASON_WAVE_NOT_OPEN));
	else if (!(m && m->campaign) && !scope_all && !(m && m->in_scope))
		(void)snprintf(ret, WIRE_WHY_TEXT, "%s", reason_title(REASON_NOT_IN_SCOPE));
	else
		(void)snprintf(ret, WIRE_WHY_TEXT, "it should be; DHCP service: %s", dhcp);
}

/* ---- shown ---- */

/* It came for its boot script after we heard it: whoever named us to it, it was answered. With
 * [dhcp] mode = off that is all we know. */
static bool came(const struct store_heard *heard, const struct machine *m)
{
	return m && asks_for_program(heard) && m->state >= STATE_booting &&
	       m->state <= STATE_rebooting && m->last_seen >= heard->at;
}

struct wire_walk {
	json_t *heard, *servers;
	bool scope_all;
	const char *dhcp;
};

/* The line of another appliance that has the same one; NULL. */
static json_t *line_known(const json_t *list, const struct store_heard *heard)
{
	json_t *line;
	size_t i;

	json_array_foreach(list, i, line)
	{
		const char *mac = json_string_value(json_object_get(line, "mac"));
		const char *kind = json_string_value(json_object_get(line, "kind"));
		if (mac && kind && strcmp(mac, heard->mac) == 0 && strcmp(kind, heard->kind) == 0)
			return line;
	}
	return NULL;
}

static int heard_add(const struct store_heard *line, const struct machine *m, void *context)
{
	struct wire_walk *w = context;
	struct store_heard heard = *line;
	json_t *known = line_known(w->heard, line);
	char why[WIRE_WHY_TEXT];
	const char *name = !m ? "" : m->name[0] ? m->name : m->serial;
	int failed = 0;

	heard.answered |= came(line, m);
	wire_why(&heard, m, w->scope_all, w->dhcp, why);
	if (known && heard.answered)
		failed = json_object_set_new(known, "answered", json_true()) |
		         json_object_set_new(known, "why", json_string(""));
	else if (!known && json_array_size(w->heard) < WIRE_LINES_MAX)
		failed = json_array_append_new(w->heard,
		        json_pack("{s:I, s:s, s:s, s:I, s:s, s:s, s:s, s:b, s:s}", "at",
		                (json_int_t)heard.at, "mac", heard.mac, "name", name, "machine",
		                (json_int_t)(m ? m->id : 0), "kind", heard.kind, "arch", heard.arch,
		                "vendor", heard.vendor, "answered", heard.answered, "why", why));
	return failed ? -ENOMEM : 0;
}

static int server_add(const struct store_dhcp_server *server, void *context)
{
	struct wire_walk *w = context;

	return json_array_append_new(
	        w->servers, json_pack("{s:s, s:s, s:I, s:b}", "ip", server->ip, "mac", server->mac,
	                            "at", (json_int_t)server->at, "ours", server->ours));
}

int wire_show(struct store *s, int64_t now, bool scope_all, const char *dhcp, json_t **ret)
{
	struct wire_walk walk = {.heard = json_array(),
	        .servers = json_array(),
	        .scope_all = scope_all,
	        .dhcp = dhcp};
	/* Each of several appliances may have heard the same. */
	int r = store_heard(s, (size_t)4 * WIRE_LINES_MAX, heard_add, &walk);

	if (r == 0)
		r = store_dhcp_servers(s, WIRE_SERVERS_MAX, server_add, &walk);
	json_t *answer = json_pack("{s:i, s:I, s:o, s:o}", "v", 1, "now", (json_int_t)now, "heard",
	        walk.heard, "servers", walk.servers);
	if (r < 0) {
		json_decref(answer);
		return r;
	}
	*ret = answer;
	return 0;
}
