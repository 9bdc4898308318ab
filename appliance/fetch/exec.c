/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any other place: a program that is told a GUID and a machine and prints recovery passwords. */
#include "appliance/fetch/exec_output.h"
#include "appliance/fetch/exec_run.h"
#include "appliance/fetch/source.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORKERS          4
#define SECONDS          5 /* unless told */
#define ARGUMENTS_MAX    32
#define STATUS_NOT_FOUND 3
/* A little less than the frame waits, so that what happened is told by us. */
#define LOOKUP_MS (NM_SOURCE_SECONDS * 1000 - 500)

struct exec_source {
	char name[64];
	char *program;
	char *words; /* the configured arguments, each with its NUL */
	size_t count;
	char *arguments[ARGUMENTS_MAX];
	int64_t ms;
	int null_fd;
};

static int usage(struct error *err, const char *what)
{
	return error_set(err, -EINVAL, REASON_USAGE, "%s", what);
}

/* ---- options ---- */

/* One word from *at, which is moved behind it; its quotes are taken away in place. NULL at the end.
 * A quote that is not closed ends with *ret_bad. */
static char *next_word(char **at, bool *ret_bad)
{
	char *word = *at + strspn(*at, " \t"), *to = word, *from = word;
	bool quoted = false;

	if (!*word)
		return NULL;
	for (; *from && (quoted || (*from != ' ' && *from != '\t')); from++) {
		if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
	}
	*ret_bad = quoted;
	*at = *from ? from + 1 : from;
	*to = 0;
	return word;
}

static int take_arguments(struct exec_source *s, const char *text, struct error *err)
{
	bool bad = false;

	s->words = strdup(text ? text : "");
	if (!s->words)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	char *at = s->words, *word;
	while ((word = next_word(&at, &bad))) {
		if (bad)
			return usage(err, "arguments: a quote is not closed");
		if (s->count == ARGUMENTS_MAX)
			return usage(err, "arguments: more than 32");
		s->arguments[s->count++] = word;
	}
	return 0;
}

static int take_seconds(struct exec_source *s, const char *text, struct error *err)
{
	char *end = NULL;
	long seconds = text ? strtol(text, &end, 10) : SECONDS;

	if ((text && (end == text || *end)) || seconds < 1 || seconds > NM_SOURCE_SECONDS)
		return usage(err, "seconds: from 1 to 10");
	s->ms = seconds * 1000 < LOOKUP_MS ? seconds * 1000 : LOOKUP_MS;
	return 0;
}

static void exec_close(void *source)
{
	struct exec_source *s = source;

	if (s->null_fd >= 0)
		(void)close(s->null_fd);
	free(s->program);
	free(s->words);
	free(s);
}

static int exec_open(const struct source_options *o, void **ret, struct error *err)
{
	const char *program = source_option(o, "program");
	struct exec_source *s = calloc(1, sizeof(*s));

	if (!s)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	(void)snprintf(s->name, sizeof(s->name), "%s", o->name);
	s->null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int r = 0;
	if (s->null_fd < 0)
		r = error_set(err, -errno, REASON_CANNOT_OPEN, "/dev/null: %s", strerror(errno));
	else if (!program || program[0] != '/')
		r = usage(err, "program: an absolute path is needed");
	if (r == 0)
		r = take_arguments(s, source_option(o, "arguments"), err);
	if (r == 0)
		r = take_seconds(s, source_option(o, "seconds"), err);
	if (r == 0) {
		s->program = strdup(program);
		if (!s->program)
			r = error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	}
	if (r == 0)
		*ret = s;
	else
		exec_close(s);
	return r;
}

/* ---- is it a program to trust ---- */

/* Nobody but root and us may put something else in its place. */
static bool is_ours(const struct stat *st)
{
	bool owned = st->st_uid == 0 || st->st_uid == geteuid();
	bool sticky = S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX);

	return owned && (sticky || !(st->st_mode & (S_IWGRP | S_IWOTH)));
}

static int not_trusted(struct error *err, const char *what)
{
	return error_set(err, -EPERM, REASON_SOURCE_FAILED,
	        "%s is not run: it must belong to root or to this process's user, and nobody else "
	        "may "
	        "write to it",
	        what);
}

