/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people decide about a campaign. */
#include "appliance/fleet/campaign/run.h"
#include "appliance/fleet/change.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const verbs[CAMPAIGN_VERBS] = {
        "start", "pause", "resume", "open", "finish", "abort", "retry"};

int campaign_verb_parse(const char *name)
{
	for (int i = 0; i < CAMPAIGN_VERBS; i++)
		if (strcmp(verbs[i], name) == 0)
			return i;
	return -1;
}

/* ---- the draft ---- */

/* c's plan is malloc()ed, its recipe borrowed. */
static int fill(struct store_campaign *c, const struct plan *p)
{
	(void)snprintf(c->name, sizeof(c->name), "%s", p->name);
	(void)snprintf(c->approval, sizeof(c->approval), "%s", p->approval);
	c->window_from = p->from;
	c->window_until = p->until;
	c->dry_run = p->dry_run;
	c->plan = json_dumps(p->root, JSON_COMPACT);
	c->recipe = p->recipe;
	return c->plan ? 0 : -ENOMEM;
}

static int waves_make(struct store *s, int64_t id, const struct plan *p)
{
	struct store_wave waves[WAVES_MAX] = {0};
	size_t count = plan_wave_count(p);

	for (size_t i = 0; i < count; i++) {
		waves[i].number = (int)i + 1;
		(void)snprintf(waves[i].name, sizeof(waves[i].name), "%s", plan_wave_name(p, i));
	}
	return store_waves_set(s, id, waves, count);
}

int campaign_create(struct store *s, const struct plan *plan, const struct actor *actor,
        int64_t now, int64_t *ret_id)
{
	struct store_campaign c = {.state = CAMPAIGN_DRAFT, .reason = REASON_OK, .created = now};
	int64_t id = 0;

	(void)snprintf(c.created_by, sizeof(c.created_by), "%s", actor->name);
	int r = fill(&c, plan);
	if (r == 0)
		r = store_begin(s, true);
	if (r == 0) {
		r = store_campaign_add(s, &c, &id);
		if (r == 0)
			r = waves_make(s, id, plan);
		if (r == 0)
			r = campaign_note(s, &c, actor, "create", "", now);
		r = change_end(s, r);
	}
	free(c.plan);
	if (r == 0)
		*ret_id = id;
	return r;
}

static int replan(struct store *s, int64_t id, const struct plan *plan, const struct actor *actor,
        int64_t now)
{
	struct store_campaign c;

	int r = store_campaign_get(s, id, &c);
	if (r < 0)
		return r;
	if (c.state != CAMPAIGN_DRAFT) {
		store_campaign_free(&c);
		return -EPERM;
	}
	store_campaign_free(&c);
	r = fill(&c, plan);
	if (r == 0)
		r = store_campaign_save(s, &c);
	if (r == 0)
		r = waves_make(s, id, plan);
	if (r == 0)
		r = campaign_note(s, &c, actor, "change", "", now);
	free(c.plan);
	return r;
}

int campaign_replan(struct store *s, int64_t id, const struct plan *plan, const struct actor *actor,
        int64_t now)
{
	int r = store_begin(s, true);

	return r < 0 ? r : change_end(s, replan(s, id, plan, actor, now));
}

static int delete (struct store *s, int64_t id, const struct actor *actor, int64_t now)
{
	struct store_campaign c;

	int r = store_campaign_get(s, id, &c);
	if (r < 0)
		return r;
	r = c.state == CAMPAIGN_DRAFT ? store_campaign_delete(s, id) : -EPERM;
	if (r == 0)
		r = campaign_note(s, &c, actor, "delete", "", now);
	store_campaign_free(&c);
	return r;
}

int campaign_delete(struct store *s, int64_t id, const struct actor *actor, int64_t now)
{
	int r = store_begin(s, true);

	return r < 0 ? r : change_end(s, delete (s, id, actor, now));
}

/* ---- the line ---- */

static int not_now(struct error *err, const struct store_campaign *c, const char *what)
{
	return error_set(err, -EPERM, REASON_NOT_NOW, "the campaign is %s: %s",
	        campaign_state_name(c->state), what);
}

