/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OPEN_FILES_MAX 256
#define FILE_BYTES_MAX (1u << 20) /* stderr, should it be a file; seccomp opens none for writing */
#define OOM_SCORE "700" /* when memory runs out, a worker goes before the server */

/* Sanitizers reserve terabytes of address space. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LIMIT_ADDRESS_SPACE 0
#else
#define LIMIT_ADDRESS_SPACE 1
#endif

static int set_limit(int resource, rlim_t value)
{
    struct rlimit limit = {value, value};

    return setrlimit((__rlimit_resource_t)resource, &limit);
}

static int set_limits(uint64_t memory_bytes)
{
    if (set_limit(RLIMIT_CORE, 0) || set_limit(RLIMIT_FSIZE, FILE_BYTES_MAX) ||
        set_limit(RLIMIT_NOFILE, OPEN_FILES_MAX))
        return -1;
    return LIMIT_ADDRESS_SPACE && memory_bytes ? set_limit(RLIMIT_AS, memory_bytes) : 0;
}

static void prefer_as_victim(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    if (write(fd, OOM_SCORE, strlen(OOM_SCORE)) < 0)
        errno = 0; /* a courtesy, not a guard */
    close(fd);
}

/* Root keeps the right to read through folders that are not its own, such as a user's checkout: Landlock says which. */
static int drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct had[2] = {{0}}, keep[2] = {{0}};

    if (syscall(SYS_capget, &header, had) != 0)
        return -1;
    keep[0].effective = keep[0].permitted = had[0].permitted & (1u << CAP_DAC_READ_SEARCH);
    return (int)syscall(SYS_capset, &header, keep);
}

static int failed(const char *what, char *report, size_t report_bytes)
{
    snprintf(report, report_bytes, "%s: %s", what, strerror(errno));
    return -1;
}

int confine(const char *const *plugin_folders, size_t plugin_folder_count, uint64_t memory_bytes, char *report,
            size_t report_bytes)
{
    char landlock[32] = "no landlock";

    prefer_as_victim();
    if (set_limits(memory_bytes) != 0)
        return failed("setrlimit", report, report_bytes);
    if (drop_capabilities() != 0)
        return failed("capset", report, report_bytes);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return failed("no_new_privs", report, report_bytes);
    int version = landlock_confine(plugin_folders, plugin_folder_count);
    if (version < 0)
        return failed("landlock", report, report_bytes);
    if (seccomp_confine() != 0)
        return failed("seccomp", report, report_bytes);
    if (version > 0)
        snprintf(landlock, sizeof(landlock), "landlock %d", version);
    snprintf(report, report_bytes, "no_new_privs, rlimits, %s, seccomp", landlock);
    return 0;
}
