/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/diagram_drawing.h"
#include "files.h"

/* What is said about a picture once its file is there. */
struct said {
    int64_t bytes;
    int32_t width, height;
    FILE *drift; /* a line a difference between what is declared and what is there */
    char *drift_text;
    size_t drift_bytes;
};

static void note_info(struct said *said, const Mltrainer__Diagram__V1__PictureInfo *info)
{
    said->width = info->width;
    said->height = info->height;
    for (size_t i = 0; said->drift && i < info->n_drift; i++) {
        const Mltrainer__Diagram__V1__Drift *drift = info->drift[i];
        bool absent = drift->kind == MLTRAINER__DIAGRAM__V1__DRIFT__KIND__KIND_ABSENT;
        fprintf(said->drift, "%-10s  %s", absent ? "absent" : "undeclared", drift->id);
        fprintf(said->drift, *drift->title ? "  (%s)\n" : "\n", drift->title);
    }
}

/* Take the stream's chunks into the file; the first message tells what is coming. */
static int receive(struct mrpc_client_call *call, FILE *out, struct said *said)
{
    const Mltrainer__Diagram__V1__RenderStreamResponse *message;
    while ((message = mltrainer__diagram__v1__diagram_service__render_stream__recv(call))) {
        if (message->info)
            note_info(said, message->info);
        said->bytes += (int64_t)message->chunk.len;
        if (message->chunk.len && fwrite(message->chunk.data, 1, message->chunk.len, out) != message->chunk.len)
            return cli_failed("writing the picture failed");
    }
    return 0;
}

static int render(struct cli *cli, const Mltrainer__Diagram__V1__Drawing *drawing, FILE *out, struct said *said)
{
    Mltrainer__Diagram__V1__RenderStreamRequest request = MLTRAINER__DIAGRAM__V1__RENDER_STREAM_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    struct mrpc_client_call *call;
    request.drawing = (Mltrainer__Diagram__V1__Drawing *)drawing;
    int error = mltrainer__diagram__v1__diagram_service__render_stream__start(cli->channel, &options, &request, NULL,
                                                                              NULL, &call);
    if (error)
        return cli_failed("%s", mrpc_error_text(error));
    int code = receive(call, out, said);
    mrpc_client_call_finish(call, &reply);
    if (!code)
        code = cli_status(cli, &reply.status);
    mrpc_client_call_free(call);
    mrpc_reply_fini(&reply);
    return code;
}

static int render_file(struct cli *cli, const Mltrainer__Diagram__V1__Drawing *drawing, const char *path,
                       struct said *said)
{
    struct files_output output;
    int code = files_begin(&output, path);
    if (code)
        return code;
    code = render(cli, drawing, output.stream, said);
    if (code) {
        files_abandon(&output);
        return code;
    }
    return files_commit(&output);
}

/* Draws, then tells about it, unless the picture itself went to standard output. */
static int render_and_tell(struct cli *cli, const Mltrainer__Diagram__V1__Drawing *drawing, const char *path)
{
    struct said said = {0};
    said.drift = open_memstream(&said.drift_text, &said.drift_bytes);
    int code = render_file(cli, drawing, path, &said);
    if (said.drift)
        fclose(said.drift);
    if (!code && strcmp(path, "-") != 0)
        printf("%s: %lld bytes, %d x %d\n%s", path, (long long)said.bytes, said.width, said.height,
               said.drift_text ? said.drift_text : "");
    free(said.drift_text);
    return code;
}

int diagram_show(struct cli *cli, enum terminal_way way, Mltrainer__Diagram__V1__Drawing *drawing)
{
    int code = 0, room = terminal_width_px();
    drawing->format = MLTRAINER__DIAGRAM__V1__FORMAT__FORMAT_PNG;
    for (bool fits = false; !code && !fits;) {
        struct said said = {0};
        char *png = NULL;
        size_t bytes = 0;
        FILE *memory = open_memstream(&png, &bytes);
        if (!memory)
            return cli_failed("out of memory");
        code = render(cli, drawing, memory, &said);
        fclose(memory);
        fits = drawing->scale != 0 || room <= 0 || said.width <= room;
        if (!code && fits)
            code = terminal_show(way, (const uint8_t *)png, bytes, stdout);
        else if (!code)
            drawing->scale = (double)room / said.width < 0.1 ? 0.1 : (double)room / said.width;
        free(png);
    }
    return code;
}

/* What nobody named: shown where the terminal can, else a file named after the view. */
static int show_or_save(struct cli *cli, const struct cli_arguments *arguments,
                        Mltrainer__Diagram__V1__Drawing *drawing)
{
    char path[160];
    const char *name = cli_option(arguments, "terminal", NULL);
    enum terminal_way way = name ? terminal_way_named(name) : terminal_ask_way();
    if (name && way == TERMINAL_NONE)
        return cli_usage("--terminal: kitty or sixel");
    if (way != TERMINAL_NONE)
        return diagram_show(cli, way, drawing);
    snprintf(path, sizeof path, "%.128s.svg", arguments->operand_count ? arguments->operands[0] : "diagram");
    return render_and_tell(cli, drawing, path);
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Diagram__V1__Drawing drawing;
    uint8_t *spec;
    const char *path = cli_option(arguments, "to", NULL);
    bool is_said = path || cli_option(arguments, "format", NULL);
    int code = diagram_drawing(arguments, path ? path : "-", &drawing, &spec);
    if (!code && (cli_option(arguments, "terminal", NULL) || (!is_said && cli->terminal)))
        code = show_or_save(cli, arguments, &drawing);
    else if (!code && !path && cli->terminal && (drawing.format == MLTRAINER__DIAGRAM__V1__FORMAT__FORMAT_PNG ||
                                                 drawing.format == MLTRAINER__DIAGRAM__V1__FORMAT__FORMAT_PDF))
        code = cli_usage("this format does not belong on a terminal; give --to FILE");
    else if (!code)
        code = render_and_tell(cli, &drawing, path ? path : "-");
    free(spec);
    return code;
}

static const struct cli_option options[] = {
    {"to", "FILE",
     "where to write; its ending chooses the format [on a terminal: shown, or VIEW.svg; else standard output]"},
    {"terminal", "WAY", "show it: kitty (its graphics protocol) or sixel [what the terminal says it can]"},
    {"format", "FORMAT", "svg, png, pdf, dot, mermaid or d2"},
    {"theme", "THEME", "light, dark or auto (SVG)"},
    {"dpi", "N", "dots an inch of a PNG, 24..1200 [96]"},
    {"scale", "X", "factor of a PNG [1]"},
    {"spec", "FILE", "draw this YAML spec instead of a view"},
    {"overlay", "VIEW", "lay this live view over it, by equal ids, and list what differs"},
    {0},
};

const struct cli_command diagram_render_command = {
    .noun = "diagram",
    .verb = "render",
    .operands = "[VIEW]",
    .operands_most = 1,
    .options = options,
    .summary = "Show a view or a spec, or draw it into a file",
    .examples = "  mltctl diagram render registry\n"
                "  mltctl diagram render registry --to registry.svg\n"
                "  mltctl diagram render system-overview --to system.png --dpi 300 --theme dark\n"
                "  mltctl diagram render --spec plan.yaml --format mermaid\n",
    .run = run,
};
