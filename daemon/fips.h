/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OpenSSL's FIPS provider, for suite fips.
 */
#ifndef CIPED_FIPS_H
#define CIPED_FIPS_H

#include <openssl/types.h>

/**
 * fips_open - a libcrypto in which nothing but the FIPS provider computes
 *
 * Reads openssl.cnf, which tells where the provider is and that it was
 * installed (openssl fipsinstall). Opened once; stays until the process ends.
 *
 * Return: the library context; NULL when there is no such provider, or it
 * failed its self-tests, or does not have what we need.
 */
OSSL_LIB_CTX *fips_open(void);

/** fips_seal() - files are out of reach from now on: what was not opened will not be */
void fips_seal(void);

#endif /* CIPED_FIPS_H */
