/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Something else in ntfsrecover's place, and processes that die when they should not. The something
 * is this program: it is started under names that say what to do.
 */
#include "fixer/repair/replay.h"
#include "fixer/block/overlay.h"
#include "fixer/repair/replay_internal.h"
#include "tests/module/plan_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- in ntfsrecover's place ------------------------------------------------------------------- */

static void print_for_ever(void)
{
	for (;;)
		(void)!write(STDOUT_FILENO, "and so on\n", 10);
}

static void eat_memory(void)
{
	for (unsigned i = 0; i < 4096; i++) {
		char *piece = malloc(1024 * 1024);
		if (!piece) {
			(void)!write(STDERR_FILENO, "no memory left\n", 15);
			_exit(1);
		}
		__asm__ volatile("" : : "r"(piece) : "memory");
	}
}

/* In the volume, beyond it, and to any other file. */
static void write_everywhere(const char *volume)
{
	static const char zeros[4096];
	int fd = open(volume, O_RDWR | O_CLOEXEC);

	if (fd < 0 || pwrite(fd, zeros, sizeof(zeros), 0) != sizeof(zeros))
		_exit(40);
	(void)signal(SIGXFSZ, SIG_IGN);
	struct stat st;
	if (fstat(fd, &st) < 0 || pwrite(fd, zeros, 512, st.st_size) > 0)
		_exit(41);
	static const char *const others[] = {"/etc/passwd", "/dev/null", "/tmp/netmend-escaped"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (open(others[i], O_WRONLY | O_CLOEXEC) >= 0)
			_exit(42);
	(void)!write(STDOUT_FILENO, "nothing else\n", 13);
	_exit(7);
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Reads and writes at odd places, of odd sizes, over the end and far beyond it. What was written
 * must be read again, and nothing beyond the end. */
static void read_and_write(const char *volume)
{
	static uint8_t out[300000], in[sizeof(out)];
	static const uint64_t far[] = {
	        0, UINT32_MAX, INT64_MAX, INT64_MAX - sizeof(out), UINT64_MAX, (uint64_t)INT64_MIN};
	int fd = open(volume, O_RDWR | O_CLOEXEC);
	uint64_t seed = 0x291;
	struct stat st;

	(void)signal(SIGXFSZ, SIG_IGN);
	if (fd < 0 || fstat(fd, &st) < 0)
		_exit(40);
	uint64_t size = (uint64_t)st.st_size;
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)next_random(&seed);
	for (unsigned i = 0; i < 400; i++) {
		uint64_t at = i % 8 ? next_random(&seed) % (size + 4096) : far[i / 8 % 6];
		size_t len = 1 + (size_t)(next_random(&seed) % (i % 16 ? 9000 : sizeof(out)));
		ssize_t written = pwrite(fd, out, len, (off_t)at);
		ssize_t read = pread(fd, in, len, (off_t)at);
		if (at < size && at + len <= size &&
		        (written != (ssize_t)len || read != written || memcmp(in, out, len) != 0))
			_exit(41);
		if (at > size ? read > 0 || written > 0 : read > (ssize_t)(size - at))
			_exit(42);
	}
	(void)!write(STDOUT_FILENO, "as it should be\n", 16);
	_exit(8);
}

/* Behaves as the last part of name says. The answer is the exit status. */
static int misbehave(const char *name, const char *volume)
{
	char *const arguments[] = {(char[]){"sh"}, NULL};

	(void)signal(SIGSEGV, SIG_DFL); /* a sanitizer would catch it */
	if (strcmp(name, "crash") == 0)
		(void)raise(SIGSEGV);
	else if (strcmp(name, "hang") == 0)
		for (volatile unsigned i = 0;; i++)
			;
	else if (strcmp(name, "quiet-hang") == 0)
		(void)!(close(STDOUT_FILENO) | close(STDERR_FILENO));
	else if (strcmp(name, "talk") == 0)
		print_for_ever();
	else if (strcmp(name, "eat") == 0)
		eat_memory();
	else if (strcmp(name, "network") == 0)
		(void)socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	else if (strcmp(name, "exec") == 0)
		(void)execve("/bin/true", arguments, NULL);
	else if (strcmp(name, "fork") == 0)
		(void)fork();
	else if (strcmp(name, "create") == 0)
		(void)open("/tmp/netmend-escaped", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	else if (strcmp(name, "map") == 0)
		(void)mmap(NULL, 4096, PROT_READ, MAP_SHARED, 0, 0);
	else if (strcmp(name, "write") == 0)
		write_everywhere(volume);
	else if (strcmp(name, "random") == 0)
		read_and_write(volume);
	else if (strcmp(name, "refuse") == 0)
		(void)!write(STDOUT_FILENO, "a first, longer line\n\x1b[31mthe last\n\n", 36);
	while (strcmp(name, "quiet-hang") == 0 || strcmp(name, "sleep") == 0)
		(void)sched_yield();
	return strcmp(name, "refuse") == 0; /* else as if all were well */
}

/* --- the tests -------------------------------------------------------------------------------- */

static const char *volume_path;

static int work_replay(void *context, struct buffer *out, struct error *err)
{
	(void)out;
	return replay_journal(context, err);
}

/* Orphans come to this process: nothing is left when it has no children any more. Death is not told
 * at once to everybody. */
static void expect_nothing_left(void)
{
	char line[4096];

	for (unsigned i = 0; waitpid(-1, NULL, WNOHANG) >= 0; i++) {
		assert_true(i < 500);
		(void)poll(NULL, 0, 10);
	}
	assert_int_equal(errno, ECHILD);
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	assert_non_null(mounts);
	while (fgets(line, sizeof(line), mounts))
		assert_null(strstr(line, " - fuse netmend"));
	(void)fclose(mounts);
}

static void use_program(const char *name)
{
	static const char *programs[] = {NULL, NULL};
	const char *path = fixture_path(name);

	if (name[0] != '/' && access(path, F_OK) != 0)
		assert_int_equal(symlink("/proc/self/exe", path), 0);
	programs[0] = name[0] == '/' ? name : path;
	replay_programs = programs;
}

/* Replays with that in ntfsrecover's place, on an overlay. The disk is only read in any case. */
static int replay_with(const char *program, unsigned seconds, struct error *err)
{
	struct block_device *disk = fixture_disk(volume_path, 0), *overlay;
	struct buffer answer;

	use_program(program);
	assert_int_equal(overlay_open(disk, NM_OVERLAY_MAX, &overlay), 0);
	int r = sandbox_run_replaying(work_replay, overlay, seconds, 4096, &answer, err);
	if (r == 0)
		buffer_free(&answer);
	block_close(overlay);
	block_close(disk);
	expect_nothing_left();
	return r;
}

static void expect(const char *program, unsigned seconds, enum reason reason, const char *text)
{
	struct error err = {0};

	assert_true(replay_with(program, seconds, &err) < 0);
	const char *at = strstr(err.text, text);
	/* What the program said last is the end. */
	if (err.reason != reason || !at || (strstr(text, "saying") && at[strlen(text)]))
		fail_msg("%s: %s: %s", program, reason_code(err.reason), err.text);
}

static void test_bad_ends(void **state)
{
	(void)state;
	expect("crash", 60, REASON_NTFS_REPLAY_FAILED, "signal 11");
	expect("hang", 3, REASON_NTFS_REPLAY_FAILED, "over 2 seconds");
	expect("sleep", 3, REASON_NTFS_REPLAY_FAILED, "over 2 seconds");
	expect("quiet-hang", 3, REASON_NTFS_REPLAY_FAILED, "over 2 seconds");
	expect("talk", 60, REASON_NTFS_REPLAY_FAILED, "printed without end");
	expect("refuse", 60, REASON_NTFS_REPLAY_FAILED, "status 1, saying: ?[31mthe last");
	expect("random", 60, REASON_NTFS_REPLAY_FAILED, "status 8, saying: as it should be");
	expect("nothing", 60, REASON_NTFS_REPLAY_FAILED, "but the journal is empty");
}

/* The process whose parent is that one, when there is just one; else 0. */
static pid_t child_of(pid_t parent)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (d && (entry = readdir(d))) {
		char path[64], text[256];
		int pid, ppid;
		(void)snprintf(path, sizeof(path), "/proc/%.20s/stat", entry->d_name);
		FILE *f = entry->d_name[0] <= '9' ? fopen(path, "re") : NULL;
		if (f && fgets(text, sizeof(text), f) &&
		        sscanf(text, "%d (%*[^)]) %*c %d", &pid, &ppid) == 2 && ppid == parent)
			found = pid;
		if (f)
			(void)fclose(f);
	}
	(void)closedir(d);
	return found;
}

/* Waits until there are so many generations below it; gives the last one, or 0. */
static pid_t descendant(pid_t pid, unsigned generations)
{
	for (unsigned i = 0; i < 1000; i++) {
		pid_t at = pid;
		for (unsigned k = 0; at && k < generations; k++)
			at = child_of(at);
		if (at)
			return at;
		(void)poll(NULL, 0, 10);
	}
	return 0;
}

/* A fixer that replays for ever; its end is the reason it was told, or 255. */
static pid_t start_fixer(void)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	struct block_device *disk = fixture_disk(volume_path, 0), *overlay;
	struct error err = {0};
	struct buffer answer;
	use_program("sleep");
	if (overlay_open(disk, NM_OVERLAY_MAX, &overlay) < 0 ||
	        sandbox_run_replaying(work_replay, overlay, 120, 4096, &answer, &err) == 0)
		_exit(255);
	_exit((int)err.reason);
}

