/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/audit/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

struct log {
	FILE *file; /* NULL: there is none */
	uint64_t left;
	struct chain head;
	int head_state; /* what head_read() gave */
	char *line;
	size_t line_size, number;
	json_t *record;
	struct chain chain;
};

/* Size and head of one moment. */
static int look(struct log *log, int head, struct error *err)
{
	int fd = fileno(log->file);
	struct stat st;

	if (flock(fd, LOCK_SH) < 0 || fstat(fd, &st) < 0)
		return error_set(err, -errno, REASON_AUDIT_FAILED, "cannot read audit.log: %s",
		        strerror(errno));
	log->left = (uint64_t)st.st_size;
	log->head_state = head < 0 ? -ENOENT : head_read(head, &log->head);
	(void)flock(fd, LOCK_UN);
	return 0;
}

int log_open(const char *dir, struct log **ret, struct error *err)
{
	struct log *log = calloc(1, sizeof(*log));

	if (!log)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	int head CLEANUP_CLOSE = audit_file(dir, AUDIT_HEAD, O_RDONLY, NULL);
	int fd = audit_file(dir, AUDIT_LOG, O_RDONLY, err);
	int r = fd < 0 ? fd : 0;
	log->head_state = -ENODATA;
	chain_begin(&log->chain);
	if (fd >= 0) {
		log->file = fdopen(fd, "r");
		r = log->file ? look(log, head, err) : -errno;
	} else if (fd == -ENOENT) {
		if (head >= 0)
			log->head_state = head_read(head, &log->head);
		r = 0;
	}
	if (r < 0) {
		log_close(log);
		return r;
	}
	*ret = log;
	return 0;
}

void log_close(struct log *log)
{
	if (log->file)
		(void)fclose(log->file);
	json_decref(log->record);
	free(log->line);
	free(log);
}

int log_head(const struct log *log, struct chain *ret)
{
	if (log->head_state == 0)
		*ret = log->head;
	return log->head_state;
}

int log_next(struct log *log, struct log_line *ret)
{
	if (log->left == 0)
		return 0;
	errno = 0;
	ssize_t len = getline(&log->line, &log->line_size, log->file);
	if (len <= 0)
		return errno != 0 ? -errno : 0;
	if ((uint64_t)len > log->left)
		len = (ssize_t)log->left;
	log->left -= (uint64_t)len;
	json_decref(log->record);
	enum chain_fault fault = chain_check(&log->chain, log->line, (size_t)len, &log->record);
	*ret = (struct log_line){.fault = fault,
	        .number = ++log->number,
	        .text = log->line,
	        .len = (size_t)len,
	        .record = log->record,
	        .chain = &log->chain};
	return 1;
}
