/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "commands/commands.h"
#include "commands/execution.h"

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

static int upload(struct cli *cli, FILE *in, Mltrainer__Execution__V1__UploadDatasetHeader *header)
{
    struct mrpc_call_options options = {.struct_bytes = sizeof options};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    struct mrpc_client_call *call;
    Mltrainer__Execution__V1__UploadDatasetRequest first = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__INIT;
    first.message_case = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_HEADER;
    first.header = header;
    int error = mltrainer__execution__v1__execution_service__upload_dataset__start(cli->channel, &options, NULL, NULL, &call);
    if (error)
        return cli_failed("%s", mrpc_error_text(error));
    error = mltrainer__execution__v1__execution_service__upload_dataset__send(call, &first);
    if (!error)
        error = execution_send_file(call, in, header->size_bytes, "uploading", send_chunk);
    if (!error)
        mrpc_client_call_half_close(call);
    const Mltrainer__Execution__V1__UploadDatasetResponse *response =
        mltrainer__execution__v1__execution_service__upload_dataset__recv(call);
    int code = 0;
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__upload_dataset_response__info, &response->base);
    else if (response && response->dataset)
        print(response);
    mrpc_client_call_finish(call, &reply);
    if (!code)
        code = cli_status(cli, &reply.status);
    mrpc_client_call_free(call);
    mrpc_reply_fini(&reply);
    return code;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__UploadDatasetHeader header = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_HEADER__INIT;
    Mltrainer__Execution__V1__CsvOptions csv = MLTRAINER__EXECUTION__V1__CSV_OPTIONS__INIT;
    const char *path = arguments->operands[0], *name = cli_option(arguments, "name", NULL);
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    char stem[129], hex[65];
    struct stat info;
    FILE *in = fopen(path, "rb");
    if (!in || fstat(fileno(in), &info) != 0)
        return cli_failed("%s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode) || execution_hash_file(in, hex) != 0) {
        fclose(in);
        return cli_failed("%s: not a file that can be read", path);
    }
    snprintf(stem, sizeof stem, "%.*s", (int)strcspn(base, "."), base);
    header.name = (char *)(name ? name : stem);
    header.format = execution_is_arrow(in) ? MLTRAINER__EXECUTION__V1__DATASET_FORMAT__DATASET_FORMAT_ARROW
                                           : MLTRAINER__EXECUTION__V1__DATASET_FORMAT__DATASET_FORMAT_CSV;
    header.sha256 = hex;
    header.size_bytes = (uint64_t)info.st_size;
    header.description = (char *)cli_option(arguments, "description", "");
    csv.delimiter = (char *)cli_option(arguments, "delimiter", "");
    csv.no_header = cli_switch(arguments, "no-header");
    header.csv = header.format == MLTRAINER__EXECUTION__V1__DATASET_FORMAT__DATASET_FORMAT_CSV ? &csv : NULL;
    int code = upload(cli, in, &header);
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
    .summary = "Upload a CSV or Arrow file, checked by its SHA-256",
    .examples = "  mltctl datasets upload prices.csv --name prices\n  mltctl datasets upload prices.arrow\n",
    .run = run,
};