static int check_program(const struct exec_source *s, struct error *err)
{
	char real[PATH_MAX];
	struct stat st;

	if (!realpath(s->program, real) || stat(real, &st) < 0)
		return error_set(
		        err, -errno, REASON_SOURCE_FAILED, "%s: %s", s->program, strerror(errno));
	if (!S_ISREG(st.st_mode) || access(real, X_OK) < 0)
		return error_set(err, -EACCES, REASON_SOURCE_FAILED,
		        "%s is no program that this process may run", s->program);
	if (!is_ours(&st))
		return not_trusted(err, s->program);
	for (char *slash = strrchr(real, '/'); slash; slash = strrchr(real, '/')) {
		*slash = 0;
		if (stat(real[0] ? real : "/", &st) < 0 || !is_ours(&st))
			return not_trusted(err, real[0] ? real : "/");
	}
	return 0;
}

static enum reason exec_check(void *source, char *text, size_t size)
{
	const struct exec_source *s = source;
	struct error err = {0};

	if (check_program(s, &err) < 0) {
		(void)snprintf(text, size, "%s", err.text);
		return err.reason;
	}
	(void)snprintf(
	        text, size, "%s can be run; what it answers shows when a machine asks", s->program);
	return REASON_OK;
}

/* ---- asking ---- */

/* A machine may call itself what it likes: no option of the program's. */
static char *as_argument(char *text)
{
	if (text[0] == '-')
		text[0] = '_';
	return text;
}

static void log_errors(const struct exec_source *s, const struct exec_result *r)
{
	char text[EXEC_ERRORS_MAX + 1];

	if (r->errors_len == 0)
		return;
	exec_errors_clean(r->errors, r->errors_len, text, sizeof(text));
	log_warning("source %s: %s says: %s", s->name, s->program, text);
}

__attribute__((format(printf, 3, 4))) static enum reason fail(
        struct source_answer *ret, enum reason reason, const char *format, ...)
{
	va_list args;

	source_answer_clear(ret);
	va_start(args, format);
	(void)vsnprintf(ret->text, sizeof(ret->text), format, args);
	va_end(args);
	return reason;
}

static enum reason judge_output(
        const struct exec_source *s, const struct exec_result *r, struct source_answer *ret)
{
	char origin[sizeof(ret->candidates[0].origin)];
	struct error err = {0};

	text_clean(origin, sizeof(origin), s->program);
	if (exec_candidates((const char *)r->output->data, r->len, origin, ret, &err) < 0)
		return fail(ret, err.reason, "%s: %.200s", s->program, err.text);
	if (ret->count == 0)
		return fail(ret, REASON_SOURCE_FAILED,
		        "%s ended well, but printed nothing; with status 3 it says that there is "
		        "none",
		        s->program);
	return REASON_OK;
}

static enum reason judge(
        const struct exec_source *s, const struct exec_result *r, struct source_answer *ret)
{
	switch (r->end) {
	case EXEC_TOO_SLOW:
		return fail(ret, REASON_SOURCE_FAILED, "%s took longer than %lld s and was killed",
		        s->program, (long long)(s->ms + 999) / 1000);
	case EXEC_TOO_MUCH:
		return fail(ret, REASON_SOURCE_FAILED, "%s wrote more than %d bytes and was killed",
		        s->program, EXEC_OUTPUT_MAX);
	case EXEC_SIGNALED:
		return fail(ret, REASON_SOURCE_FAILED, "%s was ended by signal %d", s->program,
		        r->status);
	case EXEC_EXITED:
		break;
	}
	if (r->status == STATUS_NOT_FOUND)
		return fail(ret, REASON_KEY_NOT_FOUND, "%s knows no password for it", s->program);
	if (r->status != 0)
		return fail(ret, REASON_SOURCE_FAILED,
		        "%s ended with status %d; what it said is in the log", s->program,
		        r->status);
	return judge_output(s, r, ret);
}

static enum reason exec_lookup(
        void *source, const struct source_question *q, struct source_answer *ret)
{
	struct exec_source *s = source;
	struct source_question told = *q;
	struct exec_result result;
	struct error err = {0};
	char id[GUID_TEXT], *argv[ARGUMENTS_MAX + 5] = {s->program};

	guid_format(&q->protector, id);
	memcpy(argv + 1, s->arguments, s->count * sizeof(argv[0]));
	argv[s->count + 1] = id;
	argv[s->count + 2] = as_argument(told.name);
	argv[s->count + 3] = as_argument(told.serial);
	int r = check_program(s, &err);
	if (r == 0)
		r = exec_run(argv, s->null_fd, s->ms, &result, &err);
	if (r < 0)
		return fail(ret, err.reason, "%s", err.text);
	log_errors(s, &result);
	enum reason reason = judge(s, &result, ret);
	exec_result_clear(&result);
	return reason;
}

const struct source_ops source_exec = {.type = "exec",
        .workers = WORKERS,
        .open = exec_open,
        .close = exec_close,
        .lookup = exec_lookup,
        .check = exec_check};
