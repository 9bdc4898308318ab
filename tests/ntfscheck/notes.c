/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is worth knowing and no damage: the journal's restart pages, the flags of $Volume. */
#include "tests/ntfscheck/internal.h"
#include "tests/ntfscheck/ntfscheck.h"

#define PAGE        4096
#define CLEAN       0x2u /* restart area flags: the volume was dismounted */
#define NO_CLIENT   0xffffu
#define DIRTY       0x1u
#define FLAGS_AT    10
#define RESTART_MIN 48

static void restart_page(const uint8_t *page, unsigned number, FILE *out)
{
	uint16_t area = le16(page + 24);

	if (memcmp(page, "RSTR", 4) != 0 || area > PAGE - RESTART_MIN) {
		bool empty = le32(page) == 0xffffffff;
		(void)fprintf(
		        out, "$LogFile restart page %u: %s\n", number, empty ? "empty" : "none");
		return;
	}
	bool clean = le16(page + area + 14) & CLEAN || le16(page + area + 12) == NO_CLIENT;
	(void)fprintf(out, "$LogFile restart page %u: version %u.%u, %s, current LSN 0x%jx\n",
	        number, le16(page + 28), le16(page + 26), clean ? "clean" : "not clean",
	        (uintmax_t)le64(page + area));
}

static void journal(struct volume *v, FILE *out)
{
	struct record *r = base_record(v, RECORD_LOGFILE);
	const struct stream *s = r ? stream_find(r, AT_DATA, "") : NULL;
	uint8_t pages[2 * PAGE];

	if (!s || !runs_read(v, s->runs, s->run_count, 0, pages, sizeof(pages))) {
		(void)fputs("$LogFile: cannot be read\n", out);
		return;
	}
	restart_page(pages, 1, out);
	restart_page(pages + PAGE, 2, out);
}

void ntfscheck_notes(const uint8_t *volume, size_t size, FILE *out)
{
	struct volume v = {.bytes = volume, .size = size};

	if (volume_load(&v)) {
		const struct record *r = base_record(&v, RECORD_VOLUME);
		const struct stream *s = r ? stream_find(r, AT_VOLUME_INFORMATION, "") : NULL;
		journal(&v, out);
		if (s && s->resident && s->value_len >= FLAGS_AT + 2) {
			uint16_t flags = le16(s->value + FLAGS_AT);
			(void)fprintf(out, "$Volume: version %u.%u, flags 0x%x%s\n", s->value[8],
			        s->value[9], flags, flags & DIRTY ? " (dirty)" : "");
		}
	}
	release(&v);
}
