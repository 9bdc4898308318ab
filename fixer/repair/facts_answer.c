/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The facts of a volume as bytes (answer.h), from the children that read them. */
#include "fixer/repair/answer.h"
#include "fixer/repair/facts.h"

#include <errno.h>

int facts_encode(const struct volume_facts *facts, const uint64_t *roots, struct buffer *out)
{
	const struct ntfs_facts *n = &facts->ntfs;
	const struct ntfs_description *d = &facts->description;
	const uint64_t numbers[] = {n->journal, n->hibernated, n->flags, n->serial, d->major,
	        d->minor, d->cluster_size, d->size, d->free, n->mirror_differs,
	        facts->windows_count};

	int r = answer_put_numbers(out, numbers, sizeof(numbers) / sizeof(numbers[0]));
	if (r == 0)
		r = answer_put_text(out, d->label);
	for (size_t i = 0; r == 0 && i < facts->windows_count; i++) {
		r = answer_put_number(out, roots[i]);
		if (r == 0)
			r = answer_put_text(out, facts->windows[i].directory);
	}
	return r;
}

int facts_decode(
        const void *bytes, size_t len, struct volume_facts *ret, uint64_t ret_roots[WINDOWS_MAX])
{
	struct cursor c = cursor_over(bytes, len);
	struct volume_facts f = {0};
	struct ntfs_description *d = &f.description;
	uint64_t roots[WINDOWS_MAX] = {0};

	f.ntfs.journal = (enum journal_state)answer_number(&c, JOURNAL_DAMAGED);
	f.ntfs.hibernated = answer_number(&c, 1);
	f.ntfs.flags = (uint16_t)answer_number(&c, UINT16_MAX);
	f.ntfs.serial = cursor_le64(&c);
	d->major = (uint8_t)answer_number(&c, UINT8_MAX);
	d->minor = (uint8_t)answer_number(&c, UINT8_MAX);
	d->cluster_size = (uint32_t)answer_number(&c, UINT32_MAX);
	d->size = answer_number(&c, INT64_MAX);
	d->free = answer_number(&c, d->size);
	f.ntfs.mirror_differs = answer_number(&c, 1);
	f.windows_count = (size_t)answer_number(&c, WINDOWS_MAX);
	answer_text(&c, d->label, sizeof(d->label));
	for (size_t i = 0; i < f.windows_count; i++) {
		roots[i] = cursor_le64(&c);
		answer_text(&c, f.windows[i].directory, sizeof(f.windows[i].directory));
	}
	if (c.failed || c.left > 0)
		return -EBADMSG;
	*ret = f;
	for (size_t i = 0; i < WINDOWS_MAX; i++)
		ret_roots[i] = roots[i];
	return 0;
}

int version_encode(const struct windows_version *v, struct buffer *out)
{
	const char *const texts[] = {v->product, v->edition, v->release, v->installation,
	        v->computer, v->problem, v->dump_file, v->minidump_folder, v->system_root};

	int r = answer_put_numbers(out, (uint64_t[]){v->build, v->revision, v->dirty}, 3);
	for (size_t i = 0; r == 0 && i < sizeof(texts) / sizeof(texts[0]); i++)
		r = answer_put_text(out, texts[i]);
	return r;
}

int version_decode(const void *bytes, size_t len, struct windows_version *ret)
{
	struct cursor c = cursor_over(bytes, len);
	struct windows_version v = {0};

	v.build = (uint32_t)answer_number(&c, UINT32_MAX);
	v.revision = (uint32_t)answer_number(&c, UINT32_MAX);
	v.dirty = answer_number(&c, 1);
	answer_text(&c, v.product, sizeof(v.product));
	answer_text(&c, v.edition, sizeof(v.edition));
	answer_text(&c, v.release, sizeof(v.release));
	answer_text(&c, v.installation, sizeof(v.installation));
	answer_text(&c, v.computer, sizeof(v.computer));
	answer_text(&c, v.problem, sizeof(v.problem));
	answer_text(&c, v.dump_file, sizeof(v.dump_file));
	answer_text(&c, v.minidump_folder, sizeof(v.minidump_folder));
	answer_text(&c, v.system_root, sizeof(v.system_root));
	if (c.failed || c.left > 0)
		return -EBADMSG;
	*ret = v;
	return 0;
}

static int crash_encode(const struct windows_crash *crash, struct buffer *out)
{
	const struct dump *d = &crash->dump;
	const uint64_t numbers[] = {crash->source, d->kind, d->build, d->code, d->parameters[0],
	        d->parameters[1], d->parameters[2], d->parameters[3], d->time};

	int r = answer_put_numbers(out, numbers, sizeof(numbers) / sizeof(numbers[0]));
	if (r == 0)
		r = answer_put_text(out, crash->path);
	return r < 0 ? r : answer_put_text(out, d->module);
}

static void crash_decode(struct cursor *c, struct windows_crash *crash)
{
	struct dump *d = &crash->dump;

	crash->source = (enum crash_source)answer_number(c, CRASH_SOURCE_LAST);
	d->kind = (enum dump_kind)answer_number(c, DUMP_KIND_LAST);
	d->build = (uint32_t)answer_number(c, UINT32_MAX);
	d->code = (uint32_t)answer_number(c, UINT32_MAX);
	for (size_t i = 0; i < 4; i++)
		d->parameters[i] = cursor_le64(c);
	d->time = cursor_le64(c);
	answer_text(c, crash->path, sizeof(crash->path));
	answer_text(c, d->module, sizeof(d->module));
}

int evidence_encode(const struct windows_evidence *e, struct buffer *out)
{
	int r = crash_encode(&e->crash, out);

	if (r == 0)
		r = answer_put_text(out, e->problem);
	if (r == 0)
		r = answer_put_number(out, e->folder_count);
	for (size_t i = 0; r == 0 && i < e->folder_count; i++) {
		const struct windows_folder *f = &e->folders[i];
		r = answer_put_text(out, f->directory);
		if (r == 0)
			r = answer_put_numbers(
			        out, (uint64_t[]){f->files, f->newest, f->oldest}, 3);
	}
	return r;
}

int evidence_decode(const void *bytes, size_t len, struct windows_evidence *ret)
{
	struct cursor c = cursor_over(bytes, len);
	struct windows_evidence e = {0};

	crash_decode(&c, &e.crash);
	answer_text(&c, e.problem, sizeof(e.problem));
	e.folder_count = (size_t)answer_number(&c, RECIPE_MATCHES_MAX);
	for (size_t i = 0; i < e.folder_count; i++) {
		struct windows_folder *f = &e.folders[i];
		answer_text(&c, f->directory, sizeof(f->directory));
		f->files = (uint32_t)answer_number(&c, UINT32_MAX);
		f->newest = cursor_le64(&c);
		f->oldest = cursor_le64(&c);
	}
	if (c.failed || c.left > 0)
		return -EBADMSG;
	*ret = e;
	return 0;
}
