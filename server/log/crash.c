/* SPDX-License-Identifier: Apache-2.0 */
#include "log/crash.h"

#include <execinfo.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define FRAMES_MAX 64
#define STACK_BYTES 65536

static int report_fd = -1;
/* Of the thread that starts the program: a stack that has overflown has no room for a handler. */
static char spare_stack[STACK_BYTES];

static const struct {
    int number;
    const char *line;
} faults[] = {
    {SIGSEGV, "mltrainerd: crash: SIGSEGV\n"}, {SIGBUS, "mltrainerd: crash: SIGBUS\n"},
    {SIGFPE, "mltrainerd: crash: SIGFPE\n"},   {SIGILL, "mltrainerd: crash: SIGILL\n"},
    {SIGABRT, "mltrainerd: crash: SIGABRT\n"},
};

#define FAULT_COUNT (sizeof(faults) / sizeof(faults[0]))

/* Only what a signal's handler may do; SA_RESETHAND has put the default back, so that raising it again ends us. */
static void on_fault(int number)
{
    void *frames[FRAMES_MAX];
    for (size_t i = 0; i < FAULT_COUNT; i++)
        if (faults[i].number == number)
            (void)!write(report_fd, faults[i].line, strlen(faults[i].line));
    backtrace_symbols_fd(frames, backtrace(frames, FRAMES_MAX), report_fd);
    raise(number);
}

void crash_report_to(int fd)
{
    const stack_t stack = {.ss_sp = spare_stack, .ss_size = sizeof(spare_stack)};
    void *frame;
    report_fd = fd;
    (void)backtrace(&frame, 1); /* the first call loads a library */
    if (sigaltstack(&stack, NULL) != 0)
        return;
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        const struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_RESETHAND | SA_ONSTACK};
        struct sigaction before;
        if (sigaction(faults[i].number, NULL, &before) == 0 && before.sa_handler == SIG_DFL)
            (void)sigaction(faults[i].number, &action, NULL);
    }
}
