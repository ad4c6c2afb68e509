/* SPDX-License-Identifier: Apache-2.0 */

#include <mrpc/authentication.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mrpc/interceptor.h>

struct mrpc_authentication {
    struct mrpc_authentication_options options;
};

int mrpc_authentication_new(const struct mrpc_authentication_options *options, struct mrpc_authentication **out)
{
    struct mrpc_authentication *authentication = calloc(1, sizeof(*authentication));
    if (authentication == NULL)
        return MRPC_ERR_NOMEM;
    size_t known = options->struct_bytes;
    size_t all = sizeof(authentication->options);
    memcpy(&authentication->options, options, known == 0 || known > all ? all : known);
    *out = authentication;
    return 0;
}

void mrpc_authentication_free(struct mrpc_authentication *authentication)
{
    free(authentication);
}

static int started(void *self, void *state, struct mrpc_call *call)
{
    const struct mrpc_authentication_options *options = &((struct mrpc_authentication *)self)->options;
    if (options->authenticate != NULL) {
        struct mrpc_identity identity = *mrpc_call_identity(call);
        int code = options->authenticate(options->arg, call, &identity);
        if (code != 0)
            return code;
        mrpc_call_set_identity(call, &identity);
    }
    return options->authorize != NULL ? options->authorize(options->arg, call) : 0;
}

static const struct mrpc_interceptor interceptor = {
    .struct_bytes = sizeof(interceptor),
    .name = "authentication",
    .started = started,
    .forget = mrpc_interceptor_forgets,
};

int mrpc_authentication_add_to_server(struct mrpc_authentication *authentication, struct mrpc_server *server)
{
    return mrpc_server_add_interceptor(server, &interceptor, authentication);
}

/* b64token of RFC 6750: 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=" */
static bool is_token(const char *text)
{
    size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/");
    size_t padding = strspn(text + length, "=");
    return length > 0 && text[length + padding] == '\0';
}

const char *mrpc_call_bearer_token(const struct mrpc_call *call)
{
    static const char scheme[] = "Bearer ";
    const struct mrpc_metadata *metadata = mrpc_call_request_metadata(call);
    const struct mrpc_metadatum *found = mrpc_metadata_find(metadata, "authorization");
    if (found == NULL || strncasecmp(found->value, scheme, sizeof(scheme) - 1) != 0)
        return NULL;
    for (const struct mrpc_metadatum *at = found + 1; at < metadata->entries + metadata->count; at++)
        if (strcmp(at->key, "authorization") == 0)
            return NULL;   /* which one counts? */
    const char *token = found->value + sizeof(scheme) - 1;
    token += strspn(token, " ");
    return is_token(token) ? token : NULL;
}
