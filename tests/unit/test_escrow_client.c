/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The web process's side of escrow's socket, with a test at the other end that answers when it
 * likes. */
#include "appliance/api/escrow_client.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#define STATUS_EVERY 5000 /* ms; with each the list is asked for */
#define REQUEST                                                                                  \
	"{\"request\":\"0123456789abcdef\",\"machine\":{\"id\":1,\"name\":\"PC\",\"uuid\":\"\"," \
	"\"serial\":\"\",\"mac\":\"m\",\"ip\":\"\"},\"code\":\"K7Q4MF\",\"since\":0,"            \
	"\"expires\":0,\"needs\":2,\"approved\":[]}"

struct lab {
	char dir[32], path[64];
	int listen_fd, fd;
	struct loop *loop;
	struct escrow_client *client;
	unsigned told; /* how often the list changed */
};

static void released(void *context, int64_t session, const struct escrow_release *answer)
{
	(void)context;
	(void)session;
	(void)answer;
}

static void boxed(void *context, int64_t ticket, json_t *answer)
{
	(void)context;
	(void)ticket;
	(void)answer;
}

static void news(void *context, const char *session)
{
	(void)context;
	(void)session;
}

static void status_changed(void *context)
{
	(void)context;
}

static void requests_changed(void *context)
{
	struct lab *lab = context;

	lab->told++;
}

static int setup(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	assert_non_null(lab);
	(void)snprintf(lab->dir, sizeof(lab->dir), "/tmp/escrow-client-XXXXXX");
	assert_non_null(mkdtemp(lab->dir));
	(void)snprintf(lab->path, sizeof(lab->path), "%s/socket", lab->dir);
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", lab->path);
	lab->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(lab->listen_fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(lab->listen_fd, 1), 0);
	assert_int_equal(loop_new(&lab->loop), 0);
	const struct escrow_client_options options = {.path = lab->path,
	        .loop = lab->loop,
	        .released = released,
	        .boxed = boxed,
	        .news = news,
	        .status_changed = status_changed,
	        .requests_changed = requests_changed,
	        .context = lab};
	assert_int_equal(escrow_client_new(&options, &lab->client), 0);
	escrow_client_tick(lab->client, 1);
	lab->fd = accept(lab->listen_fd, NULL, NULL);
	assert_true(lab->fd >= 0);
	*state = lab;
	return 0;
}

static int teardown(void **state)
{
	struct lab *lab = *state;

	escrow_client_free(lab->client);
	loop_free(lab->loop);
	(void)close(lab->fd);
	(void)close(lab->listen_fd);
	(void)unlink(lab->path);
	(void)rmdir(lab->dir);
	free(lab);
	return 0;
}

/* The next question for the list: its number, and how many it leaves out. */
static json_int_t question(struct lab *lab, json_int_t *ret_skip)
{
	char text[4096];
	json_int_t id = 0;

	while (id == 0) {
		struct pollfd p = {.fd = lab->fd, .events = POLLIN};
		assert_int_equal(poll(&p, 1, 20000), 1);
		ssize_t n = recv(lab->fd, text, sizeof(text), 0);
		assert_true(n > 0);
		json_t *json = json_loadb(text, (size_t)n, 0, NULL);
		assert_non_null(json);
		if (strcmp(json_string_value(json_object_get(json, "op")), "requests") == 0) {
			id = json_integer_value(json_object_get(json, "id"));
			*ret_skip = json_integer_value(json_object_get(json, "skip"));
		}
		json_decref(json);
	}
	return id;
}

static void answer(struct lab *lab, json_int_t id, const char *list)
{
	char text[1024];
	int n = snprintf(text, sizeof(text), "{\"v\":1,\"id\":%lld,\"ok\":true,\"requests\":[%s]}",
	        (long long)id, list);

	assert_int_equal(send(lab->fd, text, (size_t)n, 0), n);
	assert_int_equal(loop_run(lab->loop, 20000), 0);
}

static bool asks(const struct lab *lab)
{
	struct pollfd p = {.fd = lab->fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void a_list_is_read_to_its_end(void **state)
{
	struct lab *lab = *state;
	json_int_t skip;

	json_int_t id = question(lab, &skip);
	assert_int_equal(skip, 0);
	answer(lab, id, REQUEST);
	id = question(lab, &skip);
	assert_int_equal(skip, 1);
	assert_int_equal(lab->told, 0);
	answer(lab, id, "");
	assert_int_equal(lab->told, 1);
	assert_int_equal(json_array_size(escrow_client_requests(lab->client)), 1);
	assert_false(asks(lab));
}

/* Escrow is busy: the list is asked for again before the first answer has come. No request may
 * stand in it twice. */
static void the_answer_to_a_list_given_up_is_no_part_of_the_next(void **state)
{
	struct lab *lab = *state;
	json_int_t skip, first, second;

	first = question(lab, &skip);
	escrow_client_tick(lab->client, 1 + STATUS_EVERY);
	second = question(lab, &skip);
	assert_int_equal(skip, 0);
	answer(lab, first, REQUEST);
	assert_false(asks(lab));
	answer(lab, second, REQUEST);
	json_int_t end = question(lab, &skip);
	assert_int_equal(skip, 1);
	answer(lab, end, "");
	assert_int_equal(json_array_size(escrow_client_requests(lab->client)), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(a_list_is_read_to_its_end, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                the_answer_to_a_list_given_up_is_no_part_of_the_next, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
