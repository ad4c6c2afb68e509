/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "commands/execution.h"

enum { CHUNK_BYTES = 256 * 1024 };

EVP_MD_CTX *execution_hash_until(FILE *in, uint64_t bytes)
{
    static unsigned char buffer[CHUNK_BYTES];
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    bool ok = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1;
    rewind(in);
    while (ok && bytes > 0) {
        size_t got = fread(buffer, 1, bytes < sizeof buffer ? (size_t)bytes : sizeof buffer, in);
        ok = got > 0 && EVP_DigestUpdate(hash, buffer, got) == 1;
        bytes -= got;
    }
    if (ok)
        return hash;
    EVP_MD_CTX_free(hash);
    return NULL;
}

bool execution_hash_end(EVP_MD_CTX *hash, char hex[65])
{
    unsigned char digest[32];
    unsigned int size = sizeof digest;
    bool ok = EVP_DigestFinal_ex(hash, digest, &size) == 1;
    EVP_MD_CTX_free(hash);
    for (size_t i = 0; ok && i < sizeof digest; i++)
        sprintf(hex + 2 * i, "%02x", digest[i]);
    return ok;
}

static int open_file(const char *path, FILE **out, struct stat *info)
{
    FILE *in = fopen(path, "rbe");
    if (!in || fstat(fileno(in), info) != 0)
        return cli_failed("%s: %s", path, strerror(errno));
    if (!S_ISREG(info->st_mode)) {
        fclose(in);
        return cli_failed("%s: not a file that can be read", path);
    }
    *out = in;
    return 0;
}

int execution_open_file(const char *path, FILE **out, uint64_t *size_bytes, char hex[65])
{
    struct stat info;
    int code = open_file(path, out, &info);
    if (code)
        return code;
    EVP_MD_CTX *hash = execution_hash_until(*out, (uint64_t)info.st_size);
    rewind(*out);
    if (!hash || !execution_hash_end(hash, hex)) {
        fclose(*out);
        return cli_failed("%s: not a file that can be read", path);
    }
    *size_bytes = (uint64_t)info.st_size;
    return 0;
}

/* Where it lies, how large it is and when it was changed. */
static bool identify(const struct stat *info, char id[65])
{
    const uint64_t facts[] = {info->st_dev,         info->st_ino,         (uint64_t)info->st_size,
                              info->st_mtim.tv_sec, info->st_mtim.tv_nsec, info->st_ctim.tv_sec,
                              info->st_ctim.tv_nsec};
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    if (hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1 && EVP_DigestUpdate(hash, facts, sizeof facts) == 1)
        return execution_hash_end(hash, id);
    EVP_MD_CTX_free(hash);
    return false;
}

int execution_open_unread(const char *path, FILE **out, uint64_t *size_bytes, char id[65])
{
    struct stat info;
    int code = open_file(path, out, &info);
    if (code)
        return code;
    if (!identify(&info, id)) {
        fclose(*out);
        return cli_failed("%s: no SHA-256", path);
    }
    *size_bytes = (uint64_t)info.st_size;
    return 0;
}

/* A file begins with its magic, a stream with a continuation marker; neither can be CSV, which is UTF-8 without
 * NULs. */
bool execution_is_arrow(FILE *in)
{
    char head[8] = "";
    size_t got = fread(head, 1, sizeof head, in);
    rewind(in);
    return got == sizeof head && (memcmp(head, "ARROW1\0\0", 8) == 0 || memcmp(head, "\xff\xff\xff\xff", 4) == 0);
}

int execution_send_file(struct mrpc_client_call *call, FILE *in, uint64_t total, const char *label, EVP_MD_CTX *hash,
                        int (*send)(struct mrpc_client_call *call, ProtobufCBinaryData chunk))
{
    static unsigned char buffer[CHUNK_BYTES];
    struct progress progress = {.label = label};
    uint64_t sent = (uint64_t)ftello(in);
    int error = 0;
    for (size_t got; !error && (got = fread(buffer, 1, sizeof buffer, in)) > 0;) {
        error = send(call, (ProtobufCBinaryData){got, buffer});
        if (hash)
            EVP_DigestUpdate(hash, buffer, got);
        sent += got;
        progress_show(&progress, total ? (double)sent / (double)total : 1, "");
    }
    progress_end(&progress);
    return error;
}
