/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ACCESS_SECRET_H
#define MLT_ACCESS_SECRET_H

#include <stdbool.h>
#include <stdint.h>

#include <mrpc/attributes.h>

/* The secret of a token: "mlt_" and 256 random bits in base64url. With so many bits one SHA-256 is all that keeping it
 * needs; a slow hash is for what people make up. Source: NIST SP 800-63B section 5.1.2.2 (look-up secrets). */

enum {
    SECRET_RANDOM_BYTES = 32,
    SECRET_BYTES = 4 + 43, /* without its NUL */
    SECRET_HASH_BYTES = 32,
    SECRET_ID_BYTES = 16, /* hexadecimal digits, without the NUL */
};

struct secret_hash {
    uint8_t bytes[SECRET_HASH_BYTES];
};

/** A new one. Errors: -1 when the system has no random bytes. */
int secret_make(char out[SECRET_BYTES + 1]) MRPC_MUST_USE;
/** Its form alone; what has another form is no token of ours. */
bool secret_is_one(const char *text);
/** SHA-256. Errors: -1 without memory. */
int secret_hash(const char *text, struct secret_hash *out) MRPC_MUST_USE;
/** In a time that does not depend on where they differ. */
bool secret_same(const struct secret_hash *a, const struct secret_hash *b);

/** The public id: the first 64 bits of the hash. */
uint64_t secret_number(const struct secret_hash *hash);
void secret_id(uint64_t number, char out[SECRET_ID_BYTES + 1]);
/** False for a text that is no id. */
bool secret_id_parse(const char *text, uint64_t *out);

#endif
