/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { BAR_CELLS = 30, REDRAW_MS = 50 };

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void progress_show(struct progress *progress, double done, const char *note)
{
    long long now = now_ms();
    if (!isatty(STDERR_FILENO) || (progress->shown && done < 1 && now - progress->drawn_ms < REDRAW_MS))
        return;
    done = done < 0 ? 0 : done > 1 ? 1 : done;
    int full = (int)(done * BAR_CELLS);
    fprintf(stderr, "\r\033[K%s [", progress->label);
    for (int i = 0; i < BAR_CELLS; i++)
        fputs(i < full ? "#" : ".", stderr);
    fprintf(stderr, "] %3.0f %% %s", 100 * done, note ? note : "");
    fflush(stderr);
    progress->shown = true;
    progress->drawn_ms = now;
}

void progress_end(struct progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
    progress->shown = false;
}
