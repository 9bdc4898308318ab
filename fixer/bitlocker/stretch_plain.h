/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For stretch_kernel.h: the functions of FIPS 180-4, 4.1.2, where no instruction does them at once.
 */
#define XOR3(a, b, c)     ((a) ^ (b) ^ (c))
#define CHOOSE(a, b, c)   ((c) ^ ((a) & ((b) ^ (c))))
#define MAJORITY(a, b, c) (((a) & (b)) | ((c) & ((a) | (b))))
#define ROTATE(x, n)      ((x) >> (n) | (x) << (32 - (n)))
