/* SPDX-License-Identifier: Apache-2.0 */
#include "log/stack.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { FRAMES_MAX = 24, FRAMES_OF_HANDLER = 2, WAIT_MS = 500 };

/* What the asked thread fills. One that answers after it was given up on finds that it is no longer asked. */
static struct {
    _Atomic pid_t asked; /* 0: nobody */
    void *frames[FRAMES_MAX];
    _Atomic int count; /* written behind the frames */
    sem_t done;
} answer;

int stack_signal(void)
{
    return SIGRTMIN + 3;
}

static void on_asked(int number)
{
    int error = errno;
    pid_t self = (pid_t)syscall(SYS_gettid);
    if (atomic_compare_exchange_strong(&answer.asked, &self, -1)) {
        atomic_store(&answer.count, backtrace(answer.frames, FRAMES_MAX));
        sem_post(&answer.done);
    }
    errno = error;
}

static void prepare(void)
{
    static bool prepared;
    void *frame;
    if (prepared)
        return;
    prepared = true;
    (void)backtrace(&frame, 1); /* the first call loads a library */
    sem_init(&answer.done, 0, 0);
    const struct sigaction action = {.sa_handler = on_asked, .sa_flags = SA_RESTART};
    sigaction(stack_signal(), &action, NULL);
}

static bool wait_for_answer(pid_t tid)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WAIT_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    int failed;
    do
        failed = sem_clockwait(&answer.done, CLOCK_MONOTONIC, &until);
    while (failed && errno == EINTR);
    if (!failed)
        return true;
    if (atomic_compare_exchange_strong(&answer.asked, &tid, 0))
        return false; /* it never came */
    while (sem_wait(&answer.done) != 0)
        continue; /* it is at it this moment */
    return true;
}

static size_t put_frame(void *address, char *text, size_t size)
{
    Dl_info info;
    int used;
    if (!dladdr(address, &info) || !info.dli_fname)
        used = snprintf(text, size, "[%p]", address);
    else {
        const char *slash = strrchr(info.dli_fname, '/');
        const void *base = info.dli_sname ? info.dli_saddr : info.dli_fbase;
        used = snprintf(text, size, "%s(%s+%#zx)", slash ? slash + 1 : info.dli_fname,
                        info.dli_sname ? info.dli_sname : "", (size_t)((uintptr_t)address - (uintptr_t)base));
    }
    return used < 0 ? 0 : (size_t)used;
}

static void put_frames(char *text, size_t size)
{
    size_t used = 0;
    int count = atomic_load(&answer.count);
    for (int i = FRAMES_OF_HANDLER; i < count && used < size; i++) {
        if (i > FRAMES_OF_HANDLER)
            used += (size_t)snprintf(text + used, size - used, " < ");
        if (used < size)
            used += put_frame(answer.frames[i], text + used, size - used);
    }
}

void stack_of_thread(pid_t tid, char *text, size_t size)
{
    snprintf(text, size, "unknown");
    prepare();
    atomic_store(&answer.asked, tid);
    if (tid <= 0 || syscall(SYS_tgkill, getpid(), tid, stack_signal()) != 0 || !wait_for_answer(tid))
        return;
    atomic_store(&answer.asked, 0);
    put_frames(text, size);
}
