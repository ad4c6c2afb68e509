/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/process/worker.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Resident pages without those that are shared: proc(5), /proc/PID/statm. The process is our child and not reaped yet,
 * so the number is its own. */
size_t worker_memory_bytes(const struct worker *worker)
{
    char path[40], text[128];
    unsigned long resident = 0, shared = 0;

    snprintf(path, sizeof(path), "/proc/%d/statm", (int)worker->pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t bytes = read(file, text, sizeof(text) - 1);
    close(file);
    text[bytes > 0 ? bytes : 0] = '\0';
    if (sscanf(text, "%*u %lu %lu", &resident, &shared) != 2 || resident < shared)
        return 0;
    return (resident - shared) * (size_t)sysconf(_SC_PAGESIZE);
}
