/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * BitLocker (FVE metadata version 2, Windows 7 to 11): parsing, key chain, sector cipher, and a
 * volume as a block_device over a block_device. No I/O of its own, no logging.
 * Format facts: libbde's documentation, cryptsetup's and dissect.fve's sources, checked on images.
 */
#ifndef BITLOCKER_BITLOCKER_H
#define BITLOCKER_BITLOCKER_H

#include "fixer/base/error.h"
#include "fixer/base/secret.h"
#include "fixer/base/text.h"
#include "fixer/block/block_device.h"
#include "netmend/limits.h"

enum bitlocker_protector_kind {
	PROTECTOR_CLEAR_KEY,
	PROTECTOR_TPM,
	PROTECTOR_STARTUP_KEY,
	PROTECTOR_TPM_STARTUP_KEY,
	PROTECTOR_TPM_PIN,
	PROTECTOR_TPM_PIN_STARTUP_KEY,
	PROTECTOR_RECOVERY_PASSWORD,
	PROTECTOR_CERTIFICATE,
	PROTECTOR_PASSPHRASE,
	PROTECTOR_OTHER,
};

/* "recovery-password", "tpm", ... as on the wire. Static. */
const char *bitlocker_protector_name(enum bitlocker_protector_kind kind);
/* "recovery password", "TPM with PIN", ... as a person calls it. Static. */
const char *bitlocker_protector_words(enum bitlocker_protector_kind kind);

#define BITLOCKER_SALT_LEN 16
#define BITLOCKER_BLOB_LEN 72 /* nonce 12, MAC 16, ciphertext 44: a VMK under AES-256-CCM */
#define BITLOCKER_KEY_LEN  32 /* stretched key, VMK */

/* What is needed to find out whether a key opens this protector. Not secret. */
struct bitlocker_blob {
	uint8_t salt[BITLOCKER_SALT_LEN]; /* zero for a startup key, which is not stretched */
	uint8_t sealed[BITLOCKER_BLOB_LEN];
};

struct bitlocker_protector {
	struct guid id; /* what Windows shows as the recovery key ID and AD stores */
	enum bitlocker_protector_kind kind;
	uint16_t raw_kind; /* the bit field on disk */
	/* A key can be tried here: recovery password or passphrase whose stretching is known, or
	 * startup key. Escrow has recovery passwords only: what goes there checks the kind too. */
	bool has_blob;
	bool stretch_flags_unknown; /* the key is stretched in a way not known (FIPS?) */
	struct bitlocker_blob blob;
};

enum bitlocker_method {
	METHOD_CBC128_DIFFUSER = 0x8000,
	METHOD_CBC256_DIFFUSER = 0x8001,
	METHOD_CBC128 = 0x8002,
	METHOD_CBC256 = 0x8003,
	METHOD_XTS128 = 0x8004,
	METHOD_XTS256 = 0x8005,
};

/* "xts-aes-128", ...; "unknown" for other values. Static. */
const char *bitlocker_method_name(uint16_t method);
/* "XTS-AES 128", ... as manage-bde shows it; "unknown". Static. */
const char *bitlocker_method_words(uint16_t method);

/* What is in the clear on the volume. */
struct bitlocker_info {
	struct guid volume_id;
	uint16_t method;
	uint16_t current_state, next_state;
	uint16_t version;         /* of the metadata: 2 */
	bool needs_key;           /* false in state 1: nothing is encrypted, no key is looked for */
	bool encrypt_on_write;    /* sector 0 carries the type of an unfinished conversion */
	bool map_damaged;         /* encrypt-on-write structures not intact: can't be read */
	bool converting;          /* encrypt_on_write or a state other than 4/4 and 1/1 */
	bool suspended;           /* a clear key is present */
	uint32_t sector_size;     /* of the cipher */
	uint64_t volume_size;     /* the device's */
	uint64_t encrypted_size;  /* StateOffset */
	uint64_t encrypted_bytes; /* how much of the device is encrypted; 0 while map_damaged */
	uint64_t metadata_offset[3]; /* bytes from volume start */
	uint64_t header_offset;      /* relocated NTFS boot sectors */
	uint32_t header_sectors;
	unsigned good_copies; /* of the three metadata copies */
	bool copy_good[3];    /* which of them, as metadata_offset */
	bool copies_agree;
	size_t protector_count;
	struct bitlocker_protector protectors[NM_MAX_PROTECTORS];
	size_t protectors_left_out; /* beyond the limit */
};

