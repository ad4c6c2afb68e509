/* SPDX-License-Identifier: Apache-2.0 */
#include "server_cpu.h"

#include <dirent.h>
#include <stdio.h>

static double thread_seconds(int pid, const char *thread)
{
    char path[64];
    unsigned long long ns = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", pid, thread);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    if (fscanf(file, "%llu", &ns) != 1)
        ns = 0;
    fclose(file);
    return (double)ns / 1e9;
}

double server_cpu_seconds(int pid)
{
    char path[64];
    double seconds = 0;
    if (pid == 0)
        return 0;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *threads = opendir(path);
    if (!threads)
        return 0;
    for (struct dirent *entry = readdir(threads); entry; entry = readdir(threads))
        if (entry->d_name[0] != '.')
            seconds += thread_seconds(pid, entry->d_name);
    closedir(threads);
    return seconds;
}
