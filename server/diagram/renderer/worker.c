/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/renderer/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "diagram/renderer/message.h"
#include "diagram/text/text.h"
#include "scene/collapse.h"
#include "scene/overlay.h"
#include "worker/confine.h"

/* The renderer process. It draws what others wrote, so it is expendable and has given up everything but reading fonts
 * and its socket: worker/confine.h (no new privileges, Landlock, seccomp, 1 GiB of address space). The server keeps the
 * time: one request that takes too long ends the process, and another is started. */

#define ADDRESS_SPACE_BYTES (UINT64_C(1) << 30)

static const char *const font_folders[] = {"/usr/share/fonts", "/usr/local/share/fonts", "/etc/fonts",
                                           "/usr/share/fontconfig", "/var/cache/fontconfig"};

/* Fonts that are first needed later, for another script, are opened then. */
static int confine_self(void)
{
    char report[160];
    if (prctl(PR_SET_PDEATHSIG, SIGKILL)) {
        fprintf(stderr, "mltrainer-render: PDEATHSIG: %m\n");
        return -1;
    }
    if (confine(font_folders, sizeof font_folders / sizeof *font_folders, ADDRESS_SPACE_BYTES, report, sizeof report)) {
        fprintf(stderr, "mltrainer-render: cannot confine itself: %s\n", report);
        return -1;
    }
    return 0;
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

static int draw_scene(const struct message_request *request, const struct scene *scene, bool as_it_came,
                      struct text_meter *meter, struct message_response *response, struct render_result *result)
{
    struct render_options options = request->options;
    struct layout_place *before = NULL;
    if (as_it_came && request->before_bytes) {
        before = malloc(request->before_bytes);
        if (!before)
            return fault_set(&response->fault, MRPC_RESOURCE_EXHAUSTED, "out of memory for the picture before");
        memcpy(before, request->before, request->before_bytes);
    }
    options.before = before;
    int code = render_scene(scene, &options, meter, result, &response->fault);
    free(before);
    if (code == 0 && as_it_came && result->places) {
        response->places = result->places;
        response->places_bytes = (size_t)scene->item_count * sizeof *result->places;
    }
    return code;
}

/* What has too many nodes for a picture is folded first. */
static int draw(const struct message_request *request, struct scene *scene, struct text_meter *meter,
                struct message_response *response, struct render_result *result)
{
    struct scene *small = NULL;
    int code = scene_collapse(scene, SCENE_DRAWN_NODES, &small, &response->fault);
    if (code == 0)
        code = draw_scene(request, small, small == scene, meter, response, result);
    scene_unref(small);
    return code;
}

/* A spec that something live is to be laid over goes back as a scene; everything else is drawn. */
static int draw_or_return(const struct message_request *request, struct scene *scene, struct text_meter *meter,
                          struct message_response *response, struct render_result *result)
{
    response->declared = !request->scene && (request->join || overlay_wanted(scene));
    if (!response->declared)
        return draw(request, scene, meter, response, result);
    struct buffer bytes;
    buffer_init(&bytes, MESSAGE_MAX_BYTES);
    message_put_scene(&bytes, scene);
    *result = (struct render_result){.bytes = bytes.bytes, .size_bytes = bytes.size};
    return bytes.failed ? fault_set(&response->fault, MRPC_RESOURCE_EXHAUSTED, "out of memory for the scene") : 0;
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
        code = scene_spec_read("spec", request.spec, request.spec_bytes, request.live_views, &scene,
                               &response.diagnostic, &response.fault);
    if (code == 0)
        summarise(scene, &response.summary);
    if (code == 0 && request.operation == MESSAGE_RENDER)
        draw_or_return(&request, scene, meter, &response, &result);
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
        answer(body, size, meter, &out);
        status = out.failed || write_all(fd, out.bytes, out.size) ? -1 : 1;
    }
    free(body);
    buffer_fini(&out);
    return status;
}

int worker_serve(int fd)
{
    struct text_meter *meter = text_meter_new();
    if (!meter)
        return 1;
    text_meter_width(meter, TEXT_CARD_TITLE, "warm"); /* opens the fonts' index and the fonts */
    if (confine_self())
        return 1;
    int status;
    do
        status = serve_one(fd, meter);
    while (status > 0);
    text_meter_free(meter);
    return status == 0 ? 0 : 1;
}
