/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/plugin_file.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What version 1.0 of the ABI had: less than that is no plugin of version 1. */
#define PLUGIN_BYTES_LEAST (offsetof(struct mltrainer_plugin, get_extension) + sizeof(void *))
#define ALGORITHM_BYTES_LEAST (offsetof(struct mltrainer_algorithm, get_extension) + sizeof(void *))
#define ALGORITHMS_MAX 1024

struct shelf_entry {
    struct shelf_entry *next;
    const struct mltrainer_plugin *plugin;
    char path[];
};

struct plugin_shelf {
    struct shelf_entry *first;
};

struct plugin_shelf *plugin_shelf_new(void)
{
    return calloc(1, sizeof(struct plugin_shelf));
}

static int is_owner_trusted(uid_t owner)
{
    struct stat self;

    return owner == 0 || owner == geteuid() || (stat("/proc/self/exe", &self) == 0 && owner == self.st_uid);
}

static int check_status(int fd, const char *path, mode_t type, struct fault *fault)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "%.200s: %s", path, strerror(errno));
    if ((status.st_mode & S_IFMT) != type)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "%.200s is no %s", path,
                         type == S_IFDIR ? "folder" : "plain file");
    if (status.st_mode & S_IWOTH)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "%.200s is writable by everybody", path);
    if (!is_owner_trusted(status.st_uid))
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "%.200s belongs to user %u, who is not trusted", path,
                         (unsigned)status.st_uid);
    return 0;
}

/* The folder that holds @path directly, or NULL. */
static const char *folder_of(const char *const *folders, size_t folder_count, const char *path)
{
    const char *name = strrchr(path, '/');

    for (size_t i = 0; name && name[1] && i < folder_count; i++) {
        size_t length = strlen(folders[i]);
        while (length > 1 && folders[i][length - 1] == '/')
            length--;
        if ((size_t)(name - path) == length && memcmp(path, folders[i], length) == 0)
            return folders[i];
    }
    return NULL;
}

/* An open descriptor of the checked file: what is loaded is what was checked. */
static int open_checked(const char *const *folders, size_t folder_count, const char *path, int *out,
                        struct fault *fault)
{
    const char *folder = folder_of(folders, folder_count, path);

    if (!folder)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "%.200s is in none of the plugin folders", path);
    int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "%.200s: %s", folder, strerror(errno));
    int code = check_status(folder_fd, folder, S_IFDIR, fault);
    int fd = code ? -1 : openat(folder_fd, strrchr(path, '/') + 1, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int error = errno;
    close(folder_fd);
    if (code)
        return code;
    if (fd < 0)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "%.200s: %s", path, strerror(error));
    if ((code = check_status(fd, path, S_IFREG, fault))) {
        close(fd);
        return code;
    }
    *out = fd;
    return 0;
}

static int check_plugin(const struct mltrainer_plugin *plugin, const char *path, struct fault *fault)
{
    if (plugin->size < PLUGIN_BYTES_LEAST || plugin->abi_major != MLTRAINER_ABI_MAJOR)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "%.200s speaks plugin ABI %u.%u, this server %u.%u", path,
                         plugin->abi_major, plugin->abi_minor, MLTRAINER_ABI_MAJOR, MLTRAINER_ABI_MINOR);
    if (!plugin->family || !plugin->version || plugin->algorithm_count > ALGORITHMS_MAX ||
        (plugin->algorithm_count > 0 && !plugin->algorithms))
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "%.200s describes itself incompletely", path);
    for (uint64_t i = 0; i < plugin->algorithm_count; i++)
        if (!plugin->algorithms[i] || plugin->algorithms[i]->size < ALGORITHM_BYTES_LEAST || !plugin->algorithms[i]->id)
            return fault_set(fault, MRPC_FAILED_PRECONDITION, "%.200s: algorithm %u is incomplete", path, (unsigned)i);
    return 0;
}

/* The descriptor stays open: the loader knows libraries by name, and the number in it must not come to mean another. */
static int load(int fd, const char *path, const struct mltrainer_plugin **out, struct fault *fault)
{
    char name[64];

    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "%.120s cannot be loaded: %.250s", path, dlerror());
    const struct mltrainer_plugin *plugin = dlsym(library, MLTRAINER_PLUGIN_SYMBOL);
    if (!plugin)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "%.200s is no plugin: it lacks " MLTRAINER_PLUGIN_SYMBOL,
                         path);
    int code = check_plugin(plugin, path, fault);
    if (!code)
        *out = plugin;
    return code;
}

static int start(const struct mltrainer_plugin *plugin, const char *path, const struct mltrainer_host *host,
                 struct fault *fault)
{
    struct mltrainer_error error = {.size = sizeof(error)};

    if (!plugin->init || plugin->init(host, &error) == MLTRAINER_OK)
        return 0;
    return fault_set(fault, MRPC_FAILED_PRECONDITION, "%.120s did not start: %.250s", path, error.text);
}

int plugin_shelf_get(struct plugin_shelf *shelf, const char *const *folders, size_t folder_count, const char *path,
                     const struct mltrainer_host *host, const struct mltrainer_plugin **out, struct fault *fault)
{
    const struct mltrainer_plugin *plugin = NULL;
    int fd = -1;

    for (const struct shelf_entry *entry = shelf->first; entry; entry = entry->next)
        if (strcmp(entry->path, path) == 0) {
            *out = entry->plugin;
            return 0;
        }
    int code = open_checked(folders, folder_count, path, &fd, fault);
    if (!code)
        code = load(fd, path, &plugin, fault);
    if (!code)
        code = start(plugin, path, host, fault);
    if (code)
        return code;
    struct shelf_entry *entry = malloc(sizeof(*entry) + strlen(path) + 1);
    if (!entry)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory to keep a plugin");
    entry->plugin = plugin;
    strcpy(entry->path, path);
    entry->next = shelf->first;
    shelf->first = entry;
    *out = plugin;
    return 0;
}

const struct mltrainer_algorithm *plugin_find_algorithm(const struct mltrainer_plugin *plugin, const char *id)
{
    for (uint64_t i = 0; i < plugin->algorithm_count; i++)
        if (strcmp(plugin->algorithms[i]->id, id) == 0)
            return plugin->algorithms[i];
    return NULL;
}
