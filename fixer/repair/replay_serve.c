/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The volume as the only file of a FUSE file system. Who asks is ntfsrecover, or whatever a hostile
 * journal made of it: it can read and write the volume, which is an overlay, and nothing else.
 */
#define FUSE_USE_VERSION 35
#include "fixer/base/bytes.h"
#include "fixer/repair/replay_internal.h"
#include "fixer/repair/sandbox_internal.h"

#include <errno.h>
#include <fuse3/fuse_lowlevel.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_MAX (1024 * 1024) /* the kernel asks for less */

/* What is served now; volume is NULL between two runs of the program. */
static struct {
	struct block_device *volume;
	int io_error;
	uint8_t *buffer; /* READ_MAX */
} served;

static int note(int r)
{
	if (r < 0 && served.io_error == 0)
		served.io_error = r;
	return -r;
}

static void answer_getattr(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *file)
{
	struct stat st = {.st_ino = node,
	        .st_mode = S_IFREG | 0600,
	        .st_nlink = 1,
	        .st_uid = geteuid(),
	        .st_gid = getegid(),
	        .st_blksize = 4096,
	        .st_size = served.volume ? (off_t)served.volume->size : 0};

	(void)file;
	(void)fuse_reply_attr(req, &st, 0); /* not to be remembered: the next volume differs */
}

/* Past the page cache: what is written arrives when it is written, never later. */
static void answer_open(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *file)
{
	(void)node;
	file->direct_io = 1;
	(void)fuse_reply_open(req, file);
}

static void answer_read(
        fuse_req_t req, fuse_ino_t node, size_t size, off_t offset, struct fuse_file_info *file)
{
	(void)node;
	(void)file;
	if (!served.volume || offset < 0 || size > READ_MAX) {
		(void)fuse_reply_err(req, EINVAL);
		return;
	}
	uint64_t at = (uint64_t)offset, end = served.volume->size;
	size_t count = at >= end ? 0 : size < end - at ? size : (size_t)(end - at);
	int e = count == 0 ? 0 : note(block_read(served.volume, at, served.buffer, count));
	if (e)
		(void)fuse_reply_err(req, e);
	else
		(void)fuse_reply_buf(req, (const char *)served.buffer, count);
}

static void answer_write(fuse_req_t req, fuse_ino_t node, const char *bytes, size_t size,
        off_t offset, struct fuse_file_info *file)
{
	(void)node;
	(void)file;
	if (!served.volume || offset < 0) {
		(void)fuse_reply_err(req, EINVAL);
		return;
	}
	if (!range_within((uint64_t)offset, size, served.volume->size)) {
		(void)fuse_reply_err(req, EFBIG);
		return;
	}
	int e = note(block_write(served.volume, (uint64_t)offset, bytes, size));
	if (e)
		(void)fuse_reply_err(req, e);
	else
		(void)fuse_reply_write(req, size);
}

/* It is in memory; there is nothing to wait for. */
static void answer_fsync(
        fuse_req_t req, fuse_ino_t node, int only_data, struct fuse_file_info *file)
{
	(void)node;
	(void)only_data;
	(void)file;
	(void)fuse_reply_err(req, 0);
}

static void answer_release(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *file)
{
	(void)node;
	(void)file;
	(void)fuse_reply_err(req, 0);
}

/* Nothing that saves copies: it would need more system calls. */
static void agree(void *context, struct fuse_conn_info *connection)
{
	(void)context;
	connection->want &=
	        ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
}

struct fuse_session *replay_session_new(int device)
{
	static const struct fuse_lowlevel_ops answers = {.init = agree,
	        .getattr = answer_getattr,
	        .open = answer_open,
	        .read = answer_read,
	        .write = answer_write,
	        .fsync = answer_fsync,
	        .release = answer_release};
	char *name[] = {(char[]){"netmend"}, NULL};
	struct fuse_args arguments = FUSE_ARGS_INIT(1, name);
	char path[32];

	served.buffer = malloc(READ_MAX);
	if (!served.buffer)
		return NULL;
	struct fuse_session *session =
	        fuse_session_new(&arguments, &answers, sizeof(answers), NULL);
	/* "Mounting" on a path like this takes over what is mounted already. */
	(void)snprintf(path, sizeof(path), "/dev/fd/%d", device);
	if (session && fuse_session_mount(session, path) < 0) {
		fuse_session_destroy(session);
		session = NULL;
	}
	return session;
}

/* Answers one request, if there still is one. */
static void serve_one(struct fuse_session *session, struct fuse_buf *buf)
{
	if (fuse_session_receive_buf(session, buf) > 0)
		fuse_session_process_buf(session, buf);
}

/* The runner ends the program in time; it is given some time itself. */
static int serve_until_told(
        struct fuse_session *session, int runner, uint32_t ms, struct replay_result *ret)
{
	struct pollfd sources[] = {{.fd = runner, .events = POLLIN},
	        {.fd = fuse_session_fd(session), .events = POLLIN}};
	int64_t deadline = sandbox_now_ms() + ms + 2000;
	struct fuse_buf buf = {0};
	int r = 1;

	while (r > 0) {
		int64_t left = deadline - sandbox_now_ms();
		if (left <= 0)
			r = -ETIMEDOUT;
		else if (poll(sources, 2, (int)left) <= 0)
			continue;
		else if (sources[1].revents & POLLIN)
			serve_one(session, &buf);
		else if (sources[0].revents)
			r = read(runner, ret, sizeof(*ret)) == sizeof(*ret) ? 0 : -EPIPE;
		else
			r = -EPIPE; /* the mount went with the runner */
	}
	free(buf.mem);
	return r;
}

int replay_serve(struct fuse_session *session, const struct replay_runner *runner,
        struct block_device *volume, uint32_t ms, struct replay_result *ret, int *ret_io_error)
{
	struct replay_request request = {.size = volume->size, .ms = ms};

	if (write(runner->socket, &request, sizeof(request)) != sizeof(request))
		return -EPIPE;
	served.volume = volume;
	served.io_error = 0;
	int r = serve_until_told(session, runner->socket, ms, ret);
	*ret_io_error = served.io_error;
	served.volume = NULL;
	return r;
}
