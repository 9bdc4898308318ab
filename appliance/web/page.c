/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/web/page.h"

/* The assembler takes the file in as it is, between two symbols. */
#define EMBED(symbol, file)                                                        \
	__asm__(".pushsection .rodata\n" #symbol ":\n"                             \
	        ".incbin \"appliance/web/page/" file "\"\n" #symbol "_end:\n"      \
	        ".byte 0\n.popsection\n");                                         \
	extern const unsigned char symbol[] __attribute__((visibility("hidden"))); \
	extern const unsigned char symbol##_end[] __attribute__((visibility("hidden")))

EMBED(page_index_html, "index.html");
EMBED(page_icon_svg, "icon.svg");
EMBED(page_page_css, "page.css");
EMBED(page_page_js, "page.js");
EMBED(page_text_js, "text.js");
EMBED(page_states_js, "states.js");
EMBED(page_stream_js, "stream.js");
EMBED(page_list_js, "list.js");
EMBED(page_machine_js, "machine.js");
EMBED(page_windows_js, "windows.js");

#define HTML   "text/html; charset=utf-8"
#define CSS    "text/css; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"

const struct page_file page_files[] = {
        {"index.html", HTML, page_index_html, page_index_html_end},
        {"icon.svg", "image/svg+xml", page_icon_svg, page_icon_svg_end},
        {"page.css", CSS, page_page_css, page_page_css_end},
        {"page.js", SCRIPT, page_page_js, page_page_js_end},
        {"text.js", SCRIPT, page_text_js, page_text_js_end},
        {"states.js", SCRIPT, page_states_js, page_states_js_end},
        {"stream.js", SCRIPT, page_stream_js, page_stream_js_end},
        {"list.js", SCRIPT, page_list_js, page_list_js_end},
        {"machine.js", SCRIPT, page_machine_js, page_machine_js_end},
        {"windows.js", SCRIPT, page_windows_js, page_windows_js_end},
};

const size_t page_file_count = sizeof(page_files) / sizeof(page_files[0]);
