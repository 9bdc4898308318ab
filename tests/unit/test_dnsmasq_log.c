/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dnsmasq's log as events: lines recorded from dnsmasq 2.90, and lines made to mislead. With it
 * what the events drive: the resync, and the watcher that sees what the log doesn't show. */
#include "appliance/supervisor/dnsmasq_log.h"
#include "appliance/supervisor/resync.h"
#include "appliance/supervisor/watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

struct seen {
	struct dnsmasq_event events[16];
	size_t count;
};

static void remember(const struct dnsmasq_event *event, void *context)
{
	struct seen *seen = context;

	assert_true(seen->count < 16);
	seen->events[seen->count++] = *event;
}

static struct seen feed(const char *text)
{
	struct dnsmasq_log log = {0};
	struct seen seen = {0};

	dnsmasq_log_feed(&log, text, strlen(text), remember, &seen);
	return seen;
}

static const char proxy_offer[] =
        "dnsmasq-dhcp[2719]: 3283147415 available DHCP subnet: 10.9.0.0/255.255.255.0\n"
        "dnsmasq-dhcp[2719]: 3283147415 vendor class: PXEClient:Arch:00007:UNDI:003016\n"
        "dnsmasq-dhcp[2719]: 3283147415 PXE(sls0) 52:54:00:11:22:33 proxy\n"
        "dnsmasq-dhcp[2719]: 3283147415 tags: serve, fw-ok, known, fw-x64, sls0\n"
        "dnsmasq-dhcp[2719]: 3283147415 bootfile name: x64/snponly.efi\n"
        "dnsmasq-dhcp[2719]: 3283147415 next server: 10.9.0.1\n"
        "dnsmasq-dhcp[2719]: 3283147415 broadcast response\n"
        "dnsmasq-dhcp[2719]: 3283147415 sent size:  1 option: 53 message-type  2\n";

static void proxy_mode(void **state)
{
	static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0x11, 0x22, 0x33};
	struct seen seen = feed(proxy_offer);

	(void)state;
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.events[0].kind, DNSMASQ_CLIENT);
	assert_memory_equal(seen.events[0].mac, mac, 6);
	assert_true(seen.events[0].served);
	assert_string_equal(seen.events[0].text, "uefi-x64");

	seen = feed("dnsmasq-dhcp[1]: 7 vendor class: PXEClient:Arch:00099:UNDI:003016\n"
	            "dnsmasq-dhcp[1]: 7 PXE(sls0) 52:54:00:11:22:33 proxy-ignored\n");
	assert_int_equal(seen.count, 1);
	assert_false(seen.events[0].served);
	assert_string_equal(seen.events[0].text, "arch 99");
}

static void full_mode(void **state)
{
	struct seen seen = feed(
	        "dnsmasq-dhcp[6579]: 2107118769 available DHCP range: 10.9.0.100 -- 10.9.0.120\n"
	        "dnsmasq-dhcp[6579]: 2107118769 vendor class: PXEClient:Arch:00000:UNDI:003016\n"
	        "dnsmasq-dhcp[6579]: 2107118769 DHCPDISCOVER(sls0) 52:54:00:11:22:33 \n"
	        "dnsmasq-dhcp[6579]: 2107118769 tags: serve, known, pxe, fw-x64, sls0\n"
	        "dnsmasq-dhcp[6579]: 2107118769 DHCPOFFER(sls0) 10.9.0.115 52:54:00:11:22:33 \n"
	        "dnsmasq-dhcp[6579]: 361862905 vendor class: MSFT 5.0\n"
	        "dnsmasq-dhcp[6579]: 361862905 DHCPDISCOVER(sls0) 52:54:00:aa:22:33 \n"
	        "dnsmasq-dhcp[6579]: 1743558152 vendor class: PXEClient:Arch:00007:UNDI:003016\n"
	        "dnsmasq-dhcp[6579]: 1743558152 DHCPDISCOVER(sls0) 10.9.0.7 52:54:00:aa:22:33 "
	        "ignored\n");

	(void)state;
	/* Windows in between is no network boot. */
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.events[0].text, "bios");
	assert_true(seen.events[0].served);
	assert_int_equal(seen.events[1].mac[3], 0xaa);
	assert_false(seen.events[1].served);
}

