/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is dnsmasq's log. In one piece and byte by byte, it gives the same events. */
#include "appliance/supervisor/dnsmasq_log.h"
#include "tests/fuzz/fuzz.h"

#include <sodium.h>

struct seen {
	size_t count;
	crypto_generichash_state hash; /* of all events */
};

static void look(const struct dnsmasq_event *event, void *context)
{
	struct seen *seen = context;

	must(event->kind <= DNSMASQ_NOTE);
	must(is_clean(event->ip, sizeof(event->ip)));
	must(memchr(event->text, 0, sizeof(event->text)));
	for (const char *c = event->text; *c; c++)
		must((unsigned char)*c >= 0x20 && *c != 0x7f);
	(void)crypto_generichash_update(
	        &seen->hash, (const unsigned char *)event->text, strlen(event->text));
	(void)crypto_generichash_update(&seen->hash, event->mac, sizeof(event->mac));
	seen->count++;
}

static void feed(const uint8_t *data, size_t size, size_t piece, struct seen *seen)
{
	struct dnsmasq_log log = {0};

	seen->count = 0;
	(void)crypto_generichash_init(&seen->hash, NULL, 0, 32);
	for (size_t at = 0; at < size; at += piece)
		dnsmasq_log_feed(&log, (const char *)data + at,
		        size - at < piece ? size - at : piece, look, seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole, split;
	unsigned char a[32], b[32];

	feed(data, size, size ? size : 1, &whole);
	feed(data, size, 1, &split);
	(void)crypto_generichash_final(&whole.hash, a, sizeof(a));
	(void)crypto_generichash_final(&split.hash, b, sizeof(b));
	must(whole.count == split.count && memcmp(a, b, sizeof(a)) == 0);
	return 0;
}
