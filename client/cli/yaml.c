/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfyaml.h>

#include "cli.h"

enum { FILE_BYTES_MAX = 4 * 1024 * 1024 };

static char *read_file(const char *path)
{
    FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
    char *text = malloc(FILE_BYTES_MAX + 1);
    if (!in || !text)
        exit(cli_failed("%s: %s", path, strerror(errno)));
    size_t size = fread(text, 1, FILE_BYTES_MAX, in);
    if (ferror(in) || !feof(in))
        exit(cli_failed("%s: cannot be read, or has more than 4 MiB", path));
    if (in != stdin)
        fclose(in);
    text[size] = 0;
    /* libfyaml 0.7 never comes back from a directive that is not UTF-8, and nobody needs one here. */
    if (strlen(text) != size || *text == '%' || strstr(text, "\n%"))
        exit(cli_failed("%s: not YAML without directives", path));
    return text;
}

static void keep_quiet(struct fy_diag *diag, void *user, const char *bytes, size_t size)
{
}

static struct fy_diag *diag_new(void)
{
    struct fy_diag_cfg how;
    fy_diag_cfg_default(&how);
    how.fp = NULL;
    how.output_fn = keep_quiet;
    struct fy_diag *diag = fy_diag_create(&how);
    if (!diag)
        exit(cli_failed("out of memory"));
    fy_diag_set_collect_errors(diag, true);
    return diag;
}

char *yaml_to_json(const char *path)
{
    char *text = read_file(path);
    struct fy_diag *diag = diag_new();
    struct fy_parse_cfg settings = {.flags = FYPCF_DEFAULT_VERSION_AUTO | FYPCF_RESOLVE_DOCUMENT, .diag = diag};
    struct fy_document *document = fy_document_build_from_string(&settings, text, FY_NT);
    char *json = document ? fy_emit_document_to_string(document, FYECF_MODE_JSON_ONELINE) : NULL;
    if (!json) {
        void *iterator = NULL;
        const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &iterator);
        if (error && error->msg)
            exit(cli_failed("%s:%d:%d: %s", path, error->line, error->column, error->msg));
        exit(cli_failed("%s: not YAML", path));
    }
    fy_document_destroy(document);
    fy_diag_destroy(diag);
    free(text);
    return json;
}
