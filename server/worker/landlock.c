/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker/confine.h"

/* Newer than the headers of Debian 12; the kernel is asked which of it it knows. Source: Documentation/userspace-api/
 * landlock.rst of Linux 6.12. */
struct ruleset {
    uint64_t files;
    uint64_t networks; /* since ABI 4 */
    uint64_t scoped;   /* since ABI 6 */
};
#define FILES_ABI_1 0x1fffu /* execute to make_sym */
#define FILES_REFER 0x2000u /* since 2 */
#define FILES_TRUNCATE 0x4000u /* since 3 */
#define FILES_IOCTL 0x8000u /* since 5 */
#define NETWORK_TCP 0x3u    /* bind, connect */
#define SCOPED_ALL 0x3u     /* abstract sockets, signals */

static const char *const readable[] = {
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib",                    /* libraries */
    "/etc/ld.so.cache", "/etc/alternatives",                                         /* finding them */
    /* BLAS counts cores */
    "/sys/devices/system/cpu", "/proc/cpuinfo", "/proc/meminfo", "/proc/sys/vm/overcommit_memory",
    "/dev/null", "/dev/urandom", "/etc/localtime", "/usr/share/zoneinfo",
};

static struct ruleset ruleset_of(int version)
{
    struct ruleset rules = {.files = FILES_ABI_1};

    if (version >= 2)
        rules.files |= FILES_REFER;
    if (version >= 3)
        rules.files |= FILES_TRUNCATE;
    if (version >= 4)
        rules.networks = NETWORK_TCP;
    if (version >= 5)
        rules.files |= FILES_IOCTL;
    if (version >= 6)
        rules.scoped = SCOPED_ALL;
    return rules;
}

static size_t ruleset_bytes(int version)
{
    if (version < 4)
        return offsetof(struct ruleset, networks);
    return version < 6 ? offsetof(struct ruleset, scoped) : sizeof(struct ruleset);
}

/* What is not there needs no rule. */
static int allow(int ruleset, const char *path)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE |
                                                                LANDLOCK_ACCESS_FS_EXECUTE};
    struct stat status;

    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return errno == ENOENT || errno == EACCES ? 0 : -1;
    if (fstat(rule.parent_fd, &status) == 0 && S_ISDIR(status.st_mode))
        rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
    int result = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
    return result;
}

int landlock_confine(const char *const *folders, size_t folder_count)
{
    int version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 0)
        return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -1;

    struct ruleset rules = ruleset_of(version);
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, ruleset_bytes(version), 0);
    if (ruleset < 0)
        return -1;
    int result = 0;
    for (size_t i = 0; !result && i < sizeof(readable) / sizeof(readable[0]); i++)
        result = allow(ruleset, readable[i]);
    for (size_t i = 0; !result && i < folder_count; i++)
        result = allow(ruleset, folders[i]);
    if (!result)
        result = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
    close(ruleset);
    return result ? -1 : version;
}
