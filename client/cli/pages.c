/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_ROWS = 1000 };

/* What was received: replies stay until all is printed, since the rows live in them. */
struct pages {
    struct mrpc_reply *replies;
    size_t count;
    ProtobufCMessage **rows;
    size_t row_count;
    ProtobufCMessage *last; /* the last page */
};

/* Where a message keeps its field @name; the generated structs are reached through protobuf-c's descriptors, so that
 * one function serves every List method. */
static void *field_of(ProtobufCMessage *message, const char *name)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    return (char *)message + field->offset;
}

static const ProtobufCFieldDescriptor *rows_field(const ProtobufCMessage *page)
{
    const ProtobufCMessageDescriptor *descriptor = page->descriptor;
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        if (descriptor->fields[i].label == PROTOBUF_C_LABEL_REPEATED &&
            descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            return &descriptor->fields[i];
    abort(); /* a List method without rows is a mistake of this program's */
}

static void *grow(void *memory, size_t count, size_t size)
{
    void *more = reallocarray(memory, count, size);
    if (!more)
        exit(cli_failed("out of memory"));
    return more;
}

static void keep_rows(struct pages *pages, ProtobufCMessage *page)
{
    const ProtobufCFieldDescriptor *field = rows_field(page);
    size_t count = *(size_t *)((char *)page + field->quantifier_offset);
    ProtobufCMessage **rows = *(ProtobufCMessage ***)((char *)page + field->offset);
    pages->last = page;
    if (count == 0)
        return;
    pages->rows = grow(pages->rows, pages->row_count + count, sizeof *pages->rows);
    memcpy(pages->rows + pages->row_count, rows, count * sizeof *rows);
    pages->row_count += count;
}

static const struct mrpc_method *find_method(const struct mrpc_service *service, const char *name)
{
    for (size_t i = 0; i < service->method_count; i++)
        if (strcmp(service->methods[i].name, name) == 0)
            return &service->methods[i];
    abort(); /* as above */
}

static int receive(struct cli *cli, const struct mrpc_method *method, ProtobufCMessage *request, struct pages *pages)
{
    struct mrpc_call_options options = cli_call_options(cli);
    *(int32_t *)field_of(request, "page_size") = PAGE_ROWS;
    do {
        pages->replies = grow(pages->replies, pages->count + 1, sizeof *pages->replies);
        struct mrpc_reply *reply = &pages->replies[pages->count++];
        *reply = (struct mrpc_reply)MRPC_REPLY_INIT;
        const ProtobufCMessage *page = mrpc_channel_unary(cli->channel, method, &options, request, reply);
        if (!page)
            return cli_status(cli, &reply->status);
        keep_rows(pages, (ProtobufCMessage *)page);
        *(char **)field_of(request, "page_token") = *(char **)field_of(pages->last, "next_page_token");
    } while (**(char **)field_of(request, "page_token"));
    return 0;
}

/* The last page stands for all of them: with every row, and without a next page. */
static int print_json(const struct mrpc_method *method, const struct pages *pages)
{
    const ProtobufCFieldDescriptor *field = rows_field(pages->last);
    *(size_t *)((char *)pages->last + field->quantifier_offset) = pages->row_count;
    *(ProtobufCMessage ***)((char *)pages->last + field->offset) = pages->rows;
    return cli_print_json(method->response, pages->last);
}

int pages_print(struct cli *cli, const struct mrpc_service *service, const char *method_name, ProtobufCMessage *request,
                const char *const *titles, void (*add_row)(struct columns *columns, const ProtobufCMessage *row))
{
    const struct mrpc_method *method = find_method(service, method_name);
    struct pages pages = {0};
    int code = receive(cli, method, request, &pages);
    if (!code && cli->json) {
        code = print_json(method, &pages);
    } else if (!code) {
        struct columns *columns = columns_new(titles);
        for (size_t i = 0; i < pages.row_count; i++)
            add_row(columns, pages.rows[i]);
        columns_print(columns);
    }
    for (size_t i = 0; i < pages.count; i++)
        mrpc_reply_fini(&pages.replies[i]);
    free(pages.replies);
    free(pages.rows);
    return code;
}