static void test_killed(void **state)
{
	/* Generations: the child, the runner, the program. */
	static const enum reason told[] = {
	        [1] = REASON_CHILD_CRASHED, REASON_NTFS_REPLAY_FAILED, REASON_NTFS_REPLAY_FAILED};

	(void)state;
	for (unsigned i = 0; i <= 3; i++) {
		int status;
		pid_t fixer = start_fixer();
		assert_true(fixer > 0 && descendant(fixer, 3) > 0);
		assert_int_equal(kill(descendant(fixer, i), SIGKILL), 0);
		assert_true(waitpid(fixer, &status, 0) == fixer);
		if (i == 0)
			assert_true(WIFSIGNALED(status));
		else
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == (int)told[i]);
		expect_nothing_left();
	}
}

#ifndef __SANITIZE_ADDRESS__
static void test_ways_out(void **state)
{
	static const char *const forbidden[] = {"network", "exec", "fork", "create", "map"};

	(void)state;
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		expect(forbidden[i], 60, REASON_NTFS_REPLAY_FAILED, "system call");
	expect("eat", 60, REASON_NTFS_REPLAY_FAILED, "no memory left");
	expect("write", 60, REASON_NTFS_REPLAY_FAILED, "status 7, saying: nothing else");
	assert_int_equal(access("/tmp/netmend-escaped", F_OK), -1);
}
#endif

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(41);
	(void)close(fd);
}

