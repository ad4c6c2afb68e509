/* SPDX-License-Identifier: Apache-2.0 */

/* Web requests over real sockets whose answers come from other threads, whole and in parts, while clients come and go.
 * Under the thread sanitizer this is the test of what of a web request crosses threads. */

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"
#include "test.h"

#include <mrpc/web.h>

#define CLIENTS 4
#define REQUESTS 50
#define WORKERS 2
#define QUEUE_MAX 256
#define PARTS 40
#define PART_BYTES 4000

/* Requests on their way to the workers. */
struct queue {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct mrpc_web *items[QUEUE_MAX];
    size_t count;
    bool closed;
};

static void enqueue(void *self, struct mrpc_web *web)
{
    struct queue *queue = self;
    pthread_mutex_lock(&queue->lock);
    assert_true(queue->count < QUEUE_MAX);
    queue->items[queue->count++] = web;
    pthread_cond_signal(&queue->more);
    pthread_mutex_unlock(&queue->lock);
}

static struct mrpc_web *dequeue(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->count == 0 && !queue->closed)
        pthread_cond_wait(&queue->more, &queue->lock);
    struct mrpc_web *web = queue->count > 0 ? queue->items[--queue->count] : NULL;
    pthread_mutex_unlock(&queue->lock);
    return web;
}

/* Room comes back on the loop's thread; a worker that is told to wait looks again. */
static void send_part(struct mrpc_web *web, const char *part)
{
    int error;
    while ((error = mrpc_web_send(web, part, PART_BYTES)) == MRPC_ERR_AGAIN)
        sched_yield();
    assert_true(error == 0 || error == MRPC_ERR_DONE);
}

static void answer(struct mrpc_web *web)
{
    static char part[PART_BYTES];
    if (strcmp(mrpc_web_path(web), "/parts") == 0) {
        mrpc_web_begin(web, 200, "application/octet-stream");
        for (int i = 0; i < PARTS; i++)
            send_part(web, part);
        mrpc_web_end(web);
        return;
    }
    const char *ask = mrpc_web_header(web, "x-ask");
    (void)!mrpc_web_add_header(web, "x-answer", ask != NULL ? ask : "");
    mrpc_web_respond(web, 200, "text/plain", mrpc_web_query(web), strlen(mrpc_web_query(web)));
}

static void *work(void *arg)
{
    struct mrpc_web *web;
    while ((web = dequeue(arg)) != NULL)
        answer(web);
    return NULL;
}

struct client {
    pthread_t thread;
    const char *bound;
    unsigned number;
};

/* Reads until @end has come; false when the peer has gone. */
static bool read_until(int fd, char *text, size_t size, const char *end)
{
    size_t used = 0;
    text[0] = '\0';
    while (strstr(text, end) == NULL) {
        ssize_t n = recv(fd, text + used, size - used - 1, 0);
        if (n <= 0 || used + (size_t)n + 1 >= size)
            return false;
        used += (size_t)n;
        text[used] = '\0';
    }
    return true;
}

static void ask_whole(const struct client *client, int fd, int i)
{
    char request[256], expected[64], answer_text[1024];
    (void)snprintf(request, sizeof(request), "GET /whole?%u-%d HTTP/1.1\r\nHost: localhost\r\nX-Ask: %d\r\n\r\n",
                   client->number, i, i);
    (void)snprintf(expected, sizeof(expected), "\r\n\r\n%u-%d", client->number, i);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    assert_true(read_until(fd, answer_text, sizeof(answer_text), expected));
    (void)snprintf(expected, sizeof(expected), "x-answer: %d\r\n", i);
    assert_non_null(strstr(answer_text, expected));
}

/* A long answer, of which every other client reads no more than the beginning. */
static void ask_parts(const struct client *client)
{
    static const char request[] = "GET /parts HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    size_t size = PARTS * PART_BYTES * 2;
    char *text = malloc(size);
    int fd = fixture_connect(client->bound);
    assert_int_equal(send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL), sizeof(request) - 1);
    if (client->number % 2 == 0) {
        size_t n = fixture_read_all(fd, text, size);
        assert_true(n > PARTS * PART_BYTES);
        assert_memory_equal(text + n - 7, "\r\n0\r\n\r\n", 7);
    } else {
        assert_true(recv(fd, text, 100, 0) > 0);
    }
    close(fd);
    free(text);
}

static void *run_client(void *arg)
{
    const struct client *client = arg;
    int fd = fixture_connect(client->bound);
    for (int i = 0; i < REQUESTS; i++) {
        ask_whole(client, fd, i);
        if (i % 10 == 0)
            ask_parts(client);
    }
    close(fd);
    return NULL;
}

static void answers_come_from_other_threads(void **state)
{
    struct queue queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};
    struct mrpc_server_options options = {.struct_bytes = sizeof(options), .loops = 2};
    struct mrpc_server *server;
    char *bound;
    pthread_t workers[WORKERS];
    struct client clients[CLIENTS];
    assert_int_equal(mrpc_server_new(&options, &server), 0);
    for (int i = 0; i < 2; i++) {
        const struct mrpc_web_route route = {.struct_bytes = sizeof(route),
                                             .method = "GET",
                                             .path = i ? "/parts" : "/whole",
                                             .handle = enqueue,
                                             .self = &queue};
        assert_int_equal(mrpc_server_add_route(server, &route), 0);
    }
    assert_int_equal(mrpc_server_listen(server, "127.0.0.1:0", NULL, &bound), 0);
    assert_int_equal(mrpc_server_start(server), 0);
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&workers[i], NULL, work, &queue), 0);
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.bound = bound, .number = i};
        assert_int_equal(pthread_create(&clients[i].thread, NULL, run_client, &clients[i]), 0);
    }
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(clients[i].thread, NULL);
    mrpc_server_stop(server);   /* returns when no handler holds a request */
    pthread_mutex_lock(&queue.lock);
    queue.closed = true;
    pthread_cond_broadcast(&queue.more);
    pthread_mutex_unlock(&queue.lock);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(workers[i], NULL);
    struct mrpc_server_stats stats;
    mrpc_server_stats(server, &stats);
    assert_int_equal(stats.streams, 0);
    assert_int_equal(stats.calls_started, 0);   /* web requests are no calls */
    mrpc_server_free(server);
    free(bound);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_from_other_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
