/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sector ciphers against bare libcrypto, in one process, in turn, each ratio from two runs that
 * followed each other.
 *
 *   bench_cipher                 every method and sector size, in memory
 *   bench_cipher IMAGE...        volumes with a clear key, opened over memory, read and written
 *
 * What libcrypto is measured by:
 *   (a) a call for each sector, with its IV, as the format asks for; with the diffuser's formula as
 *       it is printed where the method has it
 *   (b) one call over everything, as if it were one sector; without a diffuser
 * For volumes both also read or write the memory beneath, by the same block_device.
 */
#include "fixer/base/bytes.h"
#include "fixer/bitlocker/bitlocker.h"
#include "fixer/bitlocker/cipher.h"
#include "tests/unit/diffuser_formula.h"
#include "tests/unit/memory_device.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#define LEN      ((size_t)256 * 1024)
#define PIECE    ((size_t)64 * 1024) /* written at a time, as our volume does it */
#define REPEAT   4
#define ROUNDS   101
#define POSITION (UINT64_C(32) * 1024 * 1024)

enum { OURS, PER_SECTOR, ONE_CALL, CONTESTANTS };

static uint8_t data[LEN], bounce[PIECE];

struct bench {
	uint16_t method;
	uint32_t sector_size;
	bool xts, diffuser, encrypt;
	struct sector_cipher *ours;
	EVP_CIPHER_CTX *sectors, *iv, *sector_key; /* libcrypto's */
	struct block_device *volume;               /* NULL: the cipher alone */
	struct memory_device *memory;
	uint64_t position;
};

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "bench_cipher: %s failed\n", what);
	exit(1);
}

static void some_key(uint8_t *key, size_t len)
{
	for (size_t i = 0; i < len; i++)
		key[i] = (uint8_t)(7 * i + 1);
}

/* --- libcrypto ------------------------------------------------------------------------------- */

static EVP_CIPHER_CTX *keyed(const char *name, int encrypt)
{
	uint8_t key[64];
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	some_key(key, sizeof(key));
	need(cipher && ctx && EVP_CipherInit_ex2(ctx, cipher, key, NULL, encrypt, NULL) == 1,
	        "keying libcrypto");
	EVP_CIPHER_free(cipher);
	return ctx;
}

static void update(EVP_CIPHER_CTX *ctx, uint8_t *p, size_t len)
{
	int n;

	need(EVP_CipherUpdate(ctx, p, &n, p, (int)len) == 1, "libcrypto");
}

static void by_sector(const struct bench *b, uint64_t position, uint8_t *p, size_t len)
{
	for (; len > 0; len -= b->sector_size, p += b->sector_size, position += b->sector_size) {
		uint8_t iv[16] = {0}, key[32] = {0};
		put_le64(iv, b->xts ? position / b->sector_size : position);
		if (b->diffuser) {
			memcpy(key, iv, 16);
			memcpy(key + 16, iv, 16);
			key[31] = 0x80;
			update(b->sector_key, key, sizeof(key));
		}
		if (b->diffuser && b->encrypt)
			formula_encrypt(p, b->sector_size, key);
		if (!b->xts)
			update(b->iv, iv, sizeof(iv));
		need(EVP_CipherInit_ex2(b->sectors, NULL, NULL, iv, -1, NULL) == 1, "an IV");
		update(b->sectors, p, b->sector_size);
		if (b->diffuser && !b->encrypt)
			formula_decrypt(p, b->sector_size, key);
	}
}

static void by_one_call(const struct bench *b, uint64_t position, uint8_t *p, size_t len)
{
	uint8_t iv[16] = {0};

	put_le64(iv, position);
	need(EVP_CipherInit_ex2(b->sectors, NULL, NULL, iv, -1, NULL) == 1, "an IV");
	update(b->sectors, p, len);
}

/* --- the contest ----------------------------------------------------------------------------- */

static void run_libcrypto(const struct bench *b,
        void (*run)(const struct bench *b, uint64_t position, uint8_t *p, size_t len))
{
	struct block_device *below = b->volume ? &b->memory->dev : NULL;

	if (!below || !b->encrypt) {
		if (below)
			need(block_read(below, b->position, data, LEN) == 0, "reading memory");
		run(b, b->position, data, LEN);
		return;
	}
	for (size_t at = 0; at < LEN; at += PIECE) {
		memcpy(bounce, data + at, PIECE);
		run(b, b->position + at, bounce, PIECE);
		need(block_write(below, b->position + at, bounce, PIECE) == 0, "writing memory");
	}
}

static void run_ours(const struct bench *b)
{
	int r;

	if (b->volume)
		r = b->encrypt ? block_write(b->volume, b->position, data, LEN)
		               : block_read(b->volume, b->position, data, LEN);
	else
		r = b->encrypt ? sector_cipher_encrypt(b->ours, b->position, data, LEN)
		               : sector_cipher_decrypt(b->ours, b->position, data, LEN);
	need(r == 0, "our cipher");
}

static double seconds_of(const struct bench *b, int contestant)
{
	struct timespec from, to;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	for (int i = 0; i < REPEAT; i++) {
		if (contestant == OURS)
			run_ours(b);
		else
			run_libcrypto(b, contestant == PER_SECTOR ? by_sector : by_one_call);
	}
	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), ascending);
	return values[ROUNDS / 2];
}

