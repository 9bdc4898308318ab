/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/preflight/trial_private.h"

#include "appliance/supervisor/child.h"
#include "appliance/supervisor/serve.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 1000
#define LOG_MAX (1024 * 1024)

static void give_up(struct trial_facts *f, const char *why, const char *fix)
{
	f->tried = false;
	text_clean(f->why, sizeof(f->why), why);
	text_clean(f->fix, sizeof(f->fix), fix);
}

static void pause_ms(int ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* ---- inside ---- */

/* What the trial mounts and makes is seen by the trial alone. The folder's file system and the
 * view of processes and interfaces are its own. */
static int mounts_make(const char *folder, struct error *err)
{
	const char *failed = NULL;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		failed = "/";
	else if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		failed = "/proc";
	else if (mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") < 0)
		failed = folder;
	if (failed)
		return error_set(err, -errno, REASON_INTERNAL, "cannot mount %s: %s", failed,
		        strerror(errno));
	return 0;
}

/* The second appliance: its network is made by us once its namespace is there, which it tells by
 * the pipe; it starts when we close ours. */
static pid_t appliance_start(const struct trial *t, int *ret_go, struct error *err)
{
	const char *const argv[] = {t->self, "serve", "--config", t->conf, NULL};
	int ready[2], go[2];
	char byte = 0;

	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0)
		return error_set(err, -errno, REASON_INTERNAL, "no pipe: %s", strerror(errno));
	pid_t pid = fork();
	if (pid == 0) {
		(void)close(ready[0]);
		(void)close(go[1]);
		int log = open(t->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || unshare(CLONE_NEWNET) < 0 || log < 0 ||
		        null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
		        dup2(log, STDERR_FILENO) < 0 || write(ready[1], "1", 1) != 1 ||
		        read(go[0], &byte, 1) != 1)
			_exit(126);
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	int r = pid < 0 ? -errno : 0;
	(void)close(ready[1]);
	(void)close(go[0]);
	if (r == 0 && read(ready[0], &byte, 1) != 1)
		r = -ECHILD;
	(void)close(ready[0]);
	if (r < 0) {
		(void)close(go[1]);
		return error_set(err, r, REASON_INTERNAL,
		        "the second appliance has no network of its own: %s", strerror(-r));
	}
	*ret_go = go[1];
	return pid;
}

/* The last line of its log: what it stopped at. */
static void say_why_it_ended(const struct trial *t)
{
	struct buffer text;
	struct error err = {0};
	char line[TRIAL_TEXT] = "it said nothing";

	buffer_init(&text, LOG_MAX);
	if (state_read_file(t->log, LOG_MAX, &text, &err) == 0) {
		size_t end = text.len;
		while (end > 0 && text.data[end - 1] == '\n')
			end--;
		size_t begin = end;
		while (begin > 0 && text.data[begin - 1] != '\n')
			begin--;
		if (end > begin)
			(void)snprintf(line, sizeof(line), "%.*s", (int)(end - begin),
			        (const char *)text.data + begin);
	}
	buffer_free(&text);
	char why[TRIAL_TEXT + 64];
	(void)snprintf(why, sizeof(why), "the appliance does not start: %s", line);
	give_up(t->facts, why, "netmend check says more about the configuration");
	t->facts->broken = true;
}

static bool all_reported(const struct trial_facts *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->machines[i].stage != TRIAL_REPORTED)
			return false;
	return true;
}

static void watch(const struct trial *t, pid_t appliance, int seconds, bool tell)
{
	int64_t begin = monotonic_ms(), now = begin;
	struct trial_facts *f = t->facts;

	while (!all_reported(f) && now - begin < (int64_t)seconds * 1000) {
		pause_ms(LOOK_MS);
		now = monotonic_ms();
		if (waitpid(appliance, NULL, WNOHANG) == appliance) {
			say_why_it_ended(t);
			return;
		}
		for (size_t i = 0; i < f->count; i++) {
			struct trial_machine *m = &f->machines[i];
			enum trial_stage before = m->stage;
			if (before == TRIAL_REPORTED)
				continue;
			trial_machine_look(t, m);
			m->seconds = (int)((now - begin) / 1000);
			if (tell && m->stage != before)
				fprintf(stderr, "test boot: %s, %d s: %s\n", m->name, m->seconds,
				        m->last);
		}
	}
	for (size_t i = 0; i < f->count; i++)
		trial_machine_last_line(t, i);
}

static int power_on(const struct trial *t, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < t->facts->count; i++)
		r = trial_machine_start(t, i, err);
	return r < 0 ? r : 0;
}

