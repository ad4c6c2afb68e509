/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_LIVE_SCREEN_H
#define MLTCTL_LIVE_SCREEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A screen that is drawn again and again. On a terminal it is a screen of its own, each frame is written over the last
 * one, cut to the terminal's size, and what was there before comes back in the end. Elsewhere frames follow each other
 * as plain text. Thread: main. One at a time. */

struct live_screen;

enum live_screen_wish { LIVE_SCREEN_GO_ON, LIVE_SCREEN_DRAW_AGAIN, LIVE_SCREEN_QUIT };

/** @terminal: standard output is one. NULL when out of memory. */
struct live_screen *live_screen_new(bool terminal);
/** Gives the terminal back as it was. Takes NULL. */
void live_screen_free(struct live_screen *screen);

/** Where the next frame is written. */
FILE *live_screen_begin(struct live_screen *screen);
/** Show it. */
void live_screen_end(struct live_screen *screen);

/** Wait for @ms, or until the size has changed (draw again), 'q' was typed or a signal asks for the end (quit). */
enum live_screen_wish live_screen_wait(struct live_screen *screen, int64_t ms);

#endif
