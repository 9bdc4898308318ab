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
	                        "dnsmasq-dhcp[2719]: read /s/dnsmasq/answers\n"
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
	assert_string_equal(seen.events[1].text, "/s/dnsmasq/answers");
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
	        "dnsmasq-dhcp[1]: 7 vendor class: dnsmasq-dhcp[1]: read /s/dnsmasq/answers\n",
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
	                        "dnsmasq-dhcp[x]: read /s/dnsmasq/answers\n"
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
	/* Not at once: dnsmasq answers machines in between. */
	const int64_t at = RESYNC_EVERY_MS;
	assert_false(resync_must_signal(&s, at - 1));
	assert_true(resync_due(&s) == at);
	assert_true(resync_must_signal(&s, at));
	assert_false(resync_overdue(&s, at + RESYNC_LIMIT_MS - 1));
	assert_true(resync_overdue(&s, at + RESYNC_LIMIT_MS));
	assert_true(resync_due(&s) == at + RESYNC_LIMIT_MS);
	resync_goes_on(&s, at + 1);
	assert_false(resync_overdue(&s, at + RESYNC_LIMIT_MS));
	assert_true(resync_overdue(&s, at + 1 + RESYNC_LIMIT_MS));
	/* It died under the signal: asked again after the next start. */
	resync_lost(&s);
	assert_false(resync_must_signal(&s, at + 2));
	assert_true(resync_due(&s) == INT64_MAX);
	assert_int_equal(resync_read(&s, done), 0);
	assert_true(resync_must_signal(&s, at + 3));
	/* It was not sent: the same ones still wait. */
	resync_failed(&s);
	assert_true(resync_must_signal(&s, 2 * at + 3));
	assert_int_equal(resync_read(&s, done), 2);
	assert_int_equal(done[0], 2);
	assert_int_equal(done[1], 3);
	assert_false(resync_must_signal(&s, 4 * at));

	for (uint32_t i = 1; i <= RESYNC_PENDING_MAX; i++)
		assert_true(resync_request(&s, i));
	assert_false(resync_request(&s, 99));
	assert_int_equal(resync_take_all(&s, done), RESYNC_PENDING_MAX);
	assert_false(resync_must_signal(&s, 5 * at));
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
	uint8_t packet[600];
	struct watch_heard heard = {0};
	const struct control_message *m = &heard.client;

	(void)state;
	size_t len = make_request(packet, request, sizeof(request) - 1);
	assert_true(watch_parse(packet, len, &heard));
	assert_int_equal(m->type, CONTROL_DHCP);
	assert_int_equal(m->kind, CONTROL_DHCP_WINDOWS);
	assert_int_equal(m->mac[5], 3);
	assert_string_equal(m->ip, "10.9.0.7");
	assert_int_equal(heard.server.type, 0);
	/* Cut anywhere it is nothing, and nothing beyond the cut is read. */
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t copy[600];
		memcpy(copy, packet, cut);
		assert_false(watch_parse(copy, cut, &heard));
	}
	len = make_request(packet, discover, sizeof(discover) - 1);
	assert_true(watch_parse(packet, len, &heard));
	assert_string_equal(m->ip, "");
	packet[28] = 2; /* an answer, not a request */
	assert_false(watch_parse(packet, len, &heard));
	len = make_request(packet, release, sizeof(release) - 1);
	assert_false(watch_parse(packet, len, &heard));
	len = make_request(packet, discover, sizeof(discover) - 1);
	packet[0] = 0x4f; /* IP options to the very end */
	assert_false(watch_parse(packet, 60, &heard));
	packet[0] = 0x41;
	assert_false(watch_parse(packet, len, &heard));
}

