/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mkplain: a BitLocker volume decrypted as a whole by our own layer, for tests that compare the
 * result with what others make of the same volume. Unlike its neighbours it is the code under test.
 *
 * Says on standard output how the volume was opened, and exits with
 *   0  "read+write", or "read-only REASON: text"; the plaintext is in the output file
 *   3  "refused REASON: text"
 *   1  anything else failed, with words on standard error
 */
#include "fixer/base/bytes.h"
#include "fixer/bitlocker/bitlocker.h"
#include "fixer/block/file.h"
#include "tests/generators/run.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define CHUNK           (1024 * 1024)
#define WRITE_MAX       (1024 * 1024)
#define STARTUP_KEY_MAX 4096
#define OPT_KEY         256 /* and above: an enum key_kind */
#define STATUS_FAIL     1
#define STATUS_ARGS     2
#define STATUS_SAID     3

static const char usage[] =
        "usage: mkplain --volume FILE --output PLAIN KEY [options]\n"
        "  KEY is one of\n"
        "    --recovery-password TEXT, --passphrase TEXT, --startup-key FILE.BEK,\n"
        "    --clear-key, --vmk HEX, --none (nothing on the volume is encrypted)\n"
        "  --sector-size 512|4096   of the device FILE stands for (512)\n"
        "  --writes FILE            first write what FILE says: a list of {offset u64, length\n"
        "                           u32, data}, little-endian; of each is said \"write N: done\",\n"
        "                           \"refused at BYTE\" or what else was wrong\n";

enum key_kind {
	KEY_NOT_SAID,
	KEY_RECOVERY,
	KEY_PASSPHRASE,
	KEY_STARTUP,
	KEY_CLEAR,
	KEY_VMK,
	KEY_NONE,
};

struct request {
	const char *volume, *output, *writes;
	enum key_kind kind;
	const char *key; /* text or file name */
	uint32_t sector_size;
};

/* --- keys ------------------------------------------------------------------------------------ */

static int read_startup_key(const char *path, struct secret **ret_key, struct error *err)
{
	uint8_t file[STARTUP_KEY_MAX];
	int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, file, sizeof(file));
	struct guid id;

	if (len < 0)
		return -errno;
	return startup_key_parse(file, (size_t)len, &id, ret_key, err);
}

/* What the user's key is before it is tried on a protector. */
static int parse_key(const struct request *q, struct secret **ret_key, struct error *err)
{
	unsigned group;

	if (q->kind == KEY_RECOVERY)
		return recovery_password_parse(q->key, strlen(q->key), ret_key, &group, err);
	if (q->kind == KEY_PASSPHRASE)
		return passphrase_parse(q->key, strlen(q->key), ret_key, err);
	return read_startup_key(q->key, ret_key, err);
}

/* The VMK from the first protector of that kind that the key opens. */
static int try_protectors(const struct bitlocker_info *info, enum bitlocker_protector_kind kind,
        const struct secret *key, struct secret **ret_vmk, struct error *err)
{
	bool unknown = false;

	for (size_t i = 0; i < info->protector_count; i++) {
		const struct bitlocker_protector *p = &info->protectors[i];
		unknown = unknown || (p->kind == kind && p->stretch_flags_unknown);
		if (p->kind != kind || !p->has_blob)
			continue;
		int r = bitlocker_protector_open(p, key, ret_vmk);
		if (r != -EKEYREJECTED)
			return r;
	}
	return error_set(err, -EKEYREJECTED,
	        unknown ? REASON_BITLOCKER_STRETCH_FLAGS : REASON_BITLOCKER_WRONG_KEY,
	        "opens no protector");
}

static int vmk_from_hex(const char *text, struct secret **ret_vmk)
{
	CLEANUP_SECRET struct secret *vmk = secret_new(BITLOCKER_KEY_LEN);

	if (!vmk)
		return -ENOMEM;
	int r = hex_decode(text, vmk->data, vmk->len);
	if (r < 0)
		return r;
	*ret_vmk = vmk;
	vmk = NULL;
	return 0;
}

static int get_vmk(const struct request *q, const struct bitlocker *b, struct secret **ret_vmk,
        struct error *err)
{
	static const enum bitlocker_protector_kind kinds[] = {
	        [KEY_RECOVERY] = PROTECTOR_RECOVERY_PASSWORD,
	        [KEY_PASSPHRASE] = PROTECTOR_PASSPHRASE,
	        [KEY_STARTUP] = PROTECTOR_STARTUP_KEY,
	};
	CLEANUP_SECRET struct secret *key = NULL;

	if (q->kind == KEY_NONE)
		return 0;
	if (q->kind == KEY_CLEAR)
		return bitlocker_clear_key(b, ret_vmk, err);
	if (q->kind == KEY_VMK)
		return vmk_from_hex(q->key, ret_vmk);
	int r = parse_key(q, &key, err);
	if (r < 0)
		return r;
	return try_protectors(bitlocker_info(b), kinds[q->kind], key, ret_vmk, err);
}

/* --- writing --------------------------------------------------------------------------------- */

