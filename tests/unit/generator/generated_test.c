/* SPDX-License-Identifier: Apache-2.0 */
/* Generated code at work: infos beside their descriptors, presence on the wire, trampolines, descriptors. */
#include <stdio.h>
#include <string.h>

#include <everything.mrpc.h>

#include "test.h"

/* Every info that can be reached from @info names as many fields as its descriptor, in the same order: a message field
 * has the info of the very descriptor that protobuf-c's field has, and the names differ at most in what was added for
 * C. */
static void check_info(const struct mrpc_message_info *info, unsigned depth)
{
    const ProtobufCMessageDescriptor *descriptor = info->descriptor;
    assert_string_equal(info->full_name, descriptor->name);
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        const struct mrpc_field_info *field_info = &info->fields[i];
        assert_true(i == 0 || descriptor->fields[i - 1].id < field->id);
        size_t length = strlen(field_info->proto_name);
        assert_memory_equal(field->name, field_info->proto_name, length);
        assert_int_equal(strspn(field->name + length, "_"), strlen(field->name) - length);
        assert_int_equal(field->type == PROTOBUF_C_TYPE_MESSAGE, field_info->message != NULL);
        if (field_info->message) {
            assert_ptr_equal(field_info->message->descriptor, field->descriptor);
            if (depth > 0) {
                check_info(field_info->message, depth - 1);
            }
        }
    }
}

static void infos_follow_descriptors(void **state)
{
    check_info(&generator__v1__everything__info, 3);
}

static const struct mrpc_field_info *field(const char *name)
{
    const struct mrpc_message_info *info = &generator__v1__everything__info;
    for (unsigned i = 0; i < info->descriptor->n_fields; i++) {
        if (strcmp(info->fields[i].proto_name, name) == 0) {
            return &info->fields[i];
        }
    }
    fail_msg("no field %s", name);
    return NULL;
}

static void flags_say_what_descriptors_leave_out(void **state)
{
    assert_int_equal(field("last")->flags, 0);
    assert_int_equal(field("count")->flags, MRPC_FIELD_PRESENCE);
    assert_int_equal(field("class")->flags, MRPC_FIELD_PRESENCE | MRPC_FIELD_UTF8);
    assert_int_equal(field("foo")->flags, MRPC_FIELD_PACKED);
    assert_int_equal(field("children")->flags, MRPC_FIELD_MAP);
    assert_int_equal(field("names")->flags, MRPC_FIELD_UTF8);
    assert_int_equal(field("nested")->flags, MRPC_FIELD_PRESENCE);
    assert_string_equal(field("n_foo")->json_name, "nFoo");
    assert_int_equal(field("time")->message->wellknown, MRPC_WELLKNOWN_TIMESTAMP);
}

static size_t packed(const Generator__V1__Everything *message, uint8_t *bytes)
{
    assert_true(protobuf_c_message_get_packed_size(&message->base) <= 64);
    return protobuf_c_message_pack(&message->base, bytes);
}

static void optional_field_is_sent_once_set_even_to_zero(void **state)
{
    Generator__V1__Everything message = GENERATOR__V1__EVERYTHING__INIT;
    uint8_t bytes[64];
    assert_int_equal(packed(&message, bytes), 0);
    generator__v1__everything__set_count(&message, 0);
    assert_int_equal(packed(&message, bytes), 2);
    assert_memory_equal(bytes, "\x18\x00", 2);
    Generator__V1__Everything *back = generator__v1__everything__unpack(NULL, 2, bytes);
    assert_non_null(back);
    assert_int_equal(back->has_count_case, GENERATOR__V1__EVERYTHING__HAS_COUNT_COUNT);
    assert_int_equal(back->has_class__case, GENERATOR__V1__EVERYTHING__HAS_CLASS___NOT_SET);
    generator__v1__everything__free_unpacked(back, NULL);
}

static void renamed_fields_keep_their_numbers(void **state)
{
    Generator__V1__Everything message = GENERATOR__V1__EVERYTHING__INIT;
    uint8_t bytes[64];
    message.base_ = 1;
    message.n_foo_ = 2;
    generator__v1__everything__set_class_(&message, (char *)"");
    assert_int_equal(packed(&message, bytes), 6);
    assert_memory_equal(bytes, "\x0a\x00\x10\x01\x30\x02", 6);
}

/* Handlers that note what they were called with. */
struct seen {
    const void *request;
    const void *response;
    int opened;
    int half_closed;
};

static int on_unary(void *self, struct mrpc_call *call, const Generator__V1__Everything *request,
                    Generator__V1__Everything *response)
{
    *(struct seen *)self = (struct seen){.request = request, .response = response};
    return MRPC_NOT_FOUND;
}

static int on_message(void *self, struct mrpc_call *call, const Generator__V1__Everything *message)
{
    ((struct seen *)self)->request = message;
    return MRPC_PENDING;
}

static int on_open(void *self, struct mrpc_call *call)
{
    ((struct seen *)self)->opened++;
    return MRPC_OK;
}

static int on_half_close(void *self, struct mrpc_call *call)
{
    ((struct seen *)self)->half_closed++;
    return MRPC_PENDING;
}

enum { UNARY, SERVER_STREAM, CLIENT_STREAM, BIDI };

