/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is what an appliance answers. In one piece and byte by byte, it means the same. */
#include "fixer/link/http_parse.h"
#include "tests/fuzz/fuzz.h"

#define BODY_MAX 4096

static int feed(const uint8_t *data, size_t size, size_t piece, struct http_parser *p,
        struct buffer *body, size_t *ret_used)
{
	size_t used = 0;
	int r = 0;

	buffer_init(body, BODY_MAX);
	http_parser_init(p, body);
	while (r == 0 && used < size) {
		size_t taken, len = size - used < piece ? size - used : piece;
		r = http_parser_feed(p, data + used, len, &taken);
		must(taken <= len && (taken == len || r != 0));
		used += taken;
	}
	*ret_used = used;
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_parser whole, split;
	struct buffer whole_body, split_body;
	size_t whole_used, split_used;

	int r = feed(data, size, size, &whole, &whole_body, &whole_used);
	int s = feed(data, size, 1, &split, &split_body, &split_used);
	must(r == s && whole.state == split.state);
	must(whole_body.len <= BODY_MAX);
	if (r < 0)
		must(whole.problem && strcmp(whole.problem, split.problem) == 0);
	if (r == 1) {
		must(whole.state == HTTP_DONE && whole_used == split_used);
		must(whole.status >= 200 && whole.status <= 599 && whole.status == split.status);
		must(whole_body.len == split_body.len);
		must(whole_body.len == 0 ||
		        memcmp(whole_body.data, split_body.data, whole_body.len) == 0);
	}
	buffer_free(&whole_body);
	buffer_free(&split_body);
	return 0;
}
