// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * espinudp PORT: hold a UDP socket on which the kernel takes ESP, what a
 * daemon of IKE would do
 */
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

/* From 6.7 on ESP in UDP has a GRO of its own; before, UDP's would join messages */
static int has_gro(void)
{
	unsigned int major, minor;
	struct utsname name;

	return !uname(&name) && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 7));
}

int main(int argc, char **argv)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int encap = UDP_ENCAP_ESPINUDP, gro = has_gro();
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (argc != 2) {
		fprintf(stderr, "usage: espinudp PORT\n");
		return 2;
	}
	any.sin_port = htons(atoi(argv[1]));
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) ||
	    setsockopt(fd, IPPROTO_UDP, UDP_ENCAP, &encap, sizeof(encap)) ||
	    (gro && setsockopt(fd, IPPROTO_UDP, UDP_GRO, &gro, sizeof(gro))) ||
	    daemon(0, 0)) {
		perror("espinudp");
		return 1;
	}
	for (;;)
		pause();
}
