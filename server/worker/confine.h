/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_WORKER_CONFINE_H
#define MLT_WORKER_CONFINE_H

#include <stddef.h>
#include <stdint.h>

/** Give up everything that a model does not need, for good, before the first plugin is loaded: new privileges,
 *  capabilities, files outside @plugin_folders and the system's libraries, networks, other processes, and memory beyond
 *  @memory_bytes (0: no limit). @report tells what is in force ("no_new_privs, rlimits, landlock 7, seccomp"): an old
 *  kernel may lack Landlock, and then seccomp alone keeps files from being written. Returns 0, or -1 with @report
 *  saying what failed. */
int confine(const char *const *plugin_folders, size_t plugin_folder_count, uint64_t memory_bytes, char *report,
            size_t report_bytes);

/** Landlock: reading and executing below @folders and system libraries alone, no TCP, no signals to others. Returns the
 *  ABI version in force, 0 when the kernel has none, -1 on failure. */
int landlock_confine(const char *const *folders, size_t folder_count);

/** Seccomp: the calls that computing needs; every other one fails with EPERM. Returns 0 or -1. */
int seccomp_confine(void);

#endif
