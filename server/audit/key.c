/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

void audit_key_hex(const uint8_t *bytes, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * size] = '\0';
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool audit_key_unhex(const char *text, size_t size, uint8_t *out)
{
    for (size_t i = 0; i < size; i++) {
        int high = digit(text[2 * i]), low = high < 0 ? -1 : digit(text[2 * i + 1]);
        if (low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

int audit_key_mac(const uint8_t key[AUDIT_MAC_BYTES], const void *bytes, size_t size, uint8_t out[AUDIT_MAC_BYTES])
{
    return HMAC(EVP_sha256(), key, AUDIT_MAC_BYTES, bytes, size, out, NULL) ? 0 : -1;
}

void audit_key_name(const struct audit_key *key, const char *name, char out[AUDIT_NAME_DIGITS + 1])
{
    uint8_t mac[AUDIT_MAC_BYTES];
    strcpy(out, "?");
    if (audit_key_mac(key->names, name, strlen(name), mac) == 0)
        audit_key_hex(mac, AUDIT_NAME_DIGITS / 2, out);
}

static int write_secret(const char *path, const char *line, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool whole = fd >= 0 && write(fd, line, size) == (ssize_t)size && fsync(fd) == 0;
    if (fd >= 0 && close(fd) != 0)
        whole = false;
    return whole ? 0 : -1;
}

/* What is written with the key is of no use without it: its name, too, outlives a loss of power. */
static int sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 || fsync(fd) != 0;
    if (fd >= 0)
        close(fd);
    return error ? -1 : 0;
}

/* Beside its place first: there is a whole key or none. */
static int make(const char *path, uint8_t secret[AUDIT_MAC_BYTES], struct fault *fault)
{
    char line[AUDIT_MAC_DIGITS + 2], beside[PATH_MAX];
    if (RAND_bytes(secret, AUDIT_MAC_BYTES) != 1)
        return fault_set(fault, MRPC_INTERNAL, "audit.file: no random bytes");
    audit_key_hex(secret, AUDIT_MAC_BYTES, line);
    strcat(line, "\n");
    snprintf(beside, sizeof beside, "%s.new", path);
    int error = write_secret(beside, line, AUDIT_MAC_DIGITS + 1);
    OPENSSL_cleanse(line, sizeof line);
    if (error || rename(beside, path) != 0 || sync_folder_of(path) != 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "audit.file: its key %s: %s", path, strerror(errno));
    return 0;
}

static int read_secret(int fd, const char *path, uint8_t secret[AUDIT_MAC_BYTES], struct fault *fault)
{
    struct stat about;
    char text[AUDIT_MAC_DIGITS];
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode) || (about.st_mode & 077) != 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "audit.file: others than its owner may read its key %s", path);
    bool good = read(fd, text, sizeof text) == sizeof text && audit_key_unhex(text, AUDIT_MAC_BYTES, secret);
    OPENSSL_cleanse(text, sizeof text);
    if (good)
        return 0;
    return fault_set(fault, MRPC_INVALID_ARGUMENT, "audit.file: its key %s is not 64 hexadecimal digits", path);
}

static int load(const char *path, uint8_t secret[AUDIT_MAC_BYTES], struct fault *fault)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return make(path, secret, fault);
    if (fd < 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "audit.file: its key %s: %s", path, strerror(errno));
    int code = read_secret(fd, path, secret, fault);
    close(fd);
    return code;
}

/* One secret, and a key for each purpose. */
static int derive(const uint8_t secret[AUDIT_MAC_BYTES], struct audit_key *out)
{
    uint8_t id[AUDIT_MAC_BYTES];
    if (audit_key_mac(secret, "chain", 5, out->chain) != 0 || audit_key_mac(secret, "names", 5, out->names) != 0 ||
        audit_key_mac(secret, "id", 2, id) != 0)
        return -1;
    audit_key_hex(id, AUDIT_NAME_DIGITS / 2, out->id);
    return 0;
}

int audit_key_load(const char *path, struct audit_key *out, struct fault *fault)
{
    uint8_t secret[AUDIT_MAC_BYTES];
    int code = load(path, secret, fault);
    if (!code && derive(secret, out) != 0)
        code = fault_set(fault, MRPC_INTERNAL, "audit.file: no HMAC-SHA256");
    OPENSSL_cleanse(secret, sizeof secret);
    return code;
}
