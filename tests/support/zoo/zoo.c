/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mltrainer/plugin_table.h>

/* The zoo: a plugin whose algorithms misbehave, each in one way. compute() does the deed. */

#define WORKER_SOCKET 3 /* what a plugin should not know */

typedef int32_t deed(const struct mltrainer_host *host, const struct mltrainer_request *request,
                     struct mltrainer_output *output, struct mltrainer_error *error);

#define DEED(name)                                                                                                     \
    static int32_t name(const struct mltrainer_host *host, const struct mltrainer_request *request,                    \
                        struct mltrainer_output *output, struct mltrainer_error *error)

static void pause_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* ---- well-behaved ---- */

DEED(nothing)
{
    return MLTRAINER_OK;
}

DEED(listens)
{
    for (double part = 0; !host->cancelled(host); part += 0.001) {
        host->progress(host, part);
        pause_ms(2);
    }
    return mltrainer_fail(error, MLTRAINER_CANCELLED, "", "cancelled");
}

DEED(echoes)
{
    double *values = NULL;
    int32_t status = mltrainer_column_numbers(host, request, "x", &values, error);
    if (status || (status = mltrainer_output_start(host, output, request->array->length, 1, error)))
        return status;
    double *out = mltrainer_output_numbers(host, output, "x");
    if (!out)
        return MLTRAINER_OUT_OF_MEMORY;
    memcpy(out, values, (size_t)request->array->length * sizeof(double));
    return MLTRAINER_OK;
}

DEED(disturbs)
{
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGTERM);
    sigaddset(&some, SIGUSR1);
    sigprocmask(SIG_BLOCK, &some, NULL);
    fesetround(FE_UPWARD);
    feraiseexcept(FE_DIVBYZERO);
    errno = EDOM;
    host->metric(host, "locale", MLTRAINER_STEP_FINAL, setlocale(LC_ALL, "C.UTF-8") != NULL);
    return MLTRAINER_OK;
}

/* What it finds: 1 for each thing that is not as a process begins. */
DEED(finds)
{
    sigset_t blocked;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    host->metric(host, "blocked", MLTRAINER_STEP_FINAL,
                 sigismember(&blocked, SIGTERM) || sigismember(&blocked, SIGUSR1));
    host->metric(host, "rounding", MLTRAINER_STEP_FINAL, fegetround() != FE_TONEAREST);
    host->metric(host, "exceptions", MLTRAINER_STEP_FINAL, fetestexcept(FE_DIVBYZERO) != 0);
    host->metric(host, "locale", MLTRAINER_STEP_FINAL, strcmp(setlocale(LC_ALL, NULL), "C") != 0);
    return MLTRAINER_OK;
}

/* Writes down that it begins and ends, under a token that no other run has, where the worker's launcher has opened
 * descriptor 9 for that; x is the number of the job. The token is also a metric. */
DEED(signs)
{
    enum { LEDGER = 9 };
    struct timespec now;
    char line[64];
    double *number = NULL;
    int32_t status = mltrainer_column_numbers(host, request, "x", &number, error);
    if (status)
        return status;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long long token = ((long long)now.tv_sec * 1000000000 + now.tv_nsec) % (1ll << 52);
    int size = snprintf(line, sizeof(line), "b %.0f %lld\n", *number, token);
    if (write(LEDGER, line, (size_t)size) != size)
        return mltrainer_fail(error, MLTRAINER_INVALID_DATA, "", "there is no ledger");
    pause_ms(1 + (long)*number % 10);
    line[0] = 'e';
    host->metric(host, "token", MLTRAINER_STEP_FINAL, (double)token);
    if (write(LEDGER, line, (size_t)size) != size)
        return mltrainer_fail(error, MLTRAINER_INVALID_DATA, "", "the ledger is closed");
    return echoes(host, request, output, error);
}

