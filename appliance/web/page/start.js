// SPDX-License-Identifier: GPL-3.0-or-later
// The page is many small files, and a browser gives up those on their way when its network changes (a phone that leaves
// the Wi-Fi, a notebook put into its dock). One that is missing would leave the page empty: all are asked for again.
const PATIENCE = 10000; // ms
const PAUSE = 1000;

const again = () => location.reload();
const late = setTimeout(again, PATIENCE);
import("./page.js").then(() => clearTimeout(late), () => setTimeout(again, PAUSE));
