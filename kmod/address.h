/* SPDX-License-Identifier: GPL-2.0-only */
/* Our own addresses change: peers are told at once. */
#ifndef _CIPE_ADDRESS_H
#define _CIPE_ADDRESS_H

int cipe_address_init(void);
void cipe_address_exit(void);

#endif /* _CIPE_ADDRESS_H */
