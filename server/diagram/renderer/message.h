/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_MESSAGE_H
#define MLT_DIAGRAM_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "diagram/render/buffer.h"
#include "diagram/render/render.h"
#include "fault/fault.h"
#include "scene/spec.h"

/* What server and renderer process say to each other over their socket: frames of a length (4 bytes, little endian) and
 * a body of numbers and counted texts in a fixed order. Both ends are one build, so there is no version; neither end
 * trusts the other: lengths are checked, and a scene goes through the builder's checks again. */

enum { MESSAGE_MAX_BYTES = 160 * 1024 * 1024, MESSAGE_HEAD_BYTES = 4 };

enum message_operation { MESSAGE_RENDER = 1, MESSAGE_VALIDATE = 2 };

/** Asked of the renderer. Either a scene or a spec. A spec that names live views, or any when @join is set, is not
 *  drawn: the answer is what it declares, for the server to lay over it what is live and to ask again with the
 *  result. */
struct message_request {
    enum message_operation operation;
    bool join;
    struct render_options options;
    const struct scene *scene; /* NULL: the spec */
    const char *spec;          /* not NUL-terminated */
    size_t spec_bytes;
    const char *live_views; /* names that the spec may name, with blanks between; NULL: "" */
    /* struct layout_place of each of the scene's items, as they are in the picture before; where it was read it need
     * not be aligned. NULL and 0: there is none. options.before does not travel. */
    const void *before;
    size_t before_bytes;
};

struct message_summary {
    int groups, nodes, edges;
    char digest[65];
};

/** What it answers. */
struct message_response {
    struct fault fault;                      /* code 0: it worked */
    struct scene_spec_diagnostic diagnostic; /* when the spec was at fault */
    struct message_summary summary;
    int width, height;
    int64_t cpu_us;
    bool declared;       /* the content is a scene: message_get_scene() */
    const char *content; /* within the frame */
    size_t content_bytes;
    /* as message_request.before, of what was drawn; 0 bytes when that is not the scene as it came */
    const void *places;
    size_t places_bytes;
};

/** Append a scene, as a response's content. */
void message_put_scene(struct buffer *out, const struct scene *scene);
/** Read one. @out is owned. Errors: INTERNAL for bytes that are none; what the builder finds wrong. */
int message_get_scene(const void *bytes, size_t size, struct scene **out, struct fault *fault);

/** Append a frame. A frame too long fails the buffer. */
void message_put_request(struct buffer *out, const struct message_request *request);
void message_put_response(struct buffer *out, const struct message_response *response);

/** Length of the body that a frame's head announces; 0 when that is out of bounds. */
size_t message_body_bytes(const unsigned char head[MESSAGE_HEAD_BYTES]);

/** Read a frame's body. @scene is owned when there is one; the spec lies within @body.
 *  Errors: INTERNAL for bytes that are not a request; what the builder finds wrong. */
int message_get_request(const void *body, size_t size, struct message_request *out, struct scene **scene,
                        struct fault *fault);
/** Errors: -1 for bytes that are not a response. Content lies within @body. */
int message_get_response(const void *body, size_t size, struct message_response *out);

#endif
