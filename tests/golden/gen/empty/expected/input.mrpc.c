/* Made by protoc-gen-mrpc-c from input.proto. Do not edit. */
#include "input.mrpc.h"

static const uint8_t input_2eproto__descriptor_bytes[] = {
    0x0a,0x0b,0x69,0x6e,0x70,0x75,0x74,0x2e,0x70,0x72,0x6f,0x74,0x6f,0x62,0x06,0x70,0x72,0x6f,0x74,0x6f,
    0x33,
};
const struct mrpc_file input_2eproto__file = {
    .name = "input.proto",
    .descriptor = input_2eproto__descriptor_bytes,
    .descriptor_bytes = 21,
    .dependencies = NULL,
    .dependency_count = 0,
    .symbols = NULL,
    .symbol_count = 0,
};