DEED(draws)
{
    uint64_t words[8], again[3];
    host->random(host, 7, 0, words, 8);
    host->random(host, 7, 3, again, 3);
    host->metric(host, "first", MLTRAINER_STEP_FINAL, (double)(words[0] >> 11));
    host->metric(host, "consistent", MLTRAINER_STEP_FINAL, memcmp(words + 3, again, sizeof(again)) == 0);
    return MLTRAINER_OK;
}

/* ---- dying ---- */

DEED(segv)
{
    fputs("last words\n", stderr);
    raise(SIGSEGV);
    return MLTRAINER_OK;
}

DEED(aborts)
{
    abort();
}

DEED(exits)
{
    _exit(3);
}

/* It would end one day, which keeps compilers from calling it endless; the stack ends before. */
static int deeper(volatile char *above, uint64_t left)
{
    volatile char frame[4096];
    frame[0] = above ? above[0] : 0;
    return left ? deeper(frame, left - 1) + frame[0] : 0;
}

DEED(overflows)
{
    return deeper(NULL, UINT64_MAX);
}

/* ---- not ending ---- */

DEED(loops)
{
    for (volatile unsigned turns = 0;; turns++)
        continue;
    return MLTRAINER_OK;
}

DEED(ignores_sigterm)
{
    signal(SIGTERM, SIG_IGN);
    return loops(host, request, output, error);
}

DEED(blocks_signals)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    return loops(host, request, output, error);
}

/* ---- greedy ---- */

DEED(eats_memory)
{
    size_t step = 64u << 20;
    for (;;) {
        char *block = malloc(step);
        if (!block)
            return mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no more memory");
        memset(block, 1, 4096);
    }
}

/* Loses 64 MiB. */
DEED(loses_memory)
{
    static char *volatile lost;
    size_t bytes = 64u << 20;
    lost = malloc(bytes);
    if (!lost)
        return MLTRAINER_OUT_OF_MEMORY;
    memset(lost, 1, bytes);
    return MLTRAINER_OK;
}

DEED(eats_memory_blindly)
{
    for (;;) {
        volatile char *block = malloc(64u << 20);
        block[0] = 1;
    }
    return MLTRAINER_OK;
}

DEED(forks)
{
    int born = 0;
    for (int i = 0; i < 64; i++) {
        pid_t child = fork();
        if (child == 0) {
            pause_ms(20000);
            _exit(0);
        }
        born += child > 0;
    }
    host->metric(host, "born", MLTRAINER_STEP_FINAL, born);
    return MLTRAINER_OK;
}

static void *rest(void *arg)
{
    pause_ms(60000);
    return NULL;
}

DEED(threads)
{
    int started = 0;
    pthread_t thread;
    while (started < 20000 && pthread_create(&thread, NULL, rest, NULL) == 0)
        started++;
    host->metric(host, "started", MLTRAINER_STEP_FINAL, started);
    return MLTRAINER_OK;
}

