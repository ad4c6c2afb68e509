/* Made by protoc-gen-mrpc-c from input.proto. Do not edit. */
#include "input.mrpc.h"

static const struct mrpc_field_info lonely__field_infos[] = {
    {"other", "other", &lonely__info, MRPC_FIELD_PRESENCE},
};
const struct mrpc_message_info lonely__info = {
    .descriptor = &lonely__descriptor,
    .full_name = "Lonely",
    .wellknown = MRPC_WELLKNOWN_NONE,
    .fields = lonely__field_infos,
};

static const uint8_t input_2eproto__descriptor_bytes[] = {
    0x0a,0x0b,0x69,0x6e,0x70,0x75,0x74,0x2e,0x70,0x72,0x6f,0x74,0x6f,0x22,0x36,0x0a,0x06,0x4c,0x6f,0x6e,
    0x65,0x6c,0x79,0x12,0x22,0x0a,0x05,0x6f,0x74,0x68,0x65,0x72,0x18,0x01,0x20,0x01,0x28,0x0b,0x32,0x07,
    0x2e,0x4c,0x6f,0x6e,0x65,0x6c,0x79,0x48,0x00,0x52,0x05,0x6f,0x74,0x68,0x65,0x72,0x88,0x01,0x01,0x42,
    0x08,0x0a,0x06,0x5f,0x6f,0x74,0x68,0x65,0x72,0x32,0x28,0x0a,0x0d,0x4c,0x6f,0x6e,0x65,0x6c,0x79,0x53,
    0x65,0x72,0x76,0x69,0x63,0x65,0x12,0x17,0x0a,0x03,0x47,0x65,0x74,0x12,0x07,0x2e,0x4c,0x6f,0x6e,0x65,
    0x6c,0x79,0x1a,0x07,0x2e,0x4c,0x6f,0x6e,0x65,0x6c,0x79,0x62,0x06,0x70,0x72,0x6f,0x74,0x6f,0x33,
};
static const char *const input_2eproto__symbols[] = {
    "Lonely",
    "Lonely._other",
    "Lonely.other",
    "LonelyService",
    "LonelyService.Get",
};
const struct mrpc_file input_2eproto__file = {
    .name = "input.proto",
    .descriptor = input_2eproto__descriptor_bytes,
    .descriptor_bytes = 119,
    .dependencies = NULL,
    .dependency_count = 0,
    .symbols = input_2eproto__symbols,
    .symbol_count = 5,
};

static bool lonely_service__get__implemented(const void *handlers)
{
    return ((const struct lonely_service__handlers *)handlers)->get != NULL;
}

static int lonely_service__get__invoke(
    const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
    ProtobufCMessage *response)
{
    const struct lonely_service__handlers *typed = handlers;
    if (typed->get == NULL) {
        return MRPC_UNIMPLEMENTED;
    }
    return typed->get(self, call, (const Lonely *)request, (Lonely *)response);
}

static const struct mrpc_method lonely_service__methods[] = {
    {
        .name = "Get",
        .path = "/LonelyService/Get",
        .client_streaming = false,
        .server_streaming = false,
        .idempotent = false,
        .request = &lonely__info,
        .response = &lonely__info,
        .no_side_effects = false,
    },
};
static const struct mrpc_invoke lonely_service__invokes[] = {
    {
        .message = lonely_service__get__invoke,
        .implemented = lonely_service__get__implemented,
    },
};
const struct mrpc_service lonely_service__service = {
    .full_name = "LonelyService",
    .methods = lonely_service__methods,
    .method_count = 1,
    .file = &input_2eproto__file,
};
const struct mrpc_skeleton lonely_service__skeleton = {
    .service = &lonely_service__service,
    .invokes = lonely_service__invokes,
};

