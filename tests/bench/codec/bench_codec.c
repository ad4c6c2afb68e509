/* SPDX-License-Identifier: Apache-2.0 */
/* bench_codec [SECONDS [SHAPE]]: nanoseconds a message for decoding and encoding, mrpc beside protobuf-c, on messages
 * of different shapes. Build with preset release. protobuf-c decodes into an allocator that never frees, as fast as it
 * can be. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <everything.mrpc.h>
#include <mrpc/codec.h>

#include "wire/frame.h"

static const struct mrpc_message_info *const INFO = &mrpc__test__everything__info;

struct shape {
    const char *name;
    ProtobufCMessage *message;
    uint8_t *bytes;
    size_t size;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time); /* other processes do not count */
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *need(void *memory)
{
    if (!memory) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

static Mrpc__Test__Everything *new_message(struct mrpc_arena *arena)
{
    Mrpc__Test__Everything *message = need(mrpc_arena_alloc(arena, sizeof(*message)));
    mrpc__test__everything__init(message);
    return message;
}

static Mrpc__Test__Leaf *new_leaf(struct mrpc_arena *arena, int number)
{
    Mrpc__Test__Leaf *leaf = need(mrpc_arena_alloc(arena, sizeof(*leaf)));
    mrpc__test__leaf__init(leaf);
    leaf->number = number;
    leaf->text = need(mrpc_arena_printf(arena, "leaf number %d", number));
    return leaf;
}

static ProtobufCMessage *hello(struct mrpc_arena *arena)
{
    Mrpc__Test__Everything *m = new_message(arena);
    m->a_string = need(mrpc_arena_strdup(arena, "hello, world"));
    return &m->base;
}

static ProtobufCMessage *scalars(struct mrpc_arena *arena)
{
    Mrpc__Test__Everything *m = new_message(arena);
    m->an_int32 = 150;
    m->an_int64 = 1700000000000;
    m->a_uint32 = 1;
    m->a_sint64 = -5;
    m->a_fixed64 = 7;
    m->a_double = 0.5;
    m->a_bool = 1;
    m->colour = MRPC__TEST__COLOUR__COLOUR_RED;
    mrpc__test__everything__set_maybe_int32(m, 9);
    return &m->base;
}

/* What a registry's instance looks like: names, addresses, labels, a nested message or two. */
static ProtobufCMessage *record(struct mrpc_arena *arena)
{
    enum { LABELS = 5, CHECKS = 3 };
    Mrpc__Test__Everything *m = new_message(arena);
    m->a_string = need(mrpc_arena_strdup(arena, "production.payments.instance-0123456789"));
    m->an_int32 = 8443;
    m->n_labels = LABELS;
    m->labels = need(mrpc_arena_calloc(arena, LABELS, sizeof(*m->labels)));
    for (int i = 0; i < LABELS; i++) {
        m->labels[i] = need(mrpc_arena_alloc(arena, sizeof(**m->labels)));
        mrpc__test__everything__labels_entry__init(m->labels[i]);
        m->labels[i]->key = need(mrpc_arena_printf(arena, "label-%d", i));
        m->labels[i]->value = need(mrpc_arena_printf(arena, "value of label %d", i));
    }
    m->n_leaves = CHECKS;
    m->leaves = need(mrpc_arena_calloc(arena, CHECKS, sizeof(*m->leaves)));
    for (int i = 0; i < CHECKS; i++)
        m->leaves[i] = new_leaf(arena, i);
    m->leaf = new_leaf(arena, 100);
    m->leaf->next = new_leaf(arena, 101);
    return &m->base;
}

static ProtobufCMessage *integers(struct mrpc_arena *arena)
{
    enum { COUNT = 1000 };
    Mrpc__Test__Everything *m = new_message(arena);
    m->n_int64s = COUNT;
    m->int64s = need(mrpc_arena_calloc(arena, COUNT, sizeof(*m->int64s)));
    for (int i = 0; i < COUNT; i++)
        m->int64s[i] = i * i;
    return &m->base;
}

static ProtobufCMessage *doubles(struct mrpc_arena *arena)
{
    enum { COUNT = 1000 };
    Mrpc__Test__Everything *m = new_message(arena);
    m->n_doubles = COUNT;
    m->doubles = need(mrpc_arena_calloc(arena, COUNT, sizeof(*m->doubles)));
    for (int i = 0; i < COUNT; i++)
        m->doubles[i] = i * 0.5;
    return &m->base;
}

static ProtobufCMessage *strings(struct mrpc_arena *arena)
{
    enum { COUNT = 1000 };
    Mrpc__Test__Everything *m = new_message(arena);
    m->n_strings = COUNT;
    m->strings = need(mrpc_arena_calloc(arena, COUNT, sizeof(*m->strings)));
    for (int i = 0; i < COUNT; i++)
        m->strings[i] = need(mrpc_arena_printf(arena, "string number %d", i));
    return &m->base;
}

static ProtobufCMessage *messages(struct mrpc_arena *arena)
{
    enum { COUNT = 1000 };
    Mrpc__Test__Everything *m = new_message(arena);
    m->n_leaves = COUNT;
    m->leaves = need(mrpc_arena_calloc(arena, COUNT, sizeof(*m->leaves)));
    for (int i = 0; i < COUNT; i++)
        m->leaves[i] = new_leaf(arena, i);
    return &m->base;
}

static ProtobufCMessage *deep(struct mrpc_arena *arena)
{
    Mrpc__Test__Everything *m = new_message(arena);
    Mrpc__Test__Leaf **at = &m->leaf;
    for (int i = 0; i < 90; i++, at = &(*at)->next)
        *at = new_leaf(arena, i);
    return &m->base;
}

/* protobuf-c's allocator over one block that is reused from its start. */
struct bump {
    uint8_t *block;
    size_t used;
};

static void *bump_alloc(void *data, size_t size)
{
    struct bump *bump = data;
    void *at = bump->block + bump->used;
    bump->used += (size + 15) & ~(size_t)15;
    return at;
}

static void bump_free(void *data, void *at)
{
}

static double decode_mrpc(const struct shape *shape, double seconds)
{
    struct mrpc_arena *arena = need(mrpc_arena_new(0));
    double begin = now(), end;
    long rounds = 0;
    do {
        for (int i = 0; i < 64; i++) {
            ProtobufCMessage *message;
            if (mrpc_decode(INFO, shape->bytes, shape->size, NULL, arena, &message, NULL))
                abort();
            mrpc_arena_reset(arena);
        }
        rounds += 64;
        end = now();
    } while (end - begin < seconds);
    mrpc_arena_free(arena);
    return (end - begin) / (double)rounds * 1e9;
}

static double decode_protobuf_c(const struct shape *shape, double seconds)
{
    struct bump bump = {need(malloc((size_t)64 << 20)), 0};
    ProtobufCAllocator allocator = {bump_alloc, bump_free, &bump};
    double begin = now(), end;
    long rounds = 0;
    do {
        for (int i = 0; i < 64; i++) {
            bump.used = 0;
            if (!protobuf_c_message_unpack(INFO->descriptor, &allocator, shape->size, shape->bytes))
                abort();
        }
        rounds += 64;
        end = now();
    } while (end - begin < seconds);
    free(bump.block);
    return (end - begin) / (double)rounds * 1e9;
}

/* As a call sends it: behind a prefix, into a buffer that is kept. */
static double encode_mrpc(const struct shape *shape, double seconds)
{
    struct mrpc_buffer out = {0};
    double begin = now(), end;
    long rounds = 0;
    do {
        for (int i = 0; i < 64; i++) {
            if (mrpc_frame_message(INFO, shape->message, MRPC_ENCODING_IDENTITY, 0, &out, NULL))
                abort();
            mrpc_buffer_consume(&out, mrpc_buffer_size(&out));
        }
        rounds += 64;
        end = now();
    } while (end - begin < seconds);
    mrpc_buffer_fini(&out);
    return (end - begin) / (double)rounds * 1e9;
}

static double encode_protobuf_c(const struct shape *shape, double seconds)
{
    uint8_t *out = need(malloc(shape->size + 16));
    double begin = now(), end;
    long rounds = 0;
    do {
        for (int i = 0; i < 64; i++) {
            if (protobuf_c_message_get_packed_size(shape->message) > shape->size ||
                protobuf_c_message_pack(shape->message, out) > shape->size)
                abort();
        }
        rounds += 64;
        end = now();
    } while (end - begin < seconds);
    free(out);
    return (end - begin) / (double)rounds * 1e9;
}

static void measure(struct shape *shape, double seconds)
{
    if (mrpc_encoded_size(INFO, shape->message, &shape->size, NULL))
        abort();
    shape->bytes = need(malloc(shape->size));
    mrpc_encode(INFO, shape->message, shape->bytes);
    double ours = decode_mrpc(shape, seconds), theirs = decode_protobuf_c(shape, seconds);
    double our_encode = encode_mrpc(shape, seconds), their_encode = encode_protobuf_c(shape, seconds);
    printf("%-10s %8zu %12.0f %12.0f %7.2f %12.0f %12.0f %7.2f\n", shape->name, shape->size, ours, theirs,
           theirs / ours, our_encode, their_encode, their_encode / our_encode);
    free(shape->bytes);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        ProtobufCMessage *(*make)(struct mrpc_arena *arena);
    } shapes[] = {{"hello", hello},       {"scalars", scalars}, {"record", record},   {"deep", deep},
                  {"integers", integers}, {"doubles", doubles}, {"strings", strings}, {"messages", messages}};
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 0.3;
    struct mrpc_arena *arena = need(mrpc_arena_new(0));
    printf("%-10s %8s %12s %12s %7s %12s %12s %7s\n", "shape", "bytes", "decode ns", "protobuf-c", "ratio", "encode ns",
           "protobuf-c", "ratio");
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        if (argc > 2 && strcmp(argv[2], shapes[i].name) != 0)
            continue;
        struct shape shape = {shapes[i].name, shapes[i].make(arena), NULL, 0};
        measure(&shape, seconds);
    }
    mrpc_arena_free(arena);
    return 0;
}
