/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

static const char small[] = "a,b\n1,x\n2,y\n";

static void keeps_what_it_acknowledged(void **state)
{
    struct fixture fixture;
    char name[160];
    fixture_open(&fixture, NULL);
    for (size_t step = 1; step < sizeof small; step++) {
        assert_int_equal(upload(&fixture, "small", small, sizeof small - 1, step, name), 0);
        assert_string_equal(name, "small@1"); /* the same bytes are the same version, however they are cut */
    }
    assert_int_equal(upload(&fixture, "small", "a\n1\n", 4, 4, name), 0);
    assert_string_equal(name, "small@2");
    fixture_crash(&fixture);
    API(PreviewDatasetRequest) request;
    INIT(preview_dataset_request, &request);
    request.dataset = "small@1";
    request.first_row = 1;
    const API(PreviewDatasetResponse) *response =
        RPC(preview_dataset)(fixture.channel, NULL, &request, fresh(&fixture));
    assert_non_null(response);
    assert_int_equal(response->total_rows, 2);
    assert_int_equal(response->table->columns[0]->integers->values[0], 2);
    assert_string_equal(response->table->columns[1]->texts->values[0], "y");
    fixture_close(&fixture);
}

/* Whether there are files of which the test of find(1) holds. */
static bool is_found(const struct fixture *fixture, const char *test)
{
    char command[200];
    snprintf(command, sizeof command, "test -z \"$(find %s/data/datasets -type f %s)\"", fixture->root, test);
    return system(command) != 0;
}

static int files_left(const struct fixture *fixture, const char *pattern)
{
    char test[64];
    snprintf(test, sizeof test, "-name '%s'", pattern);
    return is_found(fixture, test);
}

/* What pyarrow wrote, compressed, cut in the middle of everything. */
static void takes_arrow(void **state)
{
    struct fixture fixture;
    char name[160], bytes[8192];
    FILE *file = fopen(DATA_FOLDER "/../conformance/arrow/cases/texts_zstd.arrow", "r");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    fixture_open(&fixture, NULL);
    assert_int_equal(upload(&fixture, "words", bytes, size, 101, name), 0);
    assert_string_equal(name, "words@1");
    assert_int_equal(upload(&fixture, "words", bytes, size - 1, 1000, NULL), MRPC_INVALID_ARGUMENT);
    assert_string_equal(TEXT(&fixture), "Arrow: a file without its end");
    fixture_crash(&fixture);
    API(PreviewDatasetRequest) request;
    INIT(preview_dataset_request, &request);
    request.dataset = "words";
    request.first_row = 3;
    const API(PreviewDatasetResponse) *response =
        RPC(preview_dataset)(fixture.channel, NULL, &request, fresh(&fixture));
    assert_non_null(response);
    assert_int_equal(response->total_rows, 5);
    assert_string_equal(response->table->columns[2]->name, "coded");
    assert_string_equal(response->table->columns[2]->texts->values[0], "b");
    API(DeleteDatasetRequest) deletion;
    INIT(delete_dataset_request, &deletion);
    deletion.dataset = "words";
    assert_non_null(RPC(delete_dataset)(fixture.channel, NULL, &deletion, fresh(&fixture)));
    assert_int_equal(files_left(&fixture, "*"), 0);
    fixture_close(&fixture);
}

static void says_what_is_wrong_with_a_file(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    static const char ragged[] = "a,b\n1,2\n1,2,3\n";
    assert_int_equal(upload(&fixture, "bad", ragged, sizeof ragged - 1, 4, NULL), MRPC_INVALID_ARGUMENT);
    assert_string_equal(TEXT(&fixture), "line 3: 3 fields where the header has 2");
    char *wide = malloc(2000000);
    for (size_t i = 0; i < 1000000; i++)
        memcpy(wide + 2 * i, "1,", 2);
    assert_int_equal(upload(&fixture, "bad", wide, 2000000, 65536, NULL), MRPC_RESOURCE_EXHAUSTED);
    free(wide);
    assert_int_equal(upload(&fixture, "b d", small, sizeof small - 1, 100, NULL), MRPC_INVALID_ARGUMENT);
    assert_int_equal(upload(&fixture, "empty", "", 0, 1, NULL), MRPC_INVALID_ARGUMENT);
    API(ListDatasetsRequest) request;
    INIT(list_datasets_request, &request);
    const API(ListDatasetsResponse) *response = RPC(list_datasets)(fixture.channel, NULL, &request, fresh(&fixture));
    assert_non_null(response);
    assert_int_equal(response->n_datasets, 0);
    fixture_close(&fixture);
}

