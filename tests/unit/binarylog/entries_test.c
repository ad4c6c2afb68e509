/* SPDX-License-Identifier: Apache-2.0 */

/* What the binary log says of calls: entries, decoded with stubs of the test's own. gRFC A16. */

#include <mrpc/binary_log.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <grpc/binlog/v1/binarylog.mrpc.h>

#include <mrpc/codec.h>

#include "session_driver.h"
#include "test.h"

typedef Grpc__Binarylog__V1__GrpcLogEntry Entry;

enum {
    CLIENT_HEADER = 1,
    SERVER_HEADER,
    CLIENT_MESSAGE,
    SERVER_MESSAGE,
    HALF_CLOSE,
    TRAILER,
    CANCEL,
    ENTRIES_MAX = 64
};

struct logged {
    struct session_driver driver;
    struct mrpc_binary_log *log;
    struct mrpc_arena *arena;
    const char *filter;
    const Entry *entries[ENTRIES_MAX];
    size_t count;
};

static void take(void *arg, const void *bytes, size_t size)
{
    struct logged *logged = arg;
    ProtobufCMessage *message;
    assert_int_equal(mrpc_decode(&grpc__binarylog__v1__grpc_log_entry__info, bytes, size, NULL, logged->arena, &message,
                                 NULL), 0);
    logged->entries[logged->count++] = (const Entry *)message;
}

static void prepare(struct mrpc_server *server, void *arg)
{
    struct logged *logged = arg;
    struct mrpc_binary_log_options options = {
        .struct_bytes = sizeof(options), .filter = logged->filter, .write = take, .arg = logged};
    assert_int_equal(mrpc_binary_log_new(&options, &logged->log, NULL, 0), 0);
    assert_int_equal(mrpc_binary_log_add_to_server(logged->log, server), 0);
}

static struct logged *open_log(const char *filter)
{
    struct logged *logged = calloc(1, sizeof(*logged));
    logged->filter = filter;
    logged->arena = mrpc_arena_new(0);
    driver_open_with(&logged->driver, prepare, logged);
    return logged;
}

static void close_log(struct logged *logged)
{
    driver_close(&logged->driver);
    mrpc_binary_log_free(logged->log);
    mrpc_arena_free(logged->arena);
    free(logged);
}

static void expect_types(const struct logged *logged, const int *types, size_t count)
{
    assert_int_equal(logged->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(logged->entries[i]->type, types[i]);
        assert_int_equal(logged->entries[i]->sequence_id_within_call, i + 1);
        assert_int_equal(logged->entries[i]->call_id, logged->entries[0]->call_id);
        assert_int_equal(logged->entries[i]->logger, 2);
        assert_true(logged->entries[i]->timestamp->seconds > 1700000000);
    }
    assert_int_not_equal(logged->entries[0]->call_id, 0);
}

static void a_unary_call_is_told_from_header_to_trailer(void **state)
{
    struct logged *logged = open_log("test.Echo/*");
    const struct raw_field more[] = {{"x-one", "1"}, {"authorization", "Bearer secret"}, {"grpc-timeout", "5S"}};
    driver_headers(&logged->driver, 1, "Say", more, 3);
    driver_message(&logged->driver, 1, "hello", true);
    driver_pump(&logged->driver);
    expect_types(logged,
                 (const int[]){CLIENT_HEADER, CLIENT_MESSAGE, HALF_CLOSE, SERVER_HEADER, SERVER_MESSAGE, TRAILER}, 6);
    const Entry *first = logged->entries[0];
    assert_string_equal(first->client_header->method_name, "/test.Echo/Say");
    assert_int_equal(first->client_header->timeout->seconds, 5);
    assert_string_equal(first->peer->address, "memory");
    bool one = false, secret = false;
    for (size_t i = 0; i < first->client_header->metadata->n_entry; i++) {
        const Grpc__Binarylog__V1__MetadataEntry *entry = first->client_header->metadata->entry[i];
        one |= strcmp(entry->key, "x-one") == 0 && entry->value.len == 1 && entry->value.data[0] == '1';
        secret |= strcmp(entry->key, "authorization") == 0;
        assert_true(strcmp(entry->key, "authorization") != 0 || entry->value.len == 0);
    }
    assert_true(one && secret);
    assert_int_equal(logged->entries[1]->message->length, 7);
    assert_memory_equal(logged->entries[1]->message->data.data, "\x0a\x05hello", 7);
    assert_memory_equal(logged->entries[4]->message->data.data, "\x0a\x05hello", 7);
    assert_false(logged->entries[4]->payload_truncated);
    assert_int_equal(logged->entries[5]->trailer->status_code, 0);
    close_log(logged);
}

