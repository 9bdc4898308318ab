/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words of `fixer inspect`, for somebody who is tired. */
#include "fixer/inspect.h"
#include "fixer/report.h"

#include <stdio.h>
#include <string.h>

/* Eight digits: what the recovery screen calls key ID. */
#define KEY_ID_DIGITS 8

/* --- BitLocker ------------------------------------------------------------------------------- */

static void print_metadata(const struct bitlocker_info *info)
{
	if (info->copies_agree) {
		report_field("Metadata", "3 copies, all good and equal");
		return;
	}
	report_field("Metadata", "%u of 3 copies good%s", info->good_copies,
	        info->good_copies == 3 ? ", but they differ" : "");
	for (size_t i = 0; i < 3; i++)
		if (!info->copy_good[i])
			report_field("", "copy %zu %s, at byte %llu of the volume", i + 1,
			        info->metadata_offset[i] < info->volume_size
			                ? "damaged"
			                : "beyond the volume's end",
			        (unsigned long long)info->metadata_offset[i]);
}

/* ", key ID 063EA4E1" or nothing; size of out: as below. */
#define KEY_ID_TEXT 24
static const char *key_id_words(const struct bitlocker_protector *p, char out[KEY_ID_TEXT])
{
	char id[GUID_TEXT];

	guid_format(&p->id, id);
	out[0] = 0;
	if (p->kind == PROTECTOR_RECOVERY_PASSWORD)
		(void)snprintf(out, KEY_ID_TEXT, ", key ID %.*s", KEY_ID_DIGITS, id);
	return out;
}

static const char *use_words(const struct bitlocker_protector *p)
{
	if (p->has_blob)
		return "usable";
	if (p->kind == PROTECTOR_CLEAR_KEY)
		return "opens the volume without a key";
	if (p->stretch_flags_unknown)
		return "not usable: stretched in a way not known";
	return "not usable here";
}

static void print_protectors(const struct bitlocker_info *info)
{
	const char *name = "Protectors";
	char id[GUID_TEXT], key_id[KEY_ID_TEXT];

	for (size_t i = 0; i < info->protector_count; i++) {
		const struct bitlocker_protector *p = &info->protectors[i];
		guid_format(&p->id, id);
		report_field(name, "{%s} %s%s (%s)", id, bitlocker_protector_words(p->kind),
		        key_id_words(p, key_id), use_words(p));
		name = "";
	}
	if (info->protector_count == 0)
		report_field(name, "none");
	if (info->protectors_left_out)
		report_field("", "and %zu more", info->protectors_left_out);
}

static void print_bitlocker(const struct inspected_volume *v)
{
	const struct bitlocker_info *info = bitlocker_info(v->volume->bitlocker);
	char words[BITLOCKER_CONDITION_TEXT], id[GUID_TEXT], size[SIZE_TEXT];

	bitlocker_condition_words(info, words, sizeof(words));
	report_field("State", "%s", words);
	if (info->needs_key && !info->map_damaged && info->encrypted_bytes < info->volume_size)
		report_field("Encrypted", "%s (%llu bytes), not the rest",
		        report_size(info->encrypted_bytes, size),
		        (unsigned long long)info->encrypted_bytes);
	report_field("Method", "%s, sectors of %u bytes", bitlocker_method_words(info->method),
	        info->sector_size);
	guid_format(&info->volume_id, id);
	report_field("Volume ID", "{%s}", id);
	print_metadata(info);
	print_protectors(info);
}

void inspect_needs(const struct inspected_volume *v, char out[NEEDS_TEXT])
{
	const struct bitlocker_info *info;
	char id[GUID_TEXT];
	size_t at = 0, size = NEEDS_TEXT;

	out[0] = 0;
	if (v->closed.reason != REASON_KEY_NEEDED)
		return;
	info = bitlocker_info(v->volume->bitlocker);
	for (size_t i = 0; i < info->protector_count && at < size; i++) {
		const struct bitlocker_protector *p = &info->protectors[i];
		const char *between = at ? ", or " : "";
		if (!p->has_blob)
			continue;
		guid_format(&p->id, id);
		if (p->kind == PROTECTOR_RECOVERY_PASSWORD)
			at += (size_t)snprintf(out + at, size - at,
			        "%sthe 48-digit recovery password of key ID %.*s", between,
			        KEY_ID_DIGITS, id);
		else if (p->kind == PROTECTOR_STARTUP_KEY)
			at += (size_t)snprintf(
			        out + at, size - at, "%sthe startup key file %s.BEK", between, id);
		else
			at += (size_t)snprintf(out + at, size - at, "%sthe passphrase", between);
	}
}

/* --- the file system ------------------------------------------------------------------------- */

