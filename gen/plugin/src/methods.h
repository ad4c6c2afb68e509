/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_METHODS_H
#define PLUGIN_METHODS_H

#include "schema.h"

/* A service's methods with their names in C. */

struct method {
    size_t index; /* in the service */
    const Google__Protobuf__MethodDescriptorProto *original;
    const struct schema_type *request;
    const struct schema_type *response;
    const char *comment; /* from the .proto, or NULL */
    char *member;        /* of the handlers struct: "register_" */
    char *function;      /* "foo__registry_service__register" */
    bool client_streaming;
    bool server_streaming;
    bool idempotent;
    bool no_side_effects;
};

struct service {
    const Google__Protobuf__ServiceDescriptorProto *original;
    const char *full_name; /* "foo.RegistryService" */
    char *prefix;          /* "foo__registry_service" */
    const char *comment;
    struct method *methods;
    size_t method_count;
};

void service_init(struct schema *schema, const struct schema_file *file, size_t index, struct service *service);

#endif
