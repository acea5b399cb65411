// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets to the link's device, described as virtual machines do.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cipe-fuzz.h"

struct out {
	int fd;
	struct sockaddr_ll to;
	uint8_t mac[6];
	bool ether;
	unsigned long sent;
};

/* What a virtual machine says of its packet: mostly true */
static void describe(struct virtio_net_hdr *h, const struct shape *s)
{
	bool tcp = s->protocol == IPPROTO_TCP;

	memset(h, 0, sizeof(*h));
	if (one_in(4) || (!tcp && s->protocol != IPPROTO_UDP))
		return;
	h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h->csum_start = s->l4;
	h->csum_offset = tcp ? 16 : 6;
	if (one_in(4))
		return;
	h->hdr_len = s->payload;
	h->gso_size = one_in(4) ? 1 + below(1400) : 1000 + below(340);
	h->gso_type = !tcp ? one_in(8) ? VIRTIO_NET_HDR_GSO_UDP : 5 /* UDP_L4 */ :
		      s->v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
	if (tcp && one_in(4))
		h->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
}

static void lie(struct virtio_net_hdr *h)
{
	unsigned int n = 1 + below(2);

	for (; n; n--)
		switch (below(6)) {
		case 0:
			h->flags = chance();
			break;
		case 1:
			h->gso_type = one_in(2) ? below(8) : chance();
			break;
		case 2:
			h->hdr_len = odd_number();
			break;
		case 3:
			h->gso_size = odd_number();
			break;
		case 4:
			h->csum_start = one_in(2) ? below(120) : odd_number();
			break;
		default:
			h->csum_offset = one_in(2) ? below(40) : odd_number();
		}
}

static void out_step(struct out *out)
{
	static uint8_t packet[ROOM];
	struct virtio_net_hdr h;
	struct iovec iov[2] = { { &h, sizeof(h) }, { packet, 0 } };
	struct msghdr msg = { .msg_name = &out->to, .msg_namelen = sizeof(out->to),
			      .msg_iov = iov, .msg_iovlen = 2 };
	struct shape s;
	size_t len;

	make_inner(packet, &s, out->ether, out->mac, false,
		   one_in(2) ? below(1300) : below(one_in(4) ? 65400 : 9000));
	describe(&h, &s);
	len = s.len;
	if (one_in(2))
		lie(&h);
	if (one_in(2))
		spoil(packet, &len, s.payload);
	iov[1].iov_len = len;
	out->to.sll_protocol = htons(one_in(30) ? chance() : s.v6 ? ETH_P_IPV6 : ETH_P_IP);
	if (out->ether && len >= ETH_HLEN)
		out->to.sll_protocol = htons(get_be16(packet + 12));
	/* Much of it is refused by the socket */
	if (sendmsg(out->fd, &msg, MSG_DONTWAIT) >= 0)
		out->sent++;
	else if (errno == ENETDOWN || errno == ENXIO)
		die("sendmsg");
}

static int out_open(struct out *out, const char *device)
{
	int one = 1, size = 1 << 22;

	out->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	out->to.sll_family = AF_PACKET;
	out->to.sll_ifindex = if_nametoindex(device);
	if (out->fd < 0 || !out->to.sll_ifindex ||
	    setsockopt(out->fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) ||
	    setsockopt(out->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		die(device);
	return 0;
}

unsigned long run_out(const struct plan *plan, time_t end)
{
	static struct out out = { .mac = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
	unsigned long i;

	if (plan->to && sscanf(plan->to, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &out.mac[0],
			       &out.mac[1], &out.mac[2], &out.mac[3], &out.mac[4],
			       &out.mac[5]) != 6)
		exit(usage());
	out.ether = plan->ether;
	out_open(&out, plan->device);
	for (i = 0; !over(plan, i, end); i++) {
		out_step(&out);
		if (plan->gap)
			usleep(plan->gap);
	}
	return out.sent;
}