struct bitlocker; /* parsed metadata of one volume */

/* True when sector 0 carries a BitLocker signature (also Vista's and To Go's). */
bool bitlocker_probe(const uint8_t *sector0, size_t len);

/* Parses the metadata of the volume on dev (not kept). Errors: -ENODEV not BitLocker;
 * REASON_BITLOCKER_VISTA, _METADATA_BAD (no good copy). */
int bitlocker_parse(struct block_device *dev, struct bitlocker **ret, struct error *err);
void bitlocker_free(struct bitlocker *b);
const struct bitlocker_info *bitlocker_info(const struct bitlocker *b);

/* The protectors of the volume for a message, those a person has a key for first: "recovery
 * password ID, startup key ID, TPM ID"; "none" without any. What does not fit is counted: "and 3
 * more". */
void bitlocker_openers(const struct bitlocker_info *info, char *out, size_t size);

/* The state of a volume as a person would put it. */
enum bitlocker_condition {
	CONDITION_PROTECTED, /* encrypted, a key is needed */
	CONDITION_SUSPENDED, /* encrypted, a clear key beside the protectors */
	CONDITION_WAITING,   /* a clear key and no protector: "waiting for activation" */
	CONDITION_ENCRYPTING,
	CONDITION_DECRYPTING,
	CONDITION_CONVERTING, /* to a state not known */
	CONDITION_ENCRYPT_ON_WRITE,
	CONDITION_DECRYPTED, /* nothing is encrypted, the metadata is left */
};
enum bitlocker_condition bitlocker_condition(const struct bitlocker_info *info);
const char *bitlocker_condition_name(enum bitlocker_condition condition); /* "protected". Static. */

/* "being decrypted, paused with 37 % encrypted", and so on. */
#define BITLOCKER_CONDITION_TEXT 128
void bitlocker_condition_words(const struct bitlocker_info *info, char *out, size_t size);

/* How much of the device is encrypted, in percent, rounded down. */
unsigned bitlocker_percent(const struct bitlocker_info *info);

DEFINE_CLEANUP(struct bitlocker *, bitlocker_free)
#define CLEANUP_BITLOCKER CLEANUP(bitlocker_free_p)

/* --- key chain; also what the escrow process uses ------------------------------------------- */

/* "123456-...": 8 groups of 6 digits, separated by '-', blanks or nothing. Gives the 16 byte key
 * (locked memory). -EINVAL with the first bad group (1..8; 0 = wrong overall shape) in *ret_group
 * and REASON_RECOVERY_PASSWORD_FORMAT; the text never contains digits of the password. */
int recovery_password_parse(const char *text, size_t len, struct secret **ret_key,
        unsigned *ret_group, struct error *err);

/* The same into the caller's memory (of a secret), for those that read thousands; key may be half
 * written when it fails. */
#define RECOVERY_KEY_LEN 16
int recovery_password_read(const char *text, size_t len, uint8_t key[RECOVERY_KEY_LEN],
        unsigned *ret_group, struct error *err);

/* utf8: len bytes, the passphrase and nothing else (no line end). Gives 32 bytes, the SHA-256 of
 * its UTF-16LE form. -EINVAL, REASON_PASSPHRASE_FORMAT when it is empty, not UTF-8, holds a zero or
 * has more than PASSPHRASE_MAX UTF-16 units; the text tells nothing of it. */
#define PASSPHRASE_MAX 256 /* Windows' own limit */
int passphrase_parse(const char *utf8, size_t len, struct secret **ret_key, struct error *err);

/* data: a startup key file (.BEK), whole. Gives the GUID of its protector and the 32 bytes that
 * open the protector's blob without stretching. -EINVAL, REASON_STARTUP_KEY_FORMAT. */
int startup_key_parse(const uint8_t *data, size_t len, struct guid *ret_id, struct secret **ret_key,
        struct error *err);

/* 0x100000 rounds of SHA-256 (0.1 s with a processor's SHA instructions, up to 1 s without). key:
 * 16 bytes of a recovery password or 32 of a passphrase. */
int bitlocker_stretch(const struct secret *key, const uint8_t salt[BITLOCKER_SALT_LEN],
        struct secret **ret_stretched);

