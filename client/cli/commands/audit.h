/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_COMMANDS_AUDIT_H
#define MLTCTL_COMMANDS_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The server's audit log, read without a server: docs/internals/audit.md has the form of a line. */

enum { AUDIT_MAC_BYTES = 32, AUDIT_MAC_DIGITS = 64 };

struct audit_keys {
    uint8_t chain[AUDIT_MAC_BYTES], names[AUDIT_MAC_BYTES];
    char id[17];
};

/** Read the key file. Returns 0, or CLI_FAILED after saying what is wrong. */
int audit_keys_read(const char *path, struct audit_keys *out);
/** HMAC-SHA256. */
bool audit_mac(const uint8_t key[AUDIT_MAC_BYTES], const void *bytes, size_t size, uint8_t out[AUDIT_MAC_BYTES]);
void audit_hex(const uint8_t *bytes, size_t size, char *out);
/** False unless @text begins with so many hexadecimal digits. */
bool audit_unhex(const char *text, size_t size, uint8_t *out);

#endif
