/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/watch.h"
#include "appliance/cli/screen.h"
#include "fixer/base/buffer.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_MAX (64U * 1024 * 1024) /* of one run */

struct watch {
	const struct cli_call *call;
	sigset_t before; /* signals as they were */
	int signals;     /* those that end it or change the screen's size */
	bool ended;
	struct buffer output; /* of the last run that came to its end */
	struct buffer fresh;  /* of the one that is under way */
	int status;           /* exit status of the last run */
	int64_t at;           /* when it was started, ms since 1970 */
};

/* Everything it prints, what is wrong too, goes into the pipe; programs read --json, so there only
 * standard output does. */
_Noreturn static void run_child(const struct watch *w, int out)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)sigprocmask(SIG_SETMASK, &w->before, NULL);
	if (dup2(out, STDOUT_FILENO) < 0 ||
	        (!w->call->options.json && dup2(out, STDERR_FILENO) < 0))
		_exit(CLI_FAILED);
	int status = w->call->verb->run(w->call);
	(void)fflush(stdout);
	_exit(status);
}

static int start(struct watch *w, pid_t *ret_pid, int *ret_fd)
{
	struct timespec now;
	int ends[2];

	clock_gettime(CLOCK_REALTIME, &now);
	w->at = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	(void)fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		run_child(w, ends[1]);
	int r = pid < 0 ? -errno : 0;
	close(ends[1]);
	if (r < 0) {
		close(ends[0]);
		return r;
	}
	*ret_pid = pid;
	*ret_fd = ends[0];
	return 0;
}

/* True when the screen's size changed; sets ended at any other signal. */
static bool read_signal(struct watch *w)
{
	struct signalfd_siginfo info;

	if (read(w->signals, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo != SIGWINCH)
		w->ended = true;
	return info.ssi_signo == SIGWINCH;
}

/* Reads what the child prints until it closes its end, or somebody wants to leave. */
static int collect(struct watch *w, int fd)
{
	struct pollfd polled[] = {
	        {.fd = fd, .events = POLLIN}, {.fd = w->signals, .events = POLLIN}};
	char piece[16384];

	while (!w->ended) {
		if (poll(polled, 2, -1) < 0)
			return -errno;
		if (polled[1].revents)
			(void)read_signal(w);
		if (!polled[0].revents)
			continue;
		ssize_t n = read(fd, piece, sizeof(piece));
		if (n <= 0)
			return n < 0 ? -errno : 0;
		int r = buffer_append(&w->fresh, piece, (size_t)n);
		if (r < 0)
			return r;
	}
	return 0;
}

static int run_once(struct watch *w)
{
	int CLEANUP_CLOSE fd = -1;
	int status = 0;
	pid_t pid = -1;

	buffer_reset(&w->fresh);
	int r = start(w, &pid, &fd);
	if (r < 0)
		return r;
	r = collect(w, fd);
	if (w->ended || r < 0)
		(void)kill(pid, SIGTERM);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	w->status = WIFEXITED(status) ? WEXITSTATUS(status) : CLI_FAILED;
	if (r < 0 || w->ended)
		return r;
	struct buffer done = w->fresh;
	w->fresh = w->output;
	w->output = done;
	return 0;
}

/* JSON texts, one a line, as an array; NULL when one of them is none. */
static json_t *lines_of(const char *text)
{
	json_t *lines = json_array();

	while (*text) {
		size_t len = strcspn(text, "\n");
		if (json_array_append_new(lines, json_loadb(text, len, JSON_DECODE_ANY, NULL)) <
		        0) {
			json_decref(lines);
			return NULL;
		}
		text += len + (text[len] == '\n');
	}
	return lines;
}

/* What a run printed: one JSON text, or one a line. null: neither, or nothing, as it failed. */
static json_t *answer_of(const struct buffer *output)
{
	if (output->len == 0)
		return json_null();
	const char *text = (const char *)output->data;
	json_t *answer = json_loadb(text, output->len, JSON_DECODE_ANY, NULL);
	if (!answer)
		answer = lines_of(text);
	return answer ? answer : json_null();
}

static int show_json(const struct watch *w)
{
	json_t *answer = answer_of(&w->output);
	json_t *line = json_pack(
	        "{s:I, s:i, s:o}", "at", (json_int_t)w->at, "status", w->status, "answer", answer);
	int r = line && json_dumpf(line, stdout, JSON_COMPACT) == 0 ? 0 : -ENOMEM;

	json_decref(line);
	putchar('\n');
	return r < 0 ? r : fflush(stdout) == 0 ? 0 : -EIO;
}

static int show_plain(const struct watch *w, bool first)
{
	if (!first)
		putchar('\n');
	(void)fwrite(w->output.data, 1, w->output.len, stdout);
	return fflush(stdout) == 0 ? 0 : -EIO;
}

static int show(const struct watch *w, struct screen *screen, bool first)
{
	if (w->call->options.json)
		return show_json(w);
	if (!screen)
		return show_plain(w, first);
	return watch_screen_paint(screen, w->call, &w->output);
}

/* Until the next run is due, measured from the start of the last one, or the screen has another
 * size. */
static void pause_watch(struct watch *w)
{
	struct pollfd polled = {.fd = w->signals, .events = POLLIN};
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	int64_t passed = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - w->at;
	int64_t left = w->call->options.watch_ms - passed;
	if (left < 100 || left > w->call->options.watch_ms)
		left = 100; /* slow runs leave the machine some rest; a clock that was set is none
		             */
	if (poll(&polled, 1, (int)left) > 0)
		(void)read_signal(w);
}

static int take_signals(struct watch *w)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGWINCH);
	if (sigprocmask(SIG_BLOCK, &set, &w->before) < 0)
		return -errno;
	w->signals = signalfd(-1, &set, SFD_CLOEXEC);
	return w->signals < 0 ? -errno : 0;
}

static int watch_loop(struct watch *w, struct screen *screen)
{
	bool first = true;
	int r = 0;

	while (r == 0 && !w->ended) {
		if (screen)
			watch_screen_look();
		r = run_once(w);
		if (r < 0 || w->ended)
			break;
		r = show(w, screen, first);
		first = false;
		if (r == 0)
			pause_watch(w);
	}
	return r;
}

int cli_watch(const struct cli_call *call)
{
	struct watch w = {.call = call, .signals = -1};
	struct screen *screen = NULL;
	struct error err = {0};

	buffer_init(&w.output, OUTPUT_MAX);
	buffer_init(&w.fresh, OUTPUT_MAX);
	int r = take_signals(&w);
	if (r == 0 && !call->options.json)
		r = watch_screen_open(&screen);
	if (r == 0)
		r = watch_loop(&w, screen);
	watch_screen_close(screen, &w.output);
	if (w.signals >= 0)
		close(w.signals);
	(void)sigprocmask(SIG_SETMASK, &w.before, NULL);
	buffer_free(&w.output);
	buffer_free(&w.fresh);
	if (r == 0)
		return CLI_OK;
	error_set(&err, r, REASON_INTERNAL, "cannot go on watching: %s", strerror(-r));
	return cli_fail(&err);
}
