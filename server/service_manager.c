/* SPDX-License-Identifier: Apache-2.0 */
#include "service_manager.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS_MAX = 32 };

/* -1 when it is not a number. */
static long number_of(const char *text)
{
    char *end;
    if (!text || !*text)
        return -1;
    long number = strtol(text, &end, 10);
    return *end ? -1 : number;
}

unsigned service_manager_sockets(void)
{
    bool ours = number_of(getenv("LISTEN_PID")) == (long)getpid();
    long count = number_of(getenv("LISTEN_FDS"));
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    if (!ours || count <= 0 || count > SOCKETS_MAX)
        return 0;
    for (int fd = SERVICE_MANAGER_FIRST_FD; fd < SERVICE_MANAGER_FIRST_FD + count; fd++)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    return (unsigned)count;
}

int64_t service_manager_watchdog_ms(void)
{
    const char *whose = getenv("WATCHDOG_PID");
    bool ours = !whose || number_of(whose) == (long)getpid();
    long wait_us = number_of(getenv("WATCHDOG_USEC"));
    return ours && wait_us > 0 ? wait_us / 2000 + (wait_us < 2000) : 0;
}

void service_manager_reloading(void)
{
    char state[64];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    service_manager_notify(state);
}

void service_manager_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path || !*path || strlen(path) >= sizeof address.sun_path)
        return;
    memcpy(address.sun_path, path, strlen(path));
    if (*path == '@')
        address.sun_path[0] = 0; /* an abstract name */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address, size);
    close(fd);
}