static const char *journal_words(enum journal_state state)
{
	static const char *const words[] = {
	        [JOURNAL_CLEAN] = "clean",
	        [JOURNAL_UNCLEAN_V1] = "not clean (version 1.1): has changes to be replayed",
	        [JOURNAL_UNCLEAN_V2] =
	                "not clean (version 2.0): Windows stopped while it was in use",
	        [JOURNAL_EMPTY] = "empty: nothing to replay",
	        [JOURNAL_DAMAGED] = "damaged: no valid restart page",
	};

	return words[state];
}

static void print_facts(const struct volume_facts *f)
{
	const struct ntfs_description *d = &f->description;
	char size[SIZE_TEXT], used[SIZE_TEXT], left[SIZE_TEXT];
	uint64_t serial = f->ntfs.serial;

	report_field("NTFS", "version %u.%u, clusters of %u bytes%s%s%s", d->major, d->minor,
	        d->cluster_size, d->label[0] ? ", label \"" : ", no label", d->label,
	        d->label[0] ? "\"" : "");
	report_field("Serial", "%04X-%04X (in full %016llX)", (unsigned)(serial >> 16 & 0xffff),
	        (unsigned)(serial & 0xffff), (unsigned long long)serial);
	report_field("Space", "%s, %s used, %s free", report_size(d->size, size),
	        report_size(d->size - d->free, used), report_size(d->free, left));
	report_field("Journal", "%s", journal_words(f->ntfs.journal));
	if (f->ntfs.flags & NTFS_FLAG_DIRTY)
		report_field("", "marked dirty: Windows will run chkdsk");
	if (f->ntfs.hibernated)
		report_field("Hibernated", "yes: a sleeping Windows expects the volume as it left "
		                           "it (hibernation or fast startup)");
	if (f->ntfs.mirror_differs)
		report_field("MFT copy", "$MFTMirr is not equal to the first records of $MFT");
	for (size_t i = 0; i < f->windows_count; i++)
		report_installation(&f->windows[i]);
	if (f->windows_count == 0)
		report_field("Windows", "none");
}

/* --- what can be done ------------------------------------------------------------------------ */

/* "no: what happened (CODE)", the details, the advice. */
static void print_refusal(const char *name, enum reason reason, const char *text)
{
	report_field(name, "no: %s (%s)", reason_title(reason), reason_code(reason));
	if (text[0])
		report_field("", "%s", text);
	report_field("", "%s", reason_advice(reason));
}

static void print_outlook(const struct inspected_volume *v)
{
	const struct survey_volume *s = v->volume;
	char needs[NEEDS_TEXT] = "";

	if (s->bitlocker && s->reason == REASON_OK)
		report_field("Writing", "allowed");
	else if (s->bitlocker)
		print_refusal("Writing", s->reason, s->text);
	inspect_needs(v, needs);
	if (needs[0])
		report_field("Needs", "%s", needs);
	else if (v->repair.reason == REASON_NO_WINDOWS)
		report_field("Repair", "nothing to repair: %s", v->repair.text);
	else if (!v->repair.code)
		report_field("Repair", "possible%s",
		        ntfs_is_settled(&v->facts.ntfs) ? ""
		                                        : ", by renaming in place: Windows did not "
		                                          "finish with this volume");
	else if (v->repair.reason != s->reason || !s->bitlocker)
		print_refusal("Repair", v->repair.reason, v->repair.text);
}

static void print_volume(const struct inspected_volume *v)
{
	const struct survey_volume *s = v->volume;
	const struct partition *p = s->partition;
	const char *kind = s->kind == VOLUME_BITLOCKER ? "BitLocker"
	                   : s->kind == VOLUME_NTFS    ? "NTFS"
	                                               : "cannot be read";
	char size[SIZE_TEXT];

	report_line(false, "%s", "");
	if (p->number)
		report_line(
		        false, "Partition %u: %s, %s", p->number, kind, report_size(p->size, size));
	else
		report_line(false, "Volume: %s, %s", kind, report_size(p->size, size));
	if (s->bitlocker)
		print_bitlocker(v);
	if (v->how[0])
		report_field("Key", "%s", v->how);
	if (!v->closed.code)
		print_facts(&v->facts);
	print_outlook(v);
}

void inspect_print(const struct inspection *in)
{
	report_disk(false, in->survey, in->path);
	if (in->survey->table.scheme != SCHEME_NONE)
		inspect_print_partitions(in->survey);
	for (size_t i = 0; i < in->count; i++)
		print_volume(&in->volumes[i]);
	if (in->survey->left_out)
		report_line(false, "%zu more volumes, not looked at", in->survey->left_out);
}
