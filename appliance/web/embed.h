/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files carried in the binary: the assembler takes one in as it is, between two symbols, with a NUL
 * behind it; file is its path, from where the compiler runs or in a folder the assembler is told.
 */
#ifndef WEB_EMBED_H
#define WEB_EMBED_H

#define EMBED_FILE(symbol, file)                                                   \
	__asm__(".pushsection .rodata\n" #symbol ":\n"                             \
	        ".incbin \"" file "\"\n" #symbol "_end:\n"                         \
	        ".byte 0\n.popsection\n");                                         \
	extern const unsigned char symbol[] __attribute__((visibility("hidden"))); \
	extern const unsigned char symbol##_end[] __attribute__((visibility("hidden")))

#endif
