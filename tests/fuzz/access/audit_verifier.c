/* SPDX-License-Identifier: Apache-2.0 */
#include "audit_verifier.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "commands/commands.h"
#include "fuzzer.h"

/* The command as mltctl has it, with command lines and messages of our own. */

static struct {
    const char *key, *head;
} given;

const char *cli_option(const struct cli_arguments *arguments, const char *name, const char *fallback)
{
    const char *value = strcmp(name, "key") == 0 ? given.key : given.head;
    return value ? value : fallback;
}

int cli_usage(const char *format, ...)
{
    return CLI_USAGE;
}

int cli_failed(const char *format, ...)
{
    return CLI_FAILED;
}

/* Findings go to the streams: those are elsewhere meanwhile. */
static int mute(int fd)
{
    int kept = dup(fd), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    MUST(kept >= 0 && nowhere >= 0 && dup2(nowhere, fd) == fd);
    close(nowhere);
    return kept;
}

static void unmute(int fd, int kept)
{
    MUST(dup2(kept, fd) == fd);
    close(kept);
}

bool audit_verifies(char paths[][160], size_t count, const char *key, const char *head)
{
    struct cli_arguments arguments = {.operand_count = count};
    given.key = key;
    given.head = head;
    for (size_t i = 0; i < count; i++) {
        int fd = open(paths[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600); /* there need not be so many yet */
        MUST(fd >= 0);
        close(fd);
        arguments.operands[i] = paths[i];
    }
    fflush(stdout);
    int out = mute(STDOUT_FILENO), error = mute(STDERR_FILENO);
    int code = audit_verify_command.run(NULL, &arguments);
    fflush(stdout);
    unmute(STDERR_FILENO, error);
    unmute(STDOUT_FILENO, out);
    MUST(code == 0 || code == CLI_FAILED);
    return code == 0;
}
