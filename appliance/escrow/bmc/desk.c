/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/bmc/desk.h"
#include "appliance/escrow/bmc/limit.h"
#include "appliance/escrow/bmc/link.h"
#include "appliance/escrow/clock.h"
#include "appliance/escrow/message.h"
#include "appliance/escrow/record.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_SECONDS    60 /* status and check */
#define CONSOLE_SECONDS 15
#define MEDIA_SECONDS   300 /* it loads the image */

struct slip {
	struct slip *next;
	struct client *client;
	json_int_t id;
	struct bmc_question *q;
	bool known, recorded;
	int64_t record; /* what follows is of the vault's record */
	bool unpinned;
	char type[VAULT_BMC_TYPE], address[VAULT_BMC_ADDRESS];
};

struct bmc_desk {
	struct escrow *escrow;
	struct bmc_link *link; /* NULL: this appliance drives none */
	struct bmc_limit *limit;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock;
	pthread_cond_t news;
	bool stopping;
	size_t count;
	struct slip *first, **last;
};

static void order_free(struct slip *o)
{
	client_drop(o->client);
	free(o->q);
	free(o);
}

/* --- what is recorded ------------------------------------------------------------------------ */

static json_t *record_of(const struct slip *o)
{
	const struct bmc_question *q = o->q;

	return json_pack("{s:s,s:s,s:I,s:s,s:s,s:s,s:s,s:s,s:b}", "order", bmc_order_name(q->order),
	        "machine", q->subject.name, "number", (json_int_t)q->subject.number, "uuid",
	        q->subject.machine.uuid, "serial", q->subject.machine.serial, "address", o->address,
	        "by", client_uid(o->client) == 0 ? "root" : q->by, "text", q->why, "other",
	        q->other);
}

static void record_outcome(struct bmc_desk *d, const struct slip *o, const struct bmc_answer *a)
{
	record_note(d->escrow->audit, "power-done",
	        json_pack("{s:s,s:s,s:I,s:s,s:s,s:s}", "order", bmc_order_name(o->q->order),
	                "machine", o->q->subject.name, "number", (json_int_t)o->q->subject.number,
	                "address", o->address, "reason", reason_code(a->reason), "text", a->text));
}

/* A certificate seen for the first time, by a controller that has let us in, is this one's from now
 * on. */
static void learn(struct bmc_desk *d, const struct slip *o, const struct bmc_answer *a)
{
	struct error err = {0};

	if (!o->unpinned || !a->pin[0] || a->reason != REASON_OK)
		return;
	int r = vault_bmc_pin(d->escrow->vault, o->record, o->address, a->pin, true, &err);
	if (r < 0 && r != -EEXIST && r != -ESTALE && r != -ENOENT)
		log_warning(
		        "%s: its certificate could not be remembered: %s", o->address, err.text);
}

/* --- what is answered ------------------------------------------------------------------------ */

static json_t *told(const struct slip *o, const struct bmc_answer *a)
{
	json_t *j = message_answer(o->id, a->reason, a->text);
	json_t *more = json_pack("{s:b,s:s,s:s}", "known", o->known, "type",
	        a->type[0] ? a->type : o->type, "address", o->address);

	if (j && more && json_object_update(j, more) == 0 &&
	        (!a->more || json_object_update(j, a->more) == 0)) {
		json_decref(more);
		return j;
	}
	json_decref(more);
	json_decref(j);
	return message_answer(o->id, REASON_OUT_OF_MEMORY, "no memory");
}

/* Takes o. */
static void finish(struct bmc_desk *d, struct slip *o, const struct bmc_answer *a)
{
	if (o->recorded)
		record_outcome(d, o, a);
	learn(d, o, a);
	client_send(o->client, told(o, a));
	order_free(o);
}

static void refuse(struct bmc_desk *d, struct slip *o, enum reason reason, const char *text)
{
	struct bmc_answer a = {.reason = reason};

	text_clean(a.text, sizeof(a.text), text);
	finish(d, o, &a);
}

static void answered(void *context, void *item, struct bmc_answer *a)
{
	finish(context, item, a);
}

/* --- one order ------------------------------------------------------------------------------- */

