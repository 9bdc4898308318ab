/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is the body of an answer of Entra ID's login or of Graph; every parser gets it. */
#include "appliance/fetch/graph_answer.h"
#include "tests/fuzz/fuzz.h"

#include <sodium.h>

/* Goes into a header or a form: nothing in it may end a line. */
static void must_be_ascii(const struct secret *s, size_t max)
{
	must(s->len >= 2 && s->len <= max + 1 && s->data[s->len - 1] == 0);
	for (size_t i = 0; i + 1 < s->len; i++)
		must(s->data[i] > ' ' && s->data[i] <= '~');
}

static void try_login(const char *text, size_t len)
{
	struct graph_token token = {0};
	struct graph_device device = {0};
	struct error err = {0};

	int r = graph_parse_token(text, len, &token, &err);
	must_explain(r, &err);
	if (r == 0) {
		must_be_ascii(token.access, GRAPH_TOKEN_MAX);
		if (token.refresh)
			must_be_ascii(token.refresh, GRAPH_TOKEN_MAX);
		must(token.seconds > 0 && token.seconds <= 86400);
		graph_token_clear(&token);
	}
	r = graph_parse_device(text, len, &device, &err);
	must_explain(r, &err);
	if (r == 0) {
		must_be_ascii(device.code, GRAPH_TOKEN_MAX);
		must(is_clean(device.user_code, sizeof(device.user_code)));
		must(is_clean(device.uri, sizeof(device.uri)));
		must(device.seconds > 0 && device.interval > 0);
		secret_free(device.code);
	}
}

static void try_graph(const char *text, size_t len)
{
	static const struct guid id = {{1, 2, 3}};
	struct secret *key = NULL;
	struct graph_page page = {0};
	struct error err = {0};

	int r = graph_parse_key(text, len, &id, &key, &err);
	must_explain(r, &err);
	must(r < 0 || (key->len > 1 && key->len <= 257 && key->data[key->len - 1] == 0));
	secret_free(key);
	r = graph_parse_page(text, len, &page, &err);
	must_explain(r, &err);
	if (r < 0)
		return;
	must(page.count <= GRAPH_PAGE_MAX && (!page.next || strlen(page.next) <= GRAPH_LINK_MAX));
	for (size_t i = 0; i < page.count; i++)
		must(strlen(page.records[i].device) < GUID_TEXT);
	graph_page_clear(&page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct graph_refusal why;

	must(sodium_init() >= 0);
	try_login(text, size);
	try_graph(text, size);
	graph_parse_refusal(text, size, &why);
	must(is_clean(why.code, sizeof(why.code)) && is_clean(why.message, sizeof(why.message)));
	return 0;
}
