/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The walls, tried from inside: one process for each try, judged by how it ends. */
#include "appliance/guard/guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define KILLED       200 /* above every errno */
#define KINDS        6
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char folder[] = "/tmp/test-guard-XXXXXX";
static char inside[64], outside[64];

static int result(long r)
{
	return r < 0 ? errno : 0;
}

static int try_write_inside(void)
{
	char path[80], moved[80];

	snprintf(path, sizeof(path), "%s/new", inside);
	snprintf(moved, sizeof(moved), "%s/moved", inside);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) < 0 || rename(path, moved) < 0)
		return errno;
	return result(unlink(moved));
}

static int try_read_outside(void)
{
	return result(open(outside, O_RDONLY));
}

static int try_write_outside(void)
{
	return result(open(outside, O_WRONLY));
}

static void *nothing(void *context)
{
	return context;
}

static int try_thread(void)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, nothing, NULL);

	return r ? r : pthread_join(thread, NULL);
}

static int try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return result(pid);
}

static int try_exec(void)
{
	return result(execl("/bin/true", "true", (char *)NULL));
}

static int try_exec_outside(void)
{
	return result(execl(outside, "outside", (char *)NULL));
}

static int try_unix(void)
{
	return result(socket(AF_UNIX, SOCK_SEQPACKET, 0));
}

static int try_netlink(void)
{
	return result(socket(AF_NETLINK, SOCK_RAW, 0));
}

static int try_packet(void)
{
	return result(socket(AF_PACKET, SOCK_RAW, 0));
}

/* Nobody listens there: that the kernel tried is what is asked. */
static int try_tcp(void)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
	        .sin_port = htons(1),
	        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return result(fd < 0 ? -1 : connect(fd, (const struct sockaddr *)&to, sizeof(to)));
}

static int try_bind(void)
{
	const struct sockaddr_in any = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return result(fd < 0 ? -1 : bind(fd, (const struct sockaddr *)&any, sizeof(any)));
}

static int try_bind_tcp(void)
{
	const struct sockaddr_in any = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return result(fd < 0 ? -1 : bind(fd, (const struct sockaddr *)&any, sizeof(any)));
}

static int try_listen(void)
{
	int pair[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 ? errno : result(listen(pair[0], 1));
}

static int try_resolve(void)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int r = getaddrinfo("localhost", "80", &hints, &found);

	if (found)
		freeaddrinfo(found);
	return r ? EHOSTUNREACH : 0;
}

