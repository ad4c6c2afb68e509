/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/renderer/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "diagram/renderer/message.h"
#include "diagram/text/text.h"

/* The renderer process. It draws what others wrote, so it is expendable: one request that takes more than its CPU time or
 * memory ends the process, and the server starts another. Limits: 10 s of CPU a request (SIGPROF, whose default ends the
 * process), 1 GiB of address space, no core files, no files written, no new privileges. */

enum { CPU_SECONDS = 10 };
#define ADDRESS_SPACE_BYTES (UINT64_C(1) << 30)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LIMIT_ADDRESS_SPACE 0 /* sanitizers reserve terabytes */
#else
#define LIMIT_ADDRESS_SPACE 1
#endif

static int set_limit(__rlimit_resource_t resource, rlim_t value)
{
    struct rlimit limit = {value, value};
    return setrlimit(resource, &limit);
}

static int confine_self(void)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -1;
    if (set_limit(RLIMIT_CORE, 0) || set_limit(RLIMIT_FSIZE, 0) || set_limit(RLIMIT_NPROC, 0))
        return -1;
    return LIMIT_ADDRESS_SPACE ? set_limit(RLIMIT_AS, ADDRESS_SPACE_BYTES) : 0;
}

static void limit_cpu(int seconds)
{
    struct itimerval timer = {.it_value = {.tv_sec = seconds}};
    setitimer(ITIMER_PROF, &timer, NULL);
}

static int64_t cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* 1 when all is there, 0 at the end of the stream, -1 on failure. */
static int read_all(int fd, void *bytes, size_t size)
{
    for (size_t have = 0; have < size;) {
        ssize_t got = read(fd, (char *)bytes + have, size - have);
        if (got == 0)
            return have == 0 ? 0 : -1;
        if (got < 0 && errno != EINTR)
            return -1;
        have += got > 0 ? (size_t)got : 0;
    }
    return 1;
}

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, bytes, size);
        if (put < 0 && errno != EINTR)
            return -1;
        bytes += put > 0 ? put : 0;
        size -= put > 0 ? (size_t)put : 0;
    }
    return 0;
}

static void summarise(const struct scene *scene, struct message_summary *out)
{
    out->groups = scene->group_count;
    out->nodes = scene->item_count - scene->group_count;
    out->edges = scene->edge_count;
    memcpy(out->digest, scene->digest, sizeof out->digest);
}

static void answer(const void *body, size_t size, struct text_meter *meter, struct buffer *out)
{
    struct message_request request;
    struct message_response response = {0};
    struct render_result result = {0};
    struct scene *scene = NULL;
    int64_t before_us = cpu_us();
    int code = message_get_request(body, size, &request, &scene, &response.fault);
    if (code == 0 && !scene)
        code = scene_spec_read("spec", request.spec, request.spec_bytes, &scene, &response.diagnostic, &response.fault);
    if (code == 0)
        summarise(scene, &response.summary);
    if (code == 0 && request.operation == MESSAGE_RENDER)
        code = render_scene(scene, &request.options, meter, &result, &response.fault);
    response.width = result.width;
    response.height = result.height;
    response.content = result.bytes ? result.bytes : "";
    response.content_bytes = result.size_bytes;
    response.cpu_us = cpu_us() - before_us;
    message_put_response(out, &response);
    scene_unref(scene);
    render_result_fini(&result);
}

/* One request; 1 when another may follow, 0 at the end, -1 on failure. */
static int serve_one(int fd, struct text_meter *meter)
{
    unsigned char head[MESSAGE_HEAD_BYTES];
    int status = read_all(fd, head, sizeof head);
    if (status <= 0)
        return status;
    size_t size = message_body_bytes(head);
    char *body = size ? malloc(size) : NULL;
    struct buffer out;
    buffer_init(&out, MESSAGE_MAX_BYTES);
    status = body ? read_all(fd, body, size) : -1;
    if (status == 1) {
        limit_cpu(CPU_SECONDS);
        answer(body, size, meter, &out);
        limit_cpu(0);
        status = out.failed || write_all(fd, out.bytes, out.size) ? -1 : 1;
    }
    free(body);
    buffer_fini(&out);
    return status;
}

int worker_serve(int fd)
{
    struct text_meter *meter = text_meter_new(); /* reads the fonts' index before anything is given up */
    if (!meter || confine_self()) {
        fprintf(stderr, "mltrainer-render: cannot start: %m\n");
        return 1;
    }
    text_meter_width(meter, TEXT_CARD_TITLE, "warm");
    int status;
    do
        status = serve_one(fd, meter);
    while (status > 0);
    text_meter_free(meter);
    return status == 0 ? 0 : 1;
}