static void files_and_notes(void **state)
{
	struct seen seen = feed("dnsmasq-tftp[2719]: sent /s/tftp/x64/snponly.efi to 10.9.0.2\n"
	                        "dnsmasq-dhcp[2719]: read /s/dnsmasq/resync\n"
	                        "dnsmasq-tftp[2719]: file /s/tftp/nothere not found for 10.9.0.2\n"
	                        "\n"
	                        "dnsmasq: failed to create listening socket for 10.9.0.1: "
	                        "Address already in use\n");

	(void)state;
	assert_int_equal(seen.count, 4);
	assert_int_equal(seen.events[0].kind, DNSMASQ_SENT);
	assert_string_equal(seen.events[0].text, "/s/tftp/x64/snponly.efi");
	assert_string_equal(seen.events[0].ip, "10.9.0.2");
	assert_int_equal(seen.events[1].kind, DNSMASQ_READ);
	assert_string_equal(seen.events[1].text, "/s/dnsmasq/resync");
	assert_int_equal(seen.events[2].kind, DNSMASQ_NOTE);
	assert_int_equal(seen.events[3].kind, DNSMASQ_NOTE);
	assert_string_equal(seen.events[3].text,
	        "dnsmasq: failed to create listening socket for 10.9.0.1: Address already in use");
}

static void pieces_of_any_size(void **state)
{
	(void)state;
	for (size_t step = 1; step < sizeof(proxy_offer); step++) {
		struct dnsmasq_log log = {0};
		struct seen seen = {0};

		for (size_t at = 0; at < sizeof(proxy_offer) - 1; at += step) {
			size_t left = sizeof(proxy_offer) - 1 - at;
			dnsmasq_log_feed(
			        &log, proxy_offer + at, left < step ? left : step, remember, &seen);
		}
		assert_int_equal(seen.count, 1);
	}
}

static void hostile_lines(void **state)
{
	static const char *const nothing[] = {
	        /* What looks like a MAC but isn't one, or is cut. */
	        "dnsmasq-dhcp[1]: 7 PXE(s) 52:54:00:11:22 proxy\n",
	        "dnsmasq-dhcp[1]: 7 PXE(s) 52:54:00:11:22:3\n",
	        "dnsmasq-dhcp[1]: 7 PXE(s) 52:54:00:11:22:333 proxy\n",
	        "dnsmasq-dhcp[1]: 7 PXE(s) 06-52:54:00:11:22:33 proxy\n",
	        "dnsmasq-dhcp[1]: 7 PXE(s) \n",
	        "dnsmasq-dhcp[1]: 7 PXE(s\n",
	        "dnsmasq-dhcp[1]: 7 PXE(\n",
	        /* Another exchange's vendor class does not count. */
	        "dnsmasq-dhcp[1]: 8 PXE(s) 52:54:00:11:22:33 proxy\n",
	        /* Client strings that imitate other lines. */
	        "dnsmasq-dhcp[1]: 7 client provides name: PXE(s) 52:54:00:11:22:33 proxy\n",
	        "dnsmasq-dhcp[1]: 7 vendor class: dnsmasq-dhcp[1]: read /s/dnsmasq/resync\n",
	        "dnsmasq-dhcp[1]: 7 user class: sent /x to 10.0.0.1\n",
	        "dnsmasq-dhcp[1]: 7 \n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
		char text[300];
		struct seen seen;

		snprintf(text, sizeof(text),
		        "dnsmasq-dhcp[1]: 7 vendor class: PXEClient:Arch:00007\n%s", nothing[i]);
		seen = feed(text);
		assert_int_equal(seen.count, 0);
	}
	/* Numbers no exchange and no process has: not an exchange, so a note. */
	struct seen seen = feed("dnsmasq-dhcp[1]: 99999999999 PXE(s) 52:54:00:11:22:33 proxy\n"
	                        "dnsmasq-dhcp[x]: read /s/dnsmasq/resync\n"
	                        "dnsmasq-tftp[1]: sent /a to 10.0.0.1 to nowhere\n"
	                        "dnsmasq-tftp[1]: sent /a to 10.0.0.1 to 10.0.0.2\n");
	assert_int_equal(seen.count, 4);
	for (int i = 0; i < 3; i++)
		assert_int_equal(seen.events[i].kind, DNSMASQ_NOTE);
	assert_string_equal(seen.events[3].text, "/a to 10.0.0.1");
	assert_string_equal(seen.events[3].ip, "10.0.0.2");
}

static void endless_and_binary_lines(void **state)
{
	struct dnsmasq_log log = {0};
	struct seen seen = {0};
	char block[4096];

	(void)state;
	memset(block, 'A', sizeof(block));
	for (int i = 0; i < 100; i++)
		dnsmasq_log_feed(&log, block, sizeof(block), remember, &seen);
	dnsmasq_log_feed(&log, "\n", 1, remember, &seen);
	assert_int_equal(seen.count, 0);
	/* The next line counts again. */
	dnsmasq_log_feed(&log, "x\033[31m\n", 7, remember, &seen);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.events[0].text, "x?[31m");
	for (int i = 0; i < 256; i++)
		block[i] = (char)i;
	dnsmasq_log_feed(&log, block, 256, remember, &seen);
}

