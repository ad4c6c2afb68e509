/* SPDX-License-Identifier: Apache-2.0 */
#include "log/crash.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define FRAMES_MAX 32 /* a pipe that nobody reads for a moment has room for so many lines */
#define STACK_BYTES 65536

static int report_fd = -1;
/* Of the thread that starts the program: a stack that has overflown has no room for a handler. */
static char spare_stack[STACK_BYTES];

static const char *program_name;

static const struct {
    int number;
    const char *words;
} faults[] = {
    {SIGSEGV, CRASH_WORDS "SIGSEGV\n"}, {SIGBUS, CRASH_WORDS "SIGBUS\n"},   {SIGFPE, CRASH_WORDS "SIGFPE\n"},
    {SIGILL, CRASH_WORDS "SIGILL\n"},   {SIGABRT, CRASH_WORDS "SIGABRT\n"},
};

#define FAULT_COUNT (sizeof(faults) / sizeof(faults[0]))

static void say(const char *text)
{
    (void)!write(report_fd, text, strlen(text));
}

static void say_hex(uintptr_t number)
{
    char digits[2 + 2 * sizeof number + 1], *at = digits + sizeof digits;
    *--at = 0;
    do
        *--at = "0123456789abcdef"[number % 16];
    while (number /= 16);
    *--at = 'x';
    *--at = '0';
    say(at);
}

/* One that was loaded by its descriptor, as plugins are, has the descriptor's path for a name. */
static void say_object(const char *path)
{
    static const char by_descriptor[] = "/proc/self/fd/";
    char target[512];
    ssize_t size = -1;
    if (strncmp(path, by_descriptor, sizeof by_descriptor - 1) == 0)
        size = readlink(path, target, sizeof target - 1);
    target[size < 0 ? 0 : size] = 0;
    say(size < 0 ? path : target);
}

/* "OBJECT(FUNCTION+OFFSET)[ADDRESS]", as backtrace_symbols_fd() has it; addr2line takes the offset. */
static void say_frame(void *address)
{
    Dl_info info;
    if (dladdr(address, &info) && info.dli_fname) {
        say_object(info.dli_fname);
        say("(");
        say(info.dli_sname ? info.dli_sname : "");
        say("+");
        say_hex((uintptr_t)address - (uintptr_t)(info.dli_sname ? info.dli_saddr : info.dli_fbase));
        say(")");
    }
    say("[");
    say_hex((uintptr_t)address);
    say("]\n");
}

/* Only what a signal's handler may do; SA_RESETHAND has put the default back, so that raising it again ends us. */
static void on_fault(int number)
{
    void *frames[FRAMES_MAX];
    for (size_t i = 0; i < FAULT_COUNT; i++)
        if (faults[i].number == number) {
            say(program_name);
            say(faults[i].words);
        }
    int count = backtrace(frames, FRAMES_MAX);
    for (int i = 0; i < count; i++)
        say_frame(frames[i]);
    raise(number);
}

void crash_report_to(int fd, const char *program)
{
    const stack_t stack = {.ss_sp = spare_stack, .ss_size = sizeof(spare_stack)};
    void *frame;
    report_fd = fd;
    program_name = program;
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

void crash_keep_memory(void)
{
    const struct rlimit none = {0, 0};
    (void)!setrlimit(RLIMIT_CORE, &none);
    int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC); /* not there: a kernel without cores */
    if (fd < 0)
        return;
    (void)!write(fd, "0", 1);
    close(fd);
}
