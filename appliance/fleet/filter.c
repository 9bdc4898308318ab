/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/filter.h"
#include "appliance/fleet/group.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const key_names[FILTER_KEYS] = {"state", "reason", "severity", "group", "site",
        "floor", "owner", "ring", "campaign", "wave", "appliance", "text", "unknown", "conflict",
        "missing", "network_first", "safe_mode"};

void filter_free(struct machine_filter *f)
{
	for (int k = 0; k < FILTER_KEYS; k++) {
		for (size_t i = 0; i < f->keys[k].count; i++)
			free(f->keys[k].words[i]);
		free(f->keys[k].words);
	}
	*f = (struct machine_filter){0};
}

static bool is_severity(const char *word)
{
	return strcmp(word, "ok") == 0 || strcmp(word, "wait") == 0 || strcmp(word, "warn") == 0 ||
	       strcmp(word, "fail") == 0;
}

static bool is_number(const char *word)
{
	size_t len = strlen(word);

	return len > 0 && len < 19 && strspn(word, "0123456789") == len;
}

static bool word_fits(enum filter_key key, const char *word)
{
	switch (key) {
	case FILTER_STATE:
		return machine_state_parse(word) >= 0;
	case FILTER_REASON:
		return reason_parse(word) >= 0;
	case FILTER_SEVERITY:
		return is_severity(word);
	case FILTER_GROUP:
		return machine_group_parse(word) >= 0;
	case FILTER_CAMPAIGN:
	case FILTER_WAVE:
		return is_number(word);
	case FILTER_UNKNOWN:
	case FILTER_CONFLICT:
	case FILTER_MISSING:
	case FILTER_NETWORK_FIRST:
	case FILTER_SAFE_MODE:
		return strcmp(word, "1") == 0;
	default:
		return strlen(word) <= NM_MAX_NAME;
	}
}

static int words_add(struct filter_words *list, const char *word)
{
	char **words = reallocarray(list->words, list->count + 1, sizeof(*words));

	if (!words)
		return -ENOMEM;
	list->words = words;
	words[list->count] = strdup(word);
	if (!words[list->count])
		return -ENOMEM;
	list->count++;
	return 0;
}

int filter_add(struct machine_filter *f, const char *key, const char *word, struct error *err)
{
	for (int k = 0; k < FILTER_KEYS; k++) {
		if (strcmp(key, key_names[k]) != 0)
			continue;
		if (!word_fits((enum filter_key)k, word))
			return error_set(err, -EINVAL, REASON_VALUE_BAD, "%s: no %s is called that",
			        key, key);
		if (f->keys[k].count == FILTER_WORDS_MAX)
			return error_set(err, -EINVAL, REASON_VALUE_BAD, "%s: more than %d of them",
			        key, FILTER_WORDS_MAX);
		return words_add(&f->keys[k], word);
	}
	return error_set(
	        err, -EINVAL, REASON_VALUE_BAD, "filter: machines cannot be chosen by %.40s", key);
}

static int add_json(struct machine_filter *f, const char *key, json_t *value, struct error *err)
{
	char number[24];

	if (json_is_string(value))
		return filter_add(f, key, json_string_value(value), err);
	if (json_is_integer(value))
		(void)snprintf(
		        number, sizeof(number), "%lld", (long long)json_integer_value(value));
	else if (json_is_true(value))
		(void)snprintf(number, sizeof(number), "1");
	else
		return error_set(
		        err, -EINVAL, REASON_VALUE_BAD, "filter.%.40s: not a list of words", key);
	return filter_add(f, key, number, err);
}

int filter_from_json(struct machine_filter *f, json_t *object, struct error *err)
{
	const char *key;
	json_t *value, *word;
	size_t i;
	int r = 0;

	if (!json_is_object(object))
		return error_set(err, -EINVAL, REASON_VALUE_BAD, "filter: not an object");
	json_object_foreach(object, key, value)
	{
		/* An empty list would mean nothing here, and everything to machine_matches(). */
		if (json_is_array(value) && json_array_size(value) == 0)
			return error_set(
			        err, -EINVAL, REASON_VALUE_BAD, "filter.%.40s: empty", key);
		json_array_foreach(value, i, word)
		{
			r = add_json(f, key, word, err);
			if (r < 0)
				return r;
		}
		if (!json_is_array(value))
			r = add_json(f, key, value, err);
		if (r < 0)
			return r;
	}
	return 0;
}

bool filter_is_empty(const struct machine_filter *f)
{
	for (int k = 0; k < FILTER_KEYS; k++)
		if (f->keys[k].count)
			return false;
	return true;
}

static bool is_part(const char *part, const char *text)
{
	return strcasestr(text, part) != NULL;
}

static bool text_matches(const char *word, const struct machine *m)
{
	return is_part(word, m->name) || is_part(word, m->mac) ||
	       is_part(word, machine_serial(m)) || is_part(word, machine_uuid(m)) ||
	       is_part(word, m->ip);
}

static bool number_is(const char *word, int64_t number)
{
	return strtoll(word, NULL, 10) == number;
}

static bool word_matches(enum filter_key key, const char *word, const struct machine *m)
{
	switch (key) {
	case FILTER_STATE:
		return strcmp(word, machine_state_name(m->state)) == 0;
	case FILTER_REASON:
		return strcmp(word, reason_code(m->reason)) == 0;
	case FILTER_SEVERITY:
		return strcmp(word, reason_severity(m->reason)) == 0;
	case FILTER_GROUP:
		return machine_group_parse(word) == (int)machine_group(m->state, m->reason);
	case FILTER_SITE:
		return strcasecmp(word, m->site) == 0;
	case FILTER_FLOOR:
		return strcasecmp(word, m->floor) == 0;
	case FILTER_OWNER:
		return strcasecmp(word, m->owner) == 0;
	case FILTER_RING:
		return strcasecmp(word, m->ring) == 0;
	case FILTER_CAMPAIGN:
		return number_is(word, m->campaign);
	case FILTER_WAVE:
		return number_is(word, m->wave);
	case FILTER_APPLIANCE:
		return strcmp(word, m->appliance) == 0;
	case FILTER_TEXT:
		return text_matches(word, m);
	case FILTER_UNKNOWN:
		return !m->listed && m->first_seen != 0;
	case FILTER_CONFLICT:
		return m->conflict[0] != 0;
	case FILTER_MISSING:
		return m->listed && m->first_seen == 0;
	case FILTER_NETWORK_FIRST:
		return m->boot_order == MACHINE_BOOT_ORDER_NETWORK;
	case FILTER_SAFE_MODE:
		return m->safe_mode > MACHINE_SAFE_MODE_NONE;
	default:
		return false;
	}
}

static bool key_matches(
        enum filter_key key, const struct filter_words *list, const struct machine *m)
{
	for (size_t i = 0; i < list->count; i++)
		if (word_matches(key, list->words[i], m))
			return true;
	return list->count == 0;
}

bool machine_matches(const struct machine_filter *f, const struct machine *m)
{
	for (int k = 0; k < FILTER_KEYS; k++)
		if (!key_matches((enum filter_key)k, &f->keys[k], m))
			return false;
	return true;
}
