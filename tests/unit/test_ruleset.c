/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the host's packet filter does with packets of machines, by nft's JSON. */
#include "appliance/preflight/ruleset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct packet dhcp = {.interface = "eth0", .port = 67};
static const struct packet tftp = {.interface = "eth0", .port = 69};
static const struct packet http = {.interface = "eth0", .tcp = true, .port = 80};
static const struct packet transfer = {.interface = "eth0", .established = true, .port = 40000};

#define CHAIN(family, name, policy)                                              \
	"{\"chain\":{\"family\":\"" family "\",\"table\":\"t\",\"name\":\"" name \
	"\",\"type\":\"filter\",\"hook\":\"input\",\"prio\":0,\"policy\":\"" policy "\"}}"
#define PLAIN_CHAIN(name) "{\"chain\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"" name "\"}}"
#define RULE(chain, expr)                                                                        \
	"{\"rule\":{\"family\":\"inet\",\"table\":\"t\",\"chain\":\"" chain "\",\"expr\":[" expr \
	"]}}"
#define MATCH(left, right) "{\"match\":{\"op\":\"==\",\"left\":" left ",\"right\":" right "}}"
#define PORT(protocol)     "{\"payload\":{\"protocol\":\"" protocol "\",\"field\":\"dport\"}}"
#define ACCEPT             "{\"accept\":null}"
#define DROP               "{\"drop\":null}"
#define STATE              "{\"ct\":{\"key\":\"state\"}}"
#define XT(type, name)     "{\"xt\":{\"type\":\"" type "\",\"name\":\"" name "\"}}"

static enum ruling judge(const char *objects, const struct packet *packet)
{
	char text[4096];
	struct ruling_place place;

	(void)snprintf(text, sizeof(text), "{\"nftables\":[%s]}", objects);
	json_t *rules = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(rules);
	enum ruling ruling = ruleset_judge(rules, packet, &place);
	if (ruling != RULING_ACCEPT)
		assert_true(place.family[0] && place.table[0] && place.chain[0]);
	json_decref(rules);
	return ruling;
}

static void without_rules_everything_comes(void **state)
{
	(void)state;
	assert_int_equal(judge("", &dhcp), RULING_ACCEPT);
	assert_int_equal(judge(CHAIN("inet", "in", "accept"), &dhcp), RULING_ACCEPT);
	assert_int_equal(judge(CHAIN("ip6", "in", "drop"), &dhcp), RULING_ACCEPT);
}

static void the_policy_takes_the_rest(void **state)
{
	static const char rules[] =
	        CHAIN("inet", "in", "drop") "," RULE("in", MATCH(PORT("udp"), "67") "," ACCEPT);

	(void)state;
	assert_int_equal(judge(rules, &dhcp), RULING_ACCEPT);
	assert_int_equal(judge(rules, &tftp), RULING_DROP);
	assert_int_equal(judge(rules, &http), RULING_DROP);
	assert_int_equal(judge(CHAIN("ip", "in", "drop"), &dhcp), RULING_DROP);
}

static void sets_ranges_and_interfaces_are_read(void **state)
{
	static const char rules[] = CHAIN("inet", "in", "drop") "," RULE("in",
	        MATCH("{\"meta\":{\"key\":\"iifname\"}}", "\"eth1\"") "," ACCEPT) "," RULE("in",
	        MATCH("{\"meta\":{\"key\":\"iifname\"}}", "\"et*\"") "," MATCH(
	                PORT("udp"), "{\"set\":[67,{\"range\":[4000,4100]}]}") "," ACCEPT);
	const struct packet proxy = {.interface = "eth0", .port = 4011};

	(void)state;
	assert_int_equal(judge(rules, &dhcp), RULING_ACCEPT);
	assert_int_equal(judge(rules, &proxy), RULING_ACCEPT);
	assert_int_equal(judge(rules, &tftp), RULING_DROP);
}

