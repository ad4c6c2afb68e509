/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <stdio.h>
#include <string.h>

static const char hidden[] = "***";

struct shown {
    char *out;
    size_t used, size;
};

static void put(struct shown *shown, const char *text, size_t length)
{
    while (length-- > 0 && shown->used + 1 < shown->size)
        shown->out[shown->used++] = *text++;
    shown->out[shown->used] = '\0';
}

/* Behind "://": up to the host, "user:password@" without the password. Returns what follows. */
static const char *put_user(struct shown *shown, const char *authority)
{
    size_t length = strcspn(authority, "/?# ");
    const char *at = memrchr(authority, '@', length);
    const char *colon = at ? memchr(authority, ':', (size_t)(at - authority)) : NULL;
    if (!colon)
        return authority;
    put(shown, authority, (size_t)(colon + 1 - authority));
    put(shown, hidden, sizeof hidden - 1);
    return at;
}

void config_redact(const char *text, char *out, size_t size)
{
    static const char word[] = "password=";
    struct shown shown = {out, 0, size};
    bool in_url = false;
    *out = '\0';
    while (*text) {
        if (strncmp(text, "://", 3) == 0) {
            in_url = true;
            put(&shown, text, 3);
            text = put_user(&shown, text + 3);
        } else if (in_url && strncmp(text, word, sizeof word - 1) == 0) {
            put(&shown, word, sizeof word - 1);
            put(&shown, hidden, sizeof hidden - 1);
            text += strcspn(text, "& ");
        } else {
            put(&shown, text++, 1);
        }
    }
}