DEED(opens_files)
{
    int opened = 0;
    while (opened < 100000 && open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
        opened++;
    host->metric(host, "opened", MLTRAINER_STEP_FINAL, opened);
    return MLTRAINER_OK;
}

DEED(logs)
{
    for (int i = 0; i < 100000; i++)
        host->log(host, MLTRAINER_LOG_INFO, "all work and no play");
    return MLTRAINER_OK;
}

DEED(floods_stderr)
{
    for (int i = 0; i < 200000; i++)
        fputs("0123456789012345678901234567890123456789\n", stderr);
    return MLTRAINER_OK;
}

DEED(outgrows_output)
{
    int32_t status = mltrainer_output_start(host, output, (int64_t)3 << 20, 1, error);
    return status || mltrainer_output_numbers(host, output, "x") ? status : MLTRAINER_OUT_OF_MEMORY;
}

/* ---- curious: what the system answers, 0 for success ---- */

static void tell(const struct mltrainer_host *host, const char *what, int succeeded)
{
    host->metric(host, what, MLTRAINER_STEP_FINAL, succeeded ? 0 : errno);
}

DEED(probes)
{
    char *const arguments[] = {"true", NULL};
    tell(host, "read_shadow", open("/etc/shadow", O_RDONLY) >= 0);
    tell(host, "read_passwd", open("/etc/passwd", O_RDONLY) >= 0);
    tell(host, "read_memory", open("/proc/1/mem", O_RDONLY) >= 0);
    tell(host, "write_tmp", open("/tmp/mltrainer-zoo", O_WRONLY | O_CREAT, 0600) >= 0);
    tell(host, "socket_tcp", socket(AF_INET, SOCK_STREAM, 0) >= 0);
    tell(host, "socket_unix", socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
    tell(host, "signal_server", kill(getppid(), 0) == 0);
    tell(host, "signal_init", kill(1, 0) == 0);
    tell(host, "trace_server", ptrace(PTRACE_ATTACH, getppid(), 0, 0) == 0);
    tell(host, "exec", execv("/bin/true", arguments) == 0);
    tell(host, "signal_self", kill(getpid(), 0) == 0);
    tell(host, "read_library", open("/lib/x86_64-linux-gnu/libc.so.6", O_RDONLY) >= 0);
    return MLTRAINER_OK;
}

/* ---- lying: frames of its own on the worker's socket ---- */

static void say(const void *bytes, size_t size)
{
    if (write(WORKER_SOCKET, bytes, size) < 0)
        _exit(9);
}

DEED(says_garbage)
{
    uint8_t garbage[256];
    for (size_t i = 0; i < sizeof(garbage); i++)
        garbage[i] = (uint8_t)(i * 37 + 11);
    memcpy(garbage, "\x20\0\0", 4); /* a length that is allowed */
    say(garbage, sizeof(garbage));
    return loops(host, request, output, error);
}

DEED(says_too_much)
{
    say("\xff\xff\xff\xff" "and so on", 13);
    return loops(host, request, output, error);
}

DEED(says_half)
{
    say("\x40\0\0\0" "cut", 7);
    _exit(0);
}

DEED(says_nothing)
{
    say("\0\0\0\0", 4);
    return loops(host, request, output, error);
}

/* FromWorker { result { task_id: 999 } } */
DEED(says_wrong_id)
{
    say("\x05\0\0\0" "\x22\x03\x08\xe7\x07", 9);
    return loops(host, request, output, error);
}

/* FromWorker { result { task_id: 1 artifact { offset: 1 << 40 size: 64 } } } */
DEED(says_artifact_elsewhere)
{
    say("\x0f\0\0\0" "\x22\x0d\x08\x01\x32\x09\x08\x80\x80\x80\x80\x80\x20\x10\x40", 19);
    return loops(host, request, output, error);
}

/* FromWorker { result { task_id: 1 table { rows: 1 << 40 columns { name: "x" format: "g" values { size: 8 } } } } } */
DEED(says_endless_table)
{
    say("\x19\0\0\0"
        "\x22\x17\x08\x01\x2a\x13\x08\x80\x80\x80\x80\x80\x20\x12\x0a\x0a\x01x\x12\x01g\x2a\x02\x10\x08",
        29);
    return loops(host, request, output, error);
}

/* FromWorker { ready { } } a second time */
DEED(says_ready_again)
{
    say("\x02\0\0\0" "\x0a\0", 6);
    return loops(host, request, output, error);
}

DEED(returns_nonsense)
{
    return 4711;
}

/* ---- a model that says 0, and dies of a negative x ---- */

static const char kept[] = "turns";

static int32_t turns_train(const struct mltrainer_host *host, const struct mltrainer_request *request, void **model,
                           struct mltrainer_error *error)
{
    *model = (void *)kept;
    return MLTRAINER_OK;
}

static int32_t turns_predict(const struct mltrainer_host *host, const void *model,
                             const struct mltrainer_request *request, struct mltrainer_output *output,
                             struct mltrainer_error *error)
{
    double *x = NULL;
    int32_t status = mltrainer_column_numbers(host, request, "x", &x, error);
    if (!status)
        status = mltrainer_output_start(host, output, request->array->length, 1, error);
    if (status)
        return status;
    for (int64_t row = 0; row < request->array->length; row++)
        if (x[row] < 0)
            abort();
    return mltrainer_output_numbers(host, output, "prediction") ? MLTRAINER_OK : MLTRAINER_OUT_OF_MEMORY;
}

static int32_t turns_save(const struct mltrainer_host *host, const void *model, const void **bytes, size_t *byte_count,
                          struct mltrainer_error *error)
{
    *bytes = kept;
    *byte_count = sizeof(kept);
    return MLTRAINER_OK;
}

static int32_t turns_restore(const struct mltrainer_host *host, const void *bytes, size_t byte_count, void **model,
                             struct mltrainer_error *error)
{
    return turns_train(host, NULL, model, error);
}

static void turns_release(void *model)
{
}

static const struct mltrainer_algorithm turns = {
    .size = sizeof(turns),
    .id = "turns",
    .release = turns_release,
    .trainable = &(const struct mltrainer_trainable){.size = sizeof(struct mltrainer_trainable), .train = turns_train},
    .predictable = &(const struct mltrainer_predictable){.size = sizeof(struct mltrainer_predictable),
                                                         .predict = turns_predict},
    .serializable = &(const struct mltrainer_serializable){.size = sizeof(struct mltrainer_serializable),
                                                           .format_version = 1,
                                                           .save = turns_save,
                                                           .restore = turns_restore},
};

#define ANIMAL(function)                                                                                               \
    {                                                                                                                  \
        .size = sizeof(struct mltrainer_algorithm), .id = #function,                                                   \
        .computable = &(const struct mltrainer_computable){.size = sizeof(struct mltrainer_computable),                \
                                                           .compute = function},                                       \
    }

static const struct mltrainer_algorithm animals[] = {
    ANIMAL(nothing),         ANIMAL(listens),        ANIMAL(echoes),          ANIMAL(draws),
    ANIMAL(segv),            ANIMAL(aborts),         ANIMAL(exits),           ANIMAL(overflows),
    ANIMAL(loops),           ANIMAL(ignores_sigterm), ANIMAL(blocks_signals), ANIMAL(eats_memory),
    ANIMAL(eats_memory_blindly), ANIMAL(forks),      ANIMAL(threads),         ANIMAL(opens_files),
    ANIMAL(logs),            ANIMAL(floods_stderr),  ANIMAL(outgrows_output), ANIMAL(probes),
    ANIMAL(says_garbage),    ANIMAL(says_too_much),  ANIMAL(says_half),       ANIMAL(says_nothing),
    ANIMAL(says_wrong_id),   ANIMAL(says_artifact_elsewhere), ANIMAL(says_endless_table), ANIMAL(says_ready_again),
    ANIMAL(returns_nonsense), ANIMAL(signs),         ANIMAL(loses_memory),
    ANIMAL(disturbs),        ANIMAL(finds),
};

#define A(i) &animals[i]
static const struct mltrainer_algorithm *const algorithms[] = {
    A(0),  A(1),  A(2),  A(3),  A(4),  A(5),  A(6),  A(7),  A(8),  A(9),  A(10), A(11), A(12), A(13), A(14),
    A(15), A(16), A(17), A(18), A(19), A(20), A(21), A(22), A(23), A(24), A(25), A(26), A(27), A(28), A(29),
    A(30), A(31), A(32),
    &turns,
};
_Static_assert(sizeof(algorithms) / sizeof(algorithms[0]) == sizeof(animals) / sizeof(animals[0]) + 1,
               "all are listed");

const struct mltrainer_plugin mltrainer_plugin_v1 = {
    .size = sizeof(struct mltrainer_plugin),
    .abi_major = MLTRAINER_ABI_MAJOR,
    .abi_minor = MLTRAINER_ABI_MINOR,
    .family = "zoo",
    .version = "1.0.0",
    .description = "Algorithms that misbehave.",
    .licence = "Apache-2.0",
    .algorithm_count = sizeof(algorithms) / sizeof(algorithms[0]),
    .algorithms = algorithms,
};
