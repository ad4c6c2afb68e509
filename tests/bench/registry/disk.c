/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

/* What the disk alone allows: records that come in at a rate are appended to a file, all that wait in one write and one
 * sync, as a log with group commit does it and nothing else. The file is begun anew at the length of mltrainerd's
 * log. */

enum { GROUP_RECORDS_MAX = 1024 };
static const off_t file_bytes_max = 48 * 1024 * 1024;

struct disk_run {
    int fd;
    off_t at;
    char *record; /* GROUP_RECORDS_MAX of them */
    uint64_t begun_ns, done, groups;
    struct histogram latencies;
};

static uint64_t due_ns(const struct disk_run *run, const struct load_settings *settings, uint64_t number)
{
    return run->begun_ns + (uint64_t)((double)number * 1e9 / settings->rate);
}

/* How many records are due, after having waited for one. */
static uint64_t gather(const struct disk_run *run, const struct load_settings *settings)
{
    for (uint64_t now_ns; (now_ns = load_now_ns()) < due_ns(run, settings, run->done);) {
        uint64_t wait_ns = due_ns(run, settings, run->done) - now_ns;
        nanosleep(
            &(struct timespec){.tv_sec = (time_t)(wait_ns / 1000000000u), .tv_nsec = (long)(wait_ns % 1000000000u)},
            NULL);
    }
    uint64_t now_ns = load_now_ns(), count = 1;
    while (count < GROUP_RECORDS_MAX && run->done + count < settings->count &&
           due_ns(run, settings, run->done + count) <= now_ns)
        count++;
    return count;
}

static void write_group(struct disk_run *run, const struct load_settings *settings, uint64_t count)
{
    size_t bytes = (size_t)count * (size_t)settings->bytes;
    if (run->at + (off_t)bytes > file_bytes_max)
        run->at = 0;
    memset(run->record, (int)run->groups, bytes);
    if (pwrite(run->fd, run->record, bytes, run->at) != (ssize_t)bytes || fdatasync(run->fd))
        load_die("%s: %s", settings->target, strerror(errno));
    run->at += (off_t)bytes;
    run->groups++;
    uint64_t now_ns = load_now_ns();
    for (uint64_t i = 0; i < count; i++)
        histogram_add(&run->latencies, now_ns - due_ns(run, settings, run->done + i));
    run->done += count;
}

int load_disk(const struct load_settings *settings)
{
    static struct disk_run run;
    if (settings->bytes <= 0 || settings->rate <= 0)
        load_die("disk wants --bytes and --rate");
    run.record = malloc((size_t)settings->bytes * GROUP_RECORDS_MAX);
    run.fd = open(settings->target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (run.fd < 0 || !run.record)
        load_die("%s: %s", settings->target, strerror(errno));
    run.begun_ns = load_now_ns();
    while (run.done < settings->count)
        write_group(&run, settings, gather(&run, settings));
    printf("{\"groups\": %llu, \"latency_ms\": {\"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f}}\n",
           (unsigned long long)run.groups, (double)histogram_quantile_ns(&run.latencies, 0.5) / 1e6,
           (double)histogram_quantile_ns(&run.latencies, 0.99) / 1e6, (double)run.latencies.largest_ns / 1e6);
    close(run.fd);
    free(run.record);
    return unlink(settings->target) != 0;
}
