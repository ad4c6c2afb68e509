/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_REGISTRY_WHILE_H
#define MLTCTL_REGISTRY_WHILE_H

#include <stdint.h>

/* Staying until a signal comes, or as long as a command runs.
 *
 * Signals that somebody sends to mltctl (kill, systemd) are passed on to the command, which decides what they mean;
 * those that the terminal sends reach it anyway. Its status becomes mltctl's: its code, or 128 + the signal that killed
 * it. */

struct registry_while {
    int signals;   /* signalfd */
    int child_fd;  /* pidfd; -1 without a command */
    int child;     /* pid; 0 without a command */
    int status;    /* once it has ended */
};

/** Block the signals, and start @command (NULL: none). Returns 0 or CLI_FAILED after saying why. */
int registry_while_begin(struct registry_while *stay, char **command);
/** Wait for @ms at most, passing signals on. True: go on; false: it has ended, or without a command: a signal came. */
int registry_while_wait(struct registry_while *stay, int64_t ms);
void registry_while_end(struct registry_while *stay);

#endif
