/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names as they are on people's disks: short, long, of any script, with and without a case. */
#include "tests/volumes/random.h"

#include <stdio.h>
#include <string.h>

static const char *const words[] = {"report", "Setup", "KB5040442",
        "b\xc3\xbc"
        "ro",
        "\xce\x94\xce\xb5\xce\xaf\xce\xb3\xce\xbc\xce\xb1",
        "\xd0\x9e\xd1\x82\xd1\x87\xd1\x91\xd1\x82", "\xe8\xb3\x87\xe6\x96\x99", "\xf0\x9f\x8c\x8d",
        "na\xc3\xafve caf\xc3\xa9", "\xc3\x9f\xc3\xbf", "a b  c", "x.y.z", "[1]", "$data", "~tmp",
        "\xef\xbc\xa1\xef\xbd\x81", "\xc7\x85\xc4\xb1\xc4\xb0", "file", "#"};
#define WORDS (sizeof(words) / sizeof(words[0]))

static const char *const extensions[] = {
        ".sys", ".dll", ".TXT", ".log", ".jpeg", ".x", "", ".DAT", ".tar.gz", ".\xd0\xb4\xd0\xb0"};
#define EXTENSIONS (sizeof(extensions) / sizeof(extensions[0]))

static void add(char *out, size_t size, const char *text)
{
	size_t used = strlen(out), len = strlen(text);

	if (used + len < size)
		memcpy(out + used, text, len + 1);
}

void random_name(struct random_case *c, unsigned index, char *out, size_t size)
{
	struct gen_random *r = &c->random;
	char number[16];
	unsigned kind = gen_random_below(r, 10), pieces = 1;

	out[0] = 0;
	if (kind < 3) { /* one that is its own short name */
		(void)snprintf(out, size, kind == 0 ? "f%05x.dat" : "F%05X.DAT", index);
		return;
	}
	if (kind > 7)
		pieces = 2 + gen_random_below(r, 4);
	if (gen_random_below(r, 60) == 0)
		pieces = 14; /* about as long as names can be */
	for (unsigned i = 0; i < pieces; i++)
		add(out, size - 32, words[gen_random_below(r, WORDS)]);
	(void)snprintf(number, sizeof(number), "%05x", index);
	add(out, size, number);
	add(out, size, extensions[gen_random_below(r, EXTENSIONS)]);
}
