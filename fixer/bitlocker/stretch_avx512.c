/* SPDX-License-Identifier: GPL-3.0-or-later */
/* 16 passwords at once by AVX-512F, which rotates and knows every function of three bits. */
#include <immintrin.h>

#define WIDTH  16
#define NAME   stretch_kernel_16
#define TARGET __attribute__((target("avx512f")))

#define TERNARY(a, b, c, table) \
	((vec)_mm512_ternarylogic_epi32((__m512i)(a), (__m512i)(b), (__m512i)(c), table))
#define XOR3(a, b, c)     TERNARY(a, b, c, 0x96)
#define CHOOSE(a, b, c)   TERNARY(a, b, c, 0xca)
#define MAJORITY(a, b, c) TERNARY(a, b, c, 0xe8)
#define ROTATE(x, n)      ((x) >> (n) | (x) << (32 - (n)))

#include "fixer/bitlocker/stretch_kernel.h"
