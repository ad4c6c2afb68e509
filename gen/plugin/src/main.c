/* SPDX-License-Identifier: Apache-2.0 */
/* protoc-gen-mrpc-c: what protoc starts for --mrpc-c_out. A CodeGeneratorRequest comes on stdin, a
 * CodeGeneratorResponse goes to stdout. Faults of the schema are reported in the response (exit 0), as protoc wants it;
 * input that is no request, and output that cannot be written, end with a message on stderr and exit 1.
 *
 *     request -> schema (index) -> rewrite -> protoc-gen-c (F.pb-c.*) -> emit (F.mrpc.*) -> response
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "messages.h"
#include "rewrite.h"
#include "schema.h"

/* Parameters, comma-separated:
 *     c_prefix=mrpc.priv       a package that C names are put under: Mrpc__Priv__Google__Rpc__Status. Names on the
 *                              wire and in reflection stay.
 *     protoc_gen_c=PATH        instead of protoc-gen-c from PATH                                          */
struct parameters {
    const char *c_prefix;
    const char *protoc_gen_c;
};

static bool prefix_is_valid(const char *prefix)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_.";
    return prefix[0] >= 'a' && prefix[0] <= 'z' && prefix[strspn(prefix, allowed)] == '\0' && strlen(prefix) <= 32;
}

static bool parameters_read(struct schema *schema, struct parameters *parameters)
{
    *parameters = (struct parameters){.c_prefix = "", .protoc_gen_c = "protoc-gen-c"};
    char *rest = pool_strdup(schema->pool, schema->original->parameter ? schema->original->parameter : "");
    for (char *item = strtok_r(rest, ",", &rest); item; item = strtok_r(NULL, ",", &rest)) {
        char *value = strchr(item, '=');
        if (!value) {
            return schema_fail(schema, "parameter \"%s\" has no value", item);
        }
        *value++ = '\0';
        if (strcmp(item, "c_prefix") == 0 && prefix_is_valid(value)) {
            parameters->c_prefix = value;
        } else if (strcmp(item, "protoc_gen_c") == 0 && value[0]) {
            parameters->protoc_gen_c = value;
        } else {
            return schema_fail(schema, "parameter \"%s=%s\" is unknown or not valid", item, value);
        }
    }
    return true;
}

static Google__Protobuf__Compiler__CodeGeneratorResponse__File *make_file(struct schema *schema, const char *stem,
                                                                          const char *ending, const struct text *text)
{
    Google__Protobuf__Compiler__CodeGeneratorResponse__File *file = pool_alloc(schema->pool, sizeof(*file));
    google__protobuf__compiler__code_generator_response__file__init(file);
    file->name = pool_printf(schema->pool, "%s%s", stem, ending);
    file->content = text->bytes;
    return file;
}

/* Add F.mrpc.h and F.mrpc.c for every file asked for. */
static void add_own_files(struct schema *schema, Google__Protobuf__Compiler__CodeGeneratorResponse *response)
{
    size_t capacity = response->n_file + 2 * schema->file_count;
    Google__Protobuf__Compiler__CodeGeneratorResponse__File **files =
        pool_alloc(schema->pool, (capacity + 1) * sizeof(*files));
    if (response->n_file > 0) {
        memcpy(files, response->file, response->n_file * sizeof(*files));
    }
    response->file = files;
    for (size_t i = 0; i < schema->file_count; i++) {
        const struct schema_file *file = &schema->files[i];
        if (!file->generate) {
            continue;
        }
        struct text text;
        text_init(&text, schema->pool);
        emit_header(schema, file, &text);
        files[response->n_file++] = make_file(schema, file->stem, ".mrpc.h", &text);
        text_init(&text, schema->pool);
        emit_source(schema, file, &text);
        files[response->n_file++] = make_file(schema, file->stem, ".mrpc.c", &text);
    }
}

static bool generate(struct schema *schema, Google__Protobuf__Compiler__CodeGeneratorResponse *response)
{
    struct parameters parameters;
    if (!parameters_read(schema, &parameters)) {
        return false;
    }
    schema->c_prefix = parameters.c_prefix;
    if (!schema_index(schema) || !rewrite_request(schema) ||
        !messages_generate(schema, parameters.protoc_gen_c, response)) {
        return false;
    }
    add_own_files(schema, response);
    return true;
}

static bool read_all(FILE *file, struct text *out)
{
    char bytes[65536];
    size_t size;
    while ((size = fread(bytes, 1, sizeof(bytes), file)) > 0) {
        text_bytes(out, bytes, size);
    }
    return !ferror(file);
}

static bool write_response(struct pool *pool, const Google__Protobuf__Compiler__CodeGeneratorResponse *response)
{
    size_t size = google__protobuf__compiler__code_generator_response__get_packed_size(response);
    uint8_t *bytes = pool_alloc(pool, size + 1);
    google__protobuf__compiler__code_generator_response__pack(response, bytes);
    return fwrite(bytes, 1, size, stdout) == size && fflush(stdout) == 0;
}

static int run(struct pool *pool)
{
    struct text input;
    struct schema schema;
    text_init(&input, pool);
    if (!read_all(stdin, &input)) {
        fprintf(stderr, "protoc-gen-mrpc-c: stdin cannot be read: %s\n", strerror(errno));
        return 1;
    }
    if (!schema_read(&schema, pool, (const uint8_t *)input.bytes, input.size)) {
        fprintf(stderr, "protoc-gen-mrpc-c: %s (this program is started by protoc, with --mrpc-c_out)\n", schema.error);
        return 1;
    }
    Google__Protobuf__Compiler__CodeGeneratorResponse response;
    google__protobuf__compiler__code_generator_response__init(&response);
    response.has_supported_features = 1;
    response.supported_features = GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__FEATURE__FEATURE_PROTO3_OPTIONAL;
    if (!generate(&schema, &response)) {
        response.error = schema.error;
        response.n_file = 0;
    }
    if (!write_response(pool, &response)) {
        fprintf(stderr, "protoc-gen-mrpc-c: stdout cannot be written: %s\n", strerror(errno));
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("protoc-gen-mrpc-c %s\n", PLUGIN_VERSION);
        return 0;
    }
    struct pool pool;
    pool_init(&pool);
    int status = run(&pool);
    pool_fini(&pool);
    return status;
}