static void contest(const struct bench *b)
{
	static double speed[CONTESTANTS][ROUNDS], ratio[CONTESTANTS][ROUNDS];

	for (int c = 0; c < CONTESTANTS; c++)
		(void)seconds_of(b, c);
	for (int i = 0; i < ROUNDS; i++)
		for (int c = 0; c < CONTESTANTS; c++) {
			speed[c][i] = LEN * REPEAT / 1e6 / seconds_of(b, c);
			ratio[c][i] = speed[OURS][i] / speed[c][i];
		}
	(void)printf("%-6s %-20s %4u %-7s", b->volume ? "volume" : "cipher",
	        bitlocker_method_name(b->method), b->sector_size,
	        b->encrypt ? "encrypt" : "decrypt");
	for (int c = 0; c < CONTESTANTS; c++)
		(void)printf(" %6.0f", median(speed[c]));
	for (int c = PER_SECTOR; c < CONTESTANTS; c++) {
		double middle = median(ratio[c]);
		(void)printf("   %5.2f %5.2f %5.2f", ratio[c][0], middle, ratio[c][ROUNDS - 1]);
	}
	(void)putchar('\n');
	(void)fflush(stdout);
}

static void both_directions(struct bench *b)
{
	CLEANUP_SECRET struct secret *fvek = secret_new(sector_cipher_key_len(b->method));
	const char *mode = b->xts ? "XTS" : "CBC";
	unsigned bits = b->method == METHOD_CBC128_DIFFUSER || b->method == METHOD_CBC128 ||
	                                b->method == METHOD_XTS128
	                        ? 128
	                        : 256;
	char sectors[16], block[16];

	(void)snprintf(sectors, sizeof(sectors), "AES-%u-%s", bits, mode);
	(void)snprintf(block, sizeof(block), "AES-%u-ECB", bits);
	need(fvek != NULL, "locked memory");
	some_key(fvek->data, fvek->len);
	need(sector_cipher_new(b->method, b->sector_size, fvek, &b->ours) == 0, "a key");
	b->iv = keyed(block, 1);
	b->sector_key = keyed(block, 1);
	for (int encrypt = 0; encrypt <= 1; encrypt++) {
		b->encrypt = encrypt;
		b->sectors = keyed(sectors, encrypt);
		if (!b->xts)
			need(EVP_CIPHER_CTX_set_padding(b->sectors, 0) == 1, "no padding");
		contest(b);
		EVP_CIPHER_CTX_free(b->sectors);
	}
	EVP_CIPHER_CTX_free(b->iv);
	EVP_CIPHER_CTX_free(b->sector_key);
	sector_cipher_free(b->ours);
}

static void set_method(struct bench *b, uint16_t method, uint32_t sector_size)
{
	b->method = method;
	b->sector_size = sector_size;
	b->xts = method == METHOD_XTS128 || method == METHOD_XTS256;
	b->diffuser = method == METHOD_CBC128_DIFFUSER || method == METHOD_CBC256_DIFFUSER;
}

/* --- volumes --------------------------------------------------------------------------------- */

static uint8_t *read_file(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "re");
	struct stat st;

	need(f && fstat(fileno(f), &st) == 0, path);
	uint8_t *bytes = malloc((size_t)st.st_size);
	need(bytes && fread(bytes, 1, (size_t)st.st_size, f) == (size_t)st.st_size, path);
	(void)fclose(f);
	*ret_len = (size_t)st.st_size;
	return bytes;
}

/* LEN bytes that are all the file system's. */
static uint64_t free_of_metadata(const struct bitlocker *b)
{
	uint64_t at = LEN;

	while (bitlocker_is_reserved(b, at, LEN))
		at += LEN;
	return at;
}

static void volume(const char *path)
{
	size_t len = 0;
	CLEANUP_FREE uint8_t *bytes = read_file(path, &len);
	struct memory_device memory = memory_device_over(bytes, len, 512);
	CLEANUP_BITLOCKER struct bitlocker *b = NULL;
	CLEANUP_SECRET struct secret *vmk = NULL;
	CLEANUP_BLOCK struct block_device *opened = NULL;
	struct bench bench = {.memory = &memory};

	need(bitlocker_parse(&memory.dev, &b, NULL) == 0 &&
	                bitlocker_clear_key(b, &vmk, NULL) == 0 &&
	                bitlocker_open(&memory.dev, b, vmk, &opened, NULL) == 0,
	        path);
	set_method(&bench, bitlocker_info(b)->method, bitlocker_info(b)->sector_size);
	bench.volume = opened;
	bench.position = free_of_metadata(b);
	both_directions(&bench);
}

int main(int argc, char **argv)
{
	static const uint16_t methods[] = {METHOD_XTS128, METHOD_XTS256, METHOD_CBC128,
	        METHOD_CBC256, METHOD_CBC128_DIFFUSER, METHOD_CBC256_DIFFUSER};

	need(secrets_init() == 0, "locked memory");
	(void)printf(
	        "                                          MB/s             ours : (a)          "
	        "ours : (b)\n"
	        "                                    ours    (a)    (b)     min   med   max     "
	        "min  "
	        " med   max\n");
	for (int i = 1; i < argc; i++)
		volume(argv[i]);
	for (size_t m = 0; argc == 1 && m < sizeof(methods) / sizeof(*methods); m++)
		for (uint32_t size = 512; size <= 4096; size *= 8) {
			struct bench b = {.position = POSITION};
			set_method(&b, methods[m], size);
			both_directions(&b);
		}
	return 0;
}
