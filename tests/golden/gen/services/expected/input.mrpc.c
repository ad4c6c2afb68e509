/* Made by protoc-gen-mrpc-c from input.proto. Do not edit. */
#include "input.mrpc.h"

static const struct mrpc_field_info golden__services__v1__get_thing_request__field_infos[] = {
    {"name", "name", NULL, MRPC_FIELD_UTF8},
};
const struct mrpc_message_info golden__services__v1__get_thing_request__info = {
    .descriptor = &golden__services__v1__get_thing_request__descriptor,
    .full_name = "golden.services.v1.GetThingRequest",
    .wellknown = MRPC_WELLKNOWN_NONE,
    .fields = golden__services__v1__get_thing_request__field_infos,
};

static const struct mrpc_field_info golden__services__v1__thing__field_infos[] = {
    {"name", "name", NULL, MRPC_FIELD_UTF8},
};
const struct mrpc_message_info golden__services__v1__thing__info = {
    .descriptor = &golden__services__v1__thing__descriptor,
    .full_name = "golden.services.v1.Thing",
    .wellknown = MRPC_WELLKNOWN_NONE,
    .fields = golden__services__v1__thing__field_infos,
};

static const uint8_t input_2eproto__descriptor_bytes[] = {
    0x0a,0x0b,0x69,0x6e,0x70,0x75,0x74,0x2e,0x70,0x72,0x6f,0x74,0x6f,0x12,0x12,0x67,0x6f,0x6c,0x64,0x65,
    0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x1a,0x1b,0x67,0x6f,0x6f,0x67,0x6c,
    0x65,0x2f,0x70,0x72,0x6f,0x74,0x6f,0x62,0x75,0x66,0x2f,0x65,0x6d,0x70,0x74,0x79,0x2e,0x70,0x72,0x6f,
    0x74,0x6f,0x22,0x25,0x0a,0x0f,0x47,0x65,0x74,0x54,0x68,0x69,0x6e,0x67,0x52,0x65,0x71,0x75,0x65,0x73,
    0x74,0x12,0x12,0x0a,0x04,0x6e,0x61,0x6d,0x65,0x18,0x01,0x20,0x01,0x28,0x09,0x52,0x04,0x6e,0x61,0x6d,
    0x65,0x22,0x1b,0x0a,0x05,0x54,0x68,0x69,0x6e,0x67,0x12,0x12,0x0a,0x04,0x6e,0x61,0x6d,0x65,0x18,0x01,
    0x20,0x01,0x28,0x09,0x52,0x04,0x6e,0x61,0x6d,0x65,0x32,0xcc,0x09,0x0a,0x11,0x45,0x76,0x65,0x72,0x79,
    0x74,0x68,0x69,0x6e,0x67,0x53,0x65,0x72,0x76,0x69,0x63,0x65,0x12,0x4f,0x0a,0x08,0x47,0x65,0x74,0x54,
    0x68,0x69,0x6e,0x67,0x12,0x23,0x2e,0x67,0x6f,0x6c,0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,
    0x65,0x73,0x2e,0x76,0x31,0x2e,0x47,0x65,0x74,0x54,0x68,0x69,0x6e,0x67,0x52,0x65,0x71,0x75,0x65,0x73,
    0x74,0x1a,0x19,0x2e,0x67,0x6f,0x6c,0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,
    0x76,0x31,0x2e,0x54,0x68,0x69,0x6e,0x67,0x22,0x03,0x90,0x02,0x01,0x12,0x42,0x0a,0x08,0x50,0x75,0x74,
    0x54,0x68,0x69,0x6e,0x67,0x12,0x19,0x2e,0x67,0x6f,0x6c,0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,
    0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x54,0x68,0x69,0x6e,0x67,0x1a,0x16,0x2e,0x67,0x6f,0x6f,0x67,0x6c,
    0x65,0x2e,0x70,0x72,0x6f,0x74,0x6f,0x62,0x75,0x66,0x2e,0x45,0x6d,0x70,0x74,0x79,0x22,0x03,0x90,0x02,
    0x02,0x12,0x4f,0x0a,0x0b,0x57,0x61,0x74,0x63,0x68,0x54,0x68,0x69,0x6e,0x67,0x73,0x12,0x23,0x2e,0x67,
    0x6f,0x6c,0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x47,0x65,
    0x74,0x54,0x68,0x69,0x6e,0x67,0x52,0x65,0x71,0x75,0x65,0x73,0x74,0x1a,0x19,0x2e,0x67,0x6f,0x6c,0x64,
    0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x54,0x68,0x69,0x6e,0x67,
    0x30,0x01,0x12,0x43,0x0a,0x0c,0x55,0x70,0x6c,0x6f,0x61,0x64,0x54,0x68,0x69,0x6e,0x67,0x73,0x12,0x19,
    0x2e,0x67,0x6f,0x6c,0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,
    0x54,0x68,0x69,0x6e,0x67,0x1a,0x16,0x2e,0x67,0x6f,0x6f,0x67,0x6c,0x65,0x2e,0x70,0x72,0x6f,0x74,0x6f,
    0x62,0x75,0x66,0x2e,0x45,0x6d,0x70,0x74,0x79,0x28,0x01,0x12,0x46,0x0a,0x0a,0x43,0x68,0x61,0x74,0x54,
    0x68,0x69,0x6e,0x67,0x73,0x12,0x19,0x2e,0x67,0x6f,0x6c,0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,
    0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x54,0x68,0x69,0x6e,0x67,0x1a,0x19,0x2e,0x67,0x6f,0x6c,0x64,0x65,
    0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x54,0x68,0x69,0x6e,0x67,0x28,
    0x01,0x30,0x01,0x12,0x4a,0x0a,0x08,0x52,0x65,0x67,0x69,0x73,0x74,0x65,0x72,0x12,0x23,0x2e,0x67,0x6f,
    0x6c,0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x47,0x65,0x74,
    0x54,0x68,0x69,0x6e,0x67,0x52,0x65,0x71,0x75,0x65,0x73,0x74,0x1a,0x19,0x2e,0x67,0x6f,0x6c,0x64,0x65,
    0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x54,0x68,0x69,0x6e,0x67,0x12,
    0x49,0x0a,0x07,0x44,0x65,0x66,0x61,0x75,0x6c,0x74,0x12,0x23,0x2e,0x67,0x6f,0x6c,0x64,0x65,0x6e,0x2e,
    0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x47,0x65,0x74,0x54,0x68,0x69,0x6e,0x67,
    0x52,0x65,0x71,0x75,0x65,0x73,0x74,0x1a,0x19,0x2e,0x67,0x6f,0x6c,0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,
    0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x54,0x68,0x69,0x6e,0x67,0x12,0x42,0x0a,0x06,0x44,0x65,
    0x6c,0x65,0x74,0x65,0x12,0x19,0x2e,0x67,0x6f,0x6c,0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,
    0x65,0x73,0x2e,0x76,0x31,0x2e,0x54,0x68,0x69,0x6e,0x67,0x1a,0x19,0x2e,0x67,0x6f,0x6c,0x64,0x65,0x6e,
    0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x54,0x68,0x69,0x6e,0x67,0x28,0x01,
    0x30,0x01,0x12,0x49,0x0a,0x07,0x53,0x65,0x72,0x76,0x69,0x63,0x65,0x12,0x23,0x2e,0x67,0x6f,0x6c,0x64,
    0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x47,0x65,0x74,0x54,0x68,
    0x69,0x6e,0x67,0x52,0x65,0x71,0x75,0x65,0x73,0x74,0x1a,0x19,0x2e,0x67,0x6f,0x6c,0x64,0x65,0x6e,0x2e,
    0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x54,0x68,0x69,0x6e,0x67,0x12,0x4a,0x0a,
    0x08,0x53,0x6b,0x65,0x6c,0x65,0x74,0x6f,0x6e,0x12,0x23,0x2e,0x67,0x6f,0x6c,0x64,0x65,0x6e,0x2e,0x73,
    0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x47,0x65,0x74,0x54,0x68,0x69,0x6e,0x67,0x52,
    0x65,0x71,0x75,0x65,0x73,0x74,0x1a,0x19,0x2e,0x67,0x6f,0x6c,0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,
    0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x54,0x68,0x69,0x6e,0x67,0x12,0x4a,0x0a,0x08,0x48,0x61,0x6e,
    0x64,0x6c,0x65,0x72,0x73,0x12,0x23,0x2e,0x67,0x6f,0x6c,0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,
    0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x47,0x65,0x74,0x54,0x68,0x69,0x6e,0x67,0x52,0x65,0x71,0x75,0x65,
    0x73,0x74,0x1a,0x19,0x2e,0x67,0x6f,0x6c,0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,
    0x2e,0x76,0x31,0x2e,0x54,0x68,0x69,0x6e,0x67,0x12,0x4d,0x0a,0x0b,0x41,0x64,0x64,0x54,0x6f,0x53,0x65,
    0x72,0x76,0x65,0x72,0x12,0x23,0x2e,0x67,0x6f,0x6c,0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,
    0x65,0x73,0x2e,0x76,0x31,0x2e,0x47,0x65,0x74,0x54,0x68,0x69,0x6e,0x67,0x52,0x65,0x71,0x75,0x65,0x73,
    0x74,0x1a,0x19,0x2e,0x67,0x6f,0x6c,0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,
    0x76,0x31,0x2e,0x54,0x68,0x69,0x6e,0x67,0x12,0x4a,0x0a,0x08,0x53,0x61,0x79,0x48,0x65,0x6c,0x6c,0x6f,
    0x12,0x23,0x2e,0x67,0x6f,0x6c,0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,
    0x31,0x2e,0x47,0x65,0x74,0x54,0x68,0x69,0x6e,0x67,0x52,0x65,0x71,0x75,0x65,0x73,0x74,0x1a,0x19,0x2e,
    0x67,0x6f,0x6c,0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x54,
    0x68,0x69,0x6e,0x67,0x12,0x4b,0x0a,0x09,0x73,0x61,0x79,0x5f,0x68,0x65,0x6c,0x6c,0x6f,0x12,0x23,0x2e,
    0x67,0x6f,0x6c,0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x47,
    0x65,0x74,0x54,0x68,0x69,0x6e,0x67,0x52,0x65,0x71,0x75,0x65,0x73,0x74,0x1a,0x19,0x2e,0x67,0x6f,0x6c,
    0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x54,0x68,0x69,0x6e,
    0x67,0x12,0x4b,0x0a,0x09,0x53,0x61,0x79,0x5f,0x68,0x65,0x6c,0x6c,0x6f,0x12,0x23,0x2e,0x67,0x6f,0x6c,
    0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x47,0x65,0x74,0x54,
    0x68,0x69,0x6e,0x67,0x52,0x65,0x71,0x75,0x65,0x73,0x74,0x1a,0x19,0x2e,0x67,0x6f,0x6c,0x64,0x65,0x6e,
    0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x54,0x68,0x69,0x6e,0x67,0x12,0x51,
    0x0a,0x0f,0x53,0x61,0x79,0x48,0x65,0x6c,0x6c,0x6f,0x5f,0x5f,0x61,0x73,0x79,0x6e,0x63,0x12,0x23,0x2e,
    0x67,0x6f,0x6c,0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x47,
    0x65,0x74,0x54,0x68,0x69,0x6e,0x67,0x52,0x65,0x71,0x75,0x65,0x73,0x74,0x1a,0x19,0x2e,0x67,0x6f,0x6c,
    0x64,0x65,0x6e,0x2e,0x73,0x65,0x72,0x76,0x69,0x63,0x65,0x73,0x2e,0x76,0x31,0x2e,0x54,0x68,0x69,0x6e,
    0x67,0x32,0x10,0x0a,0x0e,0x4e,0x6f,0x74,0x68,0x69,0x6e,0x67,0x53,0x65,0x72,0x76,0x69,0x63,0x65,0x62,
    0x06,0x70,0x72,0x6f,0x74,0x6f,0x33,
};
extern const struct mrpc_file google_2fprotobuf_2fempty_2eproto__file;
static const struct mrpc_file *const input_2eproto__dependencies[] = {
    &google_2fprotobuf_2fempty_2eproto__file,
};
static const char *const input_2eproto__symbols[] = {
    "golden.services.v1.EverythingService",
    "golden.services.v1.EverythingService.AddToServer",
    "golden.services.v1.EverythingService.ChatThings",
    "golden.services.v1.EverythingService.Default",
    "golden.services.v1.EverythingService.Delete",
    "golden.services.v1.EverythingService.GetThing",
    "golden.services.v1.EverythingService.Handlers",
    "golden.services.v1.EverythingService.PutThing",
    "golden.services.v1.EverythingService.Register",
    "golden.services.v1.EverythingService.SayHello",
    "golden.services.v1.EverythingService.SayHello__async",
    "golden.services.v1.EverythingService.Say_hello",
    "golden.services.v1.EverythingService.Service",
    "golden.services.v1.EverythingService.Skeleton",
    "golden.services.v1.EverythingService.UploadThings",
    "golden.services.v1.EverythingService.WatchThings",
    "golden.services.v1.EverythingService.say_hello",
    "golden.services.v1.GetThingRequest",
    "golden.services.v1.GetThingRequest.name",
    "golden.services.v1.NothingService",
    "golden.services.v1.Thing",
    "golden.services.v1.Thing.name",
};
const struct mrpc_file input_2eproto__file = {
    .name = "input.proto",
    .descriptor = input_2eproto__descriptor_bytes,
    .descriptor_bytes = 1387,
    .dependencies = input_2eproto__dependencies,
    .dependency_count = 1,
    .symbols = input_2eproto__symbols,
    .symbol_count = 22,
};

