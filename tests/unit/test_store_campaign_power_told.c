/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people are told of campaigns that switch their machines on: in the line and when it stops,
 * before the start, at the end. */
#include "tests/unit/campaign_power_fixture.h"

#include "appliance/fleet/campaign/report_page.h"

/* Machines nobody could switch on are failures like others, and it is said that they were not. */
static void test_line(void **state)
{
	struct plan p = {.wave_count = 1, .stop_percent = 10, .stop_at_least = 2};
	struct campaign_look l = {.state = CAMPAIGN_RUNNING,
	        .now = NOW,
	        .wave_count = 2,
	        .judged_returned = 3,
	        .judged_failed = 2};
	struct campaign_decision d;
	char line[CAMPAIGN_LINE];

	(void)state;
	l.waves[0] = (struct wave_now){.row = {.number = 1, .name = "canary", .opened = NOW},
	        .machines = 10,
	        .waiting = 5,
	        .returned = 3,
	        .failed = 2,
	        .power = {.bmc = 6, .people = 4, .failed = 1}};
	l.waves[1] = (struct wave_now){.row = {.number = 2, .name = "rest"}, .machines = 4};
	campaign_line(&p, &l, line, sizeof(line));
	assert_string_equal(line, "wave canary: 3 of 10 returned, 2 failed (1 not switched on); "
	                          "rest opens when all are back");
	p.power.drive = true;
	campaign_line(&p, &l, line, sizeof(line));
	assert_string_equal(line, "wave canary: 3 of 10 returned, 2 failed (1 not switched on), "
	                          "4 to start by hand (no management controller known); rest opens "
	                          "when all are back");
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.state, CAMPAIGN_STOPPED);
	assert_null(strstr(d.text, "switched on"));
	l.judged_power = 1;
	campaign_decide(&p, &l, &d);
	assert_string_equal(d.text, "2 of 5 machines failed, 40 %: the plan stops at 10 %; 1 of "
	                            "them could not be switched on");
}

static json_t *preview_of(struct fixture *f, const char *text)
{
	struct plan p;
	struct error err = {0};
	json_t *preview;

	assert_int_equal(plan_parse(text, strlen(text), &p, &err), 0);
	assert_int_equal(campaign_preview(f->store, &p, NOW, &preview), 0);
	plan_clear(&p);
	return preview;
}

static void wave_is(const json_t *preview, size_t wave, int bmc, int at_once)
{
	const json_t *w = json_array_get(json_object_get(preview, "waves"), wave);

	assert_int_equal(json_integer_value(json_object_get(w, "bmc")), bmc);
	assert_int_equal(json_integer_value(json_object_get(w, "at_once")), at_once);
}

static void problem_is(const json_t *preview, size_t at, const char *text)
{
	const json_t *problem = json_array_get(json_object_get(preview, "problems"), at);

	assert_string_equal(json_string_value(problem), text);
}

static void test_preview(void **state)
{
	struct fixture *f = *state;

#define PLAN(limits)                                                                   \
	"{\"name\":\"july\",\"scope\":{\"all\":true},\"waves\":[{\"name\":\"canary\"," \
	"\"machines\":1}],\"power\":{\"drive\":true," limits "}}"
	(void)server(f, 1);
	(void)machine(f, 2);
	for (int i = 3; i <= 7; i++)
		place(f, server(f, i), i < 6 ? "r1" : "r2", i == 3 ? "f1" : "f2", 0);
	(void)server(f, 8); /* in no rack, on no feed: nothing limits it */

	json_t *p = preview_of(f, PLAN("\"at_once\":100,\"per_rack\":0,\"per_feed\":0"));
	wave_is(p, 0, 1, 1);
	wave_is(p, 1, 6, 6);
	problem_is(p, 0,
	        "7 machines are switched off and on as their turn comes, but those that "
	        "answer as alive: let the scope hold only machines that are down");
	problem_is(p, 1,
	        "1 machines have no management controller that is known: people start "
	        "them");
	json_decref(p);
	p = preview_of(f, PLAN("\"at_once\":4,\"per_rack\":0,\"per_feed\":0"));
	wave_is(p, 1, 6, 4);
	json_decref(p);
	p = preview_of(f, PLAN("\"at_once\":100,\"per_rack\":2,\"per_feed\":0"));
	wave_is(p, 1, 6, 5);
	json_decref(p);
	p = preview_of(f, PLAN("\"at_once\":100,\"per_rack\":2,\"per_feed\":1"));
	wave_is(p, 1, 6, 3);
	json_decref(p);
	p = preview_of(f, TWO_WAVES_OF("july"));
	wave_is(p, 1, 6, 0);
	assert_int_equal(json_array_size(json_object_get(p, "problems")), 0);
	json_decref(p);
}

static void has(const struct buffer *b, const char *words)
{
	if (!memmem(b->data, b->len, words, strlen(words)))
		fail_msg("%s is not in %.*s", words, (int)b->len, (const char *)b->data);
}

static void test_report(void **state)
{
	struct fixture *f = *state;
	int64_t a = server(f, 1), b = server(f, 2), c = machine(f, 3);
	int64_t id = create(f, ONE_WAVE);
	struct buffer out;
	json_t *report;

	assert_int_equal(act(f, id, CAMPAIGN_VERB_START, NOW), 0);
	goes(f, a, POWER_STATE_DONE, NOW + 1000);
	fails(f, b, REASON_POWER_LOGIN, NOW + 1000);
	assert_int_equal(act(f, id, CAMPAIGN_VERB_ABORT, NOW + 2000), 0);
	assert_int_equal(campaign_report(f->store, id, NOW + 3000, &report), 0);
	const json_t *power = json_object_get(report, "power");
	assert_int_equal(json_integer_value(json_object_get(power, "switched")), 1);
	assert_int_equal(json_integer_value(json_object_get(power, "failed")), 1);
	const json_t *row = json_array_get(json_object_get(report, "machines"), 1);
	assert_int_equal(json_integer_value(json_object_get(row, "id")), b);
	assert_string_equal(json_string_value(json_object_get(row, "power")), "failed");
	assert_string_equal(json_string_value(json_object_get(row, "power_reason")), "POWER_LOGIN");
	assert_string_equal(json_string_value(json_object_get(row, "power_text")), "as it says");
	row = json_array_get(json_object_get(report, "machines"), 2);
	assert_int_equal(json_integer_value(json_object_get(row, "id")), c);
	assert_string_equal(json_string_value(json_object_get(row, "power")), "");

	buffer_init(&out, 1 << 20);
	assert_int_equal(report_page(report, &out), 0);
	has(&out, "<h2>Switched on by the campaign</h2><p>1 machines were started");
	has(&out, reason_title(REASON_POWER_LOGIN));
	has(&out, "<td>Switched on</td><td>by their management controllers: 7 at once");
	buffer_free(&out);
	buffer_init(&out, 1 << 20);
	assert_int_equal(report_csv(report, &out), 0);
	has(&out, ",power,power_reason,power_text\r\n");
	has(&out, ",\"failed\",\"POWER_LOGIN\",\"as it says\"\r\n");
	buffer_free(&out);
	json_decref(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_line),
	        STORE_TEST(test_preview),
	        STORE_TEST(test_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
