/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend machines bundle`, and how a saved repair is found and opened. */
#include "appliance/cli/machines_saved.h"
#include "appliance/fleet/operator.h"
#include "appliance/saved/saved.h"
#include "appliance/supervisor/state.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK 65536

const struct cli_option machines_bundle_options[] = {
        {"--sha256", "SHA256", "this one, by how its hash begins (the newest unless told)"},
        {"--force", NULL, "over a file that is there"},
        {0},
};

/* ---- which ---- */

struct choice {
	const char *beginning; /* "": any */
	size_t count;
	struct store_bundle last; /* of those that begin so */
};

static int choice_each(const struct store_bundle *bundle, void *context)
{
	struct choice *c = context;

	if (strncmp(bundle->sha256, c->beginning, strlen(c->beginning)) == 0) {
		c->count++;
		c->last = *bundle;
	}
	return 0;
}

static int choose(
        const struct cli_call *call, struct store *store, int64_t id, struct store_bundle *ret)
{
	const char *beginning = cli_value(call, "--sha256");
	struct choice c = {.beginning = beginning ? beginning : ""};
	int r = store_bundles(store, id, choice_each, &c);

	if (r < 0)
		return machines_store_failed(r, call->words[0]);
	if (c.count == 0 || (beginning && c.count > 1)) {
		fprintf(stderr, "netmend: %s: %s\n", call->words[0],
		        c.count     ? "several of its saved repairs begin so"
		        : beginning ? "no saved repair of it begins so"
		                    : "it has saved no repair");
		return CLI_FAILED;
	}
	*ret = c.last;
	return CLI_OK;
}

/* ---- where ---- */

void machines_saved_close(struct machines_saved *o)
{
	saved_free(o->saved);
	if (o->store)
		store_close(o->store);
}

int machines_saved_whole(struct store *store, const char *bundles,
        const struct store_bundle *bundle, struct saved **ret)
{
	struct saved *saved;
	int r = saved_open(store, bundles, bundle, &saved);

	if (r < 0)
		return r;
	while ((r = saved_go_on(saved)) > 0)
		;
	if (r < 0)
		saved_free(saved);
	else
		*ret = saved;
	return r;
}

static int bytes_failed(const struct machines_saved *o, int r)
{
	if (r != -ENOENT)
		return machines_store_failed(r, o->bundle.sha256);
	fprintf(stderr,
	        "netmend: %s: its bytes are not on this appliance; the one that took them may have "
	        "them\n",
	        o->bundle.sha256);
	return CLI_FAILED;
}

int machines_saved_open(const struct cli_call *call, struct machines_saved *o)
{
	char bundles[STATE_PATH_MAX];
	struct config config;

	if (cli_open_store(&call->options, &config, &o->store) != CLI_OK) {
		o->store = NULL;
		return CLI_FAILED;
	}
	state_path(bundles, config.state, STATE_BUNDLES);
	if (machines_find_or_tell(o->store, call->words[0], &o->machine) != CLI_OK ||
	        choose(call, o->store, o->machine.id, &o->bundle) != CLI_OK)
		return CLI_FAILED;
	int r = machines_saved_whole(o->store, bundles, &o->bundle, &o->saved);
	return r < 0 ? bytes_failed(o, r) : CLI_OK;
}

/* ---- a file of it ---- */

static int copy(int from, int to)
{
	char chunk[CHUNK];
	off_t at = 0;
	ssize_t n;

	if (ftruncate(to, 0) < 0)
		return -errno;
	while ((n = pread(from, chunk, sizeof(chunk), at)) > 0) {
		for (ssize_t done = 0, w; done < n; done += w) {
			w = pwrite(to, chunk + done, (size_t)(n - done), at + done);
			if (w < 0)
				return -errno;
		}
		at += n;
	}
	return n < 0 || fsync(to) < 0 ? -errno : 0;
}

/* Of what is in the file now: what was meant to be written is not asked. */
static int hash_of(int fd, char ret[65])
{
	crypto_hash_sha256_state state;
	unsigned char chunk[CHUNK], hash[32];
	off_t at = 0;
	ssize_t n;

	(void)crypto_hash_sha256_init(&state);
	while ((n = pread(fd, chunk, sizeof(chunk), at)) > 0) {
		(void)crypto_hash_sha256_update(&state, chunk, (size_t)n);
		at += n;
	}
	if (n < 0)
		return -errno;
	(void)crypto_hash_sha256_final(&state, hash);
	hex_encode(hash, sizeof(hash), ret);
	return 0;
}

/* In the record before the first byte is out of the appliance's hands. */
static int hand_over(const struct cli_call *call, const struct machines_saved *o, int out)
{
	const char *path = call->words[1];
	char hash[65];
	int r = fleet_bundle_taken(o->store, &call->actor, o->machine.id, o->bundle.sha256);

	if (r == 0)
		r = copy(saved_fd(o->saved), out);
	if (r == 0)
		r = hash_of(out, hash);
	if (r < 0)
		return machines_store_failed(r, path);
	if (strcmp(hash, o->bundle.sha256) != 0) {
		fprintf(stderr,
		        "netmend: the saved repair is damaged on this appliance: its SHA-256 is "
		        "%s, not %s\n",
		        hash, o->bundle.sha256);
		return CLI_FAILED;
	}
	printf("%s: %" PRId64 " bytes, read back: their SHA-256 is the recorded one, %s\n", path,
	        o->bundle.size, hash);
	return CLI_OK;
}

/* In a process of its own, which becomes web's user: the file's folder is its caller's alone. */
static int worker(const struct cli_call *call, int out)
{
	struct machines_saved o = {0};
	int status = machines_saved_open(call, &o);

	if (status == CLI_OK) {
		status = hand_over(call, &o, out);
		/* Nobody takes half of it for a saved repair. */
		if (status != CLI_OK && ftruncate(out, 0) < 0)
			fprintf(stderr, "netmend: %s is not whole\n", call->words[1]);
	}
	machines_saved_close(&o);
	return fflush(stdout) == 0 ? status : CLI_FAILED;
}

static int worker_run(const struct cli_call *call, int out)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(worker(call, out));
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return machines_store_failed(-errno, "cannot start a process");
	return WIFEXITED(status) ? WEXITSTATUS(status) : CLI_FAILED;
}

/* *ret_new: it was not there. */
static int output_open(const char *path, bool force, bool *ret_new)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	*ret_new = fd >= 0;
	if (fd < 0 && errno == EEXIST && force)
		fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fprintf(stderr, "netmend: %s: %s%s\n", path, strerror(errno),
		        errno == EEXIST ? ": --force writes over it" : "");
	return fd;
}

int machines_bundle(const struct cli_call *call)
{
	const char *path = call->words[1];
	bool new_file;
	CLEANUP_CLOSE int out = output_open(path, cli_value(call, "--force"), &new_file);

	if (out < 0)
		return CLI_FAILED;
	int status = worker_run(call, out);
	if (status != CLI_OK && new_file && unlink(path) < 0)
		fprintf(stderr, "netmend: %s was left empty\n", path);
	return status;
}