static bool golden__services__v1__everything_service__get_thing__implemented(const void *handlers)
{
    return ((const struct golden__services__v1__everything_service__handlers *)handlers)->get_thing != NULL;
}

static int golden__services__v1__everything_service__get_thing__invoke(
    const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
    ProtobufCMessage *response)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    if (typed->get_thing == NULL) {
        return MRPC_UNIMPLEMENTED;
    }
    return typed->get_thing(self, call, (const Golden__Services__V1__GetThingRequest *)request, (Golden__Services__V1__Thing *)response);
}

static bool golden__services__v1__everything_service__put_thing__implemented(const void *handlers)
{
    return ((const struct golden__services__v1__everything_service__handlers *)handlers)->put_thing != NULL;
}

static int golden__services__v1__everything_service__put_thing__invoke(
    const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
    ProtobufCMessage *response)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    if (typed->put_thing == NULL) {
        return MRPC_UNIMPLEMENTED;
    }
    return typed->put_thing(self, call, (const Golden__Services__V1__Thing *)request, (Google__Protobuf__Empty *)response);
}

static bool golden__services__v1__everything_service__watch_things__implemented(const void *handlers)
{
    return ((const struct golden__services__v1__everything_service__handlers *)handlers)->watch_things != NULL;
}

static int golden__services__v1__everything_service__watch_things__invoke(
    const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
    ProtobufCMessage *response)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    if (typed->watch_things == NULL) {
        return MRPC_UNIMPLEMENTED;
    }
    (void)response;
    return typed->watch_things(self, call, (const Golden__Services__V1__GetThingRequest *)request);
}

