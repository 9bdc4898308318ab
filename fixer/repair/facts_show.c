/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/repair/facts_show.h"
#include "fixer/base/json_text.h"
#include "fixer/base/text.h"
#include "fixer/windows/stop_code.h"

#include <stdio.h>

/* --- words ----------------------------------------------------------------------------------- */

void facts_windows_words(const struct windows_version *v, char out[FACTS_TEXT])
{
	char build[48] = "";

	if (v->build && v->revision)
		(void)snprintf(build, sizeof(build), " (%u.%u)", v->build, v->revision);
	else if (v->build)
		(void)snprintf(build, sizeof(build), " (%u)", v->build);
	(void)snprintf(out, FACTS_TEXT, "%s%s%s%s", v->product[0] ? v->product : "version unknown",
	        v->release[0] ? " " : "", v->release, build);
}

/* "" for what no clock shows. */
static void format_time(uint64_t filetime, char out[ISO8601_TEXT])
{
	out[0] = 0;
	if (filetime != 0)
		iso8601_format(filetime_to_ns(filetime), out);
}

void facts_crash_words(const struct windows_crash *crash, char out[FACTS_TEXT])
{
	const struct dump *d = &crash->dump;
	const char *name = stop_code_name(d->code);
	char when[ISO8601_TEXT];

	out[0] = 0;
	if (crash->source == CRASH_NONE)
		return;
	format_time(d->time, when);
	(void)snprintf(out, FACTS_TEXT, "0x%X%s%s%s%s (%s%s%s)", d->code, name[0] ? " " : "", name,
	        d->module[0] ? ", " : "", d->module, crash_source_name(crash->source),
	        when[0] ? " of " : "", when);
}

void facts_folder_words(const struct windows_folder *f, char out[FACTS_TEXT])
{
	char newest[ISO8601_TEXT], oldest[ISO8601_TEXT];

	format_time(f->newest, newest);
	format_time(f->oldest, oldest);
	if (f->files == 0)
		(void)snprintf(out, FACTS_TEXT, "none");
	else
		(void)snprintf(
		        out, FACTS_TEXT, "%u, newest %s, oldest %s", f->files, newest, oldest);
}

/* --- JSON ------------------------------------------------------------------------------------ */

static json_t *json_crash(const struct windows_crash *crash)
{
	const struct dump *d = &crash->dump;
	json_t *parameters = json_array();
	char when[ISO8601_TEXT], hex[17];

	if (crash->source == CRASH_NONE) {
		json_decref(parameters);
		return json_null();
	}
	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)d->parameters[i]);
		(void)json_array_append_new(parameters, json_string(hex));
	}
	format_time(d->time, when);
	return json_pack("{s:s, s:o, s:s, s:s, s:I, s:I, s:s, s:o, s:o}", "source",
	        crash_source_name(crash->source), "path", json_text(crash->path), "kind",
	        dump_kind_name(d->kind), "time", when, "build", (json_int_t)d->build, "code",
	        (json_int_t)d->code, "name", stop_code_name(d->code), "parameters", parameters,
	        "module", json_text(d->module));
}

static json_t *json_folders(const struct windows_evidence *e)
{
	json_t *list = json_array();

	for (size_t i = 0; i < e->folder_count; i++) {
		const struct windows_folder *f = &e->folders[i];
		char newest[ISO8601_TEXT], oldest[ISO8601_TEXT];
		format_time(f->newest, newest);
		format_time(f->oldest, oldest);
		(void)json_array_append_new(list,
		        json_pack("{s:o, s:I, s:s, s:s}", "directory", json_text(f->directory),
		                "files", (json_int_t)f->files, "newest", newest, "oldest", oldest));
	}
	return list;
}

static json_t *json_installation(const struct windows_facts *w)
{
	const struct windows_version *v = &w->version;
	const struct windows_evidence *e = &w->evidence;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:b, s:o, s:o, s:o, s:o}",
	        "directory", json_text(w->directory), "product", json_text(v->product), "edition",
	        json_text(v->edition), "release", json_text(v->release), "installation",
	        json_text(v->installation), "build", (json_int_t)v->build, "revision",
	        (json_int_t)v->revision, "computer", json_text(v->computer), "registry_dirty",
	        (int)v->dirty, "problem", json_text(v->problem), "crash", json_crash(&e->crash),
	        "folders", json_folders(e), "evidence_problem", json_text(e->problem));
}

json_t *facts_json_installations(const struct volume_facts *facts, size_t max)
{
	json_t *list = json_array();

	for (size_t i = 0; i < facts->windows_count && i < max; i++)
		(void)json_array_append_new(list, json_installation(&facts->windows[i]));
	return list;
}
