/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mltrainer/execution/v1/execution.mrpc.h>

#include "client.h"
#include "file.h"

enum { CHUNK_BYTES = 256 * 1024, TRIES = 5, RECONNECT_MS = 10000 };

/* Header, the rest of @in, and the hash of all of it, which @hash has of what the server has already. Ends @hash. */
static int send_file(struct mrpc_client_call *call, const Mltrainer__Execution__V1__UploadDatasetHeader *header,
                     FILE *in, uint8_t *buffer, EVP_MD_CTX *hash)
{
    char hex[65];
    Mltrainer__Execution__V1__UploadDatasetRequest message = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__INIT;
    message.message_case = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_HEADER;
    message.header = (Mltrainer__Execution__V1__UploadDatasetHeader *)header;
    int error = mltrainer__execution__v1__execution_service__upload_dataset__send(call, &message);
    message.message_case = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_CHUNK;
    for (size_t got; !error && (got = fread(buffer, 1, CHUNK_BYTES, in)) > 0;) {
        message.chunk = (ProtobufCBinaryData){got, buffer};
        error = mltrainer__execution__v1__execution_service__upload_dataset__send(call, &message);
        EVP_DigestUpdate(hash, buffer, got);
    }
    if (!file_hash_end(hash, hex) || !file_is_in_state(in, header->request_id)) {
        mrpc_client_call_cancel(call);
        return MRPC_ERR_INVALID;
    }
    message.message_case = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_SHA256;
    message.sha256 = hex;
    if (!error)
        error = mltrainer__execution__v1__execution_service__upload_dataset__send(call, &message);
    return error ? error : mrpc_client_call_half_close(call);
}

/* Go on behind what the server has of it already. Is the server there? */
static bool find_offset(struct mlt_client *client, bool wait, Mltrainer__Execution__V1__UploadDatasetHeader *header)
{
    Mltrainer__Execution__V1__GetUploadRequest request = MLTRAINER__EXECUTION__V1__GET_UPLOAD_REQUEST__INIT;
    struct mrpc_call_options options = {
        .struct_bytes = sizeof options, .timeout_ms = RECONNECT_MS, .wait_for_ready = wait};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.request_id = header->request_id;
    const Mltrainer__Execution__V1__GetUploadResponse *response =
        mltrainer__execution__v1__execution_service__get_upload(client->channel, &options, &request, &reply);
    bool usable = response && response->received_bytes <= header->size_bytes;
    header->resume_offset_bytes = usable ? response->received_bytes : 0;
    bool there = reply.status.code != MRPC_UNAVAILABLE && reply.status.code != MRPC_DEADLINE_EXCEEDED;
    mrpc_reply_fini(&reply);
    return there;
}

static int upload_rest(struct mlt_client *client, const Mltrainer__Execution__V1__UploadDatasetHeader *header, FILE *in,
                       uint8_t *buffer, struct mlt_dataset *out, struct mlt_error *error)
{
    struct mrpc_call_options options = {.struct_bytes = sizeof options};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    struct mrpc_client_call *call;
    EVP_MD_CTX *hash = file_hash_until(in, header->resume_offset_bytes);
    if (!hash)
        return client_fail_text(error, MRPC_INVALID_ARGUMENT, "the file cannot be read");
    int failed = mltrainer__execution__v1__execution_service__upload_dataset__start(client->channel, &options, NULL,
                                                                                    NULL, &call);
    if (failed) {
        EVP_MD_CTX_free(hash);
        return client_fail_text(error, MRPC_INTERNAL, "%s", mrpc_error_text(failed));
    }
    failed = send_file(call, header, in, buffer, hash); /* the status tells why */
    const Mltrainer__Execution__V1__UploadDatasetResponse *response =
        failed ? NULL : mltrainer__execution__v1__execution_service__upload_dataset__recv(call);
    if (response && response->dataset && out) {
        snprintf(out->name, sizeof out->name, "%s", response->dataset->name);
        snprintf(out->sha256, sizeof out->sha256, "%s", response->dataset->sha256);
        out->version = response->dataset->version;
        out->row_count = response->dataset->row_count;
    }
    int code = mrpc_client_call_finish(call, &reply);
    if (code)
        client_fail(error, &reply.status);
    if (code && !file_is_in_state(in, header->request_id))
        code = client_fail_text(error, MRPC_ABORTED, "the file changed while it was sent");
    mrpc_client_call_free(call);
    mrpc_reply_fini(&reply);
    return code;
}

/* A connection that breaks, or a server that starts anew, costs what had not arrived. */
static int upload(struct mlt_client *client, Mltrainer__Execution__V1__UploadDatasetHeader *header, FILE *in,
                  uint8_t *buffer, struct mlt_dataset *out, struct mlt_error *error)
{
    for (unsigned tries = 1;; tries++) {
        bool there = find_offset(client, tries > 1, header);
        int code = upload_rest(client, header, in, buffer, out, error);
        if (code != MRPC_UNAVAILABLE || !there || tries == TRIES)
            return code;
        sleep(1);
    }
}

int mlt_dataset_upload(struct mlt_client *client, const char *name, const char *path, struct mlt_dataset *out,
                       struct mlt_error *error)
{
    Mltrainer__Execution__V1__UploadDatasetHeader header = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_HEADER__INIT;
    char id[65];
    struct stat info;
    FILE *in = fopen(path, "rbe");
    uint8_t *buffer = malloc(CHUNK_BYTES);
    int code = 0;
    if (!in || !buffer || fstat(fileno(in), &info) != 0)
        code = client_fail_text(error, MRPC_NOT_FOUND, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(info.st_mode) || !file_state(in, id))
        code = client_fail_text(error, MRPC_INVALID_ARGUMENT, "%s: not a file that can be read", path);
    if (!code) {
        header.name = (char *)name;
        header.format = file_is_arrow(in) ? MLTRAINER__EXECUTION__V1__DATASET_FORMAT__DATASET_FORMAT_ARROW
                                     : MLTRAINER__EXECUTION__V1__DATASET_FORMAT__DATASET_FORMAT_CSV;
        header.request_id = id;
        header.size_bytes = (uint64_t)info.st_size;
        code = upload(client, &header, in, buffer, out, error);
    }
    if (in)
        fclose(in);
    free(buffer);
    return code;
}
