/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/windows/recipe.h"

const char recipe_crowdstrike_291[] =
        "[recipe]\n"
        "name = crowdstrike-291\n"
        "[match]\n"
        "path = \\Windows\\System32\\drivers\\CrowdStrike\n"
        "glob = C-00000291*.sys\n"
        "modified-from = 2024-07-19T04:09:00Z     ; bad window; good from 05:27\n"
        "modified-to   = 2024-07-19T05:27:00Z\n"
        "when-outside-window = skip               ; skip | act\n"
        "[action]\n"
        "do = remove                              ; remove | rename | report-only\n"
        "unclean-journal = rename                 ; rename | replay | refuse\n";
