/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/web/page.h"
#include "appliance/web/embed.h"

#include <stddef.h>

#define HTML   "text/html; charset=utf-8"
#define CSS    "text/css; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"

/* The folder page/ as pack.py makes it, but for reasons.js, which is made below. */
#define FILES(X)                                      \
	X(index_html, "index.html", HTML)             \
	X(fleet_html, "fleet.html", HTML)             \
	X(icon_svg, "icon.svg", "image/svg+xml")      \
	X(fleet_css, "fleet.css", CSS)                \
	X(machine_css, "machine.css", CSS)            \
	X(overview_css, "overview.css", CSS)          \
	X(page_css, "page.css", CSS)                  \
	X(release_css, "release.css", CSS)            \
	X(account_js, "account.js", SCRIPT)           \
	X(announce_js, "announce.js", SCRIPT)         \
	X(api_js, "api.js", SCRIPT)                   \
	X(appliance_js, "appliance.js", SCRIPT)       \
	X(approvals_js, "approvals.js", SCRIPT)       \
	X(attempts_js, "attempts.js", SCRIPT)         \
	X(campaign_js, "campaign.js", SCRIPT)         \
	X(campaigns_js, "campaigns.js", SCRIPT)       \
	X(chart_js, "chart.js", SCRIPT)               \
	X(choice_js, "choice.js", SCRIPT)             \
	X(console_js, "console.js", SCRIPT)           \
	X(copy_js, "copy.js", SCRIPT)                 \
	X(decided_js, "decided.js", SCRIPT)           \
	X(disk_js, "disk.js", SCRIPT)                 \
	X(early_js, "early.js", SCRIPT)               \
	X(entry_js, "entry.js", SCRIPT)               \
	X(filter_js, "filter.js", SCRIPT)             \
	X(first_js, "first.js", SCRIPT)               \
	X(fleet_js, "fleet.js", SCRIPT)               \
	X(floor_js, "floor.js", SCRIPT)               \
	X(form_js, "form.js", SCRIPT)                 \
	X(health_js, "health.js", SCRIPT)             \
	X(inventory_js, "inventory.js", SCRIPT)       \
	X(keys_js, "keys.js", SCRIPT)                 \
	X(keys_upload_js, "keys_upload.js", SCRIPT)   \
	X(keys_view_js, "keys_view.js", SCRIPT)       \
	X(late_js, "late.js", SCRIPT)                 \
	X(line_js, "line.js", SCRIPT)                 \
	X(list_js, "list.js", SCRIPT)                 \
	X(loader_js, "loader.js", SCRIPT)             \
	X(login_js, "login.js", SCRIPT)               \
	X(machine_js, "machine.js", SCRIPT)           \
	X(machine_acts_js, "machine_acts.js", SCRIPT) \
	X(map_js, "map.js", SCRIPT)                   \
	X(order_js, "order.js", SCRIPT)               \
	X(overview_js, "overview.js", SCRIPT)         \
	X(page_js, "page.js", SCRIPT)                 \
	X(people_js, "people.js", SCRIPT)             \
	X(plan_js, "plan.js", SCRIPT)                 \
	X(plan_words_js, "plan_words.js", SCRIPT)     \
	X(power_js, "power.js", SCRIPT)               \
	X(power_many_js, "power_many.js", SCRIPT)     \
	X(power_view_js, "power_view.js", SCRIPT)     \
	X(power_words_js, "power_words.js", SCRIPT)   \
	X(progress_js, "progress.js", SCRIPT)         \
	X(record_js, "record.js", SCRIPT)             \
	X(recovery_js, "recovery.js", SCRIPT)         \
	X(scan_js, "scan.js", SCRIPT)                 \
	X(seal_js, "seal.js", SCRIPT)                 \
	X(sectors_js, "sectors.js", SCRIPT)           \
	X(selection_js, "selection.js", SCRIPT)       \
	X(session_js, "session.js", SCRIPT)           \
	X(sites_js, "sites.js", SCRIPT)               \
	X(situation_js, "situation.js", SCRIPT)       \
	X(start_js, "start.js", SCRIPT)               \
	X(states_js, "states.js", SCRIPT)             \
	X(story_js, "story.js", SCRIPT)               \
	X(stream_js, "stream.js", SCRIPT)             \
	X(stuck_js, "stuck.js", SCRIPT)               \
	X(tally_js, "tally.js", SCRIPT)               \
	X(text_js, "text.js", SCRIPT)                 \
	X(theme_js, "theme.js", SCRIPT)               \
	X(triage_js, "triage.js", SCRIPT)             \
	X(trouble_js, "trouble.js", SCRIPT)           \
	X(wallboard_js, "wallboard.js", SCRIPT)       \
	X(waves_js, "waves.js", SCRIPT)               \
	X(windows_js, "windows.js", SCRIPT)           \
	X(wire_js, "wire.js", SCRIPT)

#define EMBED(symbol, file, type) EMBED_FILE(page_##symbol, file);
FILES(EMBED)
#undef EMBED

/* reasons.js: what the table of reasons says of each, for refusals, which carry the code alone. One
 * member a line and none of them ends with a zero, so that they stand one behind the other. */
#define HEAD                      "export const reasons = {\n"
#define LINE(code, title, advice) #code ": {title: \"" title "\", advice: \"" advice "\"},\n"
#define TAIL                      "};\n"
#define TEXT_OF(text)             [sizeof(text) - 1]

static const struct {
	unsigned char head TEXT_OF(HEAD);
#define REASON(code, severity, actor, title, advice) \
	unsigned char code TEXT_OF(LINE(code, title, advice));
#include "netmend/reason.def"
#undef REASON
	unsigned char tail TEXT_OF(TAIL);
} reasons_js = {
        .head = HEAD,
#define REASON(code, severity, actor, title, advice) .code = LINE(code, title, advice),
#include "netmend/reason.def"
#undef REASON
        .tail = TAIL,
};

const struct page_file page_files[] = {
#define ENTRY(symbol, file, type) {file, type, page_##symbol, page_##symbol##_end},
        FILES(ENTRY)
#undef ENTRY
                {"reasons.js", SCRIPT, (const unsigned char *)&reasons_js,
                        (const unsigned char *)&reasons_js + sizeof(reasons_js)},
};

const size_t page_file_count = sizeof(page_files) / sizeof(page_files[0]);
