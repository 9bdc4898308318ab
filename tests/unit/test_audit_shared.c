/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The audit record with many writers, and its copies in another log. */
#include "appliance/escrow/audit/copy.h"
#include "tests/unit/audit_place.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define WRITERS 8
#define EACH    25

struct writer {
	struct audit *a;
	pthread_t thread;
	int number;
};

static void *write_many(void *context)
{
	const struct writer *w = context;

	for (int i = 0; i < EACH; i++) {
		json_t *fields = json_pack("{s:i,s:i}", "writer", w->number, "i", i);
		if (audit_append(w->a, "release", fields, NULL) < 0)
			abort();
		json_decref(fields);
	}
	return NULL;
}

static int count_writer(void *context, const struct audit_record *r)
{
	int *next = context;
	json_int_t writer = json_integer_value(json_object_get(r->fields, "writer"));

	assert_int_equal(json_integer_value(json_object_get(r->fields, "i")), next[writer]++);
	return 0;
}

/* Two processes with four threads each: nothing lost, each one's records in his order. */
static void many_writers_make_one_chain(void **state)
{
	struct place *p = *state;
	int next[WRITERS] = {0}, status;
	pid_t child = fork();

	int first = child == 0 ? WRITERS / 2 : 0;
	struct writer writers[WRITERS / 2];
	struct audit *a;
	if (audit_open(p->dir, &a, NULL) < 0)
		abort();
	for (int i = 0; i < WRITERS / 2; i++) {
		writers[i] = (struct writer){.a = a, .number = first + i};
		if (pthread_create(&writers[i].thread, NULL, write_many, &writers[i]) != 0)
			abort();
	}
	for (int i = 0; i < WRITERS / 2; i++)
		pthread_join(writers[i].thread, NULL);
	audit_close(a);
	if (child == 0)
		_exit(0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(verify(p, NULL), 0);
	assert_int_equal(p->verdict.records, WRITERS * EACH);
	assert_int_equal(audit_each(p->dir, count_writer, next, NULL), 0);
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(next[i], EACH);
}

/* What a syslog daemon got, a line each. */
static void receive_all(int fd, char *ret, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while ((n = recv(fd, ret + len, size - len - 2, MSG_DONTWAIT)) > 0) {
		assert_true(n < 1000);
		len += (size_t)n;
		ret[len++] = '\n';
	}
	ret[len] = 0;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void copies_find_a_log_that_was_written_anew(void **state)
{
	struct place *p = *state;
	char socket_path[100], *copied = calloc(1, FILE_MAX);

	(void)snprintf(socket_path, sizeof(socket_path), "%s/log", p->dir);
	int fd = listen_at(socket_path);
	struct copy *c = copy_open(socket_path);
	write_records(p, 0, 3);
	struct bytes *log = load(p->log);
	copy_send(c, log->data, log->len);
	receive_all(fd, copied, FILE_MAX);
	copy_close(c);
	(void)close(fd);
	(void)unlink(socket_path);
	assert_memory_equal(copied, "<85>", 4); /* authpriv.notice */
	assert_int_equal(verify(p, copied), 0);
	assert_int_equal(p->verdict.compared, 3);
	/* A forger who writes the whole chain and its head anew: nothing here tells, but the copies
	 * do. */
	assert_int_equal(unlink(p->log), 0);
	assert_int_equal(unlink(p->head), 0);
	write_records(p, 1, 3);
	assert_int_equal(verify(p, NULL), 0);
	assert_int_equal(verify(p, copied), 3);
	assert_int_equal(unlink(p->log), 0);
	assert_int_equal(unlink(p->head), 0);
	write_records(p, 0, 2);
	assert_true(verify(p, copied) > 0);
	assert_non_null(strstr(p->said, "record 3 was copied, but the log ends with record 2"));
	FILE *none = fmemopen((char[]){"nothing\n"}, 8, "r"), *out = fopen("/dev/null", "w");
	assert_true(audit_verify(p->dir, none, out, &p->verdict, NULL) < 0);
	(void)fclose(none);
	(void)fclose(out);
	free(log);
	free(copied);
}

static void long_record_comes_in_parts(void **state)
{
	struct place *p = *state;
	char socket_path[100], text[2001] = "", hash[65], *copied = calloc(1, FILE_MAX);
	uint64_t n;

	memset(text, 'y', sizeof(text) - 1);
	(void)snprintf(socket_path, sizeof(socket_path), "%s/log", p->dir);
	int fd = listen_at(socket_path);
	struct copy *c = copy_open(socket_path);
	struct audit *a;
	assert_int_equal(audit_open(p->dir, &a, NULL), 0);
	json_t *fields = json_pack("{s:s}", "text", text);
	assert_int_equal(audit_append(a, "release", fields, NULL), 0);
	json_decref(fields);
	audit_close(a);
	struct bytes *log = load(p->log);
	copy_send(c, log->data, log->len);
	receive_all(fd, copied, FILE_MAX);
	/* The parts put together are the record. */
	char *whole = calloc(1, FILE_MAX), *at = copied;
	for (char *end; (end = strchr(at, '\n')); at = end + 1) {
		*end = 0;
		assert_true(copy_find(at, &n, hash));
		assert_int_equal(n, 1);
		strncat(whole, strstr(at, hash) + 65, FILE_MAX - 1);
	}
	log->data[log->len - 1] = 0;
	assert_string_equal(whole, log->data);
	copy_close(c);
	(void)close(fd);
	(void)unlink(socket_path);
	free(whole);
	free(log);
	free(copied);
}

/* Records of another process, and those of a time when the log was away, come with the next one. */
static void what_was_not_copied_comes_later(void **state)
{
	struct place *p = *state;
	char socket_path[100], *copied = calloc(1, FILE_MAX);
	struct audit *a;
	json_t *none = json_object();

	(void)snprintf(socket_path, sizeof(socket_path), "%s/log", p->dir);
	write_records(p, 0, 2); /* before: not copied */
	int fd = listen_at(socket_path);
	assert_int_equal(audit_open(p->dir, &a, NULL), 0);
	audit_copy_to(a, socket_path);
	assert_int_equal(audit_append(a, "start", none, NULL), 0);
	write_records(p, 2, 2); /* by others */
	assert_int_equal(audit_append(a, "release", none, NULL), 0);
	receive_all(fd, copied, FILE_MAX);
	assert_int_equal(verify(p, copied), 0);
	assert_int_equal(p->verdict.compared, 4);
	assert_null(strstr(copied, "netmend-audit 2 "));
	assert_non_null(strstr(copied, "netmend-audit 3 "));
	audit_close(a);
	json_decref(none);
	(void)close(fd);
	(void)unlink(socket_path);
	free(copied);
}

static void without_a_system_log_nothing_fails(void **state)
{
	struct place *p = *state;
	char path[100];

	(void)snprintf(path, sizeof(path), "%s/log", p->dir);
	struct copy *c = copy_open(path);
	assert_non_null(c);
	write_records(p, 0, 1);
	struct bytes *log = load(p->log);
	copy_send(c, log->data, log->len);
	copy_send(c, log->data, log->len);
	copy_close(c);
	free(log);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        WITH_PLACE(many_writers_make_one_chain),
	        WITH_PLACE(copies_find_a_log_that_was_written_anew),
	        WITH_PLACE(long_record_comes_in_parts),
	        WITH_PLACE(what_was_not_copied_comes_later),
	        WITH_PLACE(without_a_system_log_nothing_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