static int start(struct store *s, struct store_campaign *c, int64_t now, struct error *err)
{
	struct plan plan;

	if (c->state != CAMPAIGN_DRAFT)
		return not_now(err, c, "only a draft can be started");
	int r = campaign_plan(c, &plan, err);
	if (r < 0)
		return r;
	c->state = CAMPAIGN_RUNNING;
	c->started = c->judged = now;
	r = campaign_keep_reports(s, now);
	if (r == 0)
		r = campaign_gather(s, c, &plan, now);
	plan_clear(&plan);
	return r;
}

/* The next wave, the one named, or the next machines of its start order. */
static int open_by_hand(struct store *s, const struct store_campaign *c, int number, int64_t now,
        char *text, size_t size, struct error *err)
{
	struct store_wave waves[WAVES_MAX];
	size_t count, i = 0;
	int rank;

	if (c->state != CAMPAIGN_RUNNING)
		return not_now(err, c, "only a running one opens waves");
	int r = store_waves(s, c->id, waves, &count);
	if (r < 0)
		return r;
	while (i < count && (number ? waves[i].number != number : waves[i].opened != 0))
		i++;
	if (i == count)
		return not_now(err, c, number ? "it has no such wave" : "all its waves are open");
	if (!waves[i].opened) {
		waves[i].opened = now;
		(void)snprintf(text, size, "wave %s", waves[i].name);
		return store_wave_save(s, c->id, &waves[i]);
	}
	r = store_campaign_next_rank(s, c->id, number, waves[i].rank, &rank);
	if (r == -ENOENT)
		return not_now(err, c, "that wave is open");
	if (r < 0)
		return r;
	waves[i].rank = rank;
	(void)snprintf(text, size, "wave %s, start order %d", waves[i].name, rank);
	return store_wave_save(s, c->id, &waves[i]);
}

static int retry_one(struct store *s, int64_t id, const char *by, int64_t now, int64_t *count)
{
	struct machine m;
	char text[PLACE_TEXT + 16];
	bool unpowered = false;

	int r = store_machine_get(s, id, &m);
	if (r == 0)
		r = store_campaign_unpowered(s, id, &unpowered);
	if (r < 0)
		return r;
	if (!unpowered && campaign_standing(m.state, m.reason, m.held, true) != STANDING_FAILED)
		return 0;
	(void)snprintf(text, sizeof(text), "%s: once more", by);
	++*count;
	return change_again(s, &m, now, "campaign", text);
}

/* wave 0: none named. 1, 0 or what the store says. */
static int has_wave(struct store *s, const struct store_campaign *c, int wave)
{
	struct store_wave waves[WAVES_MAX];
	size_t count, i = 0;

	int r = store_waves(s, c->id, waves, &count);
	if (r < 0)
		return r;
	while (i < count && waves[i].number != wave)
		i++;
	return wave == 0 || i < count;
}

static int retry(struct store *s, const struct store_campaign *c, int wave, const char *by,
        int64_t now, int64_t *count, struct error *err)
{
	int64_t *ids = NULL;
	size_t n = 0;

	if (!campaign_is_live(c->state))
		return not_now(err, c, "nothing of it is tried again");
	int r = has_wave(s, c, wave);
	if (r <= 0)
		return r < 0 ? r : not_now(err, c, "it has no such wave");
	r = store_campaign_machines(s, c->id, wave, &ids, &n);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = retry_one(s, ids[i], by, now, count);
	free(ids);
	return r;
}

static void enter(struct store_campaign *c, enum campaign_state state)
{
	c->state = state;
	c->reason = REASON_OK;
	c->text[0] = '\0';
}

static int resume(struct store_campaign *c, int64_t now, struct error *err)
{
	struct plan plan;

	if (c->state != CAMPAIGN_PAUSED && c->state != CAMPAIGN_STOPPED)
		return not_now(err, c, "it does not stand still");
	int r = campaign_plan(c, &plan, err);
	if (r < 0)
		return r;
	plan_clear(&plan);
	enter(c, CAMPAIGN_RUNNING);
	c->judged = now;
	return 0;
}

