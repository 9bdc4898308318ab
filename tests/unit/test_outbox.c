/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages for a web that does not read: none is lost, none overtakes another, until there is no
 * end of them. */
#include "appliance/supervisor/outbox.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void make_pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
}

static void news(struct outbox *o, int fd, uint32_t number)
{
	const struct control_message m = {
	        .type = CONTROL_DHCP, .kind = CONTROL_DHCP_DISCOVER, .id = number};

	assert_int_equal(outbox_send(o, fd, &m), 0);
}

/* Until there is none; their number. The first has the number `from`, each next one more. */
static uint32_t read_on(int fd, uint32_t from)
{
	struct control_message m;
	uint32_t count = 0;
	int r;

	while ((r = control_receive(fd, &m)) == 0) {
		assert_int_equal(m.id, from + count);
		count++;
	}
	assert_int_equal(r, -EAGAIN);
	return count;
}

static void in_their_order(void **state)
{
	struct outbox o = {0};
	uint32_t sent = 0, got = 0;
	int fds[2];

	(void)state;
	make_pair(fds);
	/* Rounds that are not read to the end: the ring turns, and grows while it is turned. */
	for (uint32_t round = 1; round <= 5; round++) {
		for (uint32_t i = 0; i < 700 * round; i++)
			news(&o, fds[0], ++sent);
		assert_true(outbox_waiting(&o));
		got += read_on(fds[1], got + 1);
		assert_int_equal(outbox_go_on(&o, fds[0]), 0);
	}
	while (outbox_waiting(&o)) {
		got += read_on(fds[1], got + 1);
		assert_int_equal(outbox_go_on(&o, fds[0]), 0);
	}
	got += read_on(fds[1], got + 1);
	assert_int_equal(got, sent);
	assert_int_equal(o.lost, 0);
	outbox_clear(&o);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void what_has_an_end(void **state)
{
	const struct control_message done = {.type = CONTROL_SYNC_DONE, .id = 7, .ok = 1};
	struct control_message m, last = {0};
	struct outbox o = {0};
	uint32_t sent = 0, got = 0;
	int fds[2];

	(void)state;
	make_pair(fds);
	while (o.lost < 10)
		news(&o, fds[0], ++sent);
	assert_int_equal(o.count, OUTBOX_DHCP);
	/* An answer somebody waits for has its place all the same. */
	assert_int_equal(outbox_send(&o, fds[0], &done), 0);
	assert_int_equal(o.lost, 10);
	do {
		while (control_receive(fds[1], &m) == 0) {
			last = m;
			got++;
		}
		assert_int_equal(outbox_go_on(&o, fds[0]), 0);
	} while (got < sent - 10 + 1);
	assert_false(outbox_waiting(&o));
	assert_int_equal(last.type, CONTROL_SYNC_DONE);
	assert_int_equal(last.id, 7);
	outbox_clear(&o);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void nobody_there(void **state)
{
	const struct control_message m = {.type = CONTROL_HEALTH};
	struct outbox o = {0};
	int fds[2];

	(void)state;
	make_pair(fds);
	for (uint32_t i = 1; !outbox_waiting(&o); i++)
		news(&o, fds[0], i);
	(void)close(fds[1]);
	assert_int_equal(outbox_go_on(&o, fds[0]), -EPIPE);
	assert_int_equal(outbox_send(&o, fds[0], &m), -EPIPE);
	outbox_clear(&o);
	assert_false(outbox_waiting(&o));
	(void)close(fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(in_their_order),
	        cmocka_unit_test(what_has_an_end),
	        cmocka_unit_test(nobody_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
