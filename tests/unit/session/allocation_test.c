/* SPDX-License-Identifier: Apache-2.0 */

/* A call in steady state allocates nothing: what it needs, nghttp2's part included, comes from its host's free
 * lists. */

#include <stdlib.h>
#include <string.h>

#include <helloworld.mrpc.h>
#include <mrpc/mrpc.h>
#include <mrpc/session.h>

#include "test.h"

/* The whole process's allocations, counted in front of glibc's. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *at, size_t size);

static size_t allocations;

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *at, size_t size)
{
    allocations++;
    return __libc_realloc(at, size);
}

/* :method POST, :scheme http, :path and content-type literal and not indexed, then "world" in a HelloRequest. */
static const uint8_t request[] = "\0\0\x47\1\4\0\0\0\0"
                                 "\x83\x86"
                                 "\x01\5local"
                                 "\x04\x1c/helloworld.Greeter/SayHello"
                                 "\x0f\x10\x10" "application/grpc"
                                 "\0\2te\x8trailers"
                                 "\0\0\xc\0\1\0\0\0\0"
                                 "\0\0\0\0\7\n\5world";
#define REQUEST_BYTES (sizeof(request) - 1)
#define HEADERS_BYTES (9 + 0x47)

struct connection {
    struct mrpc_server *server;
    struct mrpc_session_host *host;
    struct mrpc_session *session;
    uint32_t next_id;
    size_t answered_bytes;
    uint8_t input[100 * REQUEST_BYTES];
};

static int say_hello(void *self, struct mrpc_call *call, const Helloworld__HelloRequest *in,
                     Helloworld__HelloReply *out)
{
    out->message = in->name;
    return MRPC_OK;
}

static void wake(void *arg)
{
}

static void take_output(struct connection *connection)
{
    struct iovec pieces[8];
    for (int count; (count = mrpc_session_output(connection->session, pieces, 8)) > 0;) {
        size_t size = 0;
        for (int i = 0; i < count; i++)
            size += pieces[i].iov_len;
        connection->answered_bytes += size;
        mrpc_session_consume(connection->session, 1, size);
    }
}

static void put_id(uint8_t *head, uint32_t id)
{
    head[5] = (uint8_t)(id >> 24);
    head[6] = (uint8_t)(id >> 16);
    head[7] = (uint8_t)(id >> 8);
    head[8] = (uint8_t)id;
}

/* Requests that come together, and their answers. */
static void call(struct connection *connection, unsigned streams)
{
    for (unsigned i = 0; i < streams; i++, connection->next_id += 2) {
        uint8_t *at = connection->input + i * REQUEST_BYTES;
        memcpy(at, request, REQUEST_BYTES);
        put_id(at, connection->next_id);
        put_id(at + HEADERS_BYTES, connection->next_id);
    }
    mrpc_session_receive(connection->session, 1, connection->input, streams * REQUEST_BYTES);
    take_output(connection);
}

static void open_connection(struct connection *connection)
{
    static const struct helloworld__greeter__handlers handlers = {.say_hello = say_hello};
    static const char start[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0\0\0\0\4\1\0\0\0\0";
    const struct mrpc_server_options options = {.struct_bytes = sizeof(options)};
    const struct mrpc_session_host_options host_options = {.struct_bytes = sizeof(host_options), .wake = wake};
    const struct mrpc_session_options session_options = {.struct_bytes = sizeof(session_options)};
    assert_int_equal(mrpc_server_new(&options, &connection->server), 0);
    assert_int_equal(helloworld__greeter__add_to_server(connection->server, &handlers, NULL), 0);
    assert_int_equal(mrpc_session_host_new(connection->server, &host_options, &connection->host), 0);
    assert_int_equal(mrpc_session_new(connection->host, &session_options, 1, &connection->session), 0);
    mrpc_session_receive(connection->session, 1, start, sizeof(start) - 1);
    take_output(connection);
    connection->next_id = 1;
}

static void close_connection(struct connection *connection)
{
    mrpc_session_free(connection->session);
    mrpc_session_host_free(connection->host);
    mrpc_server_free(connection->server);
}

static void expect_no_allocation(unsigned streams)
{
    static struct connection connection;
    open_connection(&connection);
    for (unsigned calls = 0; calls < 200; calls += streams)
        call(&connection, streams);
    connection.answered_bytes = 0;
    size_t before = allocations;
    for (unsigned calls = 0; calls < 1000; calls += streams)
        call(&connection, streams);
    size_t made = allocations - before;
    assert_false(mrpc_session_finished(connection.session));
    assert_true(connection.answered_bytes >= 1000 * (size_t)(9 + 12));
    close_connection(&connection);
    assert_int_equal(made, 0);
}

static void a_thousand_calls_one_by_one_allocate_nothing(void **state)
{
    expect_no_allocation(1);
}

static void a_thousand_calls_a_hundred_at_a_time_allocate_nothing(void **state)
{
    expect_no_allocation(100);
}

static void allocations_are_counted(void **state)
{
    size_t before = allocations;
    struct connection *connection = calloc(1, sizeof(*connection));
    open_connection(connection);
    close_connection(connection);
    free(connection);
    assert_true(allocations - before > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_counted),
        cmocka_unit_test(a_thousand_calls_one_by_one_allocate_nothing),
        cmocka_unit_test(a_thousand_calls_a_hundred_at_a_time_allocate_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
