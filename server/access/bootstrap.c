/* SPDX-License-Identifier: Apache-2.0 */
#include "access/bootstrap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

static int write_secret(const char *path, const char *secret, struct fault *fault)
{
    char line[SECRET_BYTES + 2];
    int size = snprintf(line, sizeof line, "%s\n", secret);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool whole = fd >= 0 && write(fd, line, (size_t)size) == size && fsync(fd) == 0;
    int code = whole ? 0 : fault_set(fault, MRPC_INTERNAL, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    OPENSSL_cleanse(line, sizeof line);
    return code;
}

int bootstrap_begin(struct bootstrap *bootstrap, const char *data_dir, bool wanted, struct fault *fault)
{
    char secret[SECRET_BYTES + 1];
    atomic_store(&bootstrap->state, BOOTSTRAP_NONE);
    snprintf(bootstrap->path, sizeof bootstrap->path, "%s/" BOOTSTRAP_FILE, data_dir);
    if (unlink(bootstrap->path) != 0 && errno != ENOENT)
        return fault_set(fault, MRPC_INTERNAL, "%s: %s", bootstrap->path, strerror(errno));
    if (!wanted)
        return 0;
    if (secret_make(secret) != 0 || secret_hash(secret, &bootstrap->hash) != 0)
        return fault_set(fault, MRPC_INTERNAL, "no random bytes");
    int code = write_secret(bootstrap->path, secret, fault);
    OPENSSL_cleanse(secret, sizeof secret);
    if (!code)
        atomic_store(&bootstrap->state, BOOTSTRAP_READY);
    return code;
}

bool bootstrap_is(const struct bootstrap *bootstrap, const struct secret_hash *hash)
{
    return atomic_load(&bootstrap->state) == BOOTSTRAP_READY && secret_same(&bootstrap->hash, hash);
}

bool bootstrap_claim(struct bootstrap *bootstrap)
{
    int ready = BOOTSTRAP_READY;
    return atomic_compare_exchange_strong(&bootstrap->state, &ready, BOOTSTRAP_CLAIMED);
}

void bootstrap_end(struct bootstrap *bootstrap)
{
    atomic_store(&bootstrap->state, BOOTSTRAP_NONE);
    unlink(bootstrap->path);
}

void bootstrap_give_back(struct bootstrap *bootstrap)
{
    atomic_store(&bootstrap->state, BOOTSTRAP_READY);
}
