/* SPDX-License-Identifier: Apache-2.0 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log/crash.h"
#include "worker/blas_core.h"
#include "worker/confine.h"
#include "worker/heap.h"
#include "worker/session.h"
#include "worker/task.h"

/* mltrainer-worker: the process that runs plugins. The server starts it; by hand it tells what a plugin is. */

#define DESCRIBE_MEMORY_BYTES (4ull << 30)

static const char usage[] = "usage: mltrainer-worker --describe PLUGIN.so   tell what a plugin offers\n"
                            "       mltrainer-worker --serve PID            (started by mltrainerd)\n";

static void print(const Mltrainer__Worker__Description *description)
{
    static const char *const operations[] = {NULL, NULL, "train", "evaluate", "predict", "compute"};

    printf("family: %s\nversion: %s\ndescription: %s\nlicence: %s\nengine: %s\nabi: %u.%u\nalgorithms:\n",
           description->family, description->version, description->description, description->licence,
           description->engine, description->abi_major, description->abi_minor);
    for (size_t i = 0; i < description->n_algorithms; i++) {
        const Mltrainer__Worker__Algorithm *algorithm = description->algorithms[i];
        printf("  - id: %s\n    description: %s\n    operations: [", algorithm->id, algorithm->description);
        const char *comma = "";
        for (unsigned bit = 2; bit < sizeof(operations) / sizeof(operations[0]); bit++)
            if (algorithm->operations >> bit & 1) {
                printf("%s%s", comma, operations[bit]);
                comma = ", ";
            }
        printf("]\n");
    }
}

static int describe(const char *path)
{
    struct plugin_shelf *shelf = plugin_shelf_new();
    struct mrpc_arena *arena = mrpc_arena_new(0);
    const struct mltrainer_plugin *plugin;
    Mltrainer__Worker__Description *description;
    struct fault fault = FAULT_INIT;
    struct host host;
    char report[160];

    char *real = realpath(path, NULL), *copy = real ? strdup(real) : NULL;
    if (!shelf || !arena || !copy) {
        fprintf(stderr, "mltrainer-worker: %s cannot be found\n", path);
        return 1;
    }
    const char *folder = dirname(copy);
    if (confine(&folder, 1, DESCRIBE_MEMORY_BYTES, report, sizeof(report)) != 0) {
        fprintf(stderr, "mltrainer-worker: %s\n", report);
        return 1;
    }
    host_init(&host, NULL, 0, 0, 1, 0);
    if (plugin_shelf_get(shelf, &folder, 1, real, &host.services, &plugin, &fault) ||
        task_describe(plugin, arena, &description, &fault)) {
        fprintf(stderr, "mltrainer-worker: %s\n", fault.text);
        return 1;
    }
    print(description);
    fflush(stdout);
    _exit(0); /* the plugin's own exit handlers are none of our business */
}

/* A plugin that crashes says where on stderr, which the server reads; the handler is there before any plugin is. */
static int serve(int server_pid)
{
    crash_report_to(STDERR_FILENO, "mltrainer-worker");
    heap_keep_freed();
    _exit(session_run(server_pid));
}

int main(int argc, char **argv)
{
    blas_core_choose();
    if (argc == 3 && strcmp(argv[1], "--describe") == 0)
        return describe(argv[2]);
    if (argc == 3 && strcmp(argv[1], "--serve") == 0)
        return serve(atoi(argv[2]));
    fputs(usage, stderr);
    return 2;
}
