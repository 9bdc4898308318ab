/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/journal_log.h"
#include "fixer/base/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR        512
#define PAGE_DATA     64 /* of a page of records: header and update sequence array before it */
#define HEADER        48 /* of a record; what is left of a page is not used when it is less */
#define TRANSACTION   0x18
#define CHECKPOINT    2
#define STANDARD      1
#define RECORD_ADDING 4 /* Windows 10: what the change acts on is told in the record */
#define FIRST_ROUND   2

void journal_protect(uint8_t *record)
{
	uint8_t *usa = record + get_le16(record + 4);
	unsigned count = get_le16(record + 6);
	uint16_t number = (uint16_t)(get_le16(usa) + 1);

	put_le16(usa, number ? number : 1);
	for (unsigned i = 1; i < count; i++) {
		memcpy(usa + 2 * i, record + i * SECTOR - 2, 2);
		memcpy(record + i * SECTOR - 2, usa, 2);
	}
}

void journal_unprotect(uint8_t *record)
{
	const uint8_t *usa = record + get_le16(record + 4);
	unsigned count = get_le16(record + 6);

	for (unsigned i = 1; i < count; i++)
		memcpy(record + i * SECTOR - 2, usa + 2 * i, 2);
}

/* Bits of a file offset in units of 8 bytes; the others of an LSN count the log's rounds. */
static unsigned offset_bits(const struct journal_log *log)
{
	unsigned bits = 0;

	for (size_t size = log->size; size > 0; size >>= 1)
		bits++;
	return bits - 3;
}

static uint64_t lsn_here(const struct journal_log *log)
{
	return log->round << offset_bits(log) | log->at / 8;
}

static uint8_t *page_of(struct journal_log *log, size_t at)
{
	uint8_t *page = log->bytes + at / LOG_PAGE * LOG_PAGE;

	if (memcmp(page, "RCRD", 4) != 0) {
		memset(page, 0, LOG_PAGE);
		memcpy(page, "RCRD", 4);
		put_le16(page + 4, 40); /* update sequence array: place, entries */
		put_le16(page + 6, LOG_PAGE / SECTOR + 1);
		put_le16(page + 20, 1); /* pages written at once, place among them */
		put_le16(page + 22, 1);
	}
	return page;
}

/* To where records begin in the next page; after the last one comes the first. */
static void next_page(struct journal_log *log)
{
	log->at = (log->at - 1) / LOG_PAGE * LOG_PAGE + LOG_PAGE;
	if (log->at == log->size) {
		log->at = log->first;
		log->round++;
	}
	log->at += PAGE_DATA;
}

/* The record's bytes from log->at on, over as many pages as it takes. */
static int append(struct journal_log *log, uint8_t *record, size_t len, uint64_t *ret_lsn)
{
	if (LOG_PAGE - (log->at - 1) % LOG_PAGE - 1 < HEADER)
		next_page(log);
	uint64_t lsn = lsn_here(log);
	log->used += len;
	if (log->used > (log->size - log->first) / 2)
		return -ENOSPC;
	put_le64(record, lsn);
	for (size_t done = 0; done < len;) {
		if (log->at % LOG_PAGE == 0)
			next_page(log);
		uint8_t *page = page_of(log, log->at);
		size_t place = log->at % LOG_PAGE, room = LOG_PAGE - place;
		size_t n = len - done < room ? len - done : room;
		memcpy(page + place, record + done, n);
		put_le64(page + 8, lsn);            /* last record that is at least begun here */
		put_le64(page + 32, log->last_end); /* last one that ends here */
		done += n;
		log->at += n;
	}
	uint8_t *page = page_of(log, log->at - 1);
	put_le32(page + 16, 1); /* a record ends here */
	put_le16(page + 24, (uint16_t)(log->at - (size_t)(page - log->bytes)));
	put_le64(page + 32, lsn);
	log->last_end = lsn;
	*ret_lsn = lsn;
	return 0;
}

static void put_header(uint8_t *record, size_t len, uint32_t type, uint32_t transaction)
{
	put_le32(record + 24, (uint32_t)(len - HEADER));
	put_le32(record + 32, type);
	put_le32(record + 36, transaction);
}

/* What a reader going back finds before the checkpoint: a page that is full to its end. */
static int append_filler(struct journal_log *log)
{
	uint8_t record[LOG_PAGE - PAGE_DATA] = {0};
	uint64_t lsn;

	put_header(record, sizeof(record), STANDARD, TRANSACTION);
	put_le16(record + 52, 40); /* redo and undo: nothing, after the header */
	put_le16(record + 56, 40);
	return append(log, record, sizeof(record), &lsn);
}

/* Without tables: no transaction is open, no page is dirty. */
static int append_checkpoint(struct journal_log *log)
{
	uint8_t record[HEADER + 112] = {0};

	put_header(record, sizeof(record), CHECKPOINT, 0);
	return append(log, record, sizeof(record), &log->start);
}

