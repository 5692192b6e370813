#pragma once
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

// OSSL_PARAM's constructors return structures that hold pointers to their arguments, so they are used within one call.

/// Sets an HMAC context up for SHA-256 under a key.
static inline int postern_hmac_sha256_init(EVP_MAC_CTX *context, const void *key, size_t count) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_init(context, (const unsigned char *)key, count, parameters);
}

// Macros with casts, which Swift cannot see.

static inline int postern_gcm_set_tag(EVP_CIPHER_CTX *context, int count, const void *tag) {
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, count, (void *)tag);
}

static inline int postern_gcm_get_tag(EVP_CIPHER_CTX *context, int count, void *tag) {
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, count, tag);
}
