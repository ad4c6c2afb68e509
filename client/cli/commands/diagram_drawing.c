/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/diagram_drawing.h"

#include <string.h>

#include "files.h"

static int find(const char *const *names, const char *name)
{
    for (int i = 1; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return 0;
}

/* "svg", "png", "pdf", "dot", "mermaid", "d2"; 0 for none. */
static int format_of(const char *name)
{
    static const char *const names[] = {"", "svg", "png", "pdf", "dot", "mermaid", "d2", NULL};
    return strcmp(name, "mmd") == 0 ? 5 : find(names, name);
}

static int choose_format(const struct cli_arguments *arguments, const char *output)
{
    const char *given = cli_option(arguments, "format", NULL);
    const char *slash = strrchr(output, '/');
    const char *dot = strrchr(slash ? slash : output, '.');
    if (given)
        return format_of(given);
    return dot && dot[1] ? format_of(dot + 1) : MLTRAINER__DIAGRAM__V1__FORMAT__FORMAT_SVG;
}

int diagram_drawing(const struct cli_arguments *arguments, const char *output, Mltrainer__Diagram__V1__Drawing *drawing,
                    uint8_t **spec)
{
    static const char *const themes[] = {"", "light", "dark", "auto", NULL};
    const char *theme = cli_option(arguments, "theme", NULL), *file = cli_option(arguments, "spec", NULL);
    mltrainer__diagram__v1__drawing__init(drawing);
    *spec = NULL;
    if (!file == !arguments->operand_count)
        return cli_usage("name a view, or give --spec FILE; mltctl diagram views lists the views");
    drawing->format = (Mltrainer__Diagram__V1__Format)choose_format(arguments, output);
    if (!drawing->format)
        return cli_usage("%s: the format is none of svg, png, pdf, dot, mermaid and d2; --format names one", output);
    drawing->theme = (Mltrainer__Diagram__V1__Theme)(theme ? find(themes, theme) : 0);
    if (theme && !drawing->theme)
        return cli_usage("--theme: light, dark or auto");
    drawing->dpi = (int32_t)cli_number(arguments, "dpi", 0, 24, 1200);
    drawing->scale = cli_real(arguments, "scale", 0);
    drawing->overlay = (char *)cli_option(arguments, "overlay", "");
    if (!file) {
        drawing->source_case = MLTRAINER__DIAGRAM__V1__DRAWING__SOURCE_VIEW;
        drawing->view = (char *)arguments->operands[0];
        return 0;
    }
    size_t size;
    int code = files_read(file, 1 << 20, spec, &size);
    drawing->source_case = MLTRAINER__DIAGRAM__V1__DRAWING__SOURCE_SPEC;
    drawing->spec = (char *)*spec;
    return code;
}