static unsigned seconds_of(enum bmc_order order)
{
	if (order == BMC_CONSOLE)
		return CONSOLE_SECONDS;
	if (!bmc_order_acts(order))
		return LOOK_SECONDS;
	return order == BMC_MEDIA ? MEDIA_SECONDS : NM_POWER_SECONDS;
}

/* The same UUID, read in one byte order or the other. */
static bool uuid_same(const char *a, const char *b)
{
	static const uint8_t swapped[GUID_LEN] = {
	        3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	struct guid one, two, other;

	if (guid_parse(a, &one) < 0 || guid_parse(b, &two) < 0)
		return false;
	for (size_t i = 0; i < GUID_LEN; i++)
		other.bytes[i] = two.bytes[swapped[i]];
	return guid_equal(&one, &two) || guid_equal(&one, &other);
}

/* A record found by name or serial may be of the machine that had them before. */
static bool is_another(const struct bmc_question *q, const struct vault_bmc *b)
{
	const char *claimed = q->subject.machine.uuid, *kept = b->machine.uuid;

	return claimed[0] && kept[0] && !uuid_same(claimed, kept);
}

static json_t *question_of(const struct bmc_question *q, const struct vault_bmc *b)
{
	const struct vault_bmc_machine *kept = &b->machine, *claimed = &q->subject.machine;

	return json_pack("{s:s,s:s,s:s,s:i,s:s,s:s,s:s,s:{s:s,s:s,s:s},s:s,s:b,s:s,s:i}", "order",
	        bmc_order_name(q->order), "type", b->type, "address", b->address, "port",
	        (int)b->port, "user", b->user, "password",
	        b->password ? (const char *)b->password->data : "", "pin", b->pin, "machine",
	        "name", q->subject.name, "uuid", kept->uuid[0] ? kept->uuid : claimed->uuid,
	        "serial", kept->serial[0] ? kept->serial : claimed->serial, "firmware", q->firmware,
	        "other", q->other, "image", q->image, "seconds", (int)seconds_of(q->order));
}

/* Takes o. */
static void hand_out(struct bmc_desk *d, struct slip *o, const struct vault_bmc *b)
{
	int r = bmc_link_ask(d->link, question_of(o->q, b), o->q->order == BMC_CONSOLE,
	        seconds_of(o->q->order), o);

	if (r == -ENOTCONN || r == -EAGAIN)
		refuse(d, o, REASON_POWER_BUSY,
		        "netmend-power does not take orders just now: nothing was done");
	else if (r < 0)
		refuse(d, o, REASON_INTERNAL, "no memory: nothing was done");
}

static bool allowed(struct bmc_desk *d, struct slip *o, enum reason *ret, const char **ret_text)
{
	if (!bmc_order_acts(o->q->order) || client_uid(o->client) == 0)
		return true;
	*ret = bmc_limit_take(d->limit, o->record, clock_steady());
	*ret_text =
	        *ret == REASON_POWER_BUSY
	                ? "too many orders within a minute, for all controllers together: "
	                  "nothing was done"
	                : "so many orders within an hour for this one machine help nobody: look "
	                  "at it; root's netmend power goes on";
	return *ret == REASON_OK;
}

/* Takes o, whose record in the vault b is. */
static void go_on(struct bmc_desk *d, struct slip *o, const struct vault_bmc *b)
{
	enum reason reason;
	const char *text;
	struct error err = {0};

	if (is_another(o->q, b)) {
		refuse(d, o, REASON_POWER_WRONG_MACHINE,
		        "the controller's record was found by name, serial or MAC, and is of a "
		        "machine with another UUID: nothing was done");
		return;
	}
	if (!allowed(d, o, &reason, &text)) {
		refuse(d, o, reason, text);
		return;
	}
	if (bmc_order_acts(o->q->order)) {
		if (record_append(d->escrow->audit, "power", record_of(o), &err) < 0) {
			log_error("%s", err.text);
			refuse(d, o, REASON_AUDIT_FAILED, err.text);
			return;
		}
		o->recorded = true;
	}
	hand_out(d, o, b);
}

static void begin(struct bmc_desk *d, struct slip *o)
{
	struct vault_bmc b = {0};
	struct error err = {0};

	if (!d->link) {
		refuse(d, o, REASON_POWER_UNSUPPORTED,
		        "this appliance drives no controllers ([power] drive = no)");
		return;
	}
	int r = vault_bmc_find(d->escrow->vault, &o->q->subject.machine, true, &b, &err);
	if (r == -ENOENT) {
		refuse(d, o, REASON_POWER_NO_BMC, "no management controller is known for it");
		return;
	}
	if (r < 0) {
		refuse(d, o, err.reason == REASON_OK ? REASON_INTERNAL : err.reason, err.text);
		return;
	}
	o->known = true;
	o->record = b.id;
	o->unpinned = !b.pin[0];
	(void)snprintf(o->type, sizeof(o->type), "%s", b.type);
	(void)snprintf(o->address, sizeof(o->address), "%s", b.address);
	go_on(d, o, &b);
	vault_bmc_clear(&b);
}

/* --- the row --------------------------------------------------------------------------------- */

static struct slip *next(struct bmc_desk *d)
{
	pthread_mutex_lock(&d->lock);
	while (!d->first && !d->stopping)
		pthread_cond_wait(&d->news, &d->lock);
	struct slip *o = d->stopping ? NULL : d->first;
	if (o) {
		d->first = o->next;
		if (!d->first)
			d->last = &d->first;
		d->count--;
	}
	pthread_mutex_unlock(&d->lock);
	return o;
}

static void *run(void *context)
{
	struct bmc_desk *d = context;
	struct slip *o;

	while ((o = next(d)))
		begin(d, o);
	return NULL;
}

void bmc_desk_take(struct bmc_desk *d, struct client *client, json_int_t id, struct bmc_question *q)
{
	struct slip *o = calloc(1, sizeof(*o));
	bool taken = false;

	if (!o) {
		free(q);
		client_send(client, message_answer(id, REASON_OUT_OF_MEMORY, "no memory"));
		return;
	}
	*o = (struct slip){.client = client_hold(client), .id = id, .q = q};
	pthread_mutex_lock(&d->lock);
	taken = !d->stopping && d->count < BMC_WAITING_MAX;
	if (taken) {
		*d->last = o;
		d->last = &o->next;
		d->count++;
		pthread_cond_signal(&d->news);
	}
	pthread_mutex_unlock(&d->lock);
	if (!taken)
		refuse(d, o, REASON_POWER_BUSY, "too many orders at once: nothing was done");
}

struct bmc_desk *bmc_desk_new(struct escrow *e)
{
	struct bmc_desk *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->escrow = e;
	d->last = &d->first;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->news, NULL);
	d->limit = bmc_limit_new();
	if (e->settings.power[0])
		d->link = bmc_link_new(e->settings.power, answered, d);
	if (d->limit && (d->link || !e->settings.power[0]) &&
	        pthread_create(&d->thread, NULL, run, d) == 0) {
		d->has_thread = true;
		return d;
	}
	bmc_desk_free(d);
	return NULL;
}

void bmc_desk_free(struct bmc_desk *d)
{
	if (!d)
		return;
	pthread_mutex_lock(&d->lock);
	d->stopping = true;
	pthread_cond_broadcast(&d->news);
	pthread_mutex_unlock(&d->lock);
	if (d->has_thread)
		pthread_join(d->thread, NULL);
	bmc_link_stop(d->link);
	while (d->first) {
		struct slip *o = d->first;
		d->first = o->next;
		refuse(d, o, REASON_POWER_BUSY, "the appliance was stopped: nothing was done");
	}
	bmc_link_free(d->link);
	bmc_limit_free(d->limit);
	pthread_mutex_destroy(&d->lock);
	pthread_cond_destroy(&d->news);
	free(d);
}

json_t *bmc_desk_status(struct escrow *e)
{
	struct error err = {0};
	int64_t revision = 0;
	uint64_t count = 0;

	if (vault_bmc_figures(e->vault, &count, &revision, &err) < 0)
		log_error("%s", err.text);
	return json_pack("{s:I,s:I,s:b}", "count", (json_int_t)count, "revision",
	        (json_int_t)revision, "driven", e->desk->link && bmc_link_connected(e->desk->link));
}
