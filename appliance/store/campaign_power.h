/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the statements on campaigns share. */
#ifndef STORE_CAMPAIGN_POWER_H
#define STORE_CAMPAIGN_POWER_H

/* Of a machine m and an order o to its management controller: that has failed, and the machine
 * still stands where it left it. One that answers as alive was not touched. */
#define CAMPAIGN_UNPOWERED                                            \
	"o.state = 'failed' AND o.reason <> 'POWER_ALIVE'"            \
	" AND m.held = 0 AND (m.state IN ('seen', 'held', 'ignored')" \
	" OR (m.state = 'attention' AND m.reason = o.reason))"

#endif