static void others_are_heard(void **state)
{
	static const uint8_t other[] = "\x35\x01\x01\x3c\x08MSFT 5.1\xff";
	static const uint8_t nothing[] = "\x35\x01\x01\xff";
	static const uint8_t pxe[] =
	        "\x35\x01\x01\x5d\x02\x00\x07\x3c\x20PXEClient:Arch:00007:UNDI:"
	        "003016\xff";
	static const uint8_t ipxe[] = "\x35\x01\x03\x5d\x02\x00\x00\x36\x04\x0a\x09\x00\x63\x4d\x04"
	                              "iPXE\x3c\x20PXEClient:Arch:00000:UNDI:002001\xff";
	static const uint8_t http[] = "\x35\x01\x01\x3c\x0bHTTPClient\x07\xff";
	uint8_t packet[600];
	struct watch_heard heard;

	(void)state;
	const struct {
		const uint8_t *options;
		size_t len;
		uint32_t id;
		const char *vendor, *server;
	} cases[] = {
	        {other, sizeof(other), CONTROL_CLIENT_ID(CONTROL_CLIENT_OTHER, 0xffff), "MSFT 5.1",
	                ""},
	        {nothing, sizeof(nothing), CONTROL_CLIENT_ID(CONTROL_CLIENT_OTHER, 0xffff), "", ""},
	        {pxe, sizeof(pxe), CONTROL_CLIENT_ID(CONTROL_CLIENT_PXE, 7),
	                "PXEClient:Arch:00007:UNDI:003016", ""},
	        {ipxe, sizeof(ipxe), CONTROL_CLIENT_ID(CONTROL_CLIENT_IPXE, 0),
	                "PXEClient:Arch:00000:UNDI:002001", "10.9.0.99"},
	        {http, sizeof(http), CONTROL_CLIENT_ID(CONTROL_CLIENT_HTTP, 0xffff), "HTTPClient?",
	                ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = make_request(packet, cases[i].options, cases[i].len - 1);
		assert_true(watch_parse(packet, len, &heard));
		assert_int_equal(heard.client.kind, CONTROL_DHCP_HEARD);
		assert_int_equal(heard.client.id, cases[i].id);
		assert_string_equal(heard.client.text, cases[i].vendor);
		assert_string_equal(heard.server.ip, cases[i].server);
	}
}

static void machines_are_told_apart(void **state)
{
	static const uint8_t named[] = "\x35\x01\x01\x3c\x09PXEClient"
	                               "\x61\x11\x00\x44\x45\x4c\x4c\x43\x00\x10\x35\x80\x52"
	                               "\xb4\xc0\x4f\x56\x44\x33\xff";
	static const uint8_t asks[] = "\x35\x01\x03\x3c\x09PXEClient"
	                              "\x61\x11\x00\x44\x45\x4c\x4c\x43\x00\x10\x35\x80\x52"
	                              "\xb4\xc0\x4f\x56\x44\x33\xff";
	/* What is made of the MAC says nothing of the machine. */
	static const uint8_t of_mac[] = "\x35\x01\x01\x3c\x09PXEClient"
	                                "\x61\x11\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	                                "\x52\x54\x00\x01\x02\x03\xff";
	static const uint8_t odd[] = "\x35\x01\x01\x3c\x09PXEClient"
	                             "\x61\x05\x00\x44\x45\x4c\x4c\xff";
	uint8_t packet[600];
	struct watch_heard heard;

	(void)state;
	const struct {
		const uint8_t *options;
		size_t len;
		uint32_t ok;
		const char *uuid;
	} cases[] = {
	        {named, sizeof(named), 1, "4C4C4544-0043-3510-8052-B4C04F564433"},
	        {asks, sizeof(asks), 0, ""},
	        {of_mac, sizeof(of_mac), 1, ""},
	        {odd, sizeof(odd), 1, ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = make_request(packet, cases[i].options, cases[i].len - 1);
		assert_true(watch_parse(packet, len, &heard));
		assert_int_equal(heard.client.ok, cases[i].ok);
		assert_string_equal(heard.client.uuid, cases[i].uuid);
		for (size_t cut = 0; cut < len; cut++) {
			uint8_t copy[600];
			memcpy(copy, packet, cut);
			assert_false(watch_parse(copy, cut, &heard));
		}
	}
}

static void servers_are_heard(void **state)
{
	static const uint8_t offer[] =
	        "\x35\x01\x02\x36\x04\x0a\x09\x00\x63\x33\x04\x00\x00\x0e\x10\xff";
	static const uint8_t inform[] = "\x35\x01\x08\x36\x04\x0a\x09\x00\x63\xff";
	uint8_t packet[600];
	struct watch_heard heard;

	(void)state;
	size_t len = make_request(packet, offer, sizeof(offer) - 1);
	/* A client does not offer. */
	assert_false(watch_parse(packet, len, &heard));
	packet[28] = 2;
	assert_true(watch_parse(packet, len, &heard));
	assert_int_equal(heard.client.type, 0);
	assert_int_equal(heard.server.kind, CONTROL_DHCP_SERVER);
	assert_string_equal(heard.server.ip, "10.9.0.99");
	len = make_request(packet, inform, sizeof(inform) - 1);
	packet[28] = 2;
	assert_false(watch_parse(packet, len, &heard));
}

static void what_kind_of_client(void **state)
{
	struct seen seen =
	        feed("dnsmasq-dhcp[1]: 7 vendor class: PXEClient:Arch:00007:UNDI:003016\n"
	             "dnsmasq-dhcp[1]: 7 user class: iPXE\n"
	             "dnsmasq-dhcp[1]: 7 PXE(sls0) 52:54:00:11:22:33 proxy\n"
	             "dnsmasq-dhcp[1]: 8 vendor class: HTTPClient:Arch:00016:UNDI:003001\n"
	             "dnsmasq-dhcp[1]: 8 PXE(sls0) 52:54:00:11:22:34 proxy-ignored\n"
	             "dnsmasq-dhcp[1]: 9 vendor class: PXEClient\n"
	             "dnsmasq-dhcp[1]: 9 PXE(sls0) 52:54:00:11:22:35 proxy\n");

	(void)state;
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.events[0].client, CONTROL_CLIENT_ID(CONTROL_CLIENT_IPXE, 7));
	assert_int_equal(seen.events[1].client, CONTROL_CLIENT_ID(CONTROL_CLIENT_HTTP, 16));
	assert_int_equal(seen.events[2].client, CONTROL_CLIENT_ID(CONTROL_CLIENT_PXE, 0xffff));
	assert_string_equal(seen.events[2].text, "");
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
	        cmocka_unit_test(others_are_heard),
	        cmocka_unit_test(machines_are_told_apart),
	        cmocka_unit_test(servers_are_heard),
	        cmocka_unit_test(what_kind_of_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