static int try_ptrace(void)
{
	return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int try_read_memory(void)
{
	char from[4] = "abc", to[4];
	const struct iovec local = {to, sizeof(to)}, remote = {from, sizeof(from)};

	return result(process_vm_readv(getppid(), &local, 1, &remote, 1, 0));
}

static int try_kill_parent(void)
{
	return result(kill(getppid(), 0));
}

static int try_new_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? errno : result(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int try_become_root(void)
{
	return result(setuid(0));
}

static int try_namespace(void)
{
	return result(syscall(SYS_unshare, 0));
}

/* The order of kinds[]. */
static const struct {
	const char *name;
	int (*run)(void);
	int without; /* how it ends with no walls at all: each try can work */
	int wanted[KINDS];
} tries[] = {
        {"write inside", try_write_inside, 0, {0, KILLED, 0, KILLED, 0, 0}},
        {"read outside", try_read_outside, 0, {EACCES, EACCES, EACCES, EACCES, EACCES, EACCES}},
        {"write outside", try_write_outside, 0, {EACCES, EACCES, EACCES, EACCES, EACCES, EACCES}},
        {"thread", try_thread, 0, {0, 0, 0, 0, 0, 0}},
        {"fork", try_fork, 0, {KILLED, KILLED, 0, KILLED, KILLED, KILLED}},
        {"exec", try_exec, 0, {KILLED, KILLED, 0, KILLED, KILLED, KILLED}},
        {"exec outside", try_exec_outside, ENOEXEC,
                {KILLED, KILLED, EACCES, KILLED, KILLED, KILLED}},
        {"Unix socket", try_unix, 0, {0, 0, 0, 0, 0, 0}},
        {"netlink", try_netlink, 0,
                {KILLED, EAFNOSUPPORT, EAFNOSUPPORT, EAFNOSUPPORT, EAFNOSUPPORT, EAFNOSUPPORT}},
        {"packet socket", try_packet, 0, {KILLED, KILLED, ENOSYS, KILLED, KILLED, KILLED}},
        {"TCP", try_tcp, ECONNREFUSED,
                {KILLED, ECONNREFUSED, ECONNREFUSED, ECONNREFUSED, ECONNREFUSED, ECONNREFUSED}},
        {"bind", try_bind, 0, {KILLED, EACCES, EACCES, 0, EACCES, EACCES}},
        {"bind TCP", try_bind_tcp, 0, {KILLED, EACCES, EACCES, EACCES, EACCES, EACCES}},
        {"listen", try_listen, EINVAL, {KILLED, KILLED, ENOSYS, KILLED, KILLED, KILLED}},
        {"resolve", try_resolve, 0, {0, 0, 0, 0, 0, 0}}, /* from /etc/hosts */
        {"ptrace", try_ptrace, 0, {KILLED, KILLED, ENOSYS, KILLED, KILLED, KILLED}},
        {"read memory", try_read_memory, 0, {KILLED, KILLED, ENOSYS, KILLED, KILLED, KILLED}},
        {"signal outside", try_kill_parent, 0, {KILLED, KILLED, EPERM, KILLED, KILLED, KILLED}},
        {"new code", try_new_code, 0, {KILLED, KILLED, 0, KILLED, KILLED, KILLED}},
        {"setuid", try_become_root, 0, {KILLED, KILLED, ENOSYS, KILLED, KILLED, KILLED}},
        {"namespace", try_namespace, 0, {KILLED, KILLED, ENOSYS, KILLED, KILLED, KILLED}},
};

static const struct {
	const char *name;
	enum guard_kind kind;
} kinds[KINDS] = {{"escrow", GUARD_ESCROW}, {"fetch", GUARD_FETCH},
        {"fetch-exec", GUARD_FETCH_EXEC}, {"power", GUARD_POWER}, {"hooks", GUARD_HOOKS},
        {"web", GUARD_WEB}};

static void build_walls(enum guard_kind kind)
{
	const struct guard_path paths[] = {{inside, true, false}, {"/nowhere", true, false},
	        {"/etc", false, false}, {"/usr", false, true}, {"/lib", false, true},
	        {"/lib64", false, true}, {"/bin", false, true}};
	struct error err = {0};

	if (guard_paths(paths, COUNT(paths)) < 0 || guard_calls(kind, &err) < 0)
		_exit(KILLED - 1);
}

/* kind: of kinds[]; < 0: no walls. The errno it ended with, 0, or KILLED. */
static int attempt(int (*run)(void), int kind)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (kind >= 0)
			build_walls(kinds[kind].kind);
		_exit(run());
	}
	assert_true(pid > 0);
	do
		assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	while (!WIFEXITED(status) && !WIFSIGNALED(status));
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGSYS);
		return KILLED;
	}
	return WEXITSTATUS(status);
}

static void each_try_ends_as_it_should(void **state)
{
	int wrong = 0;

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	skip();
#endif
	if (guard_landlock_abi() < 6 || geteuid() != 0) {
		print_message("skipped: needs root and Landlock's ABI 6\n");
		skip();
	}
	for (size_t i = 0; i < COUNT(tries); i++) {
		assert_int_equal(attempt(tries[i].run, -1), tries[i].without);
		for (int kind = 0; kind < KINDS; kind++) {
			int got = attempt(tries[i].run, kind);
			if (got == tries[i].wanted[kind])
				continue;
			print_message("%s, %s: %d, wanted %d\n", tries[i].name, kinds[kind].name,
			        got, tries[i].wanted[kind]);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static int count_locked(void)
{
	char line[128];
	int kilobytes = 0;
	FILE *status = fopen("/proc/self/status", "re");

	while (status && fgets(line, sizeof(line), status))
		(void)sscanf(line, "VmLck: %d", &kilobytes);
	if (status)
		(void)fclose(status);
	return kilobytes;
}

/* 0: all is locked, or the limit was told of. */
static int try_memory(void)
{
	bool locked;
	bool unlimited = guard_raise_memory_limit();

	if (guard_memory(&locked) < 0)
		return errno;
	if (locked != unlimited)
		return EINVAL;
	char *later = malloc(1 << 20);
	memset(later, 1, 1 << 20);
	return locked && count_locked() < 1024 ? ENOMEM : 0;
}

static void memory_is_locked_when_it_may_be(void **state)
{
	(void)state;
	assert_int_equal(attempt(try_memory, -1), 0);
}

static int make_places(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(inside, sizeof(inside), "%s/inside", folder);
	snprintf(outside, sizeof(outside), "%s/outside", folder);
	int fd = open(outside, O_WRONLY | O_CREAT | O_EXCL, 0700);
	return fd < 0 || write(fd, "no program\n", 11) != 11 || close(fd) < 0 ||
	                       mkdir(inside, 0700) < 0
	               ? -1
	               : 0;
}

static int remove_places(void **state)
{
	(void)state;
	(void)unlink(outside);
	(void)rmdir(inside);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_try_ends_as_it_should),
	        cmocka_unit_test(memory_is_locked_when_it_may_be),
	};

	return cmocka_run_group_tests(tests, make_places, remove_places);
}