static void resync_answers_when_it_is_true(void **state)
{
	struct resync s = {0};
	uint32_t done[RESYNC_PENDING_MAX];

	(void)state;
	/* Before dnsmasq has started nothing is sent, and its first reading covers nobody. */
	assert_true(resync_request(&s, 1));
	assert_false(resync_must_signal(&s, 0));
	assert_int_equal(resync_read(&s, done), 0);
	assert_true(resync_must_signal(&s, 0));
	/* What comes while a signal is under way waits for the next one. */
	assert_true(resync_request(&s, 2));
	assert_true(resync_request(&s, 3));
	assert_false(resync_must_signal(&s, 1));
	assert_int_equal(resync_read(&s, done), 1);
	assert_int_equal(done[0], 1);
	assert_true(resync_must_signal(&s, 2));
	assert_false(resync_overdue(&s, 2 + RESYNC_LIMIT_MS - 1));
	assert_true(resync_overdue(&s, 2 + RESYNC_LIMIT_MS));
	/* It died under the signal: asked again after the next start. */
	resync_lost(&s);
	assert_false(resync_must_signal(&s, 3));
	assert_int_equal(resync_read(&s, done), 0);
	assert_true(resync_must_signal(&s, 4));
	assert_int_equal(resync_read(&s, done), 2);
	assert_int_equal(done[0], 2);
	assert_int_equal(done[1], 3);
	assert_false(resync_must_signal(&s, 5));

	for (uint32_t i = 1; i <= RESYNC_PENDING_MAX; i++)
		assert_true(resync_request(&s, i));
	assert_false(resync_request(&s, 99));
	assert_int_equal(resync_take_all(&s, done), RESYNC_PENDING_MAX);
	assert_false(resync_must_signal(&s, 6));
}

/* IP and UDP headers, then a BOOTREQUEST of 52:54:00:01:02:03 with these options. */
static size_t make_request(uint8_t *out, const void *options, size_t len)
{
	static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0x01, 0x02, 0x03};
	static const uint8_t cookie[4] = {0x63, 0x82, 0x53, 0x63};
	uint8_t *bootp = out + 28;

	memset(out, 0, 28 + 240);
	out[0] = 0x45;
	bootp[0] = bootp[1] = 1;
	bootp[2] = 6;
	memcpy(bootp + 28, mac, sizeof(mac));
	memcpy(bootp + 236, cookie, sizeof(cookie));
	memcpy(bootp + 240, options, len);
	return 28 + 240 + len;
}

static void windows_is_seen(void **state)
{
	static const uint8_t request[] = "\x35\x01\x03\x32\x04\x0a\x09\x00\x07\x3c\x08MSFT 5.0\xff";
	static const uint8_t discover[] = "\x00\x35\x01\x01\x3c\x08MSFT 5.0\xff";
	static const uint8_t release[] = "\x35\x01\x07\x3c\x08MSFT 5.0\xff";
	static const uint8_t other[] = "\x35\x01\x01\x3c\x08MSFT 5.1\xff";
	uint8_t packet[600];
	struct control_message m = {0};

	(void)state;
	size_t len = make_request(packet, request, sizeof(request) - 1);
	assert_true(watch_parse(packet, len, &m));
	assert_int_equal(m.type, CONTROL_DHCP);
	assert_int_equal(m.kind, CONTROL_DHCP_WINDOWS);
	assert_int_equal(m.mac[5], 3);
	assert_string_equal(m.ip, "10.9.0.7");
	/* Cut anywhere it is nothing, and nothing beyond the cut is read. */
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t copy[600];
		memcpy(copy, packet, cut);
		assert_false(watch_parse(copy, cut, &m));
	}
	len = make_request(packet, discover, sizeof(discover) - 1);
	assert_true(watch_parse(packet, len, &m));
	assert_string_equal(m.ip, "");
	packet[28] = 2; /* an answer, not a request */
	assert_false(watch_parse(packet, len, &m));
	len = make_request(packet, release, sizeof(release) - 1);
	assert_false(watch_parse(packet, len, &m));
	len = make_request(packet, other, sizeof(other) - 1);
	assert_false(watch_parse(packet, len, &m));
	len = make_request(packet, discover, sizeof(discover) - 1);
	packet[0] = 0x4f; /* IP options to the very end */
	assert_false(watch_parse(packet, 60, &m));
	packet[0] = 0x41;
	assert_false(watch_parse(packet, len, &m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(proxy_mode),
	        cmocka_unit_test(full_mode),
	        cmocka_unit_test(files_and_notes),
	        cmocka_unit_test(pieces_of_any_size),
	        cmocka_unit_test(hostile_lines),
	        cmocka_unit_test(endless_and_binary_lines),
	        cmocka_unit_test(resync_answers_when_it_is_true),
	        cmocka_unit_test(windows_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
