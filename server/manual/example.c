/* SPDX-License-Identifier: Apache-2.0 */
#include "manual/manual.h"

#include <string.h>

#include "config/config.h"

enum { TEXT_WIDTH = 100 };

/* A paragraph of comment, broken between words. */
static void print_comment(const char *text, FILE *out)
{
    while (*text) {
        size_t length = strlen(text);
        if (length > TEXT_WIDTH) {
            length = TEXT_WIDTH;
            while (length > 0 && text[length] != ' ')
                length--;
        }
        fprintf(out, "# %.*s\n", (int)length, text);
        text += length;
        text += strspn(text, " ");
    }
}

static void print_key(const struct config_key *key, FILE *out)
{
    fputc('\n', out);
    print_comment(key->doc, out);
    if (key->reloads)
        fputs("# A reload reads it again.\n", out);
    if (!key->fallback)
        fprintf(out, "#%s:\n", key->name);
    else if (key->type == CONFIG_LIST)
        fprintf(out, "#%s: [\"%s\"]\n", key->name, key->fallback);
    else
        fprintf(out, "#%s: %s\n", key->name, key->fallback);
}

void manual_example(FILE *out)
{
    fputs("# Configuration of mltrainerd: every key, with its default. mltrainerd.yaml(5) says more. Check it before "
          "the\n"
          "# server reads it: mltrainerd --config FILE --check\n",
          out);
    for (const struct config_key *key = config_keys; key->name; key++)
        print_key(key, out);
}
