/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_OVERLOAD_H
#define MLT_OVERLOAD_H

#include <stdbool.h>
#include <stdint.h>

/* What is refused when memory comes near its limit: first what takes most and can wait, last what keeps others
 * alive. */

enum overload {
    OVERLOAD_NONE,
    OVERLOAD_WORK,   /* from 85 %: no new jobs, uploads, predictions, diagrams */
    OVERLOAD_MOST,   /* from 92 %: no new streams, and nothing but the registry's and admin's calls */
    OVERLOAD_ALL,    /* from 95 %: nothing but health, heartbeats, deregistration and admin */
};

/** The step that follows @step when @used of @limit bytes are taken: up at once, down when 3 points below. Pure. */
enum overload overload_step(enum overload step, uint64_t used, uint64_t limit);

/** Whether a call of @path ("/package.Service/Method") is refused in @step. Pure. */
bool overload_refuses(enum overload step, const char *path, bool streams);

/** "none", "work", "most", "all". */
const char *overload_name(enum overload step);

#endif
