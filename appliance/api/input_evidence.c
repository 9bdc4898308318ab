/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The part of a result that tells of the machine's Windows. Its text comes from a disk: anything,
 * within the bounds. */
#include "appliance/api/input.h"

#include <string.h>

#define FOLDERS_MAX 8 /* as a recipe has [match] sections */

static int one_of(const char *text, const char *const *words, const char *field, struct error *err)
{
	for (size_t i = 0; words[i]; i++)
		if (strcmp(text, words[i]) == 0)
			return 0;
	return input_bad(err, "%s: not a word known here", field);
}

static int parameters_check(json_t *list, struct error *err)
{
	json_t *value;
	size_t i;
	int r = 0;

	if (!json_is_array(list) || json_array_size(list) != 4)
		return input_bad(err, "crash.parameters: not a list of 4");
	json_array_foreach(list, i, value)
	{
		if (!json_is_string(value))
			return input_bad(err, "crash.parameters: not text");
		r = input_hex(json_string_value(value), 8, "crash.parameters", err);
		if (r < 0)
			break;
	}
	return r;
}

static int crash_check(json_t *json, const char *where, struct error *err)
{
	static const char *const sources[] = {"MEMORY.DMP", "minidump", "pagefile.sys", NULL};
	static const char *const kinds[] = {"small", "kernel", "complete", "other", NULL};
	const char *source, *path, *kind, *time, *name, *module;
	json_int_t build, code;
	json_t *parameters;

	if (json_is_null(json))
		return 0;
	int r = input_unpack(json, err, where, "{s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:o, s:s}",
	        "source", &source, "path", &path, "kind", &kind, "time", &time, "build", &build,
	        "code", &code, "name", &name, "parameters", &parameters, "module", &module);
	if (r == 0)
		r = one_of(source, sources, "crash.source", err);
	if (r == 0)
		r = one_of(kind, kinds, "crash.kind", err);
	if (r == 0)
		r = input_length(path, NM_MAX_PATH, "crash.path", err);
	if (r == 0)
		r = input_word(time, "crash.time", err);
	if (r == 0)
		r = input_range(build, 0, UINT32_MAX, "crash.build", err);
	if (r == 0)
		r = input_range(code, 0, UINT32_MAX, "crash.code", err);
	if (r == 0)
		r = input_length(name, NM_MAX_NAME, "crash.name", err);
	if (r == 0)
		r = input_length(module, NM_MAX_NAME, "crash.module", err);
	return r < 0 ? r : parameters_check(parameters, err);
}

static int folder_check(json_t *json, const char *where, struct error *err)
{
	const char *directory, *newest, *oldest;
	json_int_t files;

	int r = input_unpack(json, err, where, "{s:s, s:I, s:s, s:s}", "directory", &directory,
	        "files", &files, "newest", &newest, "oldest", &oldest);
	if (r == 0)
		r = input_length(directory, NM_MAX_PATH, "folders.directory", err);
	if (r == 0)
		r = input_range(files, 0, UINT32_MAX, "folders.files", err);
	if (r == 0)
		r = input_word(newest, "folders.newest", err);
	return r < 0 ? r : input_word(oldest, "folders.oldest", err);
}

static int folders_check(json_t *list, const char *where, struct error *err)
{
	json_t *value;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > FOLDERS_MAX)
		return input_bad(err, "%s.folders: not a list of at most %d", where, FOLDERS_MAX);
	json_array_foreach(list, i, value)
	{
		int r = folder_check(value, where, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Text of a registry, and what could not be read. */
static int texts_check(const char *const *texts, size_t count, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = input_length(texts[i], NM_MAX_PATH, "installations", err);
	return r;
}

static int installation_check(json_t *json, const char *where, struct error *err)
{
	const char *texts[8];
	json_int_t build, revision;
	json_t *crash, *folders;
	int dirty;

	int r = input_unpack(json, err, where,
	        "{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:b, s:s, s:o, s:o, s:s}", "directory",
	        &texts[0], "product", &texts[1], "edition", &texts[2], "release", &texts[3],
	        "installation", &texts[4], "build", &build, "revision", &revision, "computer",
	        &texts[5], "registry_dirty", &dirty, "problem", &texts[6], "crash", &crash,
	        "folders", &folders, "evidence_problem", &texts[7]);
	if (r == 0)
		r = texts_check(texts, sizeof(texts) / sizeof(texts[0]), err);
	if (r == 0)
		r = input_range(build, 0, UINT32_MAX, "installations.build", err);
	if (r == 0)
		r = input_range(revision, 0, UINT32_MAX, "installations.revision", err);
	if (r == 0)
		r = crash_check(crash, where, err);
	return r < 0 ? r : folders_check(folders, where, err);
}

int input_installations(json_t *list, const char *where, struct error *err)
{
	json_t *value;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > NM_MAX_INSTALLATIONS)
		return input_bad(err, "%s.installations: not a list of at most %d", where,
		        NM_MAX_INSTALLATIONS);
	json_array_foreach(list, i, value)
	{
		int r = installation_check(value, where, err);
		if (r < 0)
			return r;
	}
	return 0;
}
