/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagram/render/render.h"
#include "diagram/renderer/worker.h"
#include "diagram/text/text.h"
#include "fault/fault.h"
#include "scene/spec.h"

/* mltrainer-render: draws a spec file; as "--worker FD" it serves the diagram service, which starts it. */

static const char usage[] =
    "Usage: mltrainer-render --spec FILE [-o FILE] [--format svg|png|pdf|dot|mermaid|d2] [--theme light|dark|auto]\n"
    "                        [--dpi N] [--scale F]\n"
    "Draws a diagram spec (YAML). Without -o the picture goes to standard output.\n";

struct command_line {
    const char *spec, *output;
    struct render_options options;
};

static int set_format(struct command_line *line, const char *name)
{
    line->options.format = render_format_named(name);
    return line->options.format ? 0 : -1;
}

static int set_theme(struct command_line *line, const char *name)
{
    static const char *const names[] = {"", "light", "dark", "auto"};
    for (int theme = RENDER_LIGHT; theme <= RENDER_AUTO; theme++)
        if (strcmp(names[theme], name) == 0) {
            line->options.theme = (enum render_theme)theme;
            return 0;
        }
    return -1;
}

static int read_command_line(int argc, char **argv, struct command_line *line)
{
    static const struct option options[] = {{"spec", 1, 0, 's'},  {"output", 1, 0, 'o'}, {"format", 1, 0, 'f'},
                                            {"theme", 1, 0, 't'}, {"dpi", 1, 0, 'd'},    {"scale", 1, 0, 'x'},
                                            {"help", 0, 0, 'h'},  {0}};
    *line = (struct command_line){.options = {.format = RENDER_SVG, .dpi = 96, .scale = 1}};
    int wrong = 0, option;
    while ((option = getopt_long(argc, argv, "s:o:f:t:d:x:h", options, NULL)) != -1) {
        switch (option) {
        case 's':
            line->spec = optarg;
            break;
        case 'o':
            line->output = optarg;
            break;
        case 'f':
            wrong |= set_format(line, optarg);
            break;
        case 't':
            wrong |= set_theme(line, optarg);
            break;
        case 'd':
            line->options.dpi = atoi(optarg);
            break;
        case 'x':
            line->options.scale = strtod(optarg, NULL);
            break;
        default:
            wrong = -1;
        }
    }
    if (!line->options.theme)
        line->options.theme = line->options.format == RENDER_SVG ? RENDER_AUTO : RENDER_LIGHT;
    return wrong || !line->spec || optind != argc ? -1 : 0;
}

static int write_output(const char *path, const struct render_result *result)
{
    FILE *file = path ? fopen(path, "we") : stdout;
    if (!file) {
        fprintf(stderr, "mltrainer-render: %s: %m\n", path);
        return 1;
    }
    int failed = fwrite(result->bytes, 1, result->size_bytes, file) != result->size_bytes;
    failed |= (path ? fclose(file) : fflush(file)) != 0;
    if (failed)
        fprintf(stderr, "mltrainer-render: %s: %m\n", path ? path : "standard output");
    return failed;
}

static int draw(const struct command_line *line, struct fault *fault)
{
    struct scene *scene;
    struct render_result result;
    if (scene_spec_read_file(line->spec, NULL, &scene, fault))
        return -1;
    struct text_meter *meter = text_meter_new();
    int code = meter ? render_scene(scene, &line->options, meter, &result, fault)
                     : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    scene_unref(scene);
    text_meter_free(meter);
    if (code)
        return -1;
    int failed = write_output(line->output, &result);
    render_result_fini(&result);
    return failed;
}

int main(int argc, char **argv)
{
    struct command_line line;
    struct fault fault = FAULT_INIT;
    if (argc == 3 && strcmp(argv[1], "--worker") == 0)
        return worker_serve(atoi(argv[2]));
    if (read_command_line(argc, argv, &line)) {
        fputs(usage, stderr);
        return 2;
    }
    int failed = draw(&line, &fault);
    if (fault.code)
        fprintf(stderr, "mltrainer-render: %s%s%s\n", fault.field, *fault.field ? ": " : "", fault.text);
    return failed ? 1 : 0;
}
