/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"

#include <string.h>
#include <sys/stat.h>

enum { READ_BYTES = 16 * 1024 };

EVP_MD_CTX *file_hash_until(FILE *in, uint64_t bytes)
{
    unsigned char buffer[READ_BYTES];
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

bool file_hash_end(EVP_MD_CTX *hash, char hex[65])
{
    unsigned char digest[32];
    unsigned int size = sizeof digest;
    bool ok = EVP_DigestFinal_ex(hash, digest, &size) == 1;
    EVP_MD_CTX_free(hash);
    for (size_t i = 0; ok && i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return ok;
}

bool file_state(FILE *in, char id[65])
{
    struct stat info;
    if (fstat(fileno(in), &info) != 0)
        return false;
    const uint64_t facts[] = {info.st_dev,
                              info.st_ino,
                              (uint64_t)info.st_size,
                              (uint64_t)info.st_mtim.tv_sec,
                              (uint64_t)info.st_mtim.tv_nsec,
                              (uint64_t)info.st_ctim.tv_sec,
                              (uint64_t)info.st_ctim.tv_nsec};
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    if (hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1 && EVP_DigestUpdate(hash, facts, sizeof facts) == 1)
        return file_hash_end(hash, id);
    EVP_MD_CTX_free(hash);
    return false;
}

bool file_is_in_state(FILE *in, const char *id)
{
    char now[65];
    return file_state(in, now) && strcmp(now, id) == 0;
}

/* A file begins with its magic, a stream with a continuation marker; neither can be CSV, which is UTF-8 without
 * NULs. */
bool file_is_arrow(FILE *in)
{
    char head[8] = "";
    size_t got = fread(head, 1, sizeof head, in);
    rewind(in);
    return got == sizeof head && (memcmp(head, "ARROW1\0\0", 8) == 0 || memcmp(head, "\xff\xff\xff\xff", 4) == 0);
}
