/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/audit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "cli.h"

bool audit_mac(const uint8_t key[AUDIT_MAC_BYTES], const void *bytes, size_t size, uint8_t out[AUDIT_MAC_BYTES])
{
    return HMAC(EVP_sha256(), key, AUDIT_MAC_BYTES, bytes, size, out, NULL) != NULL;
}

void audit_hex(const uint8_t *bytes, size_t size, char *out)
{
    for (size_t i = 0; i < size; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

bool audit_unhex(const char *text, size_t size, uint8_t *out)
{
    if (strspn(text, "0123456789abcdef") < 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        unsigned byte;
        if (sscanf(text + 2 * i, "%2x", &byte) != 1)
            return false;
        out[i] = (uint8_t)byte;
    }
    return true;
}

int audit_keys_read(const char *path, struct audit_keys *out)
{
    char text[AUDIT_MAC_DIGITS + 1] = "";
    uint8_t secret[AUDIT_MAC_BYTES], id[AUDIT_MAC_BYTES];
    FILE *file = fopen(path, "re");
    if (!file)
        return cli_failed("%s: %s", path, strerror(errno));
    bool good = fread(text, 1, AUDIT_MAC_DIGITS, file) == AUDIT_MAC_DIGITS &&
                audit_unhex(text, AUDIT_MAC_BYTES, secret) && audit_mac(secret, "chain", 5, out->chain) &&
                audit_mac(secret, "names", 5, out->names) && audit_mac(secret, "id", 2, id);
    fclose(file);
    OPENSSL_cleanse(text, sizeof text);
    OPENSSL_cleanse(secret, sizeof secret);
    if (!good)
        return cli_failed("%s is no key of an audit log: not 64 hexadecimal digits", path);
    audit_hex(id, 8, out->id);
    return 0;
}