static void leaves_no_file_behind(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    assert_int_equal(upload(&fixture, "small", small, sizeof small - 1, 5, NULL), 0);
    static const char ragged[] = "a,b\n1\n";
    assert_int_equal(upload(&fixture, "bad", ragged, sizeof ragged - 1, 3, NULL), MRPC_INVALID_ARGUMENT);
    assert_int_equal(files_left(&fixture, ".tmp-*"), 0);
    API(DeleteDatasetRequest) request;
    INIT(delete_dataset_request, &request);
    request.dataset = "small";
    const API(DeleteDatasetResponse) *response = RPC(delete_dataset)(fixture.channel, NULL, &request, fresh(&fixture));
    assert_non_null(response);
    assert_int_equal(response->deleted_count, 1);
    assert_int_equal(files_left(&fixture, "*"), 0);
    assert_null(RPC(delete_dataset)(fixture.channel, NULL, &request, fresh(&fixture)));
    assert_int_equal(CODE(&fixture), MRPC_NOT_FOUND);
    fixture_close(&fixture);
}

/* A header that announces @size_bytes, and the first @chunk_bytes of zeros and line ends; the call goes on. */
static struct mrpc_client_call *begin(struct fixture *fixture, const char *name, uint64_t size_bytes,
                                      size_t chunk_bytes)
{
    struct mrpc_client_call *call;
    API(UploadDatasetRequest) message;
    API(UploadDatasetHeader) header;
    INIT(upload_dataset_request, &message);
    INIT(upload_dataset_header, &header);
    header.name = (char *)name;
    header.size_bytes = size_bytes;
    message.message_case = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_HEADER;
    message.header = &header;
    assert_int_equal(RPC(upload_dataset__start)(fixture->channel, NULL, NULL, NULL, &call), 0);
    assert_int_equal(RPC(upload_dataset__send)(call, &message), 0);
    uint8_t *chunk = malloc(chunk_bytes);
    for (size_t i = 0; i < chunk_bytes; i++)
        chunk[i] = i % 2 ? '\n' : '0';
    INIT(upload_dataset_request, &message);
    message.message_case = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_CHUNK;
    message.chunk = (ProtobufCBinaryData){chunk_bytes, chunk};
    assert_int_equal(RPC(upload_dataset__send)(call, &message), 0);
    free(chunk);
    return call;
}

static int end(struct fixture *fixture, struct mrpc_client_call *call)
{
    (void)RPC(upload_dataset__recv)(call);
    int code = mrpc_client_call_finish(call, fresh(fixture));
    mrpc_client_call_free(call);
    return code;
}

/* The client never says that it has ended: the answer comes with the chunk. */
static void refuses_what_was_not_announced_when_it_comes(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    assert_int_equal(end(&fixture, begin(&fixture, "long", 9, 10)), MRPC_DATA_LOSS);
    assert_string_equal(TEXT(&fixture), "header.size_bytes: more than 9 bytes came");
    assert_int_equal(files_left(&fixture, "*"), 0);
    fixture_close(&fixture);
}

static int ask(struct fixture *fixture, const char *request_id, uint64_t *bytes)
{
    API(GetUploadRequest) request;
    INIT(get_upload_request, &request);
    request.request_id = (char *)request_id;
    const API(GetUploadResponse) *response = RPC(get_upload)(fixture->channel, NULL, &request, fresh(fixture));
    if (response)
        *bytes = response->received_bytes;
    return CODE(fixture);
}

