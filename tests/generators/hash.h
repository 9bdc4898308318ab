/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GENERATORS_HASH_H
#define GENERATORS_HASH_H

#include <stddef.h>
#include <stdint.h>

#define GEN_SHA256_HEX 65

void gen_sha256(const void *data, size_t size, char out[GEN_SHA256_HEX]);
/* Of the first size bytes of fd. 0 or -errno. */
int gen_sha256_file(int fd, uint64_t size, char out[GEN_SHA256_HEX]);

#endif