/*
 * The same for several passwords side by side, each in a lane of the processor's vectors: where
 * there are no SHA instructions, eight to a dozen take little longer than one. A lane is worked on
 * in slices, so that a password can join while others are half done. What is quicker for the lanes
 * in use, together or one by one by libcrypto, was measured on this processor before.
 * One thread at a time; everything secret is in locked memory, nothing is left on the stack.
 */
#define BITLOCKER_LANES_MAX 16

struct bitlocker_lanes;

struct bitlocker_lanes *bitlocker_lanes_new(void); /* NULL without memory */
void bitlocker_lanes_free(struct bitlocker_lanes *l);

struct bitlocker_lanes_figures {
	size_t best;       /* so many at once give the most; more only take longer each */
	double per_second; /* passwords of one processor then */
};
/* Measured at the first call, which takes some milliseconds. */
void bitlocker_lanes_measure(struct bitlocker_lanes_figures *ret);

/* The number of the lane the password goes into; -EBUSY when all are in use, -EIO. */
int bitlocker_lanes_put(struct bitlocker_lanes *l, const struct secret *key,
        const uint8_t salt[BITLOCKER_SALT_LEN]);
/* One slice (some milliseconds; BITLOCKER_SLICES make a password) for all lanes in use; nothing
 * while one of them is done and not taken. 0 or -EIO. */
#define BITLOCKER_SLICES 256
int bitlocker_lanes_run(struct bitlocker_lanes *l);
/* The stretched key; the lane is free then. -EAGAIN when it is not done yet, -ENOMEM (it stays). */
int bitlocker_lanes_take(struct bitlocker_lanes *l, size_t lane, struct secret **ret_stretched);
void bitlocker_lanes_drop(struct bitlocker_lanes *l, size_t lane); /* nobody wants it any more */

DEFINE_CLEANUP(struct bitlocker_lanes *, bitlocker_lanes_free)
#define CLEANUP_LANES CLEANUP(bitlocker_lanes_free_p)

/* Opens the protector's VMK with the stretched key, or the startup key as it is. -EKEYREJECTED when
 * the MAC does not fit. */
int bitlocker_blob_open(
        const struct bitlocker_blob *blob, const struct secret *stretched, struct secret **ret_vmk);

/* Both: p has a blob; key is what the parser above for its kind gave. Errors as above. */
int bitlocker_protector_open(
        const struct bitlocker_protector *p, const struct secret *key, struct secret **ret_vmk);

/* The VMK of a suspended volume. -ENOENT when there is no clear key. */
int bitlocker_clear_key(const struct bitlocker *b, struct secret **ret_vmk, struct error *err);

/* --- the volume ------------------------------------------------------------------------------ */

/* Decrypts the FVEK with vmk, checks the metadata's SHA-256 under it, and gives the plaintext
 * volume over dev (kept, not owned; it may be an overlay). vmk may be NULL when the volume does not
 * need one (needs_key). The result is writable when dev is and the rules allow writing: normal
 * GUID, state 4/4 or 1/1, all three copies good and equal, their SHA-256 right. Otherwise it is
 * read-only and bitlocker_write_refusal() says why. Errors: -EKEYREJECTED _WRONG_KEY, -ENOKEY
 * KEY_NEEDED (no vmk given), -ENOTSUP _METHOD and _STATE, -EBADMSG _METADATA_BAD (also with
 * map_damaged). */
int bitlocker_open(struct block_device *dev, const struct bitlocker *b, const struct secret *vmk,
        struct block_device **ret, struct error *err);

/* 0 when writing is allowed; otherwise a negative errno with the reason. */
int bitlocker_write_refusal(const struct bitlocker *b, struct error *err);

/* Of a volume bitlocker_open() gave: the first byte that belongs to BitLocker in the last write
 * refused with -EPERM, in bytes of the volume. Nothing of such a write is done. UINT64_MAX when
 * none was refused, or when it is another kind of device. */
uint64_t bitlocker_refused_at(struct block_device *volume);

/* Where byte `offset` of the plaintext volume lies on dev; the relocated header is the only part
 * that is not at its own place. */
uint64_t bitlocker_physical(const struct bitlocker *b, uint64_t offset);

/* True when [offset, offset+len) on dev touches what belongs to BitLocker: a metadata copy, the
 * area that holds the relocated header, the volume's first header_sectors, a structure of
 * encrypt-on-write, or the conversion buffer. */
bool bitlocker_is_reserved(const struct bitlocker *b, uint64_t offset, uint64_t len);

#endif