static bool golden__services__v1__everything_service__upload_things__implemented(const void *handlers)
{
    return ((const struct golden__services__v1__everything_service__handlers *)handlers)->upload_things.message != NULL;
}

static int golden__services__v1__everything_service__upload_things__invoke(
    const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
    ProtobufCMessage *response)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    if (typed->upload_things.message == NULL) {
        return MRPC_UNIMPLEMENTED;
    }
    (void)response;
    return typed->upload_things.message(self, call, (const Golden__Services__V1__Thing *)request);
}

static int golden__services__v1__everything_service__upload_things__open(const void *handlers, void *self, struct mrpc_call *call)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    return typed->upload_things.open ? typed->upload_things.open(self, call) : MRPC_OK;
}

static int golden__services__v1__everything_service__upload_things__half_close(const void *handlers, void *self, struct mrpc_call *call)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    return typed->upload_things.half_close ? typed->upload_things.half_close(self, call) : MRPC_OK;
}

static bool golden__services__v1__everything_service__chat_things__implemented(const void *handlers)
{
    return ((const struct golden__services__v1__everything_service__handlers *)handlers)->chat_things.message != NULL;
}

static int golden__services__v1__everything_service__chat_things__invoke(
    const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
    ProtobufCMessage *response)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    if (typed->chat_things.message == NULL) {
        return MRPC_UNIMPLEMENTED;
    }
    (void)response;
    return typed->chat_things.message(self, call, (const Golden__Services__V1__Thing *)request);
}

