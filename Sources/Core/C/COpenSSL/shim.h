#pragma once
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

/// Has the library come up without what is not used here: the machine's configuration, and the tables of all ciphers and
/// digests by their older names. Later than anything else of the library it changes nothing.
static inline int postern_openssl_prepare(void) {
    return OPENSSL_init_crypto(
        OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS, NULL);
}

// OSSL_PARAM's constructors return structures that hold pointers to their arguments, so they are used within one call.

/// Makes an HMAC context one of HMAC-SHA-256.
static inline int postern_hmac_use_sha256(EVP_MAC_CTX *context) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(context, parameters);
}

// Macros with casts, which Swift cannot see.

static inline int postern_gcm_set_tag(EVP_CIPHER_CTX *context, int count, const void *tag) {
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, count, (void *)tag);
}

static inline int postern_gcm_get_tag(EVP_CIPHER_CTX *context, int count, void *tag) {
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, count, tag);
}
