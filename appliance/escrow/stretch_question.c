/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/stretch_question.h"

#include <stdlib.h>
#include <string.h>

struct question *question_new(const uint8_t name[STRETCH_NAME], const struct secret *key,
        const uint8_t salt[BITLOCKER_SALT_LEN], uint64_t turn)
{
	struct question *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->key = secret_copy(key->data, key->len);
	if (!q->key) {
		free(q);
		return NULL;
	}
	memcpy(q->name, name, STRETCH_NAME);
	memcpy(q->salt, salt, BITLOCKER_SALT_LEN);
	q->turn = turn;
	return q;
}

void question_drop(struct question *q)
{
	if (--q->askers > 0)
		return;
	secret_free(q->key);
	secret_free(q->answer);
	free(q);
}

struct question *question_find(struct question *list, const uint8_t name[STRETCH_NAME])
{
	while (list && memcmp(list->name, name, STRETCH_NAME) != 0)
		list = list->next;
	return list;
}

void question_queue(struct question **list, struct question *q)
{
	while (*list && (*list)->turn <= q->turn)
		list = &(*list)->next;
	q->next = *list;
	*list = q;
}

void question_take_out(struct question **list, struct question *q)
{
	while (*list != q)
		list = &(*list)->next;
	*list = q->next;
}