static int golden__services__v1__everything_service__chat_things__open(const void *handlers, void *self, struct mrpc_call *call)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    return typed->chat_things.open ? typed->chat_things.open(self, call) : MRPC_OK;
}

static int golden__services__v1__everything_service__chat_things__half_close(const void *handlers, void *self, struct mrpc_call *call)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    return typed->chat_things.half_close ? typed->chat_things.half_close(self, call) : MRPC_OK;
}

static bool golden__services__v1__everything_service__register__implemented(const void *handlers)
{
    return ((const struct golden__services__v1__everything_service__handlers *)handlers)->register_ != NULL;
}

static int golden__services__v1__everything_service__register__invoke(
    const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
    ProtobufCMessage *response)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    if (typed->register_ == NULL) {
        return MRPC_UNIMPLEMENTED;
    }
    return typed->register_(self, call, (const Golden__Services__V1__GetThingRequest *)request, (Golden__Services__V1__Thing *)response);
}

static bool golden__services__v1__everything_service__default__implemented(const void *handlers)
{
    return ((const struct golden__services__v1__everything_service__handlers *)handlers)->default_ != NULL;
}

static int golden__services__v1__everything_service__default__invoke(
    const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
    ProtobufCMessage *response)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    if (typed->default_ == NULL) {
        return MRPC_UNIMPLEMENTED;
    }
    return typed->default_(self, call, (const Golden__Services__V1__GetThingRequest *)request, (Golden__Services__V1__Thing *)response);
}

