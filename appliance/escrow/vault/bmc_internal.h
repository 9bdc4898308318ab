/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of BMC records share; the caller holds the vault's lock, and it is ready. */
#ifndef ESCROW_VAULT_BMC_INTERNAL_H
#define ESCROW_VAULT_BMC_INTERNAL_H

#include "appliance/escrow/vault/bmc.h"
#include "appliance/escrow/vault/internal.h"

/* Inside the box of a record. */
struct bmc_plain {
	char name[VAULT_HOST], uuid[VAULT_BMC_UUID], serial[VAULT_SERIAL];
	char macs[VAULT_BMC_MACS][VAULT_BMC_MAC];
	char type[VAULT_BMC_TYPE], address[VAULT_BMC_ADDRESS], group[VAULT_BMC_GROUP];
	char user[VAULT_BMC_USER], pin[VAULT_BMC_PIN], password[VAULT_BMC_PASSWORD];
	uint8_t has_password;
	uint8_t port[2]; /* low byte first */
	uint8_t changed[8];
};

/* Inside the box of a login. */
struct bmc_login_plain {
	char group[VAULT_BMC_GROUP], user[VAULT_BMC_USER], password[VAULT_BMC_PASSWORD];
};

/* What a box is, so that none opens in another's place: this and its row's number. */
enum bmc_box { BMC_BOX_RECORD = 1, BMC_BOX_LOGIN = 2 };

#define BMC_HASHES (4 + VAULT_BMC_MACS)

/* What a machine is found by, the surest first. */
struct bmc_hashes {
	size_t count;
	uint8_t hashes[BMC_HASHES][NAME_HASH_LEN];
};

/* --- bmc_row.c ------------------------------------------------------------------------------- */

/* A machine's identities, each normal: UUID (in the lower of its byte orders), serial, MACs, name.
 * What says nothing is left out. */
void bmc_hash_machine(
        const struct vault *v, const struct vault_bmc_machine *m, struct bmc_hashes *ret);
void bmc_hash_address(
        const struct vault *v, const char *address, uint16_t port, uint8_t ret[NAME_HASH_LEN]);
void bmc_hash_group(const struct vault *v, const char *group, uint8_t ret[NAME_HASH_LEN]);

/* plain (of len bytes) into nonce and box (len + TAG_LEN bytes). -ENOMEM without locked memory. */
int bmc_seal(const struct vault *v, enum bmc_box kind, int64_t n, const void *plain, size_t len,
        uint8_t nonce[NONCE_LEN], uint8_t *box, struct error *err);
/* Columns of sql from first: nonce, box. -EBADMSG, without a text. */
int bmc_open(const struct vault *v, enum bmc_box kind, int64_t n, sqlite3_stmt *sql, int first,
        void *plain, size_t len, struct error *err);

void bmc_to_plain(const struct vault_bmc *b, struct bmc_plain *ret);
/* password: also that. -ENOMEM. */
int bmc_from_plain(const struct bmc_plain *p, int64_t n, bool password, struct vault_bmc *ret,
        struct error *err);

/* --- bmc_find.c ------------------------------------------------------------------------------ */

/* The record of that number. -ENOENT, -EBADMSG, -ENOMEM. */
int bmc_load(struct vault *v, int64_t n, bool password, struct vault_bmc *ret, struct error *err);
/* Numbers of the records one of these hashes names, each once. -E2BIG: more than max. */
int bmc_numbers(struct vault *v, const uint8_t (*hashes)[NAME_HASH_LEN], size_t count, int64_t *ret,
        size_t max, size_t *ret_count, struct error *err);

/* --- bmc_login.c ----------------------------------------------------------------------------- */

/* User and password of the group's login into b. -ENOENT, -EBADMSG, -ENOMEM. */
int bmc_login_load(struct vault *v, const char *group, struct vault_bmc *b, struct error *err);

/* --- bmc.c ----------------------------------------------------------------------------------- */

/* Within a transaction: another number than any before, which the file has from now on. */
int bmc_revise(struct vault *v, int64_t *ret, struct error *err);

#endif
