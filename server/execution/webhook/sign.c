/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/webhook/sign.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

static const char prefix[] = "whsec_";

int webhook_secret_read(const char *text, struct webhook_secret *out, struct fault *fault)
{
    enum { CHARACTERS_MAX = (WEBHOOK_SECRET_BYTES_MAX + 2) / 3 * 4 };
    unsigned char bytes[CHARACTERS_MAX / 4 * 3];
    bool named = strncmp(text, prefix, sizeof prefix - 1) == 0;
    const char *base64 = named ? text + sizeof prefix - 1 : "";
    size_t characters = strlen(base64);
    int decoded = characters && characters <= CHARACTERS_MAX
                      ? EVP_DecodeBlock(bytes, (const unsigned char *)base64, (int)characters)
                      : -1;
    for (size_t i = characters; decoded > 0 && i > 0 && base64[i - 1] == '='; i--)
        decoded--; /* EVP_DecodeBlock counts what padding stands for */
    bool fits = decoded >= WEBHOOK_SECRET_BYTES_LEAST && decoded <= WEBHOOK_SECRET_BYTES_MAX;
    if (fits) {
        memcpy(out->bytes, bytes, (size_t)decoded);
        out->count = (size_t)decoded;
    }
    OPENSSL_cleanse(bytes, sizeof bytes);
    return fits ? 0
                : fault_set(fault, MRPC_INVALID_ARGUMENT, "the secret is not whsec_ and the Base64 of %d to %d bytes",
                            WEBHOOK_SECRET_BYTES_LEAST, WEBHOOK_SECRET_BYTES_MAX);
}

static bool digest(const struct webhook_secret *secret, const char *head, const char *body, size_t body_bytes,
                   unsigned char out[SHA256_DIGEST_LENGTH])
{
    size_t size = SHA256_DIGEST_LENGTH;
    EVP_PKEY *key = EVP_PKEY_new_mac_key(EVP_PKEY_HMAC, NULL, secret->bytes, (int)secret->count);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = key && context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSignUpdate(context, head, strlen(head)) == 1 &&
                EVP_DigestSignUpdate(context, body, body_bytes) == 1 && EVP_DigestSignFinal(context, out, &size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return done;
}

int webhook_sign(const struct webhook_secret *secret, const char *id, int64_t time_s, const char *body,
                 size_t body_bytes, char out[WEBHOOK_SIGNATURE_BYTES], struct fault *fault)
{
    char head[160];
    unsigned char bytes[SHA256_DIGEST_LENGTH];
    int length = snprintf(head, sizeof head, "%s.%" PRId64 ".", id, time_s);
    if (length < 0 || (size_t)length >= sizeof head || !digest(secret, head, body, body_bytes, bytes))
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "the webhook cannot be signed");
    memcpy(out, "v1,", 3);
    EVP_EncodeBlock((unsigned char *)out + 3, bytes, sizeof bytes);
    return 0;
}

int64_t webhook_pause_ms(unsigned attempts, int64_t base_ms, uint32_t random)
{
    const int64_t most_ms = INT64_C(3600) * 1000;
    int64_t pause_ms = base_ms;
    for (unsigned i = 1; i < attempts && pause_ms < most_ms; i++)
        pause_ms *= 2;
    if (pause_ms > most_ms)
        pause_ms = most_ms;
    return pause_ms - pause_ms / 5 * (random % 1024) / 1024;
}
