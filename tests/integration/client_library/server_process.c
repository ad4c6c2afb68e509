/* SPDX-License-Identifier: Apache-2.0 */
#include "server_process.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

extern char **environ;

void server_process_start(struct server_process *server)
{
    char data[80], line[256] = "";
    char *arguments[] = {SERVER, "--listen", server->target, "--data-dir", data, NULL};
    int pipes[2];
    posix_spawn_file_actions_t actions;
    snprintf(data, sizeof data, "%s/data", server->folder);
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO), 0);
    assert_int_equal(posix_spawn(&server->pid, SERVER, &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(pipes[1]);
    FILE *out = fdopen(pipes[0], "r");
    char *read = fgets(line, sizeof line, out);
    fclose(out);
    if (!read || strncmp(line, "ready ", 6) != 0)
        fail_msg("the server does not get ready: %s", line);
}

void server_process_begin(struct server_process *server)
{
    strcpy(server->folder, "/tmp/mlt-client-XXXXXX");
    assert_non_null(mkdtemp(server->folder));
    snprintf(server->target, sizeof server->target, "unix:%s/socket", server->folder);
    server_process_start(server);
}

void server_process_kill(struct server_process *server)
{
    assert_int_equal(kill(server->pid, SIGKILL), 0);
    assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info, (void)type, (void)where;
    return remove(path);
}

void server_process_end(struct server_process *server)
{
    int status;
    assert_int_equal(kill(server->pid, SIGTERM), 0);
    assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
    nftw(server->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}
