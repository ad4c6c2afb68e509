/* SPDX-License-Identifier: Apache-2.0 */

/* OpenSSL's own socket BIO writes with write(2), which raises SIGPIPE when the peer has gone. A library must not change
 * the signal dispositions of the program, so this BIO sends with MSG_NOSIGNAL. */

#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>

#include "tls/context.h"

static int retry_or_fail(BIO *bio, int retry_flag)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        BIO_set_flags(bio, retry_flag | BIO_FLAGS_SHOULD_RETRY);
    return -1;
}

static int socket_read(BIO *bio, char *bytes, int size)
{
    const struct tls_socket *source = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (source->cut)
        return -1;
    ssize_t n = recv(source->fd, bytes, (size_t)size, 0);
    if (n == 0)
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return n >= 0 ? (int)n : retry_or_fail(bio, BIO_FLAGS_READ);
}

static int socket_write(BIO *bio, const char *bytes, int size)
{
    const struct tls_socket *sink = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t n = send(sink->fd, bytes, (size_t)size, MSG_NOSIGNAL);
    return n >= 0 ? (int)n : retry_or_fail(bio, BIO_FLAGS_WRITE);
}

static long socket_control(BIO *bio, int command, long number, void *pointer)
{
    if (command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP)
        return 1;
    if (command == BIO_CTRL_EOF)
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    return 0;
}

static int socket_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

BIO_METHOD *mrpc_tls_socket_method_new(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "mrpc socket");
    if (method == NULL)
        return NULL;
    BIO_meth_set_read(method, socket_read);
    BIO_meth_set_write(method, socket_write);
    BIO_meth_set_ctrl(method, socket_control);
    BIO_meth_set_create(method, socket_create);
    return method;
}
