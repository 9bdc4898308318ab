/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The neighbour table as messages of the kernel tell it, built here from rtnetlink(7). */
#include "appliance/supervisor/neighbour.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1}, other[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t ip[4] = {10, 0, 0, 5};
static struct neighbours all;

static int setup(void **state)
{
	(void)state;
	all.count = 0;
	return 0;
}

struct entry {
	struct nlmsghdr header;
	struct ndmsg entry;
	char attributes[128];
};

static void attribute(struct entry *e, unsigned short type, const void *data, unsigned short len)
{
	struct rtattr a = {.rta_len = (unsigned short)RTA_LENGTH(len), .rta_type = type};
	char *at = (char *)e + NLMSG_ALIGN(e->header.nlmsg_len);

	memcpy(at, &a, sizeof(a));
	memcpy(at + RTA_LENGTH(0), data, len);
	e->header.nlmsg_len = NLMSG_ALIGN(e->header.nlmsg_len) + (unsigned)RTA_ALIGN(a.rta_len);
}

/* Confirmed so many hundredths of a second ago. */
static struct entry entry(uint16_t type, uint16_t state, const uint8_t card[6], uint32_t age)
{
	struct entry e = {
	        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ndmsg)), .nlmsg_type = type},
	        .entry = {.ndm_family = AF_INET, .ndm_state = state}};
	const struct nda_cacheinfo cache = {.ndm_confirmed = age};

	attribute(&e, NDA_DST, ip, sizeof(ip));
	if (card)
		attribute(&e, NDA_LLADDR, card, 6);
	attribute(&e, NDA_CACHEINFO, &cache, sizeof(cache));
	return e;
}

static void take(const struct entry *e, int64_t now)
{
	neighbours_read(&all, e, e->header.nlmsg_len, 100, now);
}

static void test_a_run(void **state)
{
	struct entry e = entry(RTM_NEWNEIGH, NUD_REACHABLE, mac, 200);

	(void)state;
	take(&e, 1000000);
	assert_int_equal(all.count, 1);
	assert_int_equal(all.list[0].since, 998000);
	e = entry(RTM_NEWNEIGH, NUD_STALE, mac, 4000);
	take(&e, 1060000);
	assert_int_equal(all.list[0].since, 998000);
	assert_int_equal(all.list[0].answered, 1020000);
	neighbours_expire(&all, 1020000 + NEIGHBOUR_GONE_MS);
	assert_int_equal(all.count, 1);
	neighbours_expire(&all, 1020000 + NEIGHBOUR_GONE_MS + 1);
	assert_int_equal(all.count, 0);
	/* What the kernel only remembers does not count. */
	e = entry(RTM_NEWNEIGH, NUD_STALE, mac, 7600);
	take(&e, 2000000);
	assert_int_equal(all.count, 0);
}

static void test_the_end_of_a_run(void **state)
{
	struct entry there = entry(RTM_NEWNEIGH, NUD_REACHABLE, mac, 0);
	const struct entry ends[] = {entry(RTM_NEWNEIGH, NUD_FAILED, NULL, 0),
	        entry(RTM_NEWNEIGH, NUD_INCOMPLETE, NULL, 0),
	        entry(RTM_DELNEIGH, NUD_REACHABLE, mac, 0)};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		take(&there, 1000000);
		assert_int_equal(all.count, 1);
		take(&ends[i], 1000001);
		assert_int_equal(all.count, 0);
	}
	/* Another card at the address begins anew. */
	take(&there, 1000000);
	there = entry(RTM_NEWNEIGH, NUD_REACHABLE, other, 0);
	take(&there, 1060000);
	assert_int_equal(all.count, 1);
	assert_int_equal(all.list[0].since, 1060000);
	assert_memory_equal(all.list[0].mac, other, 6);
}

static void test_what_is_passed_over(void **state)
{
	struct entry e = entry(RTM_NEWNEIGH, NUD_REACHABLE, mac, 0);

	(void)state;
	e.entry.ndm_family = AF_INET6;
	take(&e, 1000000);
	e = entry(RTM_NEWLINK, NUD_REACHABLE, mac, 0);
	take(&e, 1000000);
	e = entry(RTM_NEWNEIGH, NUD_REACHABLE, NULL, 0);
	take(&e, 1000000);
	/* Cut anywhere. */
	e = entry(RTM_NEWNEIGH, NUD_REACHABLE, mac, 0);
	for (unsigned len = 0; len < e.header.nlmsg_len; len++) {
		struct entry cut = e;
		neighbours_read(&all, &cut, len, 100, 1000000);
		cut.header.nlmsg_len = len;
		neighbours_read(&all, &cut, len, 100, 1000000);
	}
	assert_int_equal(all.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(test_a_run, setup),
	        cmocka_unit_test_setup(test_the_end_of_a_run, setup),
	        cmocka_unit_test_setup(test_what_is_passed_over, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
