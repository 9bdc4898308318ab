/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a campaign's plan. */
#include "appliance/fleet/campaign/plan.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void judge_wave(const struct plan_wave *w)
{
	must(is_clean(w->name, sizeof(w->name)) && w->name[0]);
	must(w->percent >= 0 && w->percent <= 100 && w->machines >= 0);
	must(!(w->percent && w->machines));
	must(w->returned_percent >= 0 && w->returned_percent <= 100);
	must(w->minutes >= 0 && w->minutes <= PLAN_MINUTES_MAX);
}

/* What a campaign shows of its plan is that plan. */
static void judge_again(const struct plan *p)
{
	struct plan again;
	struct error err = {0};

	must(plan_read(p->root, true, &again, &err) == 0);
	must(json_equal(p->root, again.root));
	must(strcmp(p->recipe, again.recipe) == 0);
	plan_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct store_candidate c = {.id = 7,
	        .name = "PC07",
	        .mac = "52:54:00:00:00:07",
	        .ip = "10.1.2.3",
	        .site = "Bern"};
	struct plan p;
	struct error err = {0};
	int quota[WAVES_MAX];
	int64_t taken[WAVES_MAX] = {0};

	int r = plan_parse((const char *)data, size, &p, &err);
	must_explain(r, &err);
	if (r < 0)
		return 0;
	must(is_clean(p.name, sizeof(p.name)) && p.name[0]);
	must(!p.until || p.until > p.from);
	must(p.wave_count <= NM_MAX_WAVES && p.stop_at_least > 0);
	for (size_t i = 0; i < p.wave_count; i++)
		judge_wave(&p.waves[i]);
	for (size_t i = 0; i < plan_wave_count(&p); i++)
		quota[i] = plan_quota(&p, i, 1000);
	(void)plan_in_scope(&p, &c);
	must(plan_wave_of(&p, &c, quota, taken) < plan_wave_count(&p));
	judge_again(&p);
	plan_clear(&p);
	return 0;
}