/* An upload "r" of what @csv says, all of it announced with its hash, from @offset on; only @bytes of it are sent. */
static struct mrpc_client_call *begin_resumable(struct fixture *fixture, const char *csv, uint64_t offset, size_t bytes)
{
    struct mrpc_client_call *call;
    API(UploadDatasetRequest) message;
    API(UploadDatasetHeader) header;
    INIT(upload_dataset_request, &message);
    INIT(upload_dataset_header, &header);
    header.name = (char *)"resumed";
    header.request_id = (char *)"r";
    header.size_bytes = strlen(csv);
    header.resume_offset_bytes = offset;
    message.message_case = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_HEADER;
    message.header = &header;
    assert_int_equal(RPC(upload_dataset__start)(fixture->channel, NULL, NULL, NULL, &call), 0);
    assert_int_equal(RPC(upload_dataset__send)(call, &message), 0);
    INIT(upload_dataset_request, &message);
    message.message_case = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_CHUNK;
    message.chunk = (ProtobufCBinaryData){bytes, (uint8_t *)csv + offset};
    assert_int_equal(RPC(upload_dataset__send)(call, &message), 0);
    return call;
}

static void wait_for_received(struct fixture *fixture, uint64_t wanted)
{
    uint64_t bytes = 0;
    while (bytes != wanted)
        assert_int_equal(ask(fixture, "r", &bytes), 0);
}

/* Whatever ends it: the call's own end, then kill -9, twice; and the quota counts what lies there. */
static void goes_on_where_an_upload_was_broken_off(void **state)
{
    static const char csv[] = "a,b\n1,x\n2,y\n3,z\n";
    struct fixture fixture;
    uint64_t bytes;
    fixture_open(&fixture, "--execution-dataset-quota=64KiB");
    assert_int_equal(ask(&fixture, "r", &bytes), 0);
    assert_int_equal(bytes, 0);
    struct mrpc_client_call *call = begin_resumable(&fixture, csv, 0, 6);
    wait_for_received(&fixture, 6);
    assert_int_equal(end(&fixture, begin_resumable(&fixture, csv, 6, 1)), MRPC_UNAVAILABLE);
    assert_non_null(strstr(TEXT(&fixture), "another call works on the upload"));
    mrpc_client_call_cancel(call);
    assert_int_equal(end(&fixture, call), MRPC_CANCELLED);
    while (end(&fixture, begin_resumable(&fixture, csv, 7, 1)) == MRPC_UNAVAILABLE)
        assert_non_null(strstr(TEXT(&fixture), "another call")); /* until the server knows that the first one is gone */
    assert_string_equal(TEXT(&fixture), "header.resume_offset_bytes: 6 bytes are there");
    call = begin_resumable(&fixture, csv, 6, 3);
    wait_for_received(&fixture, 9);
    fixture_crash(&fixture);
    (void)end(&fixture, call);
    wait_for_received(&fixture, 9);
    call = begin_resumable(&fixture, csv, 4, sizeof csv - 1 - 4); /* earlier than it could */
    mrpc_client_call_half_close(call);
    assert_int_equal(end(&fixture, call), 0);
    assert_int_equal(ask(&fixture, "r", &bytes), 0);
    assert_int_equal(bytes, 0);
    assert_int_equal(files_left(&fixture, ".upload-*"), 0);
    char name[160];
    assert_int_equal(upload(&fixture, "resumed", csv, sizeof csv - 1, 100, name), 0);
    assert_string_equal(name, "resumed@1"); /* the same bytes */
    fixture_close(&fixture);
}

static void send_checksum(struct mrpc_client_call *call, const char *sha256)
{
    API(UploadDatasetRequest) message;
    INIT(upload_dataset_request, &message);
    message.message_case = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_SHA256;
    message.sha256 = (char *)sha256;
    assert_int_equal(RPC(upload_dataset__send)(call, &message), 0);
}

