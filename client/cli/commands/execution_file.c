/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/evp.h>

#include "commands/execution.h"

enum { CHUNK_BYTES = 256 * 1024 };

static int hash_file(FILE *in, char hex[65])
{
    static unsigned char buffer[CHUNK_BYTES];
    unsigned char digest[32];
    unsigned int size = sizeof digest;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int ok = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    for (size_t got; ok && (got = fread(buffer, 1, sizeof buffer, in)) > 0;)
        ok = EVP_DigestUpdate(context, buffer, got);
    ok = ok && !ferror(in) && EVP_DigestFinal_ex(context, digest, &size);
    EVP_MD_CTX_free(context);
    for (size_t i = 0; ok && i < sizeof digest; i++)
        sprintf(hex + 2 * i, "%02x", digest[i]);
    rewind(in);
    return ok ? 0 : -1;
}

int execution_open_file(const char *path, FILE **out, uint64_t *size_bytes, char hex[65])
{
    struct stat info;
    FILE *in = fopen(path, "rbe");
    if (!in || fstat(fileno(in), &info) != 0)
        return cli_failed("%s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode) || hash_file(in, hex) != 0) {
        fclose(in);
        return cli_failed("%s: not a file that can be read", path);
    }
    *out = in;
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

int execution_send_file(struct mrpc_client_call *call, FILE *in, uint64_t total, const char *label,
                        int (*send)(struct mrpc_client_call *call, ProtobufCBinaryData chunk))
{
    static unsigned char buffer[CHUNK_BYTES];
    struct progress progress = {.label = label};
    uint64_t sent = (uint64_t)ftello(in);
    int error = 0;
    for (size_t got; !error && (got = fread(buffer, 1, sizeof buffer, in)) > 0;) {
        error = send(call, (ProtobufCBinaryData){got, buffer});
        sent += got;
        progress_show(&progress, total ? (double)sent / (double)total : 1, "");
    }
    progress_end(&progress);
    return error;
}
