/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An installation in words. */
#include "fixer/repair/facts_show.h"
#include "fixer/report.h"

#include <stdio.h>

static void print_crash(const struct windows_evidence *e)
{
	char words[FACTS_TEXT];

	facts_crash_words(&e->crash, words);
	if (words[0]) {
		report_field("Last crash", "%s", words);
		report_field("", "%s", e->crash.path);
	} else {
		report_field("Last crash", "not known: no crash dump");
	}
}

void report_installation(const struct windows_facts *w)
{
	const struct windows_version *v = &w->version;
	const struct windows_evidence *e = &w->evidence;
	char words[FACTS_TEXT];

	facts_windows_words(v, words);
	report_field("Windows", "%s: %s%s%s", w->directory, words,
	        v->edition[0] ? ", edition " : "", v->edition);
	if (v->computer[0])
		report_field("", "computer name %s", v->computer);
	if (v->problem[0])
		report_field("", "%s", v->problem);
	if (v->dirty)
		report_field("", "registry not closed by Windows: as of its last flush");
	print_crash(e);
	for (size_t i = 0; i < e->folder_count; i++) {
		facts_folder_words(&e->folders[i], words);
		report_field("Other files", "%s", e->folders[i].directory);
		report_field("", "%s", words);
	}
	if (e->problem[0])
		report_field("", "%s", e->problem);
}
