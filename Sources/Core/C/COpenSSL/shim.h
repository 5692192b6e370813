#pragma once
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

/// Initialises the library without the parts that are not used here: the machine's configuration file, and the tables
/// of ciphers and digests by their legacy names. Has no effect after any other call of the library. Returns 1 on
/// success.
static inline int postern_openssl_prepare(void) {
    return OPENSSL_init_crypto(
        OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS, NULL);
}

// OSSL_PARAM's constructors return structures that point to their arguments, so the structures are built and used
// within one function.

/// Sets the digest of an HMAC context to SHA-256. Returns 1 on success.
static inline int postern_hmac_use_sha256(EVP_MAC_CTX *context) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(context, parameters);
}

// Typed wrappers of EVP_CIPHER_CTX_ctrl, whose last parameter is `void *` for every command. Both return 1 on success.

/// Sets the tag that decryption expects.
static inline int postern_gcm_set_tag(EVP_CIPHER_CTX *context, int count, const void *tag) {
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, count, (void *)tag);
}

/// Copies the tag of an encryption to `tag`.
static inline int postern_gcm_get_tag(EVP_CIPHER_CTX *context, int count, void *tag) {
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, count, tag);
}
