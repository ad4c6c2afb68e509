/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal_picture.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"

enum { ANSWER_MS = 1000, ANSWER_BYTES = 256, CHUNK_BYTES = 4096 };

/* A picture of one pixel that kitty's protocol is to check, not to show; then the terminal's attributes (DA1), which
 * every terminal tells: when they have come, no answer to the first is still under way. */
static const char question[] = "\033_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\033\\\033[c";

/* "\033[?62;4;22c": is 4, sixels, among the attributes? */
static bool has_sixels(const char *answer)
{
    const char *at = strstr(answer, "\033[?");
    for (at = at ? at + 3 : NULL; at && *at && *at != 'c'; at++) {
        if (*at == '4' && (at[-1] == ';' || at[-1] == '?') && (at[1] == ';' || at[1] == 'c'))
            return true;
    }
    return false;
}

/* Until the attributes are complete, the time is up or there is no more room. */
static void read_answer(int terminal, char answer[ANSWER_BYTES])
{
    size_t size = 0;
    struct pollfd ready = {.fd = terminal, .events = POLLIN};
    answer[0] = '\0';
    while (size + 1 < ANSWER_BYTES && poll(&ready, 1, ANSWER_MS) == 1) {
        ssize_t taken = read(terminal, answer + size, ANSWER_BYTES - 1 - size);
        if (taken <= 0)
            return;
        size += (size_t)taken;
        answer[size] = '\0';
        const char *attributes = strstr(answer, "\033[?");
        if (attributes && strchr(attributes, 'c'))
            return;
    }
}

enum terminal_way terminal_ask_way(void)
{
    struct termios before, raw;
    char answer[ANSWER_BYTES];
    int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0 || tcgetattr(terminal, &before) != 0) {
        if (terminal >= 0)
            close(terminal);
        return TERMINAL_NONE;
    }
    raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    answer[0] = '\0';
    if (tcsetattr(terminal, TCSAFLUSH, &raw) == 0) {
        if (write(terminal, question, sizeof question - 1) == (ssize_t)sizeof question - 1)
            read_answer(terminal, answer);
        tcsetattr(terminal, TCSAFLUSH, &before);
    }
    close(terminal);
    if (strstr(answer, "\033_Gi=31;OK"))
        return TERMINAL_KITTY;
    return has_sixels(answer) ? TERMINAL_SIXEL : TERMINAL_NONE;
}

enum terminal_way terminal_way_named(const char *name)
{
    return strcmp(name, "kitty") == 0 ? TERMINAL_KITTY : strcmp(name, "sixel") == 0 ? TERMINAL_SIXEL : TERMINAL_NONE;
}

int terminal_width_px(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_xpixel : 0;
}

/* The file itself, in base64 and in pieces; the terminal decodes it. Source: kitty's terminal graphics protocol. */
static int write_kitty(const uint8_t *png, size_t bytes, FILE *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    enum { PIECE = CHUNK_BYTES / 4 * 3 };
    for (size_t at = 0; at < bytes; at += PIECE) {
        size_t end = bytes - at > PIECE ? at + PIECE : bytes;
        fprintf(out, "\033_G%sm=%d;", at ? "" : "f=100,a=T,q=2,", end < bytes);
        for (size_t i = at; i < end; i += 3) {
            size_t held = end - i < 3 ? end - i : 3;
            uint32_t group =
                (uint32_t)png[i] << 16 | (held > 1 ? (uint32_t)png[i + 1] << 8 : 0) | (held > 2 ? png[i + 2] : 0);
            putc(digits[group >> 18], out);
            putc(digits[group >> 12 & 63], out);
            putc(held > 1 ? digits[group >> 6 & 63] : '=', out);
            putc(held > 2 ? digits[group & 63] : '=', out);
        }
        fputs("\033\\", out);
    }
    putc('\n', out);
    return fflush(out) == 0 ? 0 : cli_failed("writing the picture failed");
}

int terminal_show(enum terminal_way way, const uint8_t *png, size_t bytes, FILE *out)
{
    return way == TERMINAL_KITTY ? write_kitty(png, bytes, out) : terminal_write_sixel(png, bytes, out);
}
