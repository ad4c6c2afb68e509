/* SPDX-License-Identifier: Apache-2.0 */
#include "methods.h"

#include <string.h>

#include "names.h"

enum { FILE_SERVICE = 6, SERVICE_METHOD = 2 }; /* field numbers, for paths of comments */

/* A method's function is the service's prefix and its name in lower case. It must not be one of the names that the
 * service itself has, and neither must what is derived from it (__async, __start, …) be another method's function. */
static bool function_is_free(const struct name_set *taken, struct pool *pool, const char *function)
{
    static const char *const derived[] = {"",         "__async", "__start",      "__send",       "__recv",
                                          "__invoke", "__open",  "__half_close", "__implemented"};
    for (size_t i = 0; i < sizeof(derived) / sizeof(derived[0]); i++) {
        if (name_set_has(taken, pool_printf(pool, "%s%s", function, derived[i]))) {
            return false;
        }
    }
    return true;
}

static void function_take(struct name_set *taken, struct pool *pool, const char *function)
{
    static const char *const derived[] = {"",         "__async", "__start",      "__send",       "__recv",
                                          "__invoke", "__open",  "__half_close", "__implemented"};
    for (size_t i = 0; i < sizeof(derived) / sizeof(derived[0]); i++) {
        name_set_add(taken, pool_printf(pool, "%s%s", function, derived[i]));
    }
}

static void name_method(struct schema *schema, const struct service *service, struct method *method,
                        struct name_set *functions, struct name_set *members)
{
    struct pool *pool = schema->pool;
    method->member = name_lower(pool, method->original->name);
    method->function = pool_printf(pool, "%s__%s", service->prefix, method->member);
    while (name_is_reserved(method->member) || name_set_has(members, method->member)) {
        method->member = pool_printf(pool, "%s_", method->member);
    }
    while (!function_is_free(functions, pool, method->function)) {
        method->function = pool_printf(pool, "%s_", method->function);
    }
    name_set_add(members, method->member);
    function_take(functions, pool, method->function);
}

static void reserve_own_names(struct pool *pool, const struct service *service, struct name_set *functions)
{
    static const char *const own[] = {"service", "skeleton", "handlers", "add_to_server", "methods", "invokes"};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        name_set_add(functions, pool_printf(pool, "%s__%s", service->prefix, own[i]));
    }
}

/* A message and a service may differ in a .proto and have one name in C. */
static void reserve_type_names(struct schema *schema, const struct service *service, struct name_set *functions)
{
    static const char *const made[] = {"init",          "get_packed_size", "pack", "pack_to_buffer", "unpack",
                                       "free_unpacked", "descriptor",      "info", "field_infos"};
    for (size_t i = 0; i < schema->type_count; i++) {
        if (strcmp(schema->types[i].c_lower, service->prefix) != 0) {
            continue;
        }
        for (size_t j = 0; j < sizeof(made) / sizeof(made[0]); j++) {
            name_set_add(functions, pool_printf(schema->pool, "%s__%s", service->prefix, made[j]));
        }
    }
}

static void method_init(struct schema *schema, const Google__Protobuf__MethodDescriptorProto *original,
                        struct method *method)
{
    method->original = original;
    method->request = schema_find_type(schema, original->input_type);
    method->response = schema_find_type(schema, original->output_type);
    method->client_streaming = original->client_streaming;
    method->server_streaming = original->server_streaming;
    Google__Protobuf__MethodOptions__IdempotencyLevel level =
        GOOGLE__PROTOBUF__METHOD_OPTIONS__IDEMPOTENCY_LEVEL__IDEMPOTENCY_UNKNOWN;
    if (original->options && original->options->has_idempotency_level) {
        level = original->options->idempotency_level;
    }
    method->idempotent = level != GOOGLE__PROTOBUF__METHOD_OPTIONS__IDEMPOTENCY_LEVEL__IDEMPOTENCY_UNKNOWN;
    method->no_side_effects = level == GOOGLE__PROTOBUF__METHOD_OPTIONS__IDEMPOTENCY_LEVEL__NO_SIDE_EFFECTS;
}

void service_init(struct schema *schema, const struct schema_file *file, size_t index, struct service *service)
{
    struct pool *pool = schema->pool;
    const Google__Protobuf__ServiceDescriptorProto *original = file->original->service[index];
    const char *package = file->original->package ? file->original->package : "";
    *service = (struct service){.original = original, .method_count = original->n_method};
    service->full_name = pool_printf(pool, "%s%s%s", package, package[0] ? "." : "", original->name);
    service->prefix = name_lower(pool, pool_printf(pool, "%s.%s", schema->c_prefix, service->full_name));
    service->comment = schema_comment(file, (int32_t[]){FILE_SERVICE, (int32_t)index}, 2);
    service->methods = pool_alloc(pool, (original->n_method + 1) * sizeof(*service->methods));
    struct name_set functions;
    struct name_set members;
    name_set_init(&functions, pool);
    name_set_init(&members, pool);
    reserve_own_names(pool, service, &functions);
    reserve_type_names(schema, service, &functions);
    for (size_t i = 0; i < original->n_method; i++) {
        struct method *method = &service->methods[i];
        method->index = i;
        method_init(schema, original->method[i], method);
        method->comment =
            schema_comment(file, (int32_t[]){FILE_SERVICE, (int32_t)index, SERVICE_METHOD, (int32_t)i}, 4);
        name_method(schema, service, method, &functions, &members);
    }
}
