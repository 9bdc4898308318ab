/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder of a test's own for a vault, and short ways to ask it. */
#ifndef TESTS_UNIT_VAULT_PLACE_H
#define TESTS_UNIT_VAULT_PLACE_H

#include "appliance/escrow/vault/import.h"
#include "fixer/base/buffer.h"
#include "fixer/bitlocker/bitlocker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define ID       "063EA4E1-220C-4293-BA01-4754620A96E7"
#define OTHER_ID "11111111-2222-3333-4444-555555555555"
#define THIRD_ID "AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE"
/* Eight groups divisible by 11 and below 720896. */
#define PASSWORD  "000011-000022-000033-000044-000055-000066-000077-000088"
#define PASSWORD2 "110000-000022-000033-000044-000055-000066-000077-000088"
#define BARE      "000011000022000033000044000055000066000077000088"

static const struct vault_key automatic = {.kind = VAULT_KEY_AUTO};

struct place {
	char dir[64];
	unsigned next; /* of the folders inside */
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	(void)snprintf(p->dir, sizeof(p->dir), "/dev/shm/netmend-vault-XXXXXX");
	*state = p;
	return secrets_init() < 0 || !mkdtemp(p->dir) ? -1 : 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	int r = nftw(p->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	free(p);
	return r;
}

static inline struct vault *open_vault(const char *dir, const struct vault_key *key)
{
	struct error err = {0};
	struct vault *v = NULL;

	if (vault_open(dir, key, &v, &err) < 0)
		fail_msg("%s", err.text);
	return v;
}

static inline struct guid guid_of(const char *id)
{
	struct guid guid;

	assert_int_equal(guid_parse(id, &guid), 0);
	return guid;
}

/* The keys found, as text: the first byte of each in hexadecimal, which tells the passwords of
 * these tests apart; "-" for none. */
static inline const char *first_bytes(struct vault_candidates *found)
{
	static char text[3 * NM_MAX_CANDIDATES + 2];

	(void)snprintf(text, sizeof(text), "-");
	for (size_t i = 0; i < found->count; i++)
		(void)snprintf(
		        text + 3 * i, sizeof(text) - 3 * i, "%02x ", found->keys[i]->data[0]);
	vault_candidates_clear(found);
	return text;
}

static inline const char *by_id(struct vault *v, const char *id, const char *name)
{
	struct vault_candidates found = {0};
	struct guid guid = guid_of(id);

	assert_int_equal(vault_lookup(v, &guid, name, &found, NULL), 0);
	return first_bytes(&found);
}

static inline const char *by_name(struct vault *v, const char *name, const char *serial)
{
	struct vault_candidates found = {0};

	assert_int_equal(vault_lookup_name(v, name, serial, &found, NULL), 0);
	return first_bytes(&found);
}

static inline int text_fd(const void *text, size_t len)
{
	int fd = memfd_create("csv", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static inline struct secret *text_secret(const char *text)
{
	struct secret *s = secret_copy(text, strlen(text));

	assert_non_null(s);
	return s;
}

/* A recovery key whose first byte is number. */
static inline void add(struct vault *v, const char *id, uint8_t number, const char *host,
        enum vault_added expected)
{
	uint8_t bytes[VAULT_RECOVERY_KEY_LEN] = {number, 7};
	struct secret *key CLEANUP_SECRET = secret_copy(bytes, sizeof(bytes));
	struct vault_entry e = {.key = key, .has_id = id != NULL, .host = host, .serial = ""};
	struct error err = {0};
	enum vault_added added;

	if (id)
		e.id = guid_of(id);
	if (vault_add(v, VAULT_IMPORT, &e, &added, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(added, expected);
}

static inline void path_in(const struct place *p, const char *name, char out[128])
{
	(void)snprintf(out, 128, "%s/%s", p->dir, name);
}

static inline int keep_record(void *context, const struct vault_record *r)
{
	*(struct vault_record *)context = *r;
	return 0;
}

#endif