/* As process 1 of the trial: with it everything ends. */
static _Noreturn void inside(const struct trial *t, int seconds, bool tell)
{
	struct error err = {0};
	int go = -1;
	pid_t appliance = -1;

	int r = mounts_make(t->folder, &err);
	if (r == 0)
		r = trial_write_config(t, &err);
	if (r == 0)
		r = appliance = appliance_start(t, &go, &err);
	if (r > 0)
		r = trial_floor_make(t, appliance, &err);
	if (r == 0 && t->config->dhcp_mode == DHCP_PROXY)
		r = trial_floor_site(t, &err);
	if (r == 0 && write(go, "1", 1) != 1)
		r = error_set(&err, -EPIPE, REASON_INTERNAL, "the second appliance is gone");
	if (r == 0)
		r = power_on(t, &err);
	t->facts->tried = r == 0;
	if (r == 0)
		watch(t, appliance, seconds, tell);
	else
		give_up(t->facts, err.text, "");
	_exit(0);
}

/* ---- outside ---- */

/* Namespaces for those that follow: its child is process 1 of them, ours stay what they are. */
static _Noreturn void between(const struct trial *t, pid_t outer, int seconds, bool tell)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != outer)
		_exit(1);
	if (unshare(CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC) < 0) {
		char why[TRIAL_TEXT];
		(void)snprintf(why, sizeof(why), "no namespaces of its own: %s", strerror(errno));
		give_up(t->facts, why,
		        "this host forbids them (a container?): try it on another one");
		_exit(1);
	}
	pid_t inner = fork();
	if (inner == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
			_exit(1);
		inside(t, seconds, tell);
	}
	while (inner > 0 && waitpid(inner, NULL, 0) < 0 && errno == EINTR)
		;
	_exit(0);
}

/* What interrupts, but for what we were started to ignore (nohup, a shell's background). */
static void interrupting(sigset_t *ret)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction now;

	sigemptyset(ret);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(ret, signals[i]);
}

/* The signal that interrupted it, 0: none. What waits for it is not left half done. */
static int run_inside(const struct trial *t, int seconds, bool tell)
{
	sigset_t waited, before;
	int signal, interrupted = 0;

	interrupting(&waited);
	sigaddset(&waited, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &waited, &before);
	pid_t outer = getpid(), pid = fork();
	if (pid == 0) {
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		between(t, outer, seconds, tell);
	}
	if (pid < 0)
		give_up(t->facts, "no further process", "");
	while (pid > 0 && waitpid(pid, NULL, WNOHANG) == 0) {
		if (sigwait(&waited, &signal) != 0 || signal == SIGCHLD)
			continue;
		interrupted = signal;
		(void)kill(pid, SIGKILL);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return interrupted;
}

void trial_run(
        const struct config *config, bool secure, int seconds, bool tell, struct trial_facts *ret)
{
	/* What is inside writes it, we read it. */
	struct trial_facts *shared = mmap(
	        NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char folder[] = "/tmp/netmend-boot-XXXXXX";
	struct trial t = {.config = config, .folder = folder, .secure = secure, .facts = ret};
	struct error err = {0};
	int interrupted = 0;

	*ret = (struct trial_facts){.wanted = true};
	if (shared == MAP_FAILED) {
		give_up(ret, "no memory", "");
		return;
	}
	if (serve_find_program("netmend", t.self, &err) < 0)
		give_up(ret, err.text, "");
	else if (trial_possible(&t)) {
		if (!mkdtemp(folder))
			give_up(ret, "cannot make a folder in /tmp", "");
		else {
			state_path(t.conf, folder, "netmend.conf");
			state_path(t.log, folder, "netmend.log");
			*shared = *ret;
			t.facts = shared;
			interrupted = run_inside(&t, seconds, tell);
			*ret = *shared;
			(void)rmdir(folder);
		}
	}
	(void)munmap(shared, sizeof(*shared));
	if (interrupted)
		(void)raise(interrupted);
}
