/* SPDX-License-Identifier: Apache-2.0 */

/* What a CSV file costs on one core:
 *     csv_load FILE REPEATS
 * prints one JSON object: megabytes (10^6) a second of CPU time of this thread, the best of REPEATS, in the first pass
 * (types, statistics; an upload's) and in the second (columns in memory; a job's). */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "execution/dataset/load.h"
#include "execution/dataset/scan.h"

enum { CHUNK_BYTES = 64 * 1024 };

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "csv_load: %s\n", what);
    exit(1);
}

static struct dataset_schema *scan(const char *bytes, size_t size)
{
    struct fault fault = FAULT_INIT;
    struct dataset_scan *scan = dataset_scan_new(dataset_schema_new(0, false, NULL, 0), NULL, 0);
    if (!scan)
        die("out of memory");
    for (size_t at = 0; at < size; at += CHUNK_BYTES)
        if (dataset_scan_feed(scan, bytes + at, size - at < CHUNK_BYTES ? size - at : CHUNK_BYTES, &fault))
            die(fault.text);
    if (dataset_scan_finish(scan, &fault))
        die(fault.text);
    struct dataset_schema *schema = dataset_scan_take(scan);
    dataset_scan_free(scan);
    return schema;
}

static void load(const char *path, const struct dataset_schema *schema)
{
    const struct dataset_wanted all = {0};
    struct fault fault = FAULT_INIT;
    struct table *table;
    if (dataset_load_file(path, schema, &all, &table, &fault))
        die(fault.text);
    table_free(table);
}

int main(int argc, char **argv)
{
    int fd = argc == 3 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0 || info.st_size == 0)
        die("usage: csv_load FILE REPEATS");
    size_t size = (size_t)info.st_size;
    const char *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (bytes == MAP_FAILED)
        die("the file cannot be mapped");
    double scan_s = 1e9, load_s = 1e9;
    unsigned long long rows = 0;
    for (int i = 0; i < atoi(argv[2]); i++) {
        double began = cpu_s();
        struct dataset_schema *schema = scan(bytes, size);
        double scanned = cpu_s();
        load(argv[1], schema);
        double loaded = cpu_s();
        scan_s = scanned - began < scan_s ? scanned - began : scan_s;
        load_s = loaded - scanned < load_s ? loaded - scanned : load_s;
        rows = schema->row_count;
        dataset_schema_free(schema);
    }
    printf("{\"bytes\": %zu, \"rows\": %llu, \"scan_mb_s\": %.1f, \"load_mb_s\": %.1f}\n", size, rows,
           (double)size / 1e6 / scan_s, (double)size / 1e6 / load_s);
    return 0;
}
