/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool/process/worker.h"

#define ENVIRONMENT_MAX 16

/* What of our own environment a worker gets: how sanitizers behave, nothing else. */
static const char *const passed_on[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"};

struct environment {
    char texts[ENVIRONMENT_MAX][256];
    char *pointers[ENVIRONMENT_MAX + 1];
    size_t count;
};

__attribute__((format(printf, 2, 3))) static void add(struct environment *environment, const char *format, ...)
{
    va_list args;

    if (environment->count == ENVIRONMENT_MAX)
        return;
    char *text = environment->texts[environment->count];
    va_start(args, format);
    vsnprintf(text, sizeof(environment->texts[0]), format, args);
    va_end(args);
    environment->pointers[environment->count++] = text;
    environment->pointers[environment->count] = NULL;
}

static void fill(struct environment *environment, unsigned threads)
{
    *environment = (struct environment){0};
    add(environment, "LANG=C.UTF-8");
    add(environment, "OPENBLAS_NUM_THREADS=%u", threads);
    add(environment, "OMP_NUM_THREADS=%u", threads);
    add(environment, "OMP_WAIT_POLICY=PASSIVE"); /* idle threads sleep: other workers need the core */
    for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
        if (getenv(passed_on[i]))
            add(environment, "%s=%s", passed_on[i], getenv(passed_on[i]));
}

/* stdin nothing, stdout and stderr the pipe, then the descriptors of enum worker_fd, and not one more. The sources are
 * above them all (see lift() in worker.c), so no step overwrites what a later one needs. */
static int add_actions(posix_spawn_file_actions_t *actions, int socket, int control, int input, int output, int errors)
{
    int error = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    error = error ? error : posix_spawn_file_actions_adddup2(actions, errors, STDOUT_FILENO);
    error = error ? error : posix_spawn_file_actions_adddup2(actions, errors, STDERR_FILENO);
    error = error ? error : posix_spawn_file_actions_adddup2(actions, socket, WORKER_FD_SOCKET);
    error = error ? error : posix_spawn_file_actions_adddup2(actions, control, WORKER_FD_CONTROL);
    error = error ? error : posix_spawn_file_actions_adddup2(actions, input, WORKER_FD_INPUT);
    error = error ? error : posix_spawn_file_actions_adddup2(actions, output, WORKER_FD_OUTPUT);
    error = error ? error : posix_spawn_file_actions_addclosefrom_np(actions, WORKER_FD_END);
    return error ? error : posix_spawn_file_actions_addchdir_np(actions, "/");
}

/* All signals at their defaults and unblocked, in a process group of its own. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    int error = posix_spawnattr_setflags(attributes,
                                         POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    error = error ? error : posix_spawnattr_setsigmask(attributes, &none);
    error = error ? error : posix_spawnattr_setsigdefault(attributes, &all);
    return error ? error : posix_spawnattr_setpgroup(attributes, 0);
}

int spawn_process(const struct process_pool_options *options, int socket, int control, int input, int output,
                  int errors, pid_t *pid)
{
    char self[16];
    char *arguments[] = {"mltrainer-worker", "--serve", self, NULL};
    struct environment environment;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;

    snprintf(self, sizeof(self), "%d", (int)getpid());
    fill(&environment, options->threads_per_task);
    if (posix_spawn_file_actions_init(&actions) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    int error = add_actions(&actions, socket, control, input, output, errors);
    error = error ? error : set_attributes(&attributes);
    error = error ? error
                  : posix_spawn(pid, options->worker_path, &actions, &attributes, arguments, environment.pointers);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}
