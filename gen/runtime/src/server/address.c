/* SPDX-License-Identifier: Apache-2.0 */

#include "server/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <mrpc/error.h>

#define BACKLOG 1024

static int error_of_errno(void)
{
    if (errno == EADDRINUSE)
        return MRPC_ERR_IN_USE;
    return errno == EADDRNOTAVAIL || errno == EACCES || errno == ENOENT ? MRPC_ERR_ADDRESS : MRPC_ERR_SYSTEM;
}

static int listen_on(const struct sockaddr *address, socklen_t length, int *out)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return MRPC_ERR_SYSTEM;
    int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, address, length) != 0 || listen(fd, BACKLOG) != 0) {
        int error = error_of_errno();
        int saved = errno;
        close(fd);
        errno = saved;
        return error;
    }
    *out = fd;
    return 0;
}

/* A socket file that nobody listens on is what a server that was killed leaves behind. */
static void remove_if_stale(const struct sockaddr_un *address, socklen_t length)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)address, length) != 0 && errno == ECONNREFUSED)
        (void)unlink(address->sun_path);
    close(fd);
}

static int listen_unix(const char *name, bool abstract, int *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(name);
    if (size == 0 || size + 1 >= sizeof(address.sun_path))
        return MRPC_ERR_ADDRESS;
    memcpy(address.sun_path + (abstract ? 1 : 0), name, size);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1);
    if (!abstract)
        remove_if_stale(&address, length);
    return listen_on((const struct sockaddr *)&address, length, out);
}

static int listen_inherited(const char *number, int *out)
{
    char *end;
    long fd = strtol(number, &end, 10);
    int listening = 0;
    socklen_t size = sizeof(listening);
    if (*number == '\0' || *end != '\0' || fd < 0 || fd > 1 << 20 ||
        getsockopt((int)fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || !listening)
        return MRPC_ERR_ADDRESS;
    int flags = fcntl((int)fd, F_GETFL);
    if (flags < 0 || fcntl((int)fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl((int)fd, F_SETFD, FD_CLOEXEC) != 0)
        return MRPC_ERR_SYSTEM;
    *out = (int)fd;
    return 0;
}

/* "HOST:PORT" or "[V6]:PORT" into its parts, in place. */
static bool split_host_port(char *text, char **host, char **port)
{
    char *colon = strrchr(text, ':');
    if (colon == NULL || colon[1] == '\0')
        return false;
    *colon = '\0';
    *port = colon + 1;
    *host = text;
    if (*text == '[') {
        if (colon == text || colon[-1] != ']')
            return false;
        colon[-1] = '\0';
        *host = text + 1;
    } else if (strchr(text, ':') != NULL) {
        return false;
    }
    return strspn(*port, "0123456789") == strlen(*port) && strlen(*port) <= 5 && atoi(*port) <= 65535;
}

static int listen_inet(const char *address, int *out)
{
    char text[256];
    char *host, *port;
    if (strlen(address) >= sizeof(text))
        return MRPC_ERR_ADDRESS;
    strcpy(text, address);
    if (!split_host_port(text, &host, &port))
        return MRPC_ERR_ADDRESS;
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    if (getaddrinfo(*host != '\0' ? host : NULL, port, &hints, &found) != 0)
        return MRPC_ERR_ADDRESS;
    int error = MRPC_ERR_ADDRESS;
    for (struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        error = listen_on(at->ai_addr, at->ai_addrlen, out);
        if (error == 0 || error == MRPC_ERR_IN_USE)
            break;
    }
    freeaddrinfo(found);
    return error;
}

int mrpc_address_listen(const char *address, int *fd)
{
    if (strncmp(address, "unix:", 5) == 0)
        return listen_unix(address + 5, false, fd);
    if (strncmp(address, "unix-abstract:", 14) == 0)
        return listen_unix(address + 14, true, fd);
    if (strncmp(address, "fd:", 3) == 0)
        return listen_inherited(address + 3, fd);
    return listen_inet(address, fd);
}

static void format_unix(const struct sockaddr_un *address, socklen_t length, char *text, size_t text_bytes)
{
    size_t path = offsetof(struct sockaddr_un, sun_path);
    if (length > path + 1 && address->sun_path[0] == '\0')
        (void)snprintf(text, text_bytes, "unix-abstract:%.*s", (int)strnlen(address->sun_path + 1, length - path - 1),
                       address->sun_path + 1);
    else if (length > path)
        (void)snprintf(text, text_bytes, "unix:%.*s", (int)strnlen(address->sun_path, length - path),
                       address->sun_path);
    else
        (void)snprintf(text, text_bytes, "unix:");
}

void mrpc_address_format(const struct sockaddr *address, socklen_t length, char *text, size_t text_bytes)
{
    char host[INET6_ADDRSTRLEN] = "";
    if (address->sa_family == AF_UNIX) {
        format_unix((const struct sockaddr_un *)address, length, text, text_bytes);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
        (void)snprintf(text, text_bytes, "[%s]:%u", host, ntohs(in6->sin6_port));
    } else {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
        (void)snprintf(text, text_bytes, "%s:%u", host, ntohs(in->sin_port));
    }
}
