/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include <mltrainer/admin/v1/admin.mrpc.h>

#include "commands/commands.h"
#include "files.h"
#include "progress.h"

/* What arrived must be what was sent. */
static int compare(EVP_MD_CTX *digest, const char *sha256)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    char hex[65];
    if (EVP_DigestFinal_ex(digest, sum, NULL) != 1)
        return cli_failed("SHA-256 failed");
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    return strcmp(hex, sha256) == 0 ? 0 : cli_failed("the backup arrived with SHA-256 %s, not %s", hex, sha256);
}

/* @sha256 gets what the server says of the whole; "" when it ends before. */
static int receive(struct mrpc_client_call *call, FILE *out, EVP_MD_CTX *digest, char sha256[65])
{
    struct progress progress = {.label = "backup"};
    const Mltrainer__Admin__V1__BackupResponse *message;
    uint64_t bytes = 0;
    while ((message = mltrainer__admin__v1__admin_service__backup__recv(call))) {
        if (message->chunk.len && fwrite(message->chunk.data, message->chunk.len, 1, out) != 1)
            return cli_failed("writing the backup failed");
        EVP_DigestUpdate(digest, message->chunk.data, message->chunk.len);
        snprintf(sha256, 65, "%s", message->sha256);
        bytes += message->chunk.len;
        progress_show(&progress, message->total_bytes ? (double)bytes / (double)message->total_bytes : 1, "");
    }
    progress_end(&progress);
    return *sha256 ? compare(digest, sha256) : 0;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Admin__V1__BackupRequest request = MLTRAINER__ADMIN__V1__BACKUP_REQUEST__INIT;
    struct mrpc_call_options options = {.struct_bytes = sizeof options};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    struct mrpc_client_call *call;
    struct files_output output;
    int code = files_begin(&output, arguments->operands[0]);
    if (code)
        return code;
    int error = mltrainer__admin__v1__admin_service__backup__start(cli->channel, &options, &request, NULL, NULL, &call);
    if (error) {
        files_abandon(&output);
        return cli_failed("%s", mrpc_error_text(error));
    }
    char sha256[65] = "";
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    if (!digest || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
        code = cli_failed("out of memory");
    if (!code)
        code = receive(call, output.stream, digest, sha256);
    EVP_MD_CTX_free(digest);
    mrpc_client_call_finish(call, &reply);
    if (!code)
        code = cli_status(cli, &reply.status);
    mrpc_client_call_free(call);
    mrpc_reply_fini(&reply);
    if (code) {
        files_abandon(&output);
        return code;
    }
    code = files_commit(&output);
    if (!code && strcmp(arguments->operands[0], "-") != 0)
        printf("sha256 %s\n", sha256);
    return code;
}

const struct cli_command server_backup_command = {
    .noun = "server",
    .verb = "backup",
    .operands = "FILE",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "Copy the store while the server runs",
    .examples = "  mltctl server backup mltrainer-$(date +%F).db\n",
    .run = run,
};
