/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/swarm/judge.h"
#include "tests/bench/swarm/acts.h"

#include <stdio.h>
#include <string.h>

/* What the timeline tells of one attempt. */
struct seen {
	unsigned times[SWARM_EVENTS + 1]; /* event n of the fixer */
	unsigned sessions, bundles, results;
};

struct view {
	struct machine *m;
	struct seen seen[SWARM_BOOTS];
	unsigned boots, windows, keys;
	bool sent_on; /* it booted again before its Windows had been seen: no relapse yet */
	const char *state, *reason;
	json_int_t attempt;
};

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static size_t boot_of_attempt(const struct machine *m, json_int_t attempt)
{
	for (size_t i = 0; i < m->boot_count; i++)
		if (m->boots[i].attempt == attempt)
			return i;
	return SWARM_BOOTS;
}

/* An event of the fixer: its number, and all of it as it was sent. */
static void see_told(struct view *v, size_t boot, const json_t *event, json_int_t n)
{
	const struct boot *b = &v->m->boots[boot];
	char text[80];

	if (n < 1 || n > b->sent) {
		machine_problem(v->m, "event %lld of boot %zu was never sent", (long long)n, boot);
		return;
	}
	const struct act *act = &acts[b->told[n - 1]];
	act_text(v->m, boot, (unsigned)n, text, sizeof(text));
	if (strcmp(text_of(event, "text"), text) != 0 ||
	        strcmp(text_of(event, "state"), act->state) != 0 ||
	        strcmp(text_of(event, "step"), act->step) != 0 ||
	        strcmp(text_of(event, "reason"), reason_code(act->reason)) != 0)
		machine_problem(
		        v->m, "event %lld of boot %zu is not as it was sent", (long long)n, boot);
	for (json_int_t later = n + 1; later <= b->sent; later++)
		if (v->seen[boot].times[later])
			machine_problem(v->m, "event %lld of boot %zu comes after %lld",
			        (long long)n, boot, (long long)later);
	v->seen[boot].times[n]++;
}

/* A result that was lost on the way may come in when the machine is in its next attempt. */
static void see_result(struct view *v, const char *text)
{
	size_t machine, boot;

	if (sscanf(text, "machine %zu, boot %zu", &machine, &boot) != 2 ||
	        machine != v->m->number || boot >= v->m->boot_count)
		machine_problem(v->m, "a result that nobody sent: %.80s", text);
	else
		v->seen[boot].results++;
}

static void see(struct view *v, const json_t *event)
{
	const char *state = text_of(event, "state"), *step = text_of(event, "step");
	json_t *n = json_object_get(json_object_get(event, "numbers"), "n");
	size_t boot = boot_of_attempt(v->m, json_integer_value(json_object_get(event, "attempt")));

	v->boots += strcmp(step, "boot") == 0 && strcmp(state, "booting") == 0;
	v->windows += strcmp(step, "windows") == 0;
	v->sent_on |= strcmp(step, "boot") == 0 && strcmp(state, "rebooting") == 0;
	v->keys += strcmp(text_of(event, "text"), "key released") == 0;
	if (strcmp(step, "result") == 0)
		see_result(v, text_of(event, "text"));
	if (boot == SWARM_BOOTS) {
		/* A boot whose script never arrived. */
		if (n || strcmp(step, "session") == 0)
			machine_problem(v->m, "an event of an attempt that nobody made");
		return;
	}
	struct seen *seen = &v->seen[boot];
	if (n)
		see_told(v, boot, event, json_integer_value(n));
	seen->sessions += strcmp(step, "session") == 0 && strcmp(state, "running") == 0;
	seen->bundles += strcmp(step, "bundle") == 0;
}

/* What was answered has happened once; what was sent, once at most; all else, never. */
static void once(
        struct machine *m, size_t boot, const char *what, unsigned times, bool sent, bool taken)
{
	if (times < taken || times > sent)
		machine_problem(m, "boot %zu: %s %u times, sent %d, answered %d", boot, what, times,
		        sent, taken);
}

