/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_PROGRESS_H
#define MLTCTL_PROGRESS_H

#include <stdbool.h>

/* A bar on stderr, redrawn in place at most 20 times a second, and only when stderr is a terminal. */
struct progress {
    const char *label;
    bool shown;
    long long drawn_ms;
};

/** @done is 0 to 1; @note stands behind the bar. */
void progress_show(struct progress *progress, double done, const char *note);
/** Wipe the bar, so that what follows starts on a clean line. */
void progress_end(struct progress *progress);

#endif
