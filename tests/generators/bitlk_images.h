/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cryptsetup's BitLocker test images, unpacked into memory. */
#ifndef GENERATORS_BITLK_IMAGES_H
#define GENERATORS_BITLK_IMAGES_H

#include <stddef.h>
#include <stdint.h>

#define BITLK_ARCHIVE "../shared/data/bitlk-images.tar.xz"
#define BITLK_MAX     32

struct bitlk_image {
	char name[64];  /* "aes-xts-128" */
	uint8_t *bytes; /* private memory; holes cost nothing until written */
	size_t size;
	/* From images.conf; "" when it has none. */
	char sha256[65]; /* of the decrypted device */
	char volume_id[37];
	char password[2][56]; /* recovery passwords and the GUIDs of their protectors */
	char protector[2][37];
	char passphrase[64]; /* UTF-8 */
	char passphrase_protector[37];
	char startup_key_protector[37], clear_key_protector[37];
	uint8_t startup_key[256]; /* the .BEK file; length 0 when there is none */
	size_t startup_key_len;
};

struct bitlk_images {
	size_t count;
	struct bitlk_image images[BITLK_MAX];
};

/* 0; -ENOENT when the archive is not there; -EBADMSG when it is not what is expected. */
int bitlk_images_load(struct bitlk_images *ret);
void bitlk_images_free(struct bitlk_images *set);

/* NULL when there is none of that name. */
struct bitlk_image *bitlk_image_find(struct bitlk_images *set, const char *name);

#endif