static void a_failure_brings_its_text_and_details(void **state)
{
    struct logged *logged = open_log("*");
    driver_call(&logged->driver, 1, "Say", "details");
    const Entry *last = logged->entries[logged->count - 1];
    assert_int_equal(last->type, TRAILER);
    assert_int_equal(last->trailer->status_code, 3);
    assert_string_equal(last->trailer->status_message, "text: is 100% \"wrong\"");
    assert_true(last->trailer->status_details.len > 0);
    close_log(logged);
}

static void a_stream_is_told_message_by_message_and_a_cancel_as_such(void **state)
{
    struct logged *logged = open_log("*");
    driver_headers(&logged->driver, 1, "Chat", NULL, 0);
    driver_message(&logged->driver, 1, "a", false);
    driver_message(&logged->driver, 1, "b", false);
    driver_pump(&logged->driver);
    raw_rst(&logged->driver.client, 1, NGHTTP2_CANCEL);
    driver_pump(&logged->driver);
    assert_int_equal(logged->entries[0]->type, CLIENT_HEADER);
    size_t in = 0, out = 0, cancels = 0, trailers = 0;
    for (size_t i = 0; i < logged->count; i++) {
        in += (int)logged->entries[i]->type == CLIENT_MESSAGE;
        out += (int)logged->entries[i]->type == SERVER_MESSAGE;
        cancels += (int)logged->entries[i]->type == CANCEL;
        trailers += (int)logged->entries[i]->type == TRAILER;
    }
    assert_int_equal(in, 2);
    assert_int_equal(out, 2);
    assert_int_equal(cancels, 1);
    assert_int_equal(trailers, 0);
    close_log(logged);
}

static void the_filter_cuts_and_leaves_out(void **state)
{
    struct logged *logged = open_log("*{h:10;m:3},-test.Echo/Split");
    const struct raw_field more[] = {{"x-long", "0123456789"}};
    driver_call(&logged->driver, 1, "Split", "1:5");
    assert_int_equal(logged->count, 0);
    driver_headers(&logged->driver, 3, "Say", more, 1);
    driver_message(&logged->driver, 3, "hello", true);
    driver_pump(&logged->driver);
    assert_true(logged->entries[0]->payload_truncated);
    assert_int_equal(logged->entries[0]->client_header->metadata->n_entry, 0);
    assert_int_equal(logged->entries[1]->message->length, 7);
    assert_int_equal(logged->entries[1]->message->data.len, 3);
    assert_true(logged->entries[1]->payload_truncated);
    close_log(logged);
}

static void *write_many(void *file)
{
    for (int i = 0; i < 1000; i++)
        mrpc_binary_log_file_write(file, "entry", 5);
    return NULL;
}

static void a_file_holds_each_entry_behind_its_length(void **state)
{
    struct mrpc_binary_log_file *file;
    char path[] = "/tmp/mrpc-binlog-XXXXXX";
    pthread_t threads[4];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mrpc_binary_log_file_new(path, &file), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, file), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(mrpc_binary_log_file_dropped(file), 0);
    uint8_t *huge = calloc(1, 5 << 20);
    mrpc_binary_log_file_write(file, huge, 5 << 20);   /* more than may wait */
    free(huge);
    assert_int_equal(mrpc_binary_log_file_dropped(file), 1);
    mrpc_binary_log_file_free(file);
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_size, 4000 * 9);
    assert_int_equal(found.st_mode & 0777, 0600);
    FILE *in = fopen(path, "r");
    char record[9];
    for (int i = 0; i < 4000; i++) {
        assert_int_equal(fread(record, 9, 1, in), 1);
        assert_memory_equal(record, "\0\0\0\5entry", 9);
    }
    fclose(in);
    unlink(path);
    close(fd);
    assert_int_equal(mrpc_binary_log_file_new("/nonexistent/folder/log", &file), MRPC_ERR_SYSTEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unary_call_is_told_from_header_to_trailer),
        cmocka_unit_test(a_failure_brings_its_text_and_details),
        cmocka_unit_test(a_stream_is_told_message_by_message_and_a_cancel_as_such),
        cmocka_unit_test(the_filter_cuts_and_leaves_out),
        cmocka_unit_test(a_file_holds_each_entry_behind_its_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
