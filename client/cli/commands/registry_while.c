/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/registry_while.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

extern char **environ;

static const int passed[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH};

static int start(struct registry_while *stay, char **command)
{
    sigset_t none;
    posix_spawnattr_t attributes;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    pid_t child = 0;
    int error = posix_spawnp(&child, command[0], NULL, &attributes, command, environ);
    posix_spawnattr_destroy(&attributes);
    if (error)
        return cli_failed("%s: %s", command[0], strerror(error));
    stay->child = (int)child;
    stay->child_fd = (int)syscall(SYS_pidfd_open, child, 0);
    if (stay->child_fd >= 0)
        return 0;
    error = errno;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return cli_failed("%s cannot be waited for: %s", command[0], strerror(error));
}

int registry_while_begin(struct registry_while *stay, char **command)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < (command ? sizeof passed / sizeof *passed : 2); i++)
        sigaddset(&set, passed[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    *stay = (struct registry_while){.signals = signalfd(-1, &set, SFD_CLOEXEC), .child_fd = -1};
    if (stay->signals < 0)
        return cli_failed("signals cannot be waited for: %s", strerror(errno));
    return command ? start(stay, command) : 0;
}

/* The terminal's own signals go to its whole foreground group, and so to the command. */
static void pass_on(const struct registry_while *stay)
{
    struct signalfd_siginfo info;
    if (read(stay->signals, &info, sizeof info) == (ssize_t)sizeof info && info.ssi_code != SI_KERNEL)
        kill(stay->child, (int)info.ssi_signo);
}

static void take_status(struct registry_while *stay)
{
    int status = 0;
    waitpid(stay->child, &status, 0);
    stay->child = 0;
    stay->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int registry_while_wait(struct registry_while *stay, int64_t ms)
{
    int64_t until_ms = now_ms() + ms;
    for (;;) {
        struct pollfd fds[2] = {{stay->signals, POLLIN, 0}, {stay->child_fd, POLLIN, 0}};
        int64_t left_ms = until_ms - now_ms();
        if (poll(fds, 2, (int)(left_ms < 0 ? 0 : left_ms)) == 0)
            return true;
        if (fds[0].revents && !stay->child)
            return false;
        if (fds[0].revents)
            pass_on(stay);
        if (fds[1].revents) {
            take_status(stay);
            return false;
        }
    }
}

void registry_while_end(struct registry_while *stay)
{
    close(stay->signals);
    if (stay->child_fd >= 0)
        close(stay->child_fd);
}