/* A mount namespace of its own, where device nodes do not work at that path. */
static void without_device(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	        mount("/dev/fuse", "/dev/fuse", NULL, MS_BIND, NULL) < 0 ||
	        mount(NULL, "/dev/fuse", NULL, MS_BIND | MS_REMOUNT | MS_NODEV, NULL) < 0)
		_exit(41);
}

/* A user namespace that allows no others, as some distributions and containers do for all. */
static void without_namespaces(void)
{
	if (unshare(CLONE_NEWUSER) < 0)
		_exit(41);
	write_text("/proc/self/setgroups", "deny");
	write_text("/proc/self/uid_map", "0 0 1");
	write_text("/proc/self/gid_map", "0 0 1");
	write_text("/proc/sys/user/max_mnt_namespaces", "0");
}

/* In a process of its own, which ends with 0 when the reason is right. */
static void expect_without(void (*take_away)(void), const char *text)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct error err = {0};
		take_away();
		struct block_device *disk = fixture_disk(volume_path, 0), *overlay;
		struct buffer answer;
		use_program("nothing");
		if (overlay_open(disk, NM_OVERLAY_MAX, &overlay) < 0 ||
		        sandbox_run_replaying(work_replay, overlay, 60, 4096, &answer, &err) == 0)
			_exit(42);
		(void)fprintf(stderr, "%s: %s\n", reason_code(err.reason), err.text);
		_exit(err.reason != REASON_REPLAY_UNAVAILABLE || !strstr(err.text, text));
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	expect_nothing_left();
}

static void test_missing(void **state)
{
	(void)state;
	expect("/no/such/ntfsrecover", 60, REASON_REPLAY_UNAVAILABLE, "ntfs-3g");
	expect("/etc/passwd", 60, REASON_REPLAY_UNAVAILABLE, "does not start");
	if (geteuid() != 0) {
		print_message("skipped: the rest needs root\n");
		return;
	}
	expect_without(without_device, "/dev/fuse");
	expect_without(without_namespaces, "namespaces");
}

static int make_volume(void **state)
{
	if (fixture_make(state) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return -1;
	volume_path = fixture_path("volume.img");
	struct gen_ntfs *n = fixture_format(volume_path, 512);
	fixture_put_windows(n, "Windows");
	fixture_finish(n);
	return 0;
}

/* In a process of its own, which ends with 0 when it is told at once that nobody asks any more: the
 * mount is gone, as when the runner is killed, but a socket of it is still open. */
static void test_lost_mount(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		struct block_device *disk = fixture_disk(volume_path, 0);
		struct replay_runner runner = {.pid = -1};
		struct replay_mount mount;
		struct replay_result result;
		struct error err = {0};
		int ends[2], io_error;
		(void)alarm(20);
		if (replay_namespaces(&err) < 0 || replay_mount(&mount, &err) < 0 ||
		        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
			_exit(41);
		struct fuse_session *session = replay_session_new(mount.device);
		runner.socket = ends[0];
		(void)close(mount.file);
		_exit(!session ||
		        replay_serve(session, &runner, disk, 60000, &result, &io_error) != -EPIPE);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_bad_ends),
#ifndef __SANITIZE_ADDRESS__
	        cmocka_unit_test(test_ways_out),
#endif
	        cmocka_unit_test(test_missing),
	        cmocka_unit_test(test_lost_mount),
	        cmocka_unit_test(test_killed),
	};
	const char *slash = strrchr(argv[0], '/');
	if (argc == 3 && strcmp(argv[1], "-k") == 0)
		return misbehave(slash ? slash + 1 : argv[0], argv[2]);
	return cmocka_run_group_tests(tests, make_volume, fixture_remove);
}