static void trampolines_call_typed_handlers(void **state)
{
    static const struct generator__v1__everything_service__handlers handlers = {
        .unary = on_unary,
        .server_stream = on_message,
        .client_stream = {.message = on_message},
        .bidi = {.open = on_open, .message = on_message, .half_close = on_half_close},
    };
    const struct mrpc_invoke *invokes = generator__v1__everything_service__skeleton.invokes;
    Generator__V1__Everything request = GENERATOR__V1__EVERYTHING__INIT;
    Generator__V1__Everything response = GENERATOR__V1__EVERYTHING__INIT;
    struct seen seen = {0};
    assert_int_equal(invokes[UNARY].message(&handlers, &seen, NULL, &request.base, &response.base), MRPC_NOT_FOUND);
    assert_ptr_equal(seen.request, &request);
    assert_ptr_equal(seen.response, &response);
    for (int i = SERVER_STREAM; i <= BIDI; i++) {
        seen = (struct seen){0};
        assert_int_equal(invokes[i].message(&handlers, &seen, NULL, &request.base, NULL), MRPC_PENDING);
        assert_ptr_equal(seen.request, &request);
    }
    assert_null(invokes[UNARY].open);
    assert_null(invokes[SERVER_STREAM].half_close);
    assert_int_equal(invokes[BIDI].open(&handlers, &seen, NULL), MRPC_OK);
    assert_int_equal(invokes[BIDI].half_close(&handlers, &seen, NULL), MRPC_PENDING);
    assert_int_equal(seen.opened, 1);
    assert_int_equal(seen.half_closed, 1);
    assert_int_equal(invokes[CLIENT_STREAM].open(&handlers, &seen, NULL), MRPC_OK);
    assert_int_equal(invokes[CLIENT_STREAM].half_close(&handlers, &seen, NULL), MRPC_OK);
    assert_int_equal(seen.opened, 1);
}

static void missing_handlers_are_unimplemented(void **state)
{
    static const struct generator__v1__everything_service__handlers none = {0};
    static const struct generator__v1__everything_service__handlers all = {
        .unary = on_unary,
        .server_stream = on_message,
        .client_stream.message = on_message,
        .bidi.message = on_message,
    };
    const struct mrpc_invoke *invokes = generator__v1__everything_service__skeleton.invokes;
    Generator__V1__Everything message = GENERATOR__V1__EVERYTHING__INIT;
    for (int i = UNARY; i <= BIDI; i++) {
        assert_false(invokes[i].implemented(&none));
        assert_true(invokes[i].implemented(&all));
        assert_int_equal(invokes[i].message(&none, NULL, NULL, &message.base, NULL), MRPC_UNIMPLEMENTED);
    }
}

static void method_table_says_kinds_and_paths(void **state)
{
    const struct mrpc_service *service = &generator__v1__everything_service__service;
    assert_string_equal(service->full_name, "generator.v1.EverythingService");
    assert_int_equal(service->method_count, 4);
    for (int i = UNARY; i <= BIDI; i++) {
        assert_int_equal(service->methods[i].client_streaming, i == CLIENT_STREAM || i == BIDI);
        assert_int_equal(service->methods[i].server_streaming, i == SERVER_STREAM || i == BIDI);
        assert_int_equal(service->methods[i].idempotent, i == BIDI || i == UNARY);
        assert_int_equal(service->methods[i].no_side_effects, i == UNARY);
        assert_ptr_equal(service->methods[i].request, &generator__v1__everything__info);
    }
    assert_string_equal(service->methods[BIDI].path, "/generator.v1.EverythingService/Bidi");
}

/* protoc's own FileDescriptorSet of the two files, the import first, as field 1 of the set. */
static void descriptors_are_the_bytes_of_protoc(void **state)
{
    const struct mrpc_file *file = generator__v1__everything_service__service.file;
    assert_int_equal(file->dependency_count, 1);
    const struct mrpc_file *const files[] = {file->dependencies[0], file};
    static uint8_t expected[65536];
    FILE *set = fopen(DESCRIPTOR_SET, "rb");
    assert_non_null(set);
    size_t size = fread(expected, 1, sizeof(expected), set);
    fclose(set);
    size_t at = 0;
    for (size_t i = 0; i < 2; i++) {
        size_t length = 0;
        assert_int_equal(expected[at++], 0x0a);
        for (unsigned shift = 0;; shift += 7) {
            uint8_t byte = expected[at++];
            length |= (size_t)(byte & 0x7f) << shift;
            if (byte < 0x80) {
                break;
            }
        }
        assert_int_equal(files[i]->descriptor_bytes, length);
        assert_memory_equal(files[i]->descriptor, expected + at, length);
        at += length;
    }
    assert_int_equal(at, size);
    assert_string_equal(files[0]->name, "google/protobuf/timestamp.proto");
}

static void symbols_are_sorted_full_names(void **state)
{
    const struct mrpc_file *file = &everything_2eproto__file;
    const char *const wanted[] = {"generator.v1.Everything", "generator.v1.Everything.Nested",
                                  "generator.v1.Everything.base", "generator.v1.EverythingService.Bidi"};
    for (size_t i = 1; i < file->symbol_count; i++) {
        assert_true(strcmp(file->symbols[i - 1], file->symbols[i]) < 0);
    }
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        size_t found = 0;
        for (size_t j = 0; j < file->symbol_count; j++) {
            found += strcmp(file->symbols[j], wanted[i]) == 0;
        }
        assert_int_equal(found, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(infos_follow_descriptors),
        cmocka_unit_test(flags_say_what_descriptors_leave_out),
        cmocka_unit_test(optional_field_is_sent_once_set_even_to_zero),
        cmocka_unit_test(renamed_fields_keep_their_numbers),
        cmocka_unit_test(trampolines_call_typed_handlers),
        cmocka_unit_test(missing_handlers_are_unimplemented),
        cmocka_unit_test(method_table_says_kinds_and_paths),
        cmocka_unit_test(descriptors_are_the_bytes_of_protoc),
        cmocka_unit_test(symbols_are_sorted_full_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
