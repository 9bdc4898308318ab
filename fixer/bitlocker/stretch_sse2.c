/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Four passwords at once by what every processor of this kind has. */
#define WIDTH 4
#define NAME  stretch_kernel_4
#define TARGET

#include "fixer/bitlocker/stretch_plain.h"
#include "fixer/bitlocker/stretch_kernel.h"
