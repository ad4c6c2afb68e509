/* SPDX-License-Identifier: Apache-2.0 */

/* mltrainerd-manual DOCUMENT FILE: write one of the documents that are made of the table of keys. */

#include <stdlib.h>
#include <string.h>

#include "manual/manual.h"

static const struct {
    const char *name;
    void (*print)(FILE *out);
} documents[] = {
    {"example", manual_example},
    {"server", manual_server_page},
    {"file", manual_file_page},
};

static int write_document(void (*print)(FILE *out), const char *path)
{
    FILE *out = fopen(path, "w");
    if (!out) {
        perror(path);
        return EXIT_FAILURE;
    }
    print(out);
    if (fclose(out) == 0)
        return EXIT_SUCCESS;
    perror(path);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 3 && i < sizeof documents / sizeof *documents; i++)
        if (strcmp(argv[1], documents[i].name) == 0)
            return write_document(documents[i].print, argv[2]);
    fputs("usage: mltrainerd-manual example|server|file FILE\n", stderr);
    return 2;
}
