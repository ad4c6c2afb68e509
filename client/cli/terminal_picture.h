/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_TERMINAL_PICTURE_H
#define MLTCTL_TERMINAL_PICTURE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** How a terminal takes pictures. */
enum terminal_way {
    TERMINAL_NONE,
    TERMINAL_KITTY, /* kitty's graphics protocol: kitty, WezTerm, Ghostty, Konsole */
    TERMINAL_SIXEL, /* DEC sixels: xterm -ti 340, foot, mlterm, Windows Terminal */
};

/** Ask the controlling terminal, and wait 1 s at most for what it says. TERMINAL_NONE without a terminal. */
enum terminal_way terminal_ask_way(void);
/** "kitty" or "sixel"; TERMINAL_NONE for anything else. */
enum terminal_way terminal_way_named(const char *name);
/** Width of the terminal's window in pixels, 0 when it does not say. */
int terminal_width_px(void);

/** Show a PNG. Returns 0, or CLI_FAILED after saying why. */
int terminal_show(enum terminal_way way, const uint8_t *png, size_t bytes, FILE *out);
/** A PNG as sixels: at most 256 colours, those that are most frequent of 32,768. Returns as above. */
int terminal_write_sixel(const uint8_t *png, size_t bytes, FILE *out);

#endif