static int pause_line(struct store_campaign *c, struct error *err)
{
	if (c->state != CAMPAIGN_RUNNING)
		return not_now(err, c, "only a running one can be paused");
	enter(c, CAMPAIGN_PAUSED);
	return 0;
}

/* Not of one whose machines are still away: that is an abort, and says so. */
static int finish(struct store *s, struct store_campaign *c, int64_t now, struct error *err)
{
	struct campaign_look look;
	struct plan plan;

	if (!campaign_is_live(c->state))
		return not_now(err, c, "there is nothing to finish");
	int r = campaign_plan(c, &plan, err);
	if (r < 0)
		return r;
	r = campaign_look(s, c, &plan, now, &look);
	plan_clear(&plan);
	if (r < 0)
		return r;
	if (!campaign_all_back(&look))
		return not_now(
		        err, c, "not every machine of it is back; abort ends it all the same");
	enter(c, CAMPAIGN_FINISHED);
	c->ended = now;
	(void)snprintf(c->text, sizeof(c->text), "every machine known was back");
	return 0;
}

static int abort_line(struct store_campaign *c, int64_t now, struct error *err)
{
	if (!campaign_is_live(c->state))
		return not_now(err, c, "there is nothing to abort");
	enter(c, CAMPAIGN_ABORTED);
	c->ended = now;
	return 0;
}

static int obey(struct store *s, struct store_campaign *c, const struct campaign_order *o,
        const struct actor *actor, int64_t now, int64_t *count, struct error *err)
{
	char what[NM_MAX_EVENT_TEXT] = "", text[NM_MAX_EVENT_TEXT + 1];
	int r = 0;

	switch (o->verb) {
	case CAMPAIGN_VERB_START:
		r = start(s, c, now, err);
		break;
	case CAMPAIGN_VERB_PAUSE:
		r = pause_line(c, err);
		break;
	case CAMPAIGN_VERB_RESUME:
		r = resume(c, now, err);
		break;
	case CAMPAIGN_VERB_OPEN:
		r = open_by_hand(s, c, o->wave, now, what, sizeof(what), err);
		break;
	case CAMPAIGN_VERB_FINISH:
		r = finish(s, c, now, err);
		break;
	case CAMPAIGN_VERB_ABORT:
		r = abort_line(c, now, err);
		break;
	case CAMPAIGN_VERB_RETRY:
		r = retry(s, c, o->wave, actor->name, now, count, err);
		(void)snprintf(what, sizeof(what), "%lld machines", (long long)*count);
		break;
	default:
		r = -EINVAL;
	}
	if (r < 0)
		return r;
	(void)snprintf(text, sizeof(text), "%s%s%.*s", what, what[0] && o->text[0] ? ": " : "",
	        NM_MAX_EVENT_TEXT / 2, o->text);
	text_clean(what, sizeof(what), text);
	return campaign_note(s, c, actor, verbs[o->verb], what, now);
}

static int act(struct store *s, int64_t id, const struct campaign_order *o,
        const struct actor *actor, int64_t now, int64_t *count, struct error *err)
{
	struct store_campaign c;
	bool changed = false;

	int r = store_campaign_get(s, id, &c);
	if (r < 0)
		return r;
	r = obey(s, &c, o, actor, now, count, err);
	if (r == 0)
		r = store_campaign_save(s, &c);
	/* What follows from it at once, and every machine in line. */
	if (r == 0)
		r = campaign_advance(s, &c, now, &changed);
	store_campaign_free(&c);
	return r;
}

int campaign_act(struct store *s, int64_t id, const struct campaign_order *order,
        const struct actor *actor, int64_t now, int64_t *ret_count, struct error *err)
{
	int64_t count = 0;
	int r = store_begin(s, true);

	if (r < 0)
		return r;
	r = change_end(s, act(s, id, order, actor, now, &count, err));
	if (r == 0)
		*ret_count = count;
	return r;
}
