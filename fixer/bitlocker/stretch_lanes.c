/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/bitlocker/stretch_lanes.h"
#include "fixer/base/bytes.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLICE         (STRETCH_ROUNDS / BITLOCKER_SLICES)
#define MEASURE       1024 /* rounds of one measurement */
#define MEASURE_TIMES 3    /* of which the best counts */

struct bitlocker_lanes {
	const struct stretch_kernel *kernel;
	struct secret *locked, *locked_state;
	struct stretch_lanes *work; /* in locked */
	struct stretch_state
	        *state; /* in locked_state: one password on its way through libcrypto */
	bool used[BITLOCKER_LANES_MAX];
	EVP_MD *sha256;
	EVP_MD_CTX *ctx;
};

/* Seconds of processor time for a round: of the kernel, for all lanes; of libcrypto, for one. */
static struct {
	double kernel, single;
} costs;

const struct stretch_kernel *stretch_kernel_widest(void)
{
	static const struct stretch_kernel avx512 = {16, stretch_kernel_16};
	static const struct stretch_kernel avx2 = {8, stretch_kernel_8};
	static const struct stretch_kernel sse2 = {4, stretch_kernel_4};

	if (__builtin_cpu_supports("avx512f"))
		return &avx512;
	return __builtin_cpu_supports("avx2") ? &avx2 : &sse2;
}

struct bitlocker_lanes *bitlocker_lanes_new(void)
{
	struct bitlocker_lanes *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->kernel = stretch_kernel_widest();
	l->locked = secret_new(sizeof(*l->work));
	l->locked_state = secret_new(sizeof(*l->state));
	l->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	l->ctx = EVP_MD_CTX_new();
	if (!l->locked || !l->locked_state || !l->sha256 || !l->ctx) {
		bitlocker_lanes_free(l);
		return NULL;
	}
	l->work = (struct stretch_lanes *)l->locked->data;
	l->state = (struct stretch_state *)l->locked_state->data;
	return l;
}

void bitlocker_lanes_free(struct bitlocker_lanes *l)
{
	if (!l)
		return;
	EVP_MD_CTX_free(l->ctx);
	EVP_MD_free(l->sha256);
	secret_free(l->locked_state);
	secret_free(l->locked);
	free(l);
}

/* --- a lane and the same as bytes ------------------------------------------------------------- */

static void words_in(
        uint32_t (*words)[BITLOCKER_LANES_MAX], size_t lane, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		words[i][lane] = get_be32(bytes + 4 * i);
}

static void words_out(
        uint8_t *bytes, size_t count, const uint32_t (*words)[BITLOCKER_LANES_MAX], size_t lane)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t word = words[i][lane];
		for (size_t k = 0; k < 4; k++)
			bytes[4 * i + k] = (uint8_t)(word >> (24 - 8 * k));
	}
}

static void state_to_lane(struct bitlocker_lanes *l, size_t lane)
{
	words_in(l->work->last, lane, l->state->last, 8);
	words_in(l->work->initial, lane, l->state->initial, 8);
	words_in(l->work->salt, lane, l->state->salt, 4);
}

static void lane_to_state(struct bitlocker_lanes *l, size_t lane)
{
	words_out(l->state->last, 8, l->work->last, lane);
	words_out(l->state->initial, 8, l->work->initial, lane);
	words_out(l->state->salt, 4, l->work->salt, lane);
}

int bitlocker_lanes_put(
        struct bitlocker_lanes *l, const struct secret *key, const uint8_t salt[BITLOCKER_SALT_LEN])
{
	size_t lane = 0;

	while (lane < l->kernel->width && l->used[lane])
		lane++;
	if (lane == l->kernel->width)
		return -EBUSY;
	memset(l->state, 0, sizeof(*l->state));
	memcpy(l->state->salt, salt, BITLOCKER_SALT_LEN);
	int r = stretch_begin(l->ctx, l->sha256, key, l->state);
	if (r < 0)
		return r;
	state_to_lane(l, lane);
	l->work->count[lane] = 0;
	l->used[lane] = true;
	return (int)lane;
}

/* --- at work ------------------------------------------------------------------------------------
 */

static void run_kernel(struct bitlocker_lanes *l, uint32_t rounds)
{
	l->kernel->run(l->work, rounds);
	sodium_stackzero(STRETCH_STACK);
}

static int run_single(struct bitlocker_lanes *l, size_t lane, uint32_t rounds)
{
	lane_to_state(l, lane);
	int r = stretch_rounds(l->ctx, l->state, l->work->count[lane], rounds);
	state_to_lane(l, lane);
	l->work->count[lane] += rounds;
	return r;
}

/* Of processor time, which other people's load does not change much. */
static double seconds(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double smaller(double a, double b)
{
	return a < b ? a : b;
}

static void measure(void)
{
	CLEANUP_LANES struct bitlocker_lanes *l = bitlocker_lanes_new();
	CLEANUP_SECRET struct secret *key = secret_new(16);
	static const uint8_t salt[BITLOCKER_SALT_LEN];

	/* Without memory for it: what a processor without SHA instructions does. */
	costs.kernel = 6e-7;
	costs.single = 4e-7;
	if (!l || !key || bitlocker_lanes_put(l, key, salt) < 0)
		return;
	costs.kernel = costs.single = 1;
	for (size_t i = 0; i < MEASURE_TIMES; i++) {
		double begun = seconds();
		run_kernel(l, MEASURE);
		double between = seconds();
		(void)run_single(l, 0, MEASURE);
		costs.kernel = smaller(costs.kernel, (between - begun) / MEASURE);
		costs.single = smaller(costs.single, (seconds() - between) / MEASURE);
	}
}

void bitlocker_lanes_measure(struct bitlocker_lanes_figures *ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	size_t width = stretch_kernel_widest()->width;

	(void)pthread_once(&once, measure);
	bool together = costs.kernel < costs.single * (double)width;
	*ret = (struct bitlocker_lanes_figures){.best = together ? width : 1,
	        .per_second =
	                1 / (STRETCH_ROUNDS * smaller(costs.single, costs.kernel / (double)width))};
}

int bitlocker_lanes_run(struct bitlocker_lanes *l)
{
	struct bitlocker_lanes_figures figures;
	size_t busy = 0;
	int r = 0;

	bitlocker_lanes_measure(&figures);
	for (size_t i = 0; i < l->kernel->width; i++) {
		if (l->used[i] && l->work->count[i] >= STRETCH_ROUNDS)
			return 0;
		busy += l->used[i];
	}
	if (costs.kernel < costs.single * (double)busy) {
		run_kernel(l, SLICE);
		return 0;
	}
	for (size_t i = 0; i < l->kernel->width && r == 0; i++)
		if (l->used[i])
			r = run_single(l, i, SLICE);
	return r;
}

int bitlocker_lanes_take(struct bitlocker_lanes *l, size_t lane, struct secret **ret_stretched)
{
	if (!l->used[lane] || l->work->count[lane] < STRETCH_ROUNDS)
		return -EAGAIN;
	struct secret *stretched = secret_new(BITLOCKER_KEY_LEN);
	if (!stretched)
		return -ENOMEM;
	words_out(stretched->data, 8, l->work->last, lane);
	bitlocker_lanes_drop(l, lane);
	*ret_stretched = stretched;
	return 0;
}

void bitlocker_lanes_drop(struct bitlocker_lanes *l, size_t lane)
{
	memset(l->state, 0, sizeof(*l->state));
	state_to_lane(l, lane);
	l->used[lane] = false;
}