/* An upload of two bytes, "0\n", with a checksum behind them, twice if need be. */
static int upload_with_checksum(struct fixture *fixture, const char *sha256, bool again)
{
    struct mrpc_client_call *call = begin(fixture, "summed", 2, 2);
    send_checksum(call, sha256);
    if (again)
        send_checksum(call, sha256);
    mrpc_client_call_half_close(call);
    return end(fixture, call);
}

/* sha256sum of the two bytes. */
#define SUM_OF_TWO "9a271f2a916b0b6ee6cecb2426f0b3206ef074578be55d9bc94f6f3fe3ab86aa"

static void takes_a_checksum_behind_the_bytes(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    assert_int_equal(upload_with_checksum(&fixture, SUM_OF_TWO, false), 0);
    assert_int_equal(upload_with_checksum(&fixture, SUM_OF_TWO, true), MRPC_INVALID_ARGUMENT);
    assert_non_null(strstr(TEXT(&fixture), "came for the second time"));
    assert_int_equal(upload_with_checksum(&fixture, "9A27", false), MRPC_INVALID_ARGUMENT);
    assert_non_null(strstr(TEXT(&fixture), "not 64 lower-case hexadecimal digits"));
    char other[] = SUM_OF_TWO;
    other[0] = '0';
    assert_int_equal(upload_with_checksum(&fixture, other, false), MRPC_DATA_LOSS);
    assert_string_equal(TEXT(&fixture), "sha256: the bytes that came have " SUM_OF_TWO);
    struct mrpc_client_call *call = begin(&fixture, "summed", 0, 2);
    send_checksum(call, SUM_OF_TWO);
    API(UploadDatasetRequest) message;
    INIT(upload_dataset_request, &message);
    message.message_case = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_CHUNK;
    message.chunk = (ProtobufCBinaryData){2, (uint8_t *)"1\n"};
    if (RPC(upload_dataset__send)(call, &message) != 0)
        print_message("the server was quicker\n"); /* it ends the call as soon as it has seen that */
    assert_int_equal(end(&fixture, call), MRPC_INVALID_ARGUMENT);
    assert_non_null(strstr(TEXT(&fixture), "behind the checksum"));
    assert_int_equal(files_left(&fixture, ".*"), 0);
    fixture_close(&fixture);
}

static void refuses_to_resume_what_is_no_upload(void **state)
{
    struct fixture fixture;
    uint64_t bytes;
    fixture_open(&fixture, NULL);
    assert_int_equal(ask(&fixture, "../r", &bytes), MRPC_INVALID_ARGUMENT);
    struct mrpc_client_call *call = begin_resumable(&fixture, "a,b\n1\n", 0, 6);
    mrpc_client_call_half_close(call);
    assert_int_equal(end(&fixture, call), MRPC_INVALID_ARGUMENT); /* and it is no good to anybody */
    assert_int_equal(ask(&fixture, "r", &bytes), 0);
    assert_int_equal(bytes, 0);
    assert_int_equal(files_left(&fixture, "*"), 0);
    fixture_close(&fixture);
}

static int upload_zeros(struct fixture *fixture, const char *name, size_t bytes)
{
    struct mrpc_client_call *call = begin(fixture, name, 0, bytes);
    mrpc_client_call_half_close(call);
    return end(fixture, call);
}

static void counts_uploads_under_way_into_the_quota_of_their_owner(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, "--execution-dataset-quota=64KiB");
    struct mrpc_client_call *announced = begin(&fixture, "announced", 40000, 2);
    while (files_left(&fixture, ".tmp-*") == 0)
        assert_int_equal(system("sleep 0.01"), 0); /* until its header has come */
    assert_int_equal(upload_zeros(&fixture, "second", 30000), MRPC_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(TEXT(&fixture), "execution.dataset_quota: anonymous has its 65536 bytes of datasets"));
    assert_int_equal(upload_zeros(&fixture, "small", 20000), 0);
    mrpc_client_call_cancel(announced);
    assert_int_equal(end(&fixture, announced), MRPC_CANCELLED);
    while (upload_zeros(&fixture, "second", 30000) != 0)
        assert_int_equal(CODE(&fixture), MRPC_RESOURCE_EXHAUSTED); /* until the server knows, and has given back */
    assert_int_equal(upload_zeros(&fixture, "third", 30000), MRPC_RESOURCE_EXHAUSTED);
    fixture_crash(&fixture); /* what is registered counts after a restart too */
    assert_int_equal(upload_zeros(&fixture, "third", 30000), MRPC_RESOURCE_EXHAUSTED);
    API(DeleteDatasetRequest) request;
    INIT(delete_dataset_request, &request);
    request.dataset = (char *)"second";
    assert_non_null(RPC(delete_dataset)(fixture.channel, NULL, &request, fresh(&fixture)));
    assert_int_equal(upload_zeros(&fixture, "third", 30000), 0);
    fixture_close(&fixture);
}