static bool golden__services__v1__everything_service__delete__implemented(const void *handlers)
{
    return ((const struct golden__services__v1__everything_service__handlers *)handlers)->delete_.message != NULL;
}

static int golden__services__v1__everything_service__delete__invoke(
    const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
    ProtobufCMessage *response)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    if (typed->delete_.message == NULL) {
        return MRPC_UNIMPLEMENTED;
    }
    (void)response;
    return typed->delete_.message(self, call, (const Golden__Services__V1__Thing *)request);
}

static int golden__services__v1__everything_service__delete__open(const void *handlers, void *self, struct mrpc_call *call)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    return typed->delete_.open ? typed->delete_.open(self, call) : MRPC_OK;
}

static int golden__services__v1__everything_service__delete__half_close(const void *handlers, void *self, struct mrpc_call *call)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    return typed->delete_.half_close ? typed->delete_.half_close(self, call) : MRPC_OK;
}

static bool golden__services__v1__everything_service__service___implemented(const void *handlers)
{
    return ((const struct golden__services__v1__everything_service__handlers *)handlers)->service != NULL;
}

static int golden__services__v1__everything_service__service___invoke(
    const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
    ProtobufCMessage *response)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    if (typed->service == NULL) {
        return MRPC_UNIMPLEMENTED;
    }
    return typed->service(self, call, (const Golden__Services__V1__GetThingRequest *)request, (Golden__Services__V1__Thing *)response);
}

static bool golden__services__v1__everything_service__skeleton___implemented(const void *handlers)
{
    return ((const struct golden__services__v1__everything_service__handlers *)handlers)->skeleton != NULL;
}

static int golden__services__v1__everything_service__skeleton___invoke(
    const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
    ProtobufCMessage *response)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    if (typed->skeleton == NULL) {
        return MRPC_UNIMPLEMENTED;
    }
    return typed->skeleton(self, call, (const Golden__Services__V1__GetThingRequest *)request, (Golden__Services__V1__Thing *)response);
}

