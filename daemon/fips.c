// SPDX-License-Identifier: GPL-2.0-or-later
#include "fips.h"

#include <stdbool.h>

#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>

#define ONLY_FIPS "fips=yes"

/* What the key exchange asks for must be had under the property query */
static int has_all(OSSL_LIB_CTX *lib)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(lib, "AES-256-GCM", NULL);
	EVP_MD *md = EVP_MD_fetch(lib, "SHA256", NULL);
	EVP_MAC *mac = EVP_MAC_fetch(lib, "HMAC", NULL);
	EVP_KDF *kdf = EVP_KDF_fetch(lib, "HKDF", NULL);
	EVP_PKEY *key = EVP_PKEY_Q_keygen(lib, NULL, "EC", "P-256");
	int all = cipher && md && mac && kdf && key;

	EVP_CIPHER_free(cipher);
	EVP_MD_free(md);
	EVP_MAC_free(mac);
	EVP_KDF_free(kdf);
	EVP_PKEY_free(key);
	return all;
}

/* The base provider reads and writes keys, and computes nothing */
static int load(OSSL_LIB_CTX *lib)
{
	char *config = CONF_get1_default_config_file();
	int ok;

	/* Without its section there the provider does not load, and says so below */
	if (config)
		OSSL_LIB_CTX_load_config(lib, config);
	OPENSSL_free(config);
	ok = OSSL_PROVIDER_load(lib, "fips") && OSSL_PROVIDER_load(lib, "base") &&
	     EVP_set_default_properties(lib, ONLY_FIPS) == 1;
	return ok && has_all(lib);
}

static bool tried;

void fips_seal(void)
{
	tried = true;
}

OSSL_LIB_CTX *fips_open(void)
{
	static OSSL_LIB_CTX *lib;

	/* A second time files may be out of reach */
	if (tried)
		return lib;
	tried = true;
	lib = OSSL_LIB_CTX_new();
	if (lib && !load(lib)) {
		OSSL_LIB_CTX_free(lib);
		lib = NULL;
	}
	return lib;
}