static void judge_boot(struct view *v, size_t i)
{
	const struct boot *b = &v->m->boots[i];
	const struct seen *seen = &v->seen[i];
	char what[24];

	for (unsigned n = 1; n <= b->sent; n++) {
		(void)snprintf(what, sizeof(what), "event %u", n);
		once(v->m, i, what, seen->times[n], true, n <= b->taken);
	}
	once(v->m, i, "session", seen->sessions, b->session_sent, b->session_taken);
	once(v->m, i, "bundle", seen->bundles, b->journal_sent, b->journal_taken);
	once(v->m, i, "result", seen->results, b->result_sent, b->result_taken);
}

/* Escrow may have answered a machine that was switched off. */
static void judge_keys(const struct view *v)
{
	unsigned least = 0, most = 0;

	for (size_t i = 0; i < v->m->boot_count; i++) {
		least += v->m->boots[i].key_taken;
		most += v->m->boots[i].session_sent;
	}
	if (v->keys < least || v->keys > most)
		machine_problem(
		        v->m, "%u keys released; %u came, of %u sessions", v->keys, least, most);
}

static void judge_bundles(struct machine *m, const json_t *bundles)
{
	for (size_t i = 0; i < m->boot_count; i++) {
		const struct boot *b = &m->boots[i];
		unsigned times = 0;
		size_t k;
		const json_t *bundle;
		json_array_foreach(bundles, k, bundle)
		{
			bool same = strcmp(text_of(bundle, "sha256"), b->sha256) == 0;
			times += same;
			if (same && m->expects_return &&
			        strcmp(text_of(bundle, "state"), "confirmed") != 0)
				machine_problem(m, "its bundle is not confirmed");
		}
		if (b->journal_sent)
			once(m, i, "saved bundle", times, true, b->journal_taken);
	}
}

static void judge_end(struct view *v)
{
	struct machine *m = v->m;
	bool back = strcmp(v->state, "returned") == 0;

	if (m->expects_return && (!back || v->windows != 1))
		machine_problem(m, "its Windows is up: %s (%s), seen %u times", v->state, v->reason,
		        v->windows);
	/* A repaired machine whose address refuses connections for minutes is taken for a Windows
	 * behind a firewall: one that never comes back, and one that fell silent after its result.
	 */
	bool told = m->boot_count > 0 && m->boots[m->boot_count - 1].result_sent;
	bool goodbye = m->story == STORY_never || (m->story == STORY_silent && told);
	if (!m->expects_return && !m->relapsed && !goodbye && (back || v->windows))
		machine_problem(m, "it never came back: %s", v->state);
	if (m->relapsed && v->windows && !v->sent_on && strcmp(v->reason, "RELAPSED") != 0)
		machine_problem(m, "relapsed: %s (%s)", v->state, v->reason);
	if (m->story == STORY_refused &&
	        (strcmp(v->state, "attention") != 0 || strcmp(v->reason, "NTFS_HIBERNATED") != 0))
		machine_problem(m, "cannot be repaired: %s (%s)", v->state, v->reason);
	bool repaired = m->story == STORY_good || m->story == STORY_restart ||
	                m->story == STORY_again || m->story == STORY_relapse;
	if (repaired && !m->expects_return && !m->relapsed)
		machine_problem(m, "not repaired: %s (%s)", v->state, v->reason);
}

void judge_machine(struct machine *m, const json_t *answer)
{
	struct view v = {.m = m};
	const json_t *row = json_object_get(answer, "machine");
	const json_t *timeline = json_object_get(answer, "timeline"), *event;
	size_t i;

	v.state = text_of(row, "state");
	v.reason = text_of(row, "reason");
	v.attempt = json_integer_value(json_object_get(row, "attempt"));
	json_array_foreach(timeline, i, event) see(&v, event);
	for (i = 0; i < m->boot_count; i++)
		judge_boot(&v, i);
	if (v.boots < m->boot_count || v.boots > m->boots_sent || v.attempt != v.boots)
		machine_problem(m,
		        "%zu scripts arrived, %u calls were made, %u are counted, attempt %lld",
		        m->boot_count, m->boots_sent, v.boots, (long long)v.attempt);
	judge_keys(&v);
	judge_bundles(m, json_object_get(answer, "bundles"));
	judge_end(&v);
}
