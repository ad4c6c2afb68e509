/* SPDX-License-Identifier: Apache-2.0 */
#include "subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "text.h"

extern char **environ;

struct child {
    pid_t pid;
    int in;  /* we write */
    int out; /* we read */
};

static void close_pair(int pair[2])
{
    close(pair[0]);
    close(pair[1]);
}

static int child_start(const char *program, struct child *child)
{
    int in[2];
    int out[2];
    if (pipe2(in, O_CLOEXEC)) {
        return -1;
    }
    if (pipe2(out, O_CLOEXEC)) {
        close_pair(in);
        return -1;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    char *arguments[] = {(char *)program, NULL};
    int error = posix_spawnp(&child->pid, program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    if (error) {
        close(in[1]);
        close(out[0]);
        errno = error;
        return -1;
    }
    child->in = in[1];
    child->out = out[0];
    return 0;
}

/* Read what is there. False at the end. */
static bool child_read(struct child *child, struct text *output)
{
    char bytes[16384];
    ssize_t size = read(child->out, bytes, sizeof(bytes));
    if (size > 0) {
        text_bytes(output, bytes, (size_t)size);
    }
    return size > 0 || (size < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Write what fits and close the pipe after the last byte, or when the child has stopped to read. */
static void child_write(struct child *child, const uint8_t **input, size_t *size)
{
    ssize_t written = write(child->in, *input, *size);
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) {
        return;
    }
    *input += written > 0 ? written : 0;
    *size = written > 0 ? *size - (size_t)written : 0;
    if (*size == 0) {
        close(child->in);
        child->in = -1;
    }
}

static void child_converse(struct child *child, const uint8_t *input, size_t size, struct text *output)
{
    fcntl(child->in, F_SETFL, O_NONBLOCK);
    bool open = true;
    while (open) {
        struct pollfd fds[] = {{.fd = child->out, .events = POLLIN}, {.fd = child->in, .events = POLLOUT}};
        if (poll(fds, 2, -1) < 0 && errno != EINTR) {
            break;
        }
        if (child->in >= 0 && fds[1].revents) {
            child_write(child, &input, &size);
        }
        if (fds[0].revents) {
            open = child_read(child, output);
        }
    }
    if (child->in >= 0) {
        close(child->in);
    }
    close(child->out);
}

int subprocess_run(struct pool *pool, const char *program, const uint8_t *input, size_t input_size, uint8_t **output,
                   size_t *output_size)
{
    struct child child;
    if (child_start(program, &child)) {
        return -1;
    }
    struct text text;
    text_init(&text, pool);
    void (*old)(int) = signal(SIGPIPE, SIG_IGN);
    child_converse(&child, input, input_size, &text);
    signal(SIGPIPE, old);
    int status = 0;
    while (waitpid(child.pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    *output = (uint8_t *)text.bytes;
    *output_size = text.size;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