static void a_drop_before_the_accept_counts(void **state)
{
	static const char rules[] = CHAIN("inet", "in", "accept") "," RULE("in",
	        MATCH(PORT("th"),
	                "69") ",{\"counter\":{\"packets\":0,\"bytes\":0}}," DROP) "," RULE("in",
	        ACCEPT);

	(void)state;
	assert_int_equal(judge(rules, &tftp), RULING_DROP);
	assert_int_equal(judge(rules, &http), RULING_ACCEPT);
}

static void a_rule_without_an_end_goes_on(void **state)
{
	static const char rules[] = CHAIN("inet", "in", "accept") "," RULE(
	        "in", "{\"counter\":{\"packets\":0,\"bytes\":0}}") "," RULE("in",
	        "{\"log\":null}") "," RULE("in", MATCH(PORT("udp"), "69") "," DROP);

	(void)state;
	assert_int_equal(judge(rules, &tftp), RULING_DROP);
	assert_int_equal(judge(rules, &dhcp), RULING_ACCEPT);
}

static void jumps_come_back_and_gotos_do_not(void **state)
{
	static const char jump[] = CHAIN("inet", "in", "drop") "," PLAIN_CHAIN("ours") "," RULE(
	        "in", "{\"jump\":{\"target\":\"ours\"}}") "," RULE("in", ACCEPT) "," RULE("ours",
	        MATCH(PORT("udp"), "69") ",{\"return\":null}") "," RULE("ours",
	        MATCH(PORT("udp"), "67") "," DROP);
	static const char go[] = CHAIN("inet", "in", "drop") "," PLAIN_CHAIN("ours") "," RULE(
	        "in", "{\"goto\":{\"target\":\"ours\"}}") "," RULE("in", ACCEPT);

	(void)state;
	assert_int_equal(judge(jump, &dhcp), RULING_DROP);
	assert_int_equal(judge(jump, &tftp), RULING_ACCEPT);
	assert_int_equal(judge(go, &dhcp), RULING_DROP);
}

static void a_chain_that_jumps_to_itself_ends(void **state)
{
	static const char rules[] = CHAIN("inet", "in", "accept") "," PLAIN_CHAIN("a") "," RULE(
	        "in", "{\"jump\":{\"target\":\"a\"}}") "," RULE("a",
	        "{\"jump\":{\"target\":\"a\"}}") "," RULE("a", "{\"jump\":{\"target\":\"a\"}}");

	(void)state;
	assert_int_equal(judge(rules, &dhcp), RULING_UNSURE);
}

static void states_tell_the_first_packet_from_the_rest(void **state)
{
	static const char list[] = CHAIN("inet", "in", "drop") "," RULE(
	        "in", MATCH(STATE, "[\"established\",\"related\"]") "," ACCEPT);
	static const char map[] = CHAIN("inet", "in", "drop") "," RULE("in",
	        "{\"vmap\":{\"key\":" STATE ",\"data\":{\"set\":[[\"invalid\"," DROP
	        "],[\"established\"," ACCEPT "]]}}}");

	(void)state;
	assert_int_equal(judge(list, &transfer), RULING_ACCEPT);
	assert_int_equal(judge(list, &dhcp), RULING_DROP);
	assert_int_equal(judge(map, &transfer), RULING_ACCEPT);
	assert_int_equal(judge(map, &dhcp), RULING_DROP);
}

static void what_cannot_be_judged_is_told(void **state)
{
	/* Where it comes from is not known: it may be let in. */
	static const char source[] = CHAIN("inet", "in", "drop") "," RULE(
	        "in", MATCH("{\"payload\":{\"protocol\":\"ip\",\"field\":\"saddr\"}}",
	                      "{\"prefix\":{\"addr\":\"10.0.0.0\",\"len\":8}}") "," ACCEPT);
	static const char named[] = CHAIN("inet", "in", "accept") "," RULE(
	        "in", MATCH(PORT("udp"), "\"@bad\"") "," DROP);
	static const char target[] =
	        CHAIN("inet", "in", "accept") "," RULE("in", XT("target", "SYNPROXY"));
	/* A rule that may only let in what comes in anyway is none of our worries. */
	static const char harmless[] = CHAIN("inet", "in", "accept") "," RULE(
	        "in", MATCH(PORT("udp"), "\"@good\"") "," ACCEPT);

	(void)state;
	assert_int_equal(judge(source, &dhcp), RULING_UNSURE);
	assert_int_equal(judge(named, &dhcp), RULING_UNSURE);
	assert_int_equal(judge(named, &http), RULING_ACCEPT);
	assert_int_equal(judge(target, &dhcp), RULING_UNSURE);
	assert_int_equal(judge(harmless, &dhcp), RULING_ACCEPT);
}

