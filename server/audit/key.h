/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_AUDIT_KEY_H
#define MLT_AUDIT_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault/fault.h"

/* The audit log's secret, and the two keys that come from it: one chains lines, the other hides names. */

enum { AUDIT_MAC_BYTES = 32, AUDIT_NAME_DIGITS = 16, AUDIT_MAC_DIGITS = 2 * AUDIT_MAC_BYTES };

struct audit_key {
    uint8_t chain[AUDIT_MAC_BYTES];
    uint8_t names[AUDIT_MAC_BYTES];
    char id[AUDIT_NAME_DIGITS + 1]; /* tells keys apart, and nothing about them */
};

/** Read the secret, or make one. Errors: INVALID_ARGUMENT (others may read it, it is not 64 digits, it cannot be
 *  made). */
int audit_key_load(const char *path, struct audit_key *out, struct fault *fault) MRPC_MUST_USE;
/** HMAC-SHA256. 0, or -1 when the library fails. */
int audit_key_mac(const uint8_t key[AUDIT_MAC_BYTES], const void *bytes, size_t size,
                  uint8_t out[AUDIT_MAC_BYTES]) MRPC_MUST_USE;
/** A name as it stands in the log: the first 64 bits of its HMAC, "?" when the library fails. */
void audit_key_name(const struct audit_key *key, const char *name, char out[AUDIT_NAME_DIGITS + 1]);
void audit_key_hex(const uint8_t *bytes, size_t size, char *out);
/** False unless @text begins with so many digits. */
bool audit_key_unhex(const char *text, size_t size, uint8_t *out);

#endif