static long threads_of(const struct fixture *fixture)
{
    char path[64], line[128];
    long count = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)fixture->server);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "Threads: %ld", &count) == 1)
            break;
    fclose(file);
    return count;
}

static void send_more(struct mrpc_client_call *call, size_t chunks, size_t chunk_bytes)
{
    uint8_t *chunk = calloc(1, chunk_bytes);
    API(UploadDatasetRequest) message;
    INIT(upload_dataset_request, &message);
    message.message_case = MLTRAINER__EXECUTION__V1__UPLOAD_DATASET_REQUEST__MESSAGE_CHUNK;
    memset(chunk, '\n', chunk_bytes);
    message.chunk = (ProtobufCBinaryData){chunk_bytes, chunk};
    for (size_t i = 0; i < chunks; i++)
        assert_int_equal(RPC(upload_dataset__send)(call, &message), 0);
    free(chunk);
}

/* By a cancel and by a connection that goes, while nobody works on it and while one chunk is worked on and the next
 * waits: no file, nothing of the quota and no thread is left. The quota has room for all turns, should the server be
 * late to see their ends. */
static void leaves_nothing_when_it_is_broken_off_between_two_chunks(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, "--execution-dataset-quota=512KiB");
    struct mrpc_channel *channel = fixture.channel;
    assert_int_equal(upload_zeros(&fixture, "kept", 1000), 0);
    long threads = threads_of(&fixture);
    for (int turn = 0; turn < 8; turn++) {
        struct mrpc_channel_options options = {.struct_bytes = sizeof options};
        assert_int_equal(mrpc_channel_new(fixture.address, &options, &fixture.channel), 0);
        struct mrpc_client_call *call = begin(&fixture, "cut", 0, 40000);
        while (turn % 2 == 0 && !is_found(&fixture, "-name '.tmp-*' -size 40000c")) /* until it has been taken */
            assert_int_equal(system("sleep 0.01"), 0);
        if (turn % 2 == 1)
            send_more(call, 4, 2000);
        if (turn % 4 < 2)
            mrpc_client_call_cancel(call);
        mrpc_channel_free(fixture.channel);
        fixture.channel = channel;
        assert_int_equal(end(&fixture, call), MRPC_CANCELLED);
    }
    while (upload_zeros(&fixture, "whole", 500000) != 0) /* the quota is given back behind the file */
        assert_int_equal(CODE(&fixture), MRPC_RESOURCE_EXHAUSTED);
    while (files_left(&fixture, ".tmp-*"))
        assert_int_equal(system("sleep 0.01"), 0);
    assert_int_equal(threads_of(&fixture), threads);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_it_acknowledged),
        cmocka_unit_test(takes_arrow),
        cmocka_unit_test(says_what_is_wrong_with_a_file),
        cmocka_unit_test(leaves_no_file_behind),
        cmocka_unit_test(refuses_what_was_not_announced_when_it_comes),
        cmocka_unit_test(goes_on_where_an_upload_was_broken_off),
        cmocka_unit_test(takes_a_checksum_behind_the_bytes),
        cmocka_unit_test(refuses_to_resume_what_is_no_upload),
        cmocka_unit_test(leaves_nothing_when_it_is_broken_off_between_two_chunks),
        cmocka_unit_test(counts_uploads_under_way_into_the_quota_of_their_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
