/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/render/icon.h"

#include <stdlib.h>

#define CIRCLE "M8 1C17 1 17 15 8 15C-1 15 -1 1 8 1Z"

const char *icon_path(enum scene_icon icon)
{
    static const char *const paths[SCENE_ICON_COUNT] = {
        [SCENE_ICON_NONE] = "",
        [SCENE_ICON_SERVICE] = "M8 1L14 4L14 12L8 15L2 12L2 4ZM2 4L8 8L14 4M8 8L8 15",
        [SCENE_ICON_DATABASE] = "M2 4C2 1 14 1 14 4C14 7 2 7 2 4L2 12C2 15 14 15 14 12L14 4M2 8C2 11 14 11 14 8",
        [SCENE_ICON_QUEUE] = "M1 5L10 5L10 11L1 11ZM4 5L4 11M7 5L7 11M12 8L15 8M13 6L15 8L13 10",
        [SCENE_ICON_WORKER] =
            "M4 4L12 4L12 12L4 12ZM6 1L6 4M10 1L10 4M6 12L6 15M10 12L10 15M1 6L4 6M1 10L4 10M12 6L15 6"
            "M12 10L15 10",
        [SCENE_ICON_USER] = "M8 1C12 1 12 7 8 7C4 7 4 1 8 1ZM2 15C2 8 14 8 14 15Z",
        [SCENE_ICON_EXTERNAL] = CIRCLE "M1 8L15 8M8 1C4 5 4 11 8 15M8 1C12 5 12 11 8 15",
        [SCENE_ICON_MODEL] = "M8 1L15 5L8 9L1 5ZM1 8L8 12L15 8M1 11L8 15L15 11",
        [SCENE_ICON_FILE] = "M3 1L10 1L13 4L13 15L3 15ZM10 1L10 4L13 4M6 8L10 8M6 11L10 11",
        [SCENE_ICON_CLOCK] = CIRCLE "M8 4L8 8L11 10",
        [SCENE_ICON_PAGE] = "M1 2L15 2L15 14L1 14ZM1 6L15 6M3 4L4 4M6 4L7 4",
        [SCENE_ICON_LOCK] = "M3 7L13 7L13 15L3 15ZM5 7L5 4C5 0 11 0 11 4L11 7M8 10L8 12",
    };
    return paths[icon];
}

static int numbers_of(char command)
{
    return command == 'C' ? 6 : command == 'Z' ? 0 : 2;
}

void icon_trace(enum scene_icon icon, void (*pen)(void *arg, char command, const int numbers[6]), void *arg)
{
    for (const char *at = icon_path(icon); *at;) {
        char command = *at++;
        int numbers[6] = {0};
        for (int i = 0; i < numbers_of(command); i++) {
            char *end;
            numbers[i] = (int)strtol(at, &end, 10);
            at = end;
        }
        pen(arg, command, numbers);
    }
}
