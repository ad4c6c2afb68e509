/* SPDX-License-Identifier: Apache-2.0 */
#include "messages.h"

#include <errno.h>
#include <string.h>

bool messages_generate(struct schema *schema, const char *program,
                       Google__Protobuf__Compiler__CodeGeneratorResponse *response)
{
    size_t size = google__protobuf__compiler__code_generator_request__get_packed_size(schema->rewritten);
    uint8_t *request = pool_alloc(schema->pool, size + 1);
    google__protobuf__compiler__code_generator_request__pack(schema->rewritten, request);
    uint8_t *bytes = NULL;
    size_t bytes_size = 0;
    int status = subprocess_run(schema->pool, program, request, size, &bytes, &bytes_size);
    if (status < 0) {
        return schema_fail(schema, "%s cannot be run: %s", program, strerror(errno));
    }
    if (status != 0) {
        return schema_fail(schema, "%s ended with status %d", program, status);
    }
    Google__Protobuf__Compiler__CodeGeneratorResponse *answer =
        google__protobuf__compiler__code_generator_response__unpack(&schema->pool->allocator, bytes_size, bytes);
    if (!answer) {
        return schema_fail(schema, "%s wrote something that is not a CodeGeneratorResponse", program);
    }
    if (answer->error) {
        return schema_fail(schema, "%s: %s", program, answer->error);
    }
    response->file = answer->file;
    response->n_file = answer->n_file;
    return true;
}
