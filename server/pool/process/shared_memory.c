/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/process/shared_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010 /* Linux 5.1 */
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008u /* Linux 6.3 */
#endif

static int create(size_t size)
{
    int fd = memfd_create("mltrainer", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("mltrainer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -1;
    if (ftruncate(fd, (off_t)size) == 0)
        return fd;
    close(fd);
    return -1;
}

int shared_memory_new(enum shared_memory_kind kind, size_t size, struct shared_memory *out)
{
    int protection = kind == SHARED_MEMORY_OUTPUT ? PROT_READ : PROT_READ | PROT_WRITE;
    int seals = F_SEAL_SHRINK | F_SEAL_GROW | (kind == SHARED_MEMORY_INPUT ? F_SEAL_FUTURE_WRITE : 0) | F_SEAL_SEAL;
    int fd = create(size);

    if (fd < 0)
        return -1;
    /* mapped before it is sealed: the seal is for later mappings */
    void *bytes = mmap(NULL, size, protection, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED) {
        close(fd);
        return -1;
    }
    if (fcntl(fd, F_ADD_SEALS, seals) != 0) {
        munmap(bytes, size);
        close(fd);
        return -1;
    }
    *out = (struct shared_memory){.fd = fd, .bytes = bytes, .size = size};
    return 0;
}

void shared_memory_free(struct shared_memory *memory)
{
    if (memory->bytes)
        munmap(memory->bytes, memory->size);
    if (memory->bytes && memory->fd >= 0)
        close(memory->fd);
    *memory = (struct shared_memory){.fd = -1};
}
