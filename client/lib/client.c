/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A server that comes back is found within a second, for leases are short; what tries again by itself pauses by
 * itself. */
enum { TIMEOUT_MS = 30000, RECEIVE_BYTES = 64 << 20, BACKOFF_BASE_MS = 100, BACKOFF_MOST_MS = 1000 };

void client_copy_options(void *to, size_t to_bytes, const void *from, size_t from_bytes)
{
    memset(to, 0, to_bytes);
    memcpy(to, from, from_bytes < to_bytes ? from_bytes : to_bytes);
}

static int open_tls(struct mlt_client *client, const struct mlt_client_options *options, struct mlt_error *error)
{
    if (!options->tls && !options->tls_ca_file && !options->tls_certificate_file)
        return 0;
    struct mrpc_tls_options tls = {
        .struct_bytes = sizeof tls,
        .ca_file = options->tls_ca_file,
        .certificate_file = options->tls_certificate_file,
        .key_file = options->tls_key_file,
        .server_name = options->tls_server_name,
    };
    char why[256] = "";
    if (mrpc_tls_client_new(&tls, &client->tls, why, sizeof why) != 0)
        return client_fail_text(error, MRPC_INVALID_ARGUMENT, "TLS: %s", why);
    return 0;
}

enum { TOKEN_BYTES = 4096 };

/* The one word of a file. */
static int read_token(const char *path, char token[TOKEN_BYTES], struct mlt_error *error)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return client_fail_text(error, MRPC_INVALID_ARGUMENT, "token_file: %s: %s", path, strerror(errno));
    size_t size = fread(token, 1, TOKEN_BYTES - 1, file);
    fclose(file);
    token[size] = '\0';
    size_t length = strcspn(token, " \t\r\n");
    if (length == 0 || length == TOKEN_BYTES - 1 || length + strspn(token + length, " \t\r\n") != size)
        return client_fail_text(error, MRPC_INVALID_ARGUMENT, "token_file: %s: not one token", path);
    token[length] = '\0';
    return 0;
}

static int open_channel(struct mlt_client *client, const char *target, const struct mlt_client_options *options,
                        struct mlt_error *error)
{
    struct mrpc_channel_options channel = {
        .struct_bytes = sizeof channel,
        .tls = client->tls,
        .bearer_token = options->token,
        .user_agent = "libmltrainer/" MRPC_VERSION,
        .receive_message_bytes = RECEIVE_BYTES,
        .backoff_base_ms = BACKOFF_BASE_MS,
        .backoff_max_ms = BACKOFF_MOST_MS,
    };
    int failed = mrpc_channel_new(target, &channel, &client->channel);
    return failed ? client_fail_text(error, MRPC_INVALID_ARGUMENT, "target \"%s\": %s", target, mrpc_error_text(failed))
                  : 0;
}

int mlt_client_new(const char *target, const struct mlt_client_options *options, struct mlt_client **out,
                   struct mlt_error *error)
{
    struct mlt_client_options known = {0};
    if (options)
        client_copy_options(&known, sizeof known, options, options->struct_bytes);
    char token[TOKEN_BYTES];
    if (known.token_file && read_token(known.token_file, token, error) != 0)
        return MRPC_INVALID_ARGUMENT;
    if (known.token_file)
        known.token = token;
    struct mlt_client *client = calloc(1, sizeof *client);
    if (!client)
        return client_fail_text(error, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    client->timeout_ms = known.timeout_ms > 0 ? known.timeout_ms : TIMEOUT_MS;
    int code = open_tls(client, &known, error);
    if (!code)
        code = open_channel(client, target, &known, error);
    if (code) {
        mlt_client_free(client);
        return code;
    }
    *out = client;
    return 0;
}

void mlt_client_free(struct mlt_client *client)
{
    if (!client)
        return;
    mrpc_channel_free(client->channel);
    mrpc_tls_free(client->tls);
    free(client);
}

struct mrpc_call_options client_call_options(const struct mlt_client *client)
{
    return (struct mrpc_call_options){.struct_bytes = sizeof(struct mrpc_call_options),
                                      .timeout_ms = client->timeout_ms};
}
