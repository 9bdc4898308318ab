/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/swarm/acts.h"
#include "tests/bench/swarm/judge.h"

#include <errno.h>
#include <stdio.h>

static json_t *event_json(const struct machine *m, size_t boot, unsigned n)
{
	const struct act *act = &acts[m->boots[boot].told[n - 1]];
	char text[80];

	act_text(m, boot, n, text, sizeof(text));
	return json_pack("{s:i,s:s,s:s,s:s,s:s,s:b}", "n", (int)n, "state", act->state, "step",
	        act->step, "reason", reason_code(act->reason), "text", text, "taken",
	        n <= m->boots[boot].taken);
}

static json_t *boot_json(const struct machine *m, size_t i)
{
	const struct boot *b = &m->boots[i];
	json_t *events = json_array();

	for (unsigned n = 1; n <= b->sent; n++)
		(void)json_array_append_new(events, event_json(m, i, n));
	return json_pack("{s:i,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:s,s:s,s:o}", "attempt", b->attempt,
	        "session_sent", b->session_sent, "session_taken", b->session_taken, "key_taken",
	        b->key_taken, "journal_sent", b->journal_sent, "journal_taken", b->journal_taken,
	        "result_sent", b->result_sent, "result_taken", b->result_taken, "sha256",
	        b->journal_sent ? b->sha256 : "", "result",
	        b->result_sent ? reason_code(b->result) : "", "events", events);
}

int ledger_write(const struct swarm *s, const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return -errno;
	for (size_t i = 0; i < s->options->machines; i++) {
		const struct machine *m = &s->machines[i];
		json_t *boots = json_array();
		for (size_t k = 0; k < m->boot_count; k++)
			(void)json_array_append_new(boots, boot_json(m, k));
		json_t *line = json_pack("{s:s,s:s,s:b,s:b,s:i,s:s,s:o}", "mac", m->mac, "story",
		        story_name(m->story), "returns", m->expects_return, "relapsed", m->relapsed,
		        "boots_sent", (int)m->boots_sent, "problem", m->problem, "boots", boots);
		int r = line ? json_dumpf(line, f, JSON_COMPACT) : -1;
		json_decref(line);
		if (r < 0 || fputc('\n', f) == EOF) {
			(void)fclose(f);
			return -EIO;
		}
	}
	return fclose(f) == 0 ? 0 : -EIO;
}
