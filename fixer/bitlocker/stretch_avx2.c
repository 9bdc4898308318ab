/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Eight passwords at once by AVX2. */
#define WIDTH  8
#define NAME   stretch_kernel_8
#define TARGET __attribute__((target("avx2")))

#include "fixer/bitlocker/stretch_plain.h"
#include "fixer/bitlocker/stretch_kernel.h"