static void rules_of_iptables_are_read(void **state)
{
	static const char rules[] = CHAIN("inet", "in", "drop") "," RULE(
	        "in", XT("match", "conntrack") "," ACCEPT) "," RULE("in",
	        XT("match", "conntrack") "," DROP) "," RULE("in",
	        MATCH(PORT("udp"), "67") "," XT("match", "comment") "," ACCEPT) "," RULE("in",
	        XT("target", "LOG")) "," RULE("in",
	        MATCH(PORT("tcp"), "80") "," XT("match", "conntrack") "," ACCEPT) "," RULE("in",
	        MATCH(PORT("udp"), "69") "," XT("target", "REJECT")) "," RULE("in", ACCEPT);

	(void)state;
	assert_int_equal(judge(rules, &transfer), RULING_ACCEPT);
	assert_int_equal(judge(rules, &dhcp), RULING_ACCEPT);
	assert_int_equal(judge(rules, &tftp), RULING_DROP);
	assert_int_equal(
	        judge(CHAIN("inet", "in", "drop") "," RULE("in",
	                      MATCH(PORT("tcp"), "80") "," XT("match", "conntrack") "," ACCEPT),
	                &http),
	        RULING_UNSURE);
}

static void every_hook_has_its_say(void **state)
{
	static const char second[] = CHAIN("inet", "in", "accept") "," RULE(
	        "in", ACCEPT) ","
	                      "{\"chain\":{\"family\":\"ip\",\"table\":\"u\",\"name\":\"early\","
	                      "\"type\":\"filter\","
	                      "\"hook\":\"prerouting\",\"prio\":-300,\"policy\":\"drop\"}}";
	static const char ingress[] = "{\"chain\":{\"family\":\"netdev\",\"table\":\"u\",\"name\":"
	                              "\"i\",\"type\":\"filter\","
	                              "\"hook\":\"ingress\",\"prio\":0,\"policy\":\"accept\"}}";

	(void)state;
	assert_int_equal(judge(second, &dhcp), RULING_DROP);
	assert_int_equal(judge(ingress, &dhcp), RULING_UNSURE);
}

static void what_is_no_ruleset_says_nothing(void **state)
{
	struct ruling_place place;
	json_t *other = json_pack("{s:s}", "nftables", "no");

	(void)state;
	assert_int_equal(ruleset_judge(NULL, &dhcp, &place), RULING_UNSURE);
	assert_int_equal(ruleset_judge(other, &dhcp, &place), RULING_UNSURE);
	json_decref(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(without_rules_everything_comes),
	        cmocka_unit_test(the_policy_takes_the_rest),
	        cmocka_unit_test(sets_ranges_and_interfaces_are_read),
	        cmocka_unit_test(a_drop_before_the_accept_counts),
	        cmocka_unit_test(a_rule_without_an_end_goes_on),
	        cmocka_unit_test(jumps_come_back_and_gotos_do_not),
	        cmocka_unit_test(a_chain_that_jumps_to_itself_ends),
	        cmocka_unit_test(states_tell_the_first_packet_from_the_rest),
	        cmocka_unit_test(what_cannot_be_judged_is_told),
	        cmocka_unit_test(rules_of_iptables_are_read),
	        cmocka_unit_test(every_hook_has_its_say),
	        cmocka_unit_test(what_is_no_ruleset_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
