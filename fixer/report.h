/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How results of the command line are shown: words for people, one JSON object for programs. */
#ifndef FIXER_REPORT_H
#define FIXER_REPORT_H

#include "fixer/repair/repair.h"
#include "fixer/survey.h"

#include <jansson.h>

/* A line on standard output; control characters in it are replaced. Nothing when quiet. */
void report_line(bool quiet, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "  name         text", wrapped at 100 columns with the text aligned; an empty name continues the
 * field above. */
void report_field(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "512 bytes", "476.9 GiB": binary units, as Windows' own tools count, rounded down. */
#define SIZE_TEXT 32
const char *report_size(uint64_t bytes, char out[SIZE_TEXT]); /* returns out */

/* "REASON: title", the text, and for anything but good news the advice. */
void report_reason(bool quiet, enum reason reason, const char *text);

/* "{"v":1,"reason":...,"text":...,"advice":...}", for more fields; and printing it. */
json_t *report_json_new(enum reason reason, const char *text);
void report_json_print(json_t *root); /* frees root */

/* What is on the disk. */
void report_disk(bool quiet, const struct survey *s, const char *path);
void report_volume(bool quiet, const struct survey_volume *v);
json_t *report_json_disk(const struct survey *s, const char *path);
json_t *report_json_volume(const struct survey_volume *v);

/* A Windows, its last crash, the files beside those of the recipe: on standard output. */
struct windows_facts;
void report_installation(const struct windows_facts *w);

/* The files of a plan and what became of them; outcome is the reason of the repair. */
void report_files(bool quiet, const struct plan *plan, enum reason outcome);
json_t *report_json_files(const struct plan *plan, enum reason outcome);

#endif
