/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/artifact/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "execution/file.h"

enum { PREFIX_BYTES = 24, ALIGNMENT = 64, MAJOR = 1, MINOR = 0 };

static int corrupt(struct fault *fault, const char *what)
{
    return fault_set(fault, MRPC_DATA_LOSS, "artifact: %s", what);
}

static void put(uint8_t *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get(const uint8_t *at, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

static size_t payload_offset(size_t header_bytes)
{
    return (PREFIX_BYTES + header_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void digest_text(const void *bytes, size_t size, char out[ARTIFACT_SHA256_TEXT])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(bytes, size, digest);
    file_hex(digest, sizeof digest, out);
}

int artifact_file_build(API(Artifact) * header, const void *payload, size_t payload_bytes, struct artifact_file *out,
                        struct fault *fault)
{
    size_t header_bytes;
    const char *field = "";
    if (mrpc_encoded_size(API_INFO(artifact), &header->base, &header_bytes, &field) != 0)
        return fault_set(fault, MRPC_INTERNAL, "artifact header: %s", field);
    if (header_bytes > ARTIFACT_HEADER_MAX)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "artifact header of %zu bytes", header_bytes);
    size_t offset = payload_offset(header_bytes), size = offset + payload_bytes + SHA256_DIGEST_LENGTH;
    uint8_t *bytes = calloc(1, size);
    if (!bytes)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    memcpy(bytes, "MLTA", 4);
    put(bytes + 4, MAJOR, 2);
    put(bytes + 6, MINOR, 2);
    put(bytes + 8, header_bytes, 4);
    put(bytes + 16, payload_bytes, 8);
    mrpc_encode(API_INFO(artifact), &header->base, bytes + PREFIX_BYTES);
    if (payload_bytes)
        memcpy(bytes + offset, payload, payload_bytes);
    SHA256(bytes, size - SHA256_DIGEST_LENGTH, bytes + size - SHA256_DIGEST_LENGTH);
    *out = (struct artifact_file){
        .bytes = bytes, .size = size, .payload = bytes + offset, .payload_bytes = payload_bytes, .header = header};
    digest_text(bytes, size, out->sha256);
    return 0;
}

static int check_layout(const uint8_t *bytes, size_t size, size_t *header_bytes, size_t *payload_bytes,
                        struct fault *fault)
{
    if (size < PREFIX_BYTES + SHA256_DIGEST_LENGTH || memcmp(bytes, "MLTA", 4) != 0)
        return corrupt(fault, "not a container");
    if (get(bytes + 4, 2) != MAJOR)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "artifact: container version %u, this server knows %d",
                         (unsigned)get(bytes + 4, 2), MAJOR);
    uint64_t header = get(bytes + 8, 4), payload = get(bytes + 16, 8);
    if (header > ARTIFACT_HEADER_MAX || payload > size ||
        payload_offset(header) + payload + SHA256_DIGEST_LENGTH != size)
        return corrupt(fault, "its lengths do not agree");
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(bytes, size - sizeof digest, digest);
    if (memcmp(digest, bytes + size - sizeof digest, sizeof digest) != 0)
        return corrupt(fault, "its checksum does not agree");
    *header_bytes = header;
    *payload_bytes = payload;
    return 0;
}

int artifact_file_open(void *bytes, size_t size, struct mrpc_arena *arena, struct artifact_file *out,
                       struct fault *fault)
{
    size_t header_bytes = 0, payload_bytes = 0;
    API(Artifact) * header;
    int code = check_layout(bytes, size, &header_bytes, &payload_bytes, fault);
    if (!code)
        code = api_decode(API_INFO(artifact), (char *)bytes + PREFIX_BYTES, header_bytes, arena, &header, fault);
    if (code) {
        free(bytes);
        return code;
    }
    *out = (struct artifact_file){.bytes = bytes,
                                  .size = size,
                                  .payload = (char *)bytes + payload_offset(header_bytes),
                                  .payload_bytes = payload_bytes,
                                  .header = header};
    digest_text(bytes, size, out->sha256);
    return 0;
}

void artifact_file_fini(struct artifact_file *file)
{
    free(file->bytes);
    *file = (struct artifact_file){.bytes = NULL};
}

int artifact_file_read(const char *folder, const char *sha256, struct mrpc_arena *arena, struct artifact_file *out,
                       struct fault *fault)
{
    char path[FILE_PATH_BYTES];
    void *bytes;
    size_t size;
    int code = file_path(folder, sha256, ".mlta", path, fault);
    if (!code)
        code = file_read(path, &bytes, &size, fault);
    if (!code)
        code = artifact_file_open(bytes, size, arena, out, fault);
    if (code)
        return code;
    if (strcmp(out->sha256, sha256) == 0)
        return 0;
    artifact_file_fini(out);
    return corrupt(fault, "the file is not what its name says");
}

int artifact_file_write(const char *folder, const struct artifact_file *file, struct fault *fault)
{
    char path[FILE_PATH_BYTES];
    int code = file_path(folder, file->sha256, ".mlta", path, fault);
    return code ? code : file_write_durable(folder, path, file->bytes, file->size, fault);
}
