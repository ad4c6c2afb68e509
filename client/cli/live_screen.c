/* SPDX-License-Identifier: Apache-2.0 */
#include "live_screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

struct live_screen {
    bool terminal;
    bool keys; /* standard input is a terminal, and tells of each key */
    struct termios before;
    sigset_t signals_before;
    int signals;
    FILE *frame;
    char *text;
    size_t size;
};

/* To another screen, without a cursor; and back. */
static const char enter[] = "\033[?1049h\033[?25l\033[2J";
static const char leave[] = "\033[?25h\033[?1049l";

static void take_keys(struct live_screen *screen)
{
    struct termios raw;
    screen->keys = screen->terminal && isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &screen->before) == 0;
    if (!screen->keys)
        return;
    raw = screen->before;
    raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

struct live_screen *live_screen_new(bool terminal)
{
    struct live_screen *screen = calloc(1, sizeof *screen);
    if (!screen)
        return NULL;
    sigset_t watched;
    sigemptyset(&watched);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGHUP);
    sigaddset(&watched, SIGWINCH);
    sigprocmask(SIG_BLOCK, &watched, &screen->signals_before);
    screen->signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    screen->terminal = terminal;
    take_keys(screen);
    if (terminal)
        fputs(enter, stdout);
    return screen;
}

void live_screen_free(struct live_screen *screen)
{
    if (!screen)
        return;
    if (screen->terminal)
        fputs(leave, stdout);
    fflush(stdout);
    if (screen->keys)
        tcsetattr(STDIN_FILENO, TCSANOW, &screen->before);
    if (screen->frame)
        fclose(screen->frame);
    free(screen->text);
    if (screen->signals >= 0)
        close(screen->signals);
    sigprocmask(SIG_SETMASK, &screen->signals_before, NULL);
    free(screen);
}

FILE *live_screen_begin(struct live_screen *screen)
{
    screen->text = NULL;
    screen->frame = open_memstream(&screen->text, &screen->size);
    return screen->frame ? screen->frame : stdout;
}

/* How many bytes of the line fit @columns. */
static size_t fitting(const char *line, size_t bytes, int columns)
{
    mbstate_t state = {0};
    size_t at = 0;
    while (at < bytes) {
        wchar_t c;
        size_t size = mbrtowc(&c, line + at, bytes - at, &state);
        int cells = size == 0 || size > bytes ? 1 : wcwidth(c);
        if (size == 0 || size > bytes) { /* not text: a byte a column */
            size = 1;
            memset(&state, 0, sizeof state);
        }
        columns -= cells > 0 ? cells : 0;
        if (columns < 0)
            break;
        at += size;
    }
    return at;
}

static void draw(const char *text)
{
    struct winsize window = {.ws_row = 24, .ws_col = 80};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_row == 0 || window.ws_col == 0)
        window = (struct winsize){.ws_row = 24, .ws_col = 80};
    fputs("\033[H", stdout);
    for (int row = 0; *text && row < window.ws_row; row++) {
        size_t bytes = strcspn(text, "\n");
        printf("%s%.*s\033[K", row ? "\r\n" : "", (int)fitting(text, bytes, window.ws_col), text);
        text += bytes + (text[bytes] == '\n');
    }
    fputs("\033[J", stdout);
}

void live_screen_end(struct live_screen *screen)
{
    if (screen->frame) {
        fclose(screen->frame);
        screen->frame = NULL;
        if (screen->text && screen->terminal)
            draw(screen->text);
        else if (screen->text)
            fputs(screen->text, stdout);
        free(screen->text);
        screen->text = NULL;
    }
    fflush(stdout);
}

static enum live_screen_wish take_signals(struct live_screen *screen)
{
    struct signalfd_siginfo info;
    enum live_screen_wish wish = LIVE_SCREEN_GO_ON;
    while (read(screen->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo != SIGWINCH)
            return LIVE_SCREEN_QUIT;
        wish = LIVE_SCREEN_DRAW_AGAIN;
    }
    return wish;
}

enum live_screen_wish live_screen_wait(struct live_screen *screen, int64_t ms)
{
    struct pollfd fds[] = {{screen->signals, POLLIN, 0}, {screen->keys ? STDIN_FILENO : -1, POLLIN, 0}};
    char key;
    int ready = poll(fds, 2, (int)ms);
    if (ready <= 0)
        return LIVE_SCREEN_GO_ON;
    if (fds[0].revents)
        return take_signals(screen);
    ssize_t got = read(STDIN_FILENO, &key, 1);
    if (got == 0 || (got == 1 && (key == 'q' || key == 'Q')))
        return LIVE_SCREEN_QUIT;
    return LIVE_SCREEN_DRAW_AGAIN;
}
