/* SPDX-License-Identifier: Apache-2.0 */
#include "access/secret.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

static const char prefix[] = "mlt_";
/* RFC 4648 section 5 */
static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int secret_make(char out[SECRET_BYTES + 1])
{
    uint8_t random[SECRET_RANDOM_BYTES + 1]; /* and zeros behind them, for the last digit */
    random[SECRET_RANDOM_BYTES] = 0;
    if (RAND_bytes(random, SECRET_RANDOM_BYTES) != 1)
        return -1;
    memcpy(out, prefix, sizeof prefix - 1);
    for (size_t i = 0; i < SECRET_BYTES - 4; i++) {
        size_t bit = i * 6;
        unsigned pair = (unsigned)random[bit / 8] << 8 | random[bit / 8 + 1];
        out[4 + i] = digits[pair >> (10 - bit % 8) & 63];
    }
    out[SECRET_BYTES] = '\0';
    OPENSSL_cleanse(random, sizeof random);
    return 0;
}

bool secret_is_one(const char *text)
{
    return strncmp(text, prefix, sizeof prefix - 1) == 0 && strlen(text) == SECRET_BYTES &&
           strspn(text + 4, digits) == SECRET_BYTES - 4;
}

int secret_hash(const char *text, struct secret_hash *out)
{
    return EVP_Digest(text, strlen(text), out->bytes, NULL, EVP_sha256(), NULL) == 1 ? 0 : -1;
}

bool secret_same(const struct secret_hash *a, const struct secret_hash *b)
{
    return CRYPTO_memcmp(a->bytes, b->bytes, SECRET_HASH_BYTES) == 0;
}

uint64_t secret_number(const struct secret_hash *hash)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | hash->bytes[i];
    return number;
}

void secret_id(uint64_t number, char out[SECRET_ID_BYTES + 1])
{
    snprintf(out, SECRET_ID_BYTES + 1, "%016llx", (unsigned long long)number);
}

bool secret_id_parse(const char *text, uint64_t *out)
{
    if (strlen(text) != SECRET_ID_BYTES || strspn(text, "0123456789abcdef") != SECRET_ID_BYTES)
        return false;
    unsigned long long number;
    if (sscanf(text, "%16llx", &number) != 1)
        return false;
    *out = number;
    return true;
}
