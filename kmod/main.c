// SPDX-License-Identifier: GPL-2.0-only
/* CIPE: encrypted link devices. Loading and unloading. */

#include <linux/init.h>
#include <linux/module.h>
#include <net/genetlink.h>
#include <net/rtnetlink.h>

#include <uapi/linux/cipe.h>

#include "address.h"
#include "batch.h"
#include "device.h"
#include "gather.h"
#include "hook.h"
#include "keys.h"
#include "netlink.h"
#include "order.h"
#include "pages.h"
#include "socket.h"
#include "spread.h"

static int __init cipe_init(void)
{
	int err;

	cipe_gather_init();
	err = cipe_order_start();
	if (err)
		return err;
	err = cipe_pages_init();
	if (err)
		goto end_order;
	err = cipe_spread_init();
	if (err)
		goto exit_pages;
	err = cipe_keys_init();
	if (err)
		goto exit_spread;
	err = cipe_hook_init();
	if (err)
		goto exit_keys;
	err = cipe_socket_init();
	if (err)
		goto exit_hook;
	err = cipe_device_init();
	if (err)
		goto exit_socket;
	err = cipe_address_init();
	if (err)
		goto exit_device;
	err = cipe_netlink_init();
	if (err)
		goto exit_address;
	return 0;

exit_address:
	cipe_address_exit();
exit_device:
	cipe_device_exit();
exit_socket:
	cipe_socket_exit();
exit_hook:
	cipe_hook_exit();
exit_keys:
	cipe_keys_exit();
exit_spread:
	cipe_spread_exit();
exit_pages:
	cipe_pages_exit();
end_order:
	cipe_order_end();
	return err;
}

static void __exit cipe_exit(void)
{
	/* Requests first, so that nothing new is attached; then the links */
	cipe_netlink_exit();
	cipe_address_exit();
	cipe_device_exit();
	cipe_socket_exit();
	cipe_hook_exit();
	/* Waits for all that RCU still holds, endpoints and sockets too */
	cipe_keys_exit();
	cipe_gather_exit();
	cipe_spread_exit();
	cipe_batch_exit();
	cipe_pages_exit();
	cipe_order_end();
}

module_init(cipe_init);
module_exit(cipe_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("CIPE encrypted links");
MODULE_AUTHOR("The CIPE authors");
MODULE_ALIAS("cipcb");
MODULE_ALIAS_RTNL_LINK(CIPE_RTNL_KIND);
MODULE_ALIAS_GENL_FAMILY(CIPE_GENL_NAME);
