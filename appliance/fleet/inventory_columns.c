/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Headings as inventories, asset systems and people write them. */
#include "appliance/fleet/inventory.h"

#include <ctype.h>
#include <string.h>

static const char *const names[INVENTORY_COLUMNS] = {"name", "serial", "uuid", "macs", "site",
        "floor", "owner", "ring", "bmc", "order", "rack", "feed"};

const char *inventory_column_name(enum inventory_column column)
{
	return (unsigned)column < INVENTORY_COLUMNS ? names[column] : "";
}

/* Letters and digits alone, in lower case, with a blank around each. */
static const char *const words[INVENTORY_COLUMNS] = {
        " name hostname host computername computer devicename device machinename machine pcname pc"
        " dnshostname dnsname fqdn netbiosname displayname systemname workstation gerätename"
        " rechnername ",
        " serial serialnumber serialno serialnum sn servicetag biosserial biosserialnumber"
        " systemserial systemserialnumber seriennummer ",
        " uuid smbiosuuid smbiosguid biosuuid biosguid systemuuid systemguid hardwareuuid"
        " machineuuid guid ",
        " mac macs macaddress macaddresses macaddr macadresse ethernetmac ethernetmacaddress"
        " wiredmac wiredmacaddress lanmac lanmacaddress nicmac physicaladdress hardwareaddress"
        " mac1 mac2 mac3 mac4 macaddress1 macaddress2 macaddress3 macaddress4 pxemac ",
        " site location standort office building campus branch city niederlassung ",
        " floor level etage stockwerk storey ",
        " owner user username primaryuser assignedto assigneduser contact besitzer benutzer ",
        " ring updatering deploymentring rolloutring deploymentgroup ",
        " bmc bmcaddress bmcip bmchost ilo iloaddress idrac idracip ipmi ipmiaddress oob"
        " managementaddress ",
        " order startorder rank bootorder startreihenfolge ",
        " rack rackname rackid cabinet schrank serverschrank ",
        " feed powerfeed pdu pduname powercircuit circuit stromkreis einspeisung ",
};

int inventory_column_of(const char *heading)
{
	char word[66] = " ";
	size_t used = 1;

	for (; *heading && used < sizeof(word) - 2; heading++)
		if (isalnum((unsigned char)*heading) || (unsigned char)*heading >= 0x80)
			word[used++] = (char)tolower((unsigned char)*heading);
	word[used++] = ' ';
	word[used] = 0;
	for (int c = 0; used > 2 && c < INVENTORY_COLUMNS; c++)
		if (strstr(words[c], word))
			return c;
	return -1;
}
