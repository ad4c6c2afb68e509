/* Made by protoc-gen-mrpc-c from 2dir/odd-name.v1.proto. Do not edit. */
#include "2dir/odd-name.v1.mrpc.h"

const struct mrpc_message_info odd__info = {
    .descriptor = &odd__descriptor,
    .full_name = "Odd",
    .wellknown = MRPC_WELLKNOWN_NONE,
    .fields = NULL,
};

static const uint8_t _2dir_2fodd_2dname_2ev1_2eproto__descriptor_bytes[] = {
    0x0a,0x16,0x32,0x64,0x69,0x72,0x2f,0x6f,0x64,0x64,0x2d,0x6e,0x61,0x6d,0x65,0x2e,0x76,0x31,0x2e,0x70,
    0x72,0x6f,0x74,0x6f,0x22,0x05,0x0a,0x03,0x4f,0x64,0x64,0x62,0x06,0x70,0x72,0x6f,0x74,0x6f,0x33,
};
static const char *const _2dir_2fodd_2dname_2ev1_2eproto__symbols[] = {
    "Odd",
};
const struct mrpc_file _2dir_2fodd_2dname_2ev1_2eproto__file = {
    .name = "2dir/odd-name.v1.proto",
    .descriptor = _2dir_2fodd_2dname_2ev1_2eproto__descriptor_bytes,
    .descriptor_bytes = 39,
    .dependencies = NULL,
    .dependency_count = 0,
    .symbols = _2dir_2fodd_2dname_2ev1_2eproto__symbols,
    .symbol_count = 1,
};

