/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_BENCH_SERVER_CPU_H
#define MLT_BENCH_SERVER_CPU_H

/** User and system time of process @pid with all its threads so far, from the scheduler's account; 0 for pid 0. */
double server_cpu_seconds(int pid);

#endif
