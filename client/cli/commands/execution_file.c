/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "commands/execution.h"

enum { CHUNK_BYTES = 256 * 1024 };

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
    EVP_MD_CTX *hash = file_hash_until(*out, (uint64_t)info.st_size);
    rewind(*out);
    if (!hash || !file_hash_end(hash, hex)) {
        fclose(*out);
        return cli_failed("%s: not a file that can be read", path);
    }
    *size_bytes = (uint64_t)info.st_size;
    return 0;
}

int execution_open_unread(const char *path, FILE **out, uint64_t *size_bytes, char id[65])
{
    struct stat info;
    int code = open_file(path, out, &info);
    if (code)
        return code;
    if (!file_state(*out, id)) {
        fclose(*out);
        return cli_failed("%s: no SHA-256", path);
    }
    *size_bytes = (uint64_t)info.st_size;
    return 0;
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
