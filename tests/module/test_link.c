/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The link against real TLS servers (Python's, over OpenSSL): whom it trusts, and what it survives.
 */
#include "fixer/base/text.h"
#include "fixer/link/clock.h"
#include "fixer/link/link.h"
#include "tests/module/child.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define MAX_BODY 4096

struct server {
	struct child child;
	char dir[32], url[64], port[8];
	uint8_t pin[32];
};

static struct server tls13;

static void server_start(struct server *s, const char *mode)
{
	char line[128], hex[65];
	char python[] = "/usr/bin/python3", quiet[] = "-Wignore",
	     script[] = "tests/module/link_server.py", version[8];
	char *argv[] = {python, quiet, script, s->dir, version, NULL};

	(void)snprintf(version, sizeof(version), "%s", mode);
	(void)snprintf(s->dir, sizeof(s->dir), "/tmp/netmend-link-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	assert_int_equal(child_start(argv, &s->child, line, sizeof(line)), 0);
	assert_int_equal(sscanf(line, "%7s %64s", s->port, hex), 2);
	assert_int_equal(hex_decode(hex, s->pin, sizeof(s->pin)), 0);
	(void)snprintf(s->url, sizeof(s->url), "https://127.0.0.1:%s", s->port);
}

static void server_stop(struct server *s)
{
	static const char *const files[] = {"key.pem", "cert.pem", "public.pem"};
	char path[64];

	child_stop(&s->child);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", s->dir, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(s->dir);
}

static int start_tls13(void **state)
{
	(void)state;
	server_start(&tls13, "1.3");
	return 0;
}

static int stop_tls13(void **state)
{
	(void)state;
	server_stop(&tls13);
	return 0;
}

static struct link *link_to(const struct server *s)
{
	struct link *l = NULL;

	assert_int_equal(link_new(s->url, s->pin, &l, NULL), 0);
	return l;
}

static int get(struct link *l, const char *path, unsigned timeout, struct link_answer *ret,
        struct error *err)
{
	return link_call(l, "GET", path, NULL, NULL, 0, MAX_BODY, timeout, ret, err);
}

/* GET path; the answer's text is text. */
static void expect(struct link *l, const char *path, const char *text)
{
	struct link_answer answer;
	struct error err = {0};

	if (get(l, path, 10, &answer, &err) < 0)
		fail_msg("%s: %s", path, err.text);
	assert_int_equal(answer.status, 200);
	assert_string_equal((const char *)answer.body.data, text);
	buffer_free(&answer.body);
}

static void expect_failure(struct link *l, const char *path, unsigned timeout, enum reason reason)
{
	struct link_answer answer;
	struct error err = {0};

	int r = get(l, path, timeout, &answer, &err);
	if (r >= 0)
		fail_msg("%s: answered %d", path, answer.status);
	if (err.reason != reason)
		fail_msg("%s: %s (%s)", path, reason_code(err.reason), err.text);
	assert_true(err.text[0]);
}

struct counts {
	unsigned connections, requests, refused;
};

/* What the server saw, this question included. */
static struct counts ask_counts(void)
{
	struct link *l = link_to(&tls13);
	struct link_answer answer;
	struct counts c;

	assert_int_equal(get(l, "/counts", 10, &answer, NULL), 0);
	assert_int_equal(sscanf((const char *)answer.body.data, "%u %u %u", &c.connections,
	                         &c.requests, &c.refused),
	        3);
	buffer_free(&answer.body);
	link_free(l);
	return c;
}

static const char nothing_sha[] =
        "GET 0 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void test_keep_alive(void **state)
{
	struct counts before = ask_counts();
	struct link *l = link_to(&tls13);

	(void)state;
	for (int i = 0; i < 5; i++)
		expect(l, "/echo", nothing_sha);
	expect(l, "/chunked", "one two three");
	expect(l, "/echo", nothing_sha);
	struct counts after = ask_counts();
	assert_int_equal(after.connections - before.connections, 2); /* one of them asks */
	assert_int_equal(after.requests - before.requests, 8);
	link_free(l);
}

static void test_body_arrives(void **state)
{
	struct link *l = link_to(&tls13);
	struct link_answer answer;
	size_t len = 3 * 1024 * 1024 + 7;
	char *body = malloc(len);

	(void)state;
	assert_non_null(body);
	memset(body, 'a', len);
	assert_int_equal(link_call(l, "PUT", "/echo", "application/octet-stream", body, len,
	                         MAX_BODY, 30, &answer, NULL),
	        0);
	/* python3 -c 'import hashlib; print(hashlib.sha256(b"a" * (3 * 1024 * 1024 +
	 * 7)).hexdigest())' */
	assert_string_equal((const char *)answer.body.data,
	        "PUT 3145735 7d8aedf62548b6943c912ca5192d7a2c13322cd689d7a47d4b3944b4bb2e30c6");
	buffer_free(&answer.body);
	free(body);
	link_free(l);
}

static void test_other_key_gets_nothing(void **state)
{
	struct server other = tls13;
	struct link *l;

	(void)state;
	other.pin[31] ^= 1;
	struct counts before = ask_counts();
	l = link_to(&other);
	expect_failure(l, "/echo", 10, REASON_PIN_MISMATCH);
	expect_failure(l, "/echo", 10, REASON_PIN_MISMATCH);
	/* The server counts a refusal when it has seen it, which may be after us. */
	struct counts after;
	unsigned asked = 0;
	do {
		(void)usleep(asked ? 20000 : 0);
		after = ask_counts();
		asked++;
	} while (after.refused - before.refused < 2 && asked < 1000);
	assert_int_equal(after.connections - before.connections, 2 + asked);
	assert_int_equal(after.requests - before.requests, asked); /* the questions alone */
	assert_int_equal(after.refused - before.refused, 2);
	link_free(l);
}

/* A connection the server closed meanwhile is replaced without the caller's notice. */
static void test_reconnects(void **state)
{
	struct link *l = link_to(&tls13);

	(void)state;
	expect(l, "/close", "bye");
	expect(l, "/echo", nothing_sha);
	expect(l, "/stale", "see you");
	(void)usleep(100000);
	expect(l, "/echo", nothing_sha);
	link_free(l);
}

/* But only once, and only when no part of an answer came. */
static void test_reconnects_once(void **state)
{
	struct link *l = link_to(&tls13);
	struct counts before = ask_counts(), after;

	(void)state;
	expect(l, "/echo", nothing_sha);
	expect_failure(l, "/never", 10, REASON_APPLIANCE_UNREACHABLE);
	after = ask_counts();
	assert_int_equal(after.requests - before.requests, 4);
	expect(l, "/echo", nothing_sha);
	expect_failure(l, "/half", 10, REASON_APPLIANCE_UNREACHABLE);
	before = after;
	after = ask_counts();
	assert_int_equal(after.requests - before.requests, 3);
	link_free(l);
}

static void test_hostile_answers(void **state)
{
	struct link *l = link_to(&tls13);

	(void)state;
	expect_failure(l, "/big", 10, REASON_PROTOCOL_ERROR);
	expect_failure(l, "/endless", 10, REASON_PROTOCOL_ERROR);
	expect_failure(l, "/garbage", 10, REASON_PROTOCOL_ERROR);
	expect_failure(l, "/more", 10, REASON_PROTOCOL_ERROR);
	expect(l, "/echo", nothing_sha); /* none of them spoils the next call */
	link_free(l);
}

/* The answer to a body the server did not want to read. */
static void test_early_refusal(void **state)
{
	struct link *l = link_to(&tls13);
	struct link_answer answer;

	(void)state;
	int r = link_call(
	        l, "PUT", "/refuse", "text/plain", "small", 5, MAX_BODY, 10, &answer, NULL);
	assert_int_equal(r, 0);
	assert_int_equal(answer.status, 413);
	buffer_free(&answer.body);
	link_free(l);
}

/* The time is that of the whole call, however the server spreads its bytes. */
static void test_timeouts(void **state)
{
	struct server silent;
	struct link *l = link_to(&tls13);

	(void)state;
	int64_t start = monotonic_ms();
	expect_failure(l, "/drip", 1, REASON_APPLIANCE_UNREACHABLE);
	int64_t took = monotonic_ms() - start;
	assert_in_range(took, 900, 2500);
	link_free(l);

	server_start(&silent, "silent");
	l = link_to(&silent);
	start = monotonic_ms();
	expect_failure(l, "/echo", 1, REASON_APPLIANCE_UNREACHABLE);
	took = monotonic_ms() - start;
	assert_in_range(took, 900, 2500);
	link_free(l);
	server_stop(&silent);
}

static void test_versions(void **state)
{
	static const struct {
		const char *mode;
		bool good;
	} modes[] = {{"1.2", true}, {"1.1", false}, {"plain", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct server s;
		server_start(&s, modes[i].mode);
		struct link *l = link_to(&s);
		if (modes[i].good)
			expect(l, "/echo", nothing_sha);
		else
			expect_failure(l, "/echo", 5, REASON_APPLIANCE_UNREACHABLE);
		server_stop(&s);
		/* And when nobody listens any more. */
		expect_failure(l, "/echo", 5, REASON_APPLIANCE_UNREACHABLE);
		link_free(l);
	}
}

static void test_urls(void **state)
{
	static const char *const bad[] = {"http://127.0.0.1:1", "https://127.0.0.1",
	        "https://127.0.0.1:", "https://127.0.0.1:0", "https://127.0.0.1:65536",
	        "https://127.0.0.1:1/", "https://::1:1", "https://localhost:1",
	        "https://127.0.0.1:+1", "https://127.0.0.1:1\r\nX: y"};
	struct link *l = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (link_new(bad[i], tls13.pin, &l, NULL) >= 0)
			fail_msg("accepted %s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_keep_alive),
	        cmocka_unit_test(test_body_arrives),
	        cmocka_unit_test(test_other_key_gets_nothing),
	        cmocka_unit_test(test_reconnects),
	        cmocka_unit_test(test_reconnects_once),
	        cmocka_unit_test(test_hostile_answers),
	        cmocka_unit_test(test_early_refusal),
	        cmocka_unit_test(test_timeouts),
	        cmocka_unit_test(test_versions),
	        cmocka_unit_test(test_urls),
	};
	return cmocka_run_group_tests(tests, start_tls13, stop_tls13);
}