static bool golden__services__v1__everything_service__handlers___implemented(const void *handlers)
{
    return ((const struct golden__services__v1__everything_service__handlers *)handlers)->handlers != NULL;
}

static int golden__services__v1__everything_service__handlers___invoke(
    const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
    ProtobufCMessage *response)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    if (typed->handlers == NULL) {
        return MRPC_UNIMPLEMENTED;
    }
    return typed->handlers(self, call, (const Golden__Services__V1__GetThingRequest *)request, (Golden__Services__V1__Thing *)response);
}

static bool golden__services__v1__everything_service__add_to_server___implemented(const void *handlers)
{
    return ((const struct golden__services__v1__everything_service__handlers *)handlers)->add_to_server != NULL;
}

static int golden__services__v1__everything_service__add_to_server___invoke(
    const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
    ProtobufCMessage *response)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    if (typed->add_to_server == NULL) {
        return MRPC_UNIMPLEMENTED;
    }
    return typed->add_to_server(self, call, (const Golden__Services__V1__GetThingRequest *)request, (Golden__Services__V1__Thing *)response);
}

static bool golden__services__v1__everything_service__say_hello__implemented(const void *handlers)
{
    return ((const struct golden__services__v1__everything_service__handlers *)handlers)->say_hello != NULL;
}

static int golden__services__v1__everything_service__say_hello__invoke(
    const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
    ProtobufCMessage *response)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    if (typed->say_hello == NULL) {
        return MRPC_UNIMPLEMENTED;
    }
    return typed->say_hello(self, call, (const Golden__Services__V1__GetThingRequest *)request, (Golden__Services__V1__Thing *)response);
}

static bool golden__services__v1__everything_service__say_hello___implemented(const void *handlers)
{
    return ((const struct golden__services__v1__everything_service__handlers *)handlers)->say_hello_ != NULL;
}

static int golden__services__v1__everything_service__say_hello___invoke(
    const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
    ProtobufCMessage *response)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    if (typed->say_hello_ == NULL) {
        return MRPC_UNIMPLEMENTED;
    }
    return typed->say_hello_(self, call, (const Golden__Services__V1__GetThingRequest *)request, (Golden__Services__V1__Thing *)response);
}

static bool golden__services__v1__everything_service__say_hello____implemented(const void *handlers)
{
    return ((const struct golden__services__v1__everything_service__handlers *)handlers)->say_hello__ != NULL;
}

static int golden__services__v1__everything_service__say_hello____invoke(
    const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
    ProtobufCMessage *response)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    if (typed->say_hello__ == NULL) {
        return MRPC_UNIMPLEMENTED;
    }
    return typed->say_hello__(self, call, (const Golden__Services__V1__GetThingRequest *)request, (Golden__Services__V1__Thing *)response);
}

static bool golden__services__v1__everything_service__say_hello__async___implemented(const void *handlers)
{
    return ((const struct golden__services__v1__everything_service__handlers *)handlers)->say_hello__async != NULL;
}

static int golden__services__v1__everything_service__say_hello__async___invoke(
    const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
    ProtobufCMessage *response)
{
    const struct golden__services__v1__everything_service__handlers *typed = handlers;
    if (typed->say_hello__async == NULL) {
        return MRPC_UNIMPLEMENTED;
    }
    return typed->say_hello__async(self, call, (const Golden__Services__V1__GetThingRequest *)request, (Golden__Services__V1__Thing *)response);
}

