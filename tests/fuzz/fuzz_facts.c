/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is what a child that looked at a volume answers; when its first byte is 1, what one
 * that looked at a registry answers; 2: one that looked for the last crash. */
#include "fixer/repair/facts_show.h"
#include "fixer/base/buffer.h"
#include "tests/fuzz/fuzz.h"

static void check_version(const struct windows_version *v)
{
	must(is_clean(v->product, sizeof(v->product)) && is_clean(v->edition, sizeof(v->edition)));
	must(is_clean(v->release, sizeof(v->release)) && is_clean(v->problem, sizeof(v->problem)));
	must(is_clean(v->installation, sizeof(v->installation)));
	must(is_clean(v->computer, sizeof(v->computer)));
	must(is_clean(v->dump_file, sizeof(v->dump_file)));
	must(is_clean(v->minidump_folder, sizeof(v->minidump_folder)));
	must(is_clean(v->system_root, sizeof(v->system_root)));
}

static void try_version(const uint8_t *data, size_t size)
{
	struct windows_version v, again;
	struct buffer out;

	if (version_decode(data, size, &v) < 0)
		return;
	check_version(&v);
	buffer_init(&out, 65536);
	must(version_encode(&v, &out) == 0 && version_decode(out.data, out.len, &again) == 0);
	must(strcmp(v.problem, again.problem) == 0 && v.build == again.build);
	buffer_free(&out);
}

/* What is shown of it is clean as well. */
static void check_shown(const struct windows_evidence *e)
{
	char words[FACTS_TEXT];
	static struct volume_facts f;

	facts_crash_words(&e->crash, words);
	must(is_clean(words, sizeof(words)));
	for (size_t i = 0; i < e->folder_count; i++) {
		facts_folder_words(&e->folders[i], words);
		must(is_clean(words, sizeof(words)));
	}
	f.windows_count = 1;
	f.windows[0].evidence = *e;
	json_t *json = facts_json_installations(&f, 1);
	must(json_array_size(json) == 1);
	json_decref(json);
}

static void try_evidence(const uint8_t *data, size_t size)
{
	struct windows_evidence e, again;
	struct buffer out;

	if (evidence_decode(data, size, &e) < 0)
		return;
	must(e.crash.source <= CRASH_SOURCE_LAST && e.crash.dump.kind <= DUMP_KIND_LAST);
	must(is_clean(e.crash.path, sizeof(e.crash.path)) && e.folder_count <= RECIPE_MATCHES_MAX);
	must(is_clean(e.crash.dump.module, sizeof(e.crash.dump.module)));
	must(is_clean(e.problem, sizeof(e.problem)));
	for (size_t i = 0; i < e.folder_count; i++)
		must(is_clean(e.folders[i].directory, sizeof(e.folders[i].directory)));
	check_shown(&e);
	buffer_init(&out, 65536);
	must(evidence_encode(&e, &out) == 0 && evidence_decode(out.data, out.len, &again) == 0);
	must(memcmp(&e.crash.dump.parameters, &again.crash.dump.parameters, 32) == 0);
	buffer_free(&out);
}

static void try_facts(const uint8_t *data, size_t size)
{
	static struct volume_facts f, again;
	uint64_t roots[WINDOWS_MAX], roots_again[WINDOWS_MAX];
	struct buffer out;

	if (facts_decode(data, size, &f, roots) < 0)
		return;
	must(f.windows_count <= WINDOWS_MAX && f.ntfs.journal <= JOURNAL_DAMAGED);
	must(f.description.free <= f.description.size);
	must(is_clean(f.description.label, sizeof(f.description.label)));
	for (size_t i = 0; i < f.windows_count; i++)
		must(is_clean(f.windows[i].directory, sizeof(f.windows[i].directory)));
	buffer_init(&out, 65536);
	must(facts_encode(&f, roots, &out) == 0);
	must(facts_decode(out.data, out.len, &again, roots_again) == 0);
	must(memcmp(roots, roots_again, sizeof(roots)) == 0);
	must(f.windows_count == again.windows_count);
	buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 1)
		try_version(data + 1, size - 1);
	else if (data[0] == 2)
		try_evidence(data + 1, size - 1);
	else
		try_facts(data + 1, size - 1);
	return 0;
}
