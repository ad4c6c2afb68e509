/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/execution.h"

enum { TRIES = 5, RECONNECT_MS = 10000 };

static int send_chunk(struct mrpc_client_call *call, ProtobufCBinaryData chunk)
{
    Mltrainer__Execution__V1__UploadDatasetRequest message = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__INIT;
    message.message_case = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_CHUNK;
    message.chunk = chunk;
    return mltrainer__execution__v1__execution_service__upload_dataset__send(call, &message);
}

static void print(const Mltrainer__Execution__V1__UploadDatasetResponse *response)
{
    const Mltrainer__Execution__V1__Dataset *dataset = response->dataset;
    printf("%s@%u: %" PRIu64 " rows, %zu columns, %" PRIu64 " bytes%s\nsha256 %s\n", dataset->name, dataset->version,
           dataset->row_count, dataset->n_columns, dataset->size_bytes,
           response->already_existed ? ", was there already" : "", dataset->sha256);
}

static int send_header(struct mrpc_client_call *call, Mltrainer__Execution__V1__UploadDatasetHeader *header)
{
    Mltrainer__Execution__V1__UploadDatasetRequest message = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__INIT;
    message.message_case = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_HEADER;
    message.header = header;
    return mltrainer__execution__v1__execution_service__upload_dataset__send(call, &message);
}

static int send_checksum(struct mrpc_client_call *call, char *sha256)
{
    Mltrainer__Execution__V1__UploadDatasetRequest message = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__INIT;
    message.message_case = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_SHA256;
    message.sha256 = sha256;
    return mltrainer__execution__v1__execution_service__upload_dataset__send(call, &message);
}

/* Header, the rest of the file, and its hash, of what the server has already, too. */
static void send_all(struct mrpc_client_call *call, Mltrainer__Execution__V1__UploadDatasetHeader *header, FILE *in,
                     EVP_MD_CTX *hash)
{
    char hex[65];
    bool sent = send_header(call, header) == 0 &&
                execution_send_file(call, in, header->size_bytes, "uploading", hash, send_chunk) == 0;
    if (!file_hash_end(hash, hex) || !file_is_in_state(in, header->request_id))
        mrpc_client_call_cancel(call);
    else if (sent && send_checksum(call, hex) == 0)
        mrpc_client_call_half_close(call);
}

/* Go on behind what the server has of it already. Is the server there? */
static bool find_offset(const struct cli *cli, bool wait, Mltrainer__Execution__V1__UploadDatasetHeader *header)
{
    Mltrainer__Execution__V1__GetUploadRequest request = MLTRAINER__EXECUTION__V1__GET_UPLOAD_REQUEST__INIT;
    struct mrpc_call_options options = {
        .struct_bytes = sizeof options, .timeout_ms = RECONNECT_MS, .wait_for_ready = wait};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.request_id = header->request_id;
    const Mltrainer__Execution__V1__GetUploadResponse *response =
        mltrainer__execution__v1__execution_service__get_upload(cli->channel, &options, &request, &reply);
    bool usable = response && response->received_bytes <= header->size_bytes;
    header->resume_offset_bytes = usable ? response->received_bytes : 0;
    bool there = reply.status.code != MRPC_UNAVAILABLE && reply.status.code != MRPC_DEADLINE_EXCEEDED;
    mrpc_reply_fini(&reply);
    return there;
}

/* From where the last one ended. The call's status is in @reply. */
static int upload_rest(const struct cli *cli, FILE *in, Mltrainer__Execution__V1__UploadDatasetHeader *header,
                       struct mrpc_reply *reply)
{
    struct mrpc_call_options options = {.struct_bytes = sizeof options};
    struct mrpc_client_call *call;
    EVP_MD_CTX *hash = file_hash_until(in, header->resume_offset_bytes);
    if (!hash)
        return cli_failed("the file cannot be read");
    int error =
        mltrainer__execution__v1__execution_service__upload_dataset__start(cli->channel, &options, NULL, NULL, &call);
    if (error) {
        EVP_MD_CTX_free(hash);
        return cli_failed("%s", mrpc_error_text(error));
    }
    send_all(call, header, in, hash);
    const Mltrainer__Execution__V1__UploadDatasetResponse *response =
        mltrainer__execution__v1__execution_service__upload_dataset__recv(call);
    int code = 0;
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__upload_dataset_response__info, &response->base);
    else if (response && response->dataset)
        print(response);
    else if (!file_is_in_state(in, header->request_id))
        code = cli_failed("the file changed while it was sent");
    mrpc_client_call_finish(call, reply);
    mrpc_client_call_free(call);
    return code;
}

/* A connection that breaks, or a server that starts anew, costs what had not arrived. */
static int upload(const struct cli *cli, FILE *in, Mltrainer__Execution__V1__UploadDatasetHeader *header)
{
    for (unsigned tries = 1;; tries++) {
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        bool there = find_offset(cli, tries > 1, header);
        int code = upload_rest(cli, in, header, &reply);
        bool again = there && !code && reply.status.code == MRPC_UNAVAILABLE && tries < TRIES;
        if (!code && !again)
            code = cli_status(cli, &reply.status);
        mrpc_reply_fini(&reply);
        if (!again)
            return code;
        sleep(1);
    }
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__UploadDatasetHeader header = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_HEADER__INIT;
    Mltrainer__Execution__V1__CsvOptions csv = MLTRAINER__EXECUTION__V1__CSV_OPTIONS__INIT;
    const char *path = arguments->operands[0], *name = cli_option(arguments, "name", NULL);
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    char stem[129], id[65];
    FILE *in;
    int code = execution_open_unread(path, &in, &header.size_bytes, id);
    if (code)
        return code;
    snprintf(stem, sizeof stem, "%.*s", (int)strcspn(base, "."), base);
    header.name = (char *)(name ? name : stem);
    header.format = file_is_arrow(in) ? MLTRAINER__EXECUTION__V1__DATASET_FORMAT__DATASET_FORMAT_ARROW
                                      : MLTRAINER__EXECUTION__V1__DATASET_FORMAT__DATASET_FORMAT_CSV;
    header.request_id = id;
    header.description = (char *)cli_option(arguments, "description", "");
    csv.delimiter = (char *)cli_option(arguments, "delimiter", "");
    csv.no_header = cli_switch(arguments, "no-header");
    header.csv = header.format == MLTRAINER__EXECUTION__V1__DATASET_FORMAT__DATASET_FORMAT_CSV ? &csv : NULL;
    code = upload(cli, in, &header);
    fclose(in);
    return code;
}

static const struct cli_option options[] = {
    {"name", "NAME", "of the dataset [the file's name up to its first dot]"},
    {"description", "TEXT", "what it is"},
    {"delimiter", "CHAR", "of fields, in CSV [found by looking]"},
    {"no-header", NULL, "the first line is data"},
    {0},
};

const struct cli_command datasets_upload_command = {
    .noun = "datasets",
    .verb = "upload",
    .operands = "FILE",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Upload a CSV or Arrow file, or the rest of it",
    .examples = "  mltctl datasets upload prices.csv --name prices\n  mltctl datasets upload prices.arrow\n",
    .run = run,
};
