/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A wire between two taps, with delay and loss: for kernels without netem, and frame by frame,
 * where netem would lose whole bursts before they are cut. Each direction is a thread; frames keep
 * their order. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MAX 1600
#define FRAMES    32768 /* on the way at once; a power of two */
#define BURST     64    /* read before the due ones are sent */
#define SECOND_NS 1000000000LL

struct frame {
	int64_t due;
	size_t len;
	uint8_t data[FRAME_MAX];
};

struct direction {
	int from, to;
	int64_t delay, jitter; /* ns; a frame takes delay +- jitter */
	uint32_t loss;         /* of 2^32 */
	uint64_t random;
	struct frame *frames;
	unsigned first, end; /* of the ring; they wrap by themselves */
	int64_t last;        /* when the newest is due */
	unsigned long long carried, lost, overrun;
};

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND_NS + t.tv_nsec;
}

/* xorshift64*: the same seed, the same losses. */
static uint32_t next_random(struct direction *d)
{
	d->random ^= d->random >> 12;
	d->random ^= d->random << 25;
	d->random ^= d->random >> 27;
	return (uint32_t)((d->random * 0x2545F4914F6CDD1DULL) >> 32);
}

/* False when there is nothing more to read. */
static bool take(struct direction *d)
{
	uint8_t spill[FRAME_MAX];
	bool full = d->end - d->first == FRAMES;
	struct frame *f = &d->frames[d->end % FRAMES];
	ssize_t n = read(d->from, full ? spill : f->data, FRAME_MAX);

	if (n <= 0)
		return false;
	if (full) {
		d->overrun++;
		return true;
	}
	if (next_random(d) < d->loss) {
		d->lost++;
		return true;
	}
	int64_t due = now_ns() + d->delay;
	if (d->jitter)
		due += (int64_t)next_random(d) * 2 * d->jitter / UINT32_MAX - d->jitter;
	f->due = d->last = due > d->last ? due : d->last;
	f->len = (size_t)n;
	d->end++;
	return true;
}

static void deliver(struct direction *d)
{
	int64_t now = now_ns();

	while (d->first != d->end && d->frames[d->first % FRAMES].due <= now) {
		struct frame *f = &d->frames[d->first % FRAMES];
		if (write(d->to, f->data, f->len) == (ssize_t)f->len)
			d->carried++;
		else
			d->overrun++;
		d->first++;
	}
}

static void *carry(void *context)
{
	struct direction *d = context;
	struct pollfd p = {.fd = d->from, .events = POLLIN};

	for (;;) {
		for (int i = 0; i < BURST && take(d); i++)
			;
		deliver(d);
		struct timespec wait = {.tv_sec = 1};
		if (d->first != d->end) {
			int64_t left = d->frames[d->first % FRAMES].due - now_ns();
			wait = (struct timespec){.tv_nsec = left > 0 ? left : 0};
			if (left >= SECOND_NS)
				wait = (struct timespec){.tv_sec = 1};
		}
		(void)ppoll(&p, 1, &wait, NULL);
	}
	return NULL;
}

static bool start(struct direction *d)
{
	pthread_t thread;

	d->frames = calloc(FRAMES, sizeof(*d->frames));
	return d->frames && pthread_create(&thread, NULL, carry, d) == 0;
}

/* wire FD FD DELAY_US JITTER_US LOSS_PERCENT SEED: until SIGTERM; then tells what it did, as JSON.
 */
int main(int argc, char **argv)
{
	struct direction ways[2] = {{0}};
	sigset_t set;
	int got;

	if (argc != 7) {
		fputs("wire FD FD DELAY_US JITTER_US LOSS_PERCENT SEED\n", stderr);
		return 2;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 2; i++) {
		ways[i].from = (int)strtol(argv[1 + i], NULL, 10);
		ways[i].to = (int)strtol(argv[2 - i], NULL, 10);
		ways[i].delay = strtoll(argv[3], NULL, 10) * 1000;
		ways[i].jitter = strtoll(argv[4], NULL, 10) * 1000;
		ways[i].loss = (uint32_t)(strtod(argv[5], NULL) / 100 * UINT32_MAX);
		ways[i].random =
		        (strtoull(argv[6], NULL, 10) * 2 + (unsigned)i + 1) * 0x9E3779B97F4A7C15ULL;
		if (!start(&ways[i])) {
			perror("wire");
			return 1;
		}
	}
	(void)sigwait(&set, &got);
	printf("{\"carried\":%llu,\"lost\":%llu,\"overrun\":%llu}\n",
	        ways[0].carried + ways[1].carried, ways[0].lost + ways[1].lost,
	        ways[0].overrun + ways[1].overrun);
	fflush(stdout);
	_exit(0); /* the threads are in the middle of something */
}
