/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is what a child that looked at a volume answers; when its first byte is odd, what one
 * that looked at a registry answers. */
#include "fixer/repair/facts.h"
#include "fixer/base/buffer.h"
#include "tests/fuzz/fuzz.h"

static void check_version(const struct windows_version *v)
{
	must(is_clean(v->product, sizeof(v->product)) && is_clean(v->edition, sizeof(v->edition)));
	must(is_clean(v->release, sizeof(v->release)) && is_clean(v->problem, sizeof(v->problem)));
	must(is_clean(v->installation, sizeof(v->installation)));
	must(is_clean(v->computer, sizeof(v->computer)));
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
	if (data[0] & 1)
		try_version(data + 1, size - 1);
	else
		try_facts(data + 1, size - 1);
	return 0;
}
