/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_WATCHDOG_MEMORY_H
#define MLT_WATCHDOG_MEMORY_H

#include <stdint.h>

/* How much memory there is, and how much is taken: of the control group with the least room (workers are in it; pages
 * of files that the kernel can drop do not count), or of this process under a limit of its own, whichever is fuller. */

struct memory_state {
    uint64_t used_bytes;
    uint64_t limit_bytes; /* 0: there is no limit */
};

enum { MEMORY_PATH_BYTES = 512 };

struct memory_probe {
    uint64_t own_limit_bytes; /* 0: none */
    char group[MEMORY_PATH_BYTES]; /* folder of the control group that limits us, or "" */
};

/** @root: where control groups are, "/sys/fs/cgroup"; @membership: "/proc/self/cgroup". Only cgroup v2 is looked at. */
void memory_probe_init(struct memory_probe *probe, uint64_t own_limit_bytes, const char *root, const char *membership);
struct memory_state memory_read(const struct memory_probe *probe);

#endif
