/* SPDX-License-Identifier: Apache-2.0 */

#include "tls/operations.h"

#include <stdlib.h>

static const struct tls_operations *of_tls(const struct mrpc_tls *tls)
{
    return ((const struct tls_head *)(const void *)tls)->operations;
}

static const struct tls_operations *of(const struct mrpc_tls_stream *stream)
{
    return ((const struct tls_head *)(const void *)stream)->operations;
}

int mrpc_tls_stream_new(struct mrpc_tls *tls, int fd, const char *server_name, struct mrpc_tls_stream **out)
{
    return of_tls(tls)->open(tls, fd, server_name, out);
}

void mrpc_tls_stream_free(struct mrpc_tls_stream *stream)
{
    if (stream != NULL)
        of(stream)->free(stream);
}

int mrpc_tls_stream_handshake(struct mrpc_tls_stream *stream)
{
    return of(stream)->handshake(stream);
}

ssize_t mrpc_tls_stream_read(struct mrpc_tls_stream *stream, void *bytes, size_t size)
{
    return of(stream)->read(stream, bytes, size);
}

ssize_t mrpc_tls_stream_write(struct mrpc_tls_stream *stream, const void *bytes, size_t size)
{
    return of(stream)->write(stream, bytes, size);
}

bool mrpc_tls_stream_pending(const struct mrpc_tls_stream *stream)
{
    return of(stream)->pending(stream);
}

void mrpc_tls_stream_shutdown(struct mrpc_tls_stream *stream)
{
    of(stream)->shutdown(stream);
}

const char *mrpc_tls_stream_why(const struct mrpc_tls_stream *stream)
{
    return of(stream)->why(stream);
}

bool mrpc_tls_stream_describe(const struct mrpc_tls_stream *stream, struct tls_description *out)
{
    return of(stream)->describe(stream, out);
}

bool mrpc_tls_stream_peer_name(const struct mrpc_tls_stream *stream, char *name, size_t name_bytes)
{
    return of(stream)->peer_name(stream, name, name_bytes);
}

void mrpc_tls_stream_allow_http1(struct mrpc_tls_stream *stream)
{
    of(stream)->allow_http1(stream);
}

bool mrpc_tls_stream_http1(const struct mrpc_tls_stream *stream)
{
    return of(stream)->http1(stream);
}

void mrpc_tls_description_free(struct tls_description *description)
{
    free(description->own.bytes);
    free(description->peer.bytes);
}