/* One record; 0 at the end of the list. */
static int next_write(FILE *f, struct block_device *volume, unsigned number, bool *ret_end)
{
	static uint8_t data[WRITE_MAX];
	uint8_t head[12];
	size_t got = fread(head, 1, sizeof(head), f);

	*ret_end = got == 0 && feof(f);
	if (*ret_end)
		return 0;
	size_t len = got == sizeof(head) ? get_le32(head + 8) : sizeof(data) + 1;
	if (len > sizeof(data) || fread(data, 1, len, f) != len)
		return -EBADMSG;
	int r = block_write(volume, get_le64(head), data, len);
	if (r == -EPERM)
		(void)printf("write %u: refused at %ju\n", number,
		        (uintmax_t)bitlocker_refused_at(volume));
	else
		(void)printf("write %u: %s\n", number, r < 0 ? strerror(-r) : "done");
	return 0;
}

static int do_writes(const char *path, struct block_device *volume)
{
	FILE *f = fopen(path, "re");
	bool end = false;
	int r = 0;

	if (!f)
		return -errno;
	for (unsigned i = 0; r == 0 && !end; i++)
		r = next_write(f, volume, i, &end);
	(void)fclose(f);
	return r < 0 ? r : block_flush(volume);
}

/* --- reading --------------------------------------------------------------------------------- */

static int copy_plain(struct block_device *volume, const char *path)
{
	static uint8_t chunk[CHUNK];
	int fd CLEANUP_CLOSE = gen_create(path, volume->size);

	if (fd < 0)
		return fd;
	for (uint64_t at = 0; at < volume->size; at += CHUNK) {
		uint64_t left = volume->size - at;
		size_t n = left < CHUNK ? (size_t)left : CHUNK;
		int r = block_read(volume, at, chunk, n);
		if (r == 0)
			r = gen_pwrite(fd, chunk, n, at);
		if (r < 0)
			return r;
	}
	return 0;
}

static void say_how_it_opened(const struct bitlocker *b)
{
	struct error err = {0};

	if (bitlocker_write_refusal(b, &err) < 0)
		(void)printf("read-only %s: %s\n", reason_code(err.reason), err.text);
	else
		(void)puts("read+write");
}

static int make_plain(const struct request *q, struct block_device *dev, struct error *err)
{
	CLEANUP_BITLOCKER struct bitlocker *b = NULL;
	CLEANUP_SECRET struct secret *vmk = NULL;
	CLEANUP_BLOCK struct block_device *volume = NULL;

	int r = bitlocker_parse(dev, &b, err);
	if (r == 0)
		r = get_vmk(q, b, &vmk, err);
	if (r == 0)
		r = bitlocker_open(dev, b, vmk, &volume, err);
	if (r < 0)
		return r;
	say_how_it_opened(b);
	if (q->writes)
		r = do_writes(q->writes, volume);
	if (r == 0)
		r = copy_plain(volume, q->output);
	return r;
}

static int run(const struct request *q)
{
	CLEANUP_BLOCK struct block_device *dev = NULL;
	struct error err = {0};

	int r = file_device_open(q->volume, q->writes != NULL, q->sector_size, &dev, &err);
	if (r == 0)
		r = make_plain(q, dev, &err);
	if (r == 0)
		return 0;
	if (err.code == 0) {
		(void)fprintf(stderr, "mkplain: %s: %s\n", q->volume, strerror(-r));
		return STATUS_FAIL;
	}
	(void)printf("refused %s: %s\n", reason_code(err.reason), err.text);
	return STATUS_SAID;
}

/* --- arguments ------------------------------------------------------------------------------- */

static const struct option options[] = {
        {"volume", required_argument, NULL, 'v'},
        {"output", required_argument, NULL, 'o'},
        {"sector-size", required_argument, NULL, 's'},
        {"writes", required_argument, NULL, 'w'},
        {"recovery-password", required_argument, NULL, OPT_KEY + KEY_RECOVERY},
        {"passphrase", required_argument, NULL, OPT_KEY + KEY_PASSPHRASE},
        {"startup-key", required_argument, NULL, OPT_KEY + KEY_STARTUP},
        {"clear-key", no_argument, NULL, OPT_KEY + KEY_CLEAR},
        {"vmk", required_argument, NULL, OPT_KEY + KEY_VMK},
        {"none", no_argument, NULL, OPT_KEY + KEY_NONE},
        {NULL, 0, NULL, 0},
};

static bool take_option(struct request *q, int option)
{
	switch (option) {
	case 'v':
		q->volume = optarg;
		return true;
	case 'o':
		q->output = optarg;
		return true;
	case 's':
		q->sector_size = (uint32_t)strtoul(optarg, NULL, 10);
		return true;
	case 'w':
		q->writes = optarg;
		return true;
	default:
		if (option < OPT_KEY)
			return false;
		q->kind = (enum key_kind)(option - OPT_KEY);
		q->key = optarg;
		return true;
	}
}

int main(int argc, char **argv)
{
	struct request q = {0};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (!take_option(&q, option)) {
			(void)fputs(usage, stderr);
			return STATUS_ARGS;
		}
	}
	if (!q.volume || !q.output || q.kind == KEY_NOT_SAID || optind != argc) {
		(void)fputs(usage, stderr);
		return STATUS_ARGS;
	}
	return secrets_init() < 0 ? STATUS_FAIL : run(&q);
}
