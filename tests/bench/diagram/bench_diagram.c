/* SPDX-License-Identifier: Apache-2.0 */

/* bench_diagram SPEC REPEATS [FOLDER]: CPU time of the renderer's parts in one warm process, a line "NAME MICROSECONDS"
 * each, the median of REPEATS; then "peak_kib N". With FOLDER the graphs that were laid out are written there as DOT,
 * for others to lay out. The graphs are random and always the same: "forwards" has edges from earlier to later nodes
 * alone, "tangled" in any direction. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "diagram/layout/layout.h"
#include "diagram/render/render.h"
#include "diagram/text/text.h"
#include "fault/fault.h"
#include "scene/spec.h"

enum { MAX_REPEATS = 1000 };

static struct text_meter *meter;
static int repeats;

static void fail(const struct fault *fault)
{
    fprintf(stderr, "bench_diagram: %s\n", fault->text);
    exit(1);
}

static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static void lay_out(const struct scene *scene, const struct render_options *options)
{
    struct layout *layout;
    struct fault fault = FAULT_INIT;
    if (layout_make(scene, NULL, meter, &layout, &fault))
        fail(&fault);
    layout_free(layout);
}

static void draw(const struct scene *scene, const struct render_options *options)
{
    struct render_result result;
    struct fault fault = FAULT_INIT;
    if (render_scene(scene, options, meter, &result, &fault))
        fail(&fault);
    render_result_fini(&result);
}

/* The first run, which fills the cache of measured words, does not count. */
static void measure(const char *name, const struct scene *scene, const struct render_options *options,
                    void (*work)(const struct scene *scene, const struct render_options *options))
{
    static int64_t taken[MAX_REPEATS];
    work(scene, options);
    for (int i = 0; i < repeats; i++) {
        int64_t began = cpu_ns();
        work(scene, options);
        taken[i] = cpu_ns() - began;
    }
    qsort(taken, (size_t)repeats, sizeof *taken, compare);
    printf("%s %.1f\n", name, (double)taken[repeats / 2] / 1000);
}

static unsigned below(uint64_t *state, unsigned bound)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(*state >> 33) % bound;
}

static struct scene *graph(unsigned nodes, unsigned edges, bool forwards)
{
    struct scene_builder *b = scene_builder_new("Random");
    struct scene *scene;
    struct fault fault = FAULT_INIT;
    uint64_t state = 7;
    for (unsigned i = 0; i < nodes; i++) {
        char id[16], title[32];
        snprintf(id, sizeof id, "n%u", i);
        snprintf(title, sizeof title, "Node %u", i);
        scene_builder_node(b, &(struct scene_item_spec){.id = id, .title = title});
    }
    for (unsigned i = 0; i < edges; i++) {
        char from[16], to[16];
        unsigned a = below(&state, nodes), c = below(&state, nodes - 1);
        c += c >= a;
        snprintf(from, sizeof from, "n%u", forwards && c < a ? c : a);
        snprintf(to, sizeof to, "n%u", forwards && c < a ? a : c);
        scene_builder_edge(b, &(struct scene_edge_spec){.from = from, .to = to});
    }
    if (scene_builder_finish(b, &scene, &fault))
        fail(&fault);
    return scene;
}

/* What the peers draw. */
static void write_text_file(const struct scene *scene, enum render_format format, const char *folder, const char *name)
{
    const struct render_options options = {format, RENDER_LIGHT, 96, 1};
    struct render_result result;
    struct fault fault = FAULT_INIT;
    char path[4200];
    snprintf(path, sizeof path, "%s/%s.%s", folder, name, render_format_name(format));
    FILE *file = fopen(path, "we");
    if (!file || render_scene(scene, &options, meter, &result, &fault) ||
        fwrite(result.bytes, 1, result.size_bytes, file) != result.size_bytes || fclose(file)) {
        perror(path);
        exit(1);
    }
    render_result_fini(&result);
}

static void measure_graph(const char *name, unsigned nodes, unsigned edges, bool forwards, const char *folder)
{
    struct scene *scene = graph(nodes, edges, forwards);
    measure(name, scene, NULL, lay_out);
    if (folder) {
        write_text_file(scene, RENDER_DOT, folder, name);
        write_text_file(scene, RENDER_D2, folder, name);
    }
    scene_unref(scene);
}

static void measure_overview(const char *path, const char *folder)
{
    const struct render_options svg = {RENDER_SVG, RENDER_AUTO, 96, 1}, png = {RENDER_PNG, RENDER_LIGHT, 300, 1};
    struct scene *scene;
    struct fault fault = FAULT_INIT;
    if (scene_spec_read_file(path, NULL, &scene, &fault))
        fail(&fault);
    measure("overview_svg", scene, &svg, draw);
    measure("overview_png_300", scene, &png, draw);
    if (folder) {
        write_text_file(scene, RENDER_DOT, folder, "overview_svg");
        write_text_file(scene, RENDER_D2, folder, "overview_svg");
    }
    scene_unref(scene);
}

int main(int argc, char **argv)
{
    const char *folder = argc == 4 ? argv[3] : NULL;
    repeats = argc >= 3 ? atoi(argv[2]) : 0;
    meter = text_meter_new();
    if (repeats < 1 || repeats > MAX_REPEATS || !meter) {
        fprintf(stderr, "usage: bench_diagram SPEC REPEATS [FOLDER]\n");
        return 2;
    }
    measure_overview(argv[1], folder);
    struct rusage usage; /* before the large graphs: of the picture alone */
    getrusage(RUSAGE_SELF, &usage);
    printf("overview_peak_kib %ld\n", usage.ru_maxrss);
    measure_graph("forwards_100_200", 100, 200, true, folder);
    measure_graph("forwards_1000_2000", 1000, 2000, true, folder);
    measure_graph("tangled_100_200", 100, 200, false, folder);
    measure_graph("tangled_1000_2000", 1000, 2000, false, folder);
    text_meter_free(meter);
    return 0;
}
