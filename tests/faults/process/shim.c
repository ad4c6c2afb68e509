/* SPDX-License-Identifier: Apache-2.0 */

/* Preloaded into a server under test: a C library whose calls fail as the C library's may. How often is in a file that
 * MLT_SHIM names, as three numbers of 32 bits, chances in 2^32, which the test changes while the server runs:
 *     memory    malloc, calloc, realloc and reallocarray return NULL
 *     pieces    reads and writes do a part of what they are asked for, or are interrupted (EINTR), or, where a
 *     descriptor
 *               does not block, would block (EAGAIN)
 *     entropy   getrandom fails (ENOSYS)
 * and a fifth number, milliseconds: the next time that the registry's loop waits for events it stands still for so
 * long. Everything that is done is done by the real call, so that no data are lost. */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct chances {
    _Atomic uint32_t memory, pieces, entropy;
    _Atomic uint32_t failed; /* how many have, for the test to see that any did */
    _Atomic uint32_t stand_ms;
};

static struct chances none;
static struct chances *chances = &none;
#define WHOLE_BYTES 8

static _Atomic uint64_t source = 88172645463325252;

/* xorshift64*; that two threads may draw the same number does no harm. */
static uint32_t draw(void)
{
    uint64_t x = atomic_load_explicit(&source, memory_order_relaxed);
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    atomic_store_explicit(&source, x, memory_order_relaxed);
    return (uint32_t)((x * UINT64_C(0x2545f4914f6cdd1d)) >> 32);
}

static bool happens(_Atomic uint32_t *chance)
{
    uint32_t limit = atomic_load_explicit(chance, memory_order_relaxed);
    if (limit == 0 || draw() >= limit)
        return false;
    atomic_fetch_add_explicit(&chances->failed, 1, memory_order_relaxed);
    return true;
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("MLT_SHIM");
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *mapped = mmap(NULL, sizeof(struct chances), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped != MAP_FAILED)
        chances = mapped;
}

/* Memory. glibc has these under second names, so that dlsym(), which allocates, is not needed. */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *at, size_t size);

static void *out_of_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return happens(&chances->memory) ? out_of_memory() : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return happens(&chances->memory) ? out_of_memory() : __libc_calloc(count, size);
}

void *realloc(void *at, size_t size)
{
    return happens(&chances->memory) ? out_of_memory() : __libc_realloc(at, size);
}

void *reallocarray(void *at, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return out_of_memory();
    return realloc(at, bytes);
}

/* Input and output. */

#define REAL(name) ((__typeof__(&name))real_##name())
#define FIND(name)                                                                                                     \
    static void *real_##name(void)                                                                                     \
    {                                                                                                                  \
        static void *_Atomic found;                                                                                    \
        void *known = atomic_load(&found);                                                                             \
        if (known == NULL)                                                                                             \
            atomic_store(&found, known = dlsym(RTLD_NEXT, #name));                                                     \
        return known;                                                                                                  \
    }
FIND(read)
FIND(write)
FIND(pread64)
FIND(pwrite64)
FIND(readv)
FIND(writev)
FIND(recv)
FIND(send)
FIND(getrandom)
FIND(epoll_wait)

ssize_t pread64(int fd, void *out, size_t size, off64_t at);
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at);

/* True: the call is to fail with errno. Else *@size may have become smaller, though never 0. The counters of
 * eventfd and timerfd, and single bytes that wake somebody, never wait in the kernel either. */
static bool spoil(int fd, int flags, size_t *size)
{
    if (*size <= WHOLE_BYTES || !happens(&chances->pieces))
        return false;
    uint32_t kind = draw() % 4;
    if (kind < 2) {
        *size = 1 + draw() % (*size - 1);
        return false;
    }
    bool waits = !(flags & MSG_DONTWAIT) && !(fcntl(fd, F_GETFL) & O_NONBLOCK);
    errno = waits || kind == 3 ? EINTR : EAGAIN;
    return true;
}

ssize_t read(int fd, void *out, size_t size)
{
    return spoil(fd, 0, &size) ? -1 : REAL(read)(fd, out, size);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    return spoil(fd, 0, &size) ? -1 : REAL(write)(fd, bytes, size);
}

ssize_t pread64(int fd, void *out, size_t size, off64_t at)
{
    return spoil(fd, 0, &size) ? -1 : REAL(pread64)(fd, out, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
    return spoil(fd, 0, &size) ? -1 : REAL(pwrite64)(fd, bytes, size, at);
}

ssize_t recv(int fd, void *out, size_t size, int flags)
{
    return spoil(fd, flags, &size) ? -1 : REAL(recv)(fd, out, size, flags);
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    return spoil(fd, flags, &size) ? -1 : REAL(send)(fd, bytes, size, flags);
}

/* Of several pieces, a part of the first. */
ssize_t readv(int fd, const struct iovec *pieces, int count)
{
    struct iovec first = count > 0 ? pieces[0] : (struct iovec){NULL, 0};
    size_t size = first.iov_len;
    if (spoil(fd, 0, &size))
        return -1;
    bool cut = size < first.iov_len;
    first.iov_len = size;
    return REAL(readv)(fd, cut ? &first : pieces, cut ? 1 : count);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    struct iovec first = count > 0 ? pieces[0] : (struct iovec){NULL, 0};
    size_t size = first.iov_len;
    if (spoil(fd, 0, &size))
        return -1;
    bool cut = size < first.iov_len;
    first.iov_len = size;
    return REAL(writev)(fd, cut ? &first : pieces, cut ? 1 : count);
}

/* Entropy. */

ssize_t getrandom(void *out, size_t size, unsigned flags)
{
    if (!happens(&chances->entropy))
        return REAL(getrandom)(out, size, flags);
    errno = ENOSYS;
    return -1;
}

/* Loops. */

static void stand_still(uint32_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        continue;
}

int epoll_wait(int fd, struct epoll_event *events, int count, int timeout_ms)
{
    char name[16] = "";
    if (atomic_load_explicit(&chances->stand_ms, memory_order_relaxed) > 0 && prctl(PR_GET_NAME, name) == 0 &&
        strcmp(name, "registry") == 0)
        stand_still(atomic_exchange(&chances->stand_ms, 0));
    return REAL(epoll_wait)(fd, events, count, timeout_ms);
}
