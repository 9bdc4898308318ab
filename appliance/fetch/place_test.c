/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The self-test of a source: at start, from time to time, and soon after something changed. */
#include "appliance/fetch/place_internal.h"

#include "fixer/base/log.h"

#include <string.h>

#define WHEN_WELL 300000 /* ms between two tests */
#define WHEN_ILL  60000
#define SOONEST   10000

enum reason place_check(struct place *p, char *text, size_t size)
{
	char said[PLACE_TEXT] = "";

	if (!p->source) {
		text_clean(text, size, p->text);
		return p->reason;
	}
	enum reason reason = p->ops->check(p->source, said, sizeof(said));
	text_clean(text, size, said);
	return reason;
}

static void test_once(struct place *p)
{
	char text[PLACE_TEXT];
	struct timespec now;
	enum reason reason = place_check(p, text, sizeof(text));

	(void)clock_gettime(CLOCK_REALTIME, &now);
	pthread_mutex_lock(&p->lock);
	bool news = p->reason != reason || p->checked == 0;
	p->reason = reason;
	memcpy(p->text, text, sizeof(text));
	p->checked = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	p->checked_when = place_now();
	p->check_wanted = false;
	pthread_mutex_unlock(&p->lock);
	if (news && reason == REASON_OK)
		log_info("source %s: %s", p->setting->name, text);
	else if (news)
		log_warning("source %s: %s: %s", p->setting->name, reason_code(reason), text);
}

/* When the next test is due; the lock is held. */
static int64_t next_test(const struct place *p)
{
	if (p->check_wanted)
		return p->checked_when + SOONEST;
	return p->checked_when + (p->reason == REASON_OK ? WHEN_WELL : WHEN_ILL);
}

void *place_test(void *place)
{
	struct place *p = place;

	for (;;) {
		test_once(p);
		pthread_mutex_lock(&p->lock);
		while (!p->stopping && place_now() < next_test(p)) {
			int64_t ms = next_test(p);
			struct timespec until = {
			        .tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
			(void)pthread_cond_timedwait(&p->stop_or_check, &p->lock, &until);
		}
		bool stopping = p->stopping;
		pthread_mutex_unlock(&p->lock);
		if (stopping)
			return NULL;
	}
}

void place_noted(struct place *p, enum reason reason)
{
	if (reason == REASON_KEY_NOT_FOUND || reason == REASON_SOURCE_LIMITED)
		return;
	pthread_mutex_lock(&p->lock);
	if ((reason == REASON_OK) != (p->reason == REASON_OK) && !p->check_wanted) {
		p->check_wanted = true;
		pthread_cond_broadcast(&p->stop_or_check);
	}
	pthread_mutex_unlock(&p->lock);
}