int journal_log_begin(struct journal_log *log, size_t size, unsigned version, bool wraps)
{
	/* Two restart pages, then copies of the last pages: 2 in version 1.1, 32 in 2.0. */
	size_t first = (version == 2 ? 34 : 4) * LOG_PAGE;

	size -= size % LOG_PAGE;
	if (size < first + 8 * LOG_PAGE)
		return -EINVAL;
	*log = (struct journal_log){.bytes = malloc(size),
	        .size = size,
	        .version = version,
	        .first = first,
	        .at = (wraps ? size - 2 * LOG_PAGE : first) + PAGE_DATA,
	        .round = FIRST_ROUND};
	if (!log->bytes)
		return -ENOMEM;
	memset(log->bytes, 0xff, size);
	int r = append_filler(log);
	return r < 0 ? r : append_checkpoint(log);
}

int journal_log_change(
        struct journal_log *log, const struct journal_change *change, uint64_t *ret_lsn)
{
	size_t len = 88 + (size_t)change->len;
	uint8_t *record = calloc(1, len);
	bool is_undo = change->redo == JOURNAL_DEALLOCATE;

	if (!record)
		return -ENOMEM;
	put_header(record, len, STANDARD, TRANSACTION);
	put_le16(record + 40, RECORD_ADDING);
	put_le16(record + 48, change->redo);
	put_le16(record + 50, change->undo);
	put_le16(record + 52, 40);
	put_le16(record + 54, is_undo ? 0 : change->len);
	put_le16(record + 56, 40);
	put_le16(record + 58, is_undo ? change->len : 0);
	put_le16(record + 60, TRANSACTION); /* attribute: any; 10's records do without */
	put_le16(record + 62, 1);           /* clusters */
	put_le16(record + 66, change->offset);
	put_le16(record + 68, change->cluster_index);
	put_le16(record + 70, change->acts_on);
	put_le64(record + 72, change->vcn);
	put_le64(record + 80, change->lcn);
	memcpy(record + 88, change->data, change->len);
	int r = append(log, record, len, ret_lsn);
	free(record);
	return r;
}

static int append_forget(struct journal_log *log)
{
	uint8_t record[HEADER + 40] = {0};
	uint64_t lsn;

	put_header(record, sizeof(record), STANDARD, TRANSACTION);
	put_le16(record + 48, JOURNAL_FORGET);
	put_le16(record + 50, JOURNAL_COMPENSATION);
	put_le16(record + 52, 40);
	put_le16(record + 56, 40);
	return append(log, record, sizeof(record), &lsn);
}

/* [MS] $LogFile restart page as ntfs-3g's logfile.h and ntfs3's fslog.c tell it. */
static void put_restart_page(struct journal_log *log, uint8_t *page)
{
	uint8_t *area = page + 48, *client = area + 64;

	memset(page, 0, LOG_PAGE);
	memcpy(page, "RSTR", 4);
	put_le16(page + 4, 30);
	put_le16(page + 6, LOG_PAGE / SECTOR + 1);
	put_le32(page + 16, LOG_PAGE); /* of the system, of the log */
	put_le32(page + 20, LOG_PAGE);
	put_le16(page + 24, 48);
	put_le16(page + 26, log->version == 2 ? 0 : 1); /* minor, major */
	put_le16(page + 28, (uint16_t)log->version);
	put_le64(area, log->start);
	put_le16(area + 8, 1);       /* clients */
	put_le16(area + 10, 0xffff); /* none free, number 0 in use: mounted */
	put_le32(area + 16, 64 - offset_bits(log));
	put_le16(area + 20, 224); /* length of the area with its client */
	put_le16(area + 22, 64);
	put_le64(area + 24, log->size);
	put_le32(area + 32, 112); /* length of the checkpoint's data */
	put_le16(area + 36, HEADER);
	put_le16(area + 38, PAGE_DATA);
	put_le64(client, log->start);
	put_le64(client + 8, log->start);
	put_le16(client + 16, 0xffff); /* no client before or after it */
	put_le16(client + 18, 0xffff);
	put_le32(client + 28, 8);
	memcpy(client + 32, "N\0T\0F\0S", 7);
}

int journal_log_finish(struct journal_log *log, bool complete)
{
	int r = complete ? append_forget(log) : 0;
	size_t last = (log->at - 1) / LOG_PAGE;

	if (r < 0)
		return r;
	for (unsigned i = 0; i < 2; i++)
		put_restart_page(log, log->bytes + i * LOG_PAGE);
	/* Two copies of the last page; in version 1.1 they say where that belongs. */
	for (unsigned i = 2; i < 4; i++) {
		memcpy(log->bytes + i * LOG_PAGE, log->bytes + last * LOG_PAGE, LOG_PAGE);
		if (log->version == 1)
			put_le64(log->bytes + i * LOG_PAGE + 8, last * LOG_PAGE);
	}
	for (size_t i = 0; i < log->size / LOG_PAGE; i++) {
		uint8_t *page = log->bytes + i * LOG_PAGE;
		if (memcmp(page, "RCRD", 4) == 0 || memcmp(page, "RSTR", 4) == 0)
			journal_protect(page);
	}
	return 0;
}

void journal_log_free(struct journal_log *log)
{
	free(log->bytes);
	*log = (struct journal_log){0};
}