static const struct mrpc_method golden__services__v1__everything_service__methods[] = {
    {
        .name = "GetThing",
        .path = "/golden.services.v1.EverythingService/GetThing",
        .client_streaming = false,
        .server_streaming = false,
        .idempotent = true,
        .request = &golden__services__v1__get_thing_request__info,
        .response = &golden__services__v1__thing__info,
        .no_side_effects = true,
    },
    {
        .name = "PutThing",
        .path = "/golden.services.v1.EverythingService/PutThing",
        .client_streaming = false,
        .server_streaming = false,
        .idempotent = true,
        .request = &golden__services__v1__thing__info,
        .response = &google__protobuf__empty__info,
        .no_side_effects = false,
    },
    {
        .name = "WatchThings",
        .path = "/golden.services.v1.EverythingService/WatchThings",
        .client_streaming = false,
        .server_streaming = true,
        .idempotent = false,
        .request = &golden__services__v1__get_thing_request__info,
        .response = &golden__services__v1__thing__info,
        .no_side_effects = false,
    },
    {
        .name = "UploadThings",
        .path = "/golden.services.v1.EverythingService/UploadThings",
        .client_streaming = true,
        .server_streaming = false,
        .idempotent = false,
        .request = &golden__services__v1__thing__info,
        .response = &google__protobuf__empty__info,
        .no_side_effects = false,
    },
    {
        .name = "ChatThings",
        .path = "/golden.services.v1.EverythingService/ChatThings",
        .client_streaming = true,
        .server_streaming = true,
        .idempotent = false,
        .request = &golden__services__v1__thing__info,
        .response = &golden__services__v1__thing__info,
        .no_side_effects = false,
    },
    {
        .name = "Register",
        .path = "/golden.services.v1.EverythingService/Register",
        .client_streaming = false,
        .server_streaming = false,
        .idempotent = false,
        .request = &golden__services__v1__get_thing_request__info,
        .response = &golden__services__v1__thing__info,
        .no_side_effects = false,
    },
    {
        .name = "Default",
        .path = "/golden.services.v1.EverythingService/Default",
        .client_streaming = false,
        .server_streaming = false,
        .idempotent = false,
        .request = &golden__services__v1__get_thing_request__info,
        .response = &golden__services__v1__thing__info,
        .no_side_effects = false,
    },
    {
        .name = "Delete",
        .path = "/golden.services.v1.EverythingService/Delete",
        .client_streaming = true,
        .server_streaming = true,
        .idempotent = false,
        .request = &golden__services__v1__thing__info,
        .response = &golden__services__v1__thing__info,
        .no_side_effects = false,
    },
    {
        .name = "Service",
        .path = "/golden.services.v1.EverythingService/Service",
        .client_streaming = false,
        .server_streaming = false,
        .idempotent = false,
        .request = &golden__services__v1__get_thing_request__info,
        .response = &golden__services__v1__thing__info,
        .no_side_effects = false,
    },
    {
        .name = "Skeleton",
        .path = "/golden.services.v1.EverythingService/Skeleton",
        .client_streaming = false,
        .server_streaming = false,
        .idempotent = false,
        .request = &golden__services__v1__get_thing_request__info,
        .response = &golden__services__v1__thing__info,
        .no_side_effects = false,
    },
    {
        .name = "Handlers",
        .path = "/golden.services.v1.EverythingService/Handlers",
        .client_streaming = false,
        .server_streaming = false,
        .idempotent = false,
        .request = &golden__services__v1__get_thing_request__info,
        .response = &golden__services__v1__thing__info,
        .no_side_effects = false,
    },
    {
        .name = "AddToServer",
        .path = "/golden.services.v1.EverythingService/AddToServer",
        .client_streaming = false,
        .server_streaming = false,
        .idempotent = false,
        .request = &golden__services__v1__get_thing_request__info,
        .response = &golden__services__v1__thing__info,
        .no_side_effects = false,
    },
    {
        .name = "SayHello",
        .path = "/golden.services.v1.EverythingService/SayHello",
        .client_streaming = false,
        .server_streaming = false,
        .idempotent = false,
        .request = &golden__services__v1__get_thing_request__info,
        .response = &golden__services__v1__thing__info,
        .no_side_effects = false,
    },
    {
        .name = "say_hello",
        .path = "/golden.services.v1.EverythingService/say_hello",
        .client_streaming = false,
        .server_streaming = false,
        .idempotent = false,
        .request = &golden__services__v1__get_thing_request__info,
        .response = &golden__services__v1__thing__info,
        .no_side_effects = false,
    },
    {
        .name = "Say_hello",
        .path = "/golden.services.v1.EverythingService/Say_hello",
        .client_streaming = false,
        .server_streaming = false,
        .idempotent = false,
        .request = &golden__services__v1__get_thing_request__info,
        .response = &golden__services__v1__thing__info,
        .no_side_effects = false,
    },
    {
        .name = "SayHello__async",
        .path = "/golden.services.v1.EverythingService/SayHello__async",
        .client_streaming = false,
        .server_streaming = false,
        .idempotent = false,
        .request = &golden__services__v1__get_thing_request__info,
        .response = &golden__services__v1__thing__info,
        .no_side_effects = false,
    },
};
static const struct mrpc_invoke golden__services__v1__everything_service__invokes[] = {
    {
        .message = golden__services__v1__everything_service__get_thing__invoke,
        .implemented = golden__services__v1__everything_service__get_thing__implemented,
    },
    {
        .message = golden__services__v1__everything_service__put_thing__invoke,
        .implemented = golden__services__v1__everything_service__put_thing__implemented,
    },
    {
        .message = golden__services__v1__everything_service__watch_things__invoke,
        .implemented = golden__services__v1__everything_service__watch_things__implemented,
    },
    {
        .open = golden__services__v1__everything_service__upload_things__open,
        .message = golden__services__v1__everything_service__upload_things__invoke,
        .half_close = golden__services__v1__everything_service__upload_things__half_close,
        .implemented = golden__services__v1__everything_service__upload_things__implemented,
    },
    {
        .open = golden__services__v1__everything_service__chat_things__open,
        .message = golden__services__v1__everything_service__chat_things__invoke,
        .half_close = golden__services__v1__everything_service__chat_things__half_close,
        .implemented = golden__services__v1__everything_service__chat_things__implemented,
    },
    {
        .message = golden__services__v1__everything_service__register__invoke,
        .implemented = golden__services__v1__everything_service__register__implemented,
    },
    {
        .message = golden__services__v1__everything_service__default__invoke,
        .implemented = golden__services__v1__everything_service__default__implemented,
    },
    {
        .open = golden__services__v1__everything_service__delete__open,
        .message = golden__services__v1__everything_service__delete__invoke,
        .half_close = golden__services__v1__everything_service__delete__half_close,
        .implemented = golden__services__v1__everything_service__delete__implemented,
    },
    {
        .message = golden__services__v1__everything_service__service___invoke,
        .implemented = golden__services__v1__everything_service__service___implemented,
    },
    {
        .message = golden__services__v1__everything_service__skeleton___invoke,
        .implemented = golden__services__v1__everything_service__skeleton___implemented,
    },
    {
        .message = golden__services__v1__everything_service__handlers___invoke,
        .implemented = golden__services__v1__everything_service__handlers___implemented,
    },
    {
        .message = golden__services__v1__everything_service__add_to_server___invoke,
        .implemented = golden__services__v1__everything_service__add_to_server___implemented,
    },
    {
        .message = golden__services__v1__everything_service__say_hello__invoke,
        .implemented = golden__services__v1__everything_service__say_hello__implemented,
    },
    {
        .message = golden__services__v1__everything_service__say_hello___invoke,
        .implemented = golden__services__v1__everything_service__say_hello___implemented,
    },
    {
        .message = golden__services__v1__everything_service__say_hello____invoke,
        .implemented = golden__services__v1__everything_service__say_hello____implemented,
    },
    {
        .message = golden__services__v1__everything_service__say_hello__async___invoke,
        .implemented = golden__services__v1__everything_service__say_hello__async___implemented,
    },
};
const struct mrpc_service golden__services__v1__everything_service__service = {
    .full_name = "golden.services.v1.EverythingService",
    .methods = golden__services__v1__everything_service__methods,
    .method_count = 16,
    .file = &input_2eproto__file,
};
const struct mrpc_skeleton golden__services__v1__everything_service__skeleton = {
    .service = &golden__services__v1__everything_service__service,
    .invokes = golden__services__v1__everything_service__invokes,
};

const struct mrpc_service golden__services__v1__nothing_service__service = {
    .full_name = "golden.services.v1.NothingService",
    .methods = NULL,
    .method_count = 0,
    .file = &input_2eproto__file,
};
const struct mrpc_skeleton golden__services__v1__nothing_service__skeleton = {
    .service = &golden__services__v1__nothing_service__service,
    .invokes = NULL,
};

