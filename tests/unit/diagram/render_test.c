/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cairo.h>
#include <cmocka.h>

#include "diagram/render/render.h"
#include "diagram/text/text.h"
#include "fault/fault.h"
#include "scene/spec.h"
#include "test_folder.h"

static struct text_meter *meter;

static struct scene *overview(void)
{
    struct scene *scene = NULL;
    struct fault fault = FAULT_INIT;
    if (scene_spec_read_file(SYSTEM_OVERVIEW, NULL, &scene, &fault))
        fail_msg("%s", fault.text);
    return scene;
}

static struct render_result draw(const struct scene *scene, enum render_format format, enum render_theme theme)
{
    struct render_result result = {0};
    struct render_options options = {format, theme, 96, 1};
    struct fault fault = FAULT_INIT;
    if (render_scene(scene, &options, meter, &result, &fault))
        fail_msg("%s: %s", fault.field, fault.text);
    return result;
}

/* faults.md D08. */
static void same_scene_same_bytes(void **state)
{
    struct scene *scene = overview(), *again = overview();
    struct text_meter *first = meter;
    for (int format = RENDER_SVG; format <= RENDER_D2; format++) {
        struct render_result a = draw(scene, (enum render_format)format, RENDER_LIGHT);
        meter = text_meter_new(); /* nothing measured yet */
        struct render_result b = draw(again, (enum render_format)format, RENDER_LIGHT);
        text_meter_free(meter);
        meter = first;
        assert_int_equal(a.size_bytes, b.size_bytes);
        assert_memory_equal(a.bytes, b.bytes, a.size_bytes);
        render_result_fini(&a);
        render_result_fini(&b);
    }
    scene_unref(scene);
    scene_unref(again);
}

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*size + 1);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    bytes[*size] = '\0';
    fclose(file);
    return bytes;
}

/* faults.md D08, in processes of their own. */
static void same_spec_same_bytes_in_two_processes(void **state)
{
    static const char *const formats[] = {"svg", "png", "pdf"};
    char command[3][600], path[2][200];
    for (size_t i = 0; i < 3; i++) {
        char *bytes[2];
        size_t size[2];
        for (int run = 0; run < 2; run++) {
            snprintf(path[run], sizeof path[run], "%s/%d.%s", test_folder(), run, formats[i]);
            snprintf(command[i], sizeof command[i], "%s --spec %s --format %s -o %s", RENDERER, SYSTEM_OVERVIEW,
                     formats[i], path[run]);
            assert_int_equal(system(command[i]), 0);
            bytes[run] = read_file(path[run], &size[run]);
        }
        assert_int_equal(size[0], size[1]);
        assert_memory_equal(bytes[0], bytes[1], size[0]);
        free(bytes[0]);
        free(bytes[1]);
    }
}

static void svg_is_the_golden_one(void **state)
{
    size_t size, font_size;
    char *golden = read_file(GOLDEN "/system-overview.svg", &size), *font = read_file(GOLDEN "/font.txt", &font_size);
    font[strcspn(font, "\n")] = '\0';
    bool same_font = strcmp(font, text_meter_font(meter)) == 0;
    if (same_font) {
        struct scene *scene = overview();
        struct render_result result = draw(scene, RENDER_SVG, RENDER_AUTO);
        assert_int_equal(result.size_bytes, size);
        assert_memory_equal(result.bytes, golden, size);
        render_result_fini(&result);
        scene_unref(scene);
    } else {
        print_message("skipped: drawn with \"%s\", here is \"%s\"\n", font, text_meter_font(meter));
    }
    free(golden);
    free(font);
    if (!same_font)
        skip();
}

/* faults.md D04 and D05: a strict parser reads what nasty labels give, and nothing in it leads outside. */
static void nasty_labels_are_well_formed(void **state)
{
    static const char *const labels[] = {
        "<script>alert(1)</script>",
        "]]>",
        "&#0;&amp;&",
        "\"'\"'",
        "--><!--",
        "<![CDATA[",
        "\u202eRTL \u05e9\u05dc\u05d5\u05dd",
        "\U0001f600 e\u0301",
        "${x} $(y) `z`",
        "a|b{c}[d](e)",
        "\\n\\",
        "javascript:alert(1)",
        "<?xml?>",
        "<!DOCTYPE x SYSTEM 'file:///etc/passwd'>",
        "http://evil.example/x.png",
    };
    struct scene_builder *b = scene_builder_new("<title>&\"'");
    struct scene *scene = NULL;
    scene_builder_describe(b, "]]>", "<desc>");
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        char id[16];
        snprintf(id, sizeof id, "n%zu", i);
        scene_builder_node(b, &(struct scene_item_spec){.id = id, .title = labels[i], .detail = labels[i],
                                                        .kind = labels[i], .link = "https://a.example/?q=\"<&"});
        scene_builder_edge(b, &(struct scene_edge_spec){.from = "n0", .to = id, .label = labels[i]});
    }
    assert_int_equal(scene_builder_finish(b, &scene, NULL), 0);
    struct render_result result = draw(scene, RENDER_SVG, RENDER_AUTO);
    char path[200], command[300];
    snprintf(path, sizeof path, "%s/nasty.svg", test_folder());
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fwrite(result.bytes, 1, result.size_bytes, file);
    fclose(file);
    snprintf(command, sizeof command, "xmllint --nonet --noout %s", path);
    assert_int_equal(system(command), 0);
    char *text = strndup(result.bytes, result.size_bytes);
    static const char *const absent[] = {"<script", "<image", "xlink", "url(", "@import", "<use", "<foreignObject",
                                         "<!DOCTYPE", "<!ENTITY", "href=\"javascript", "href=\"file"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        if (strstr(text, absent[i]))
            fail_msg("the picture holds %s", absent[i]);
    free(text);
    render_result_fini(&result);
    for (int format = RENDER_DOT; format <= RENDER_D2; format++) {
        result = draw(scene, (enum render_format)format, RENDER_LIGHT);
        assert_true(result.size_bytes > 100);
        render_result_fini(&result);
    }
    scene_unref(scene);
}

/* What is absent or undeclared looks so in every format, and costs a picture without it no byte (the golden one). */
static void drift_is_marked(void **state)
{
    struct scene_builder *b = scene_builder_new("Drift");
    struct scene *scene = NULL;
    scene_builder_group(b, &(struct scene_item_spec){.id = "g", .drift = SCENE_DRIFT_ABSENT});
    scene_builder_node(
        b, &(struct scene_item_spec){.id = "a", .parent = "g", .detail = "absent", .drift = SCENE_DRIFT_ABSENT});
    scene_builder_node(
        b, &(struct scene_item_spec){.id = "u", .health = SCENE_HEALTH_DOWN, .drift = SCENE_DRIFT_UNDECLARED});
    scene_builder_edge(b, &(struct scene_edge_spec){.from = "a", .to = "u", .drift = SCENE_DRIFT_UNDECLARED});
    assert_int_equal(scene_builder_finish(b, &scene, NULL), 0);
    static const struct {
        enum render_format format;
        const char *holds;
    } expected[] = {
        {RENDER_SVG, "class=\"frame absent\""},
        {RENDER_SVG, "class=\"card absent\""},
        {RENDER_SVG, "class=\"ring absent\""},
        {RENDER_SVG, "class=\"card undeclared\""},
        {RENDER_SVG, "class=\"line undeclared\""},
        {RENDER_SVG, ">Absent<"},
        {RENDER_SVG, ">Undeclared<"},
        {RENDER_DOT, "style=\"rounded,dashed\""},
        {RENDER_DOT, "style=dashed];"},
        {RENDER_MERMAID, "stroke-dasharray:4 3"},
        {RENDER_MERMAID, "-.->"},
        {RENDER_D2, "style.stroke-dash: 4"},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        struct render_result result = draw(scene, expected[i].format, RENDER_LIGHT);
        if (!memmem(result.bytes, result.size_bytes, expected[i].holds, strlen(expected[i].holds)))
            fail_msg("%s without %s", render_format_name(expected[i].format), expected[i].holds);
        render_result_fini(&result);
    }
    scene_unref(scene);
}

struct bytes_left {
    const char *at;
    size_t left;
};

static cairo_status_t take(void *arg, unsigned char *out, unsigned size)
{
    struct bytes_left *bytes = arg;
    if (bytes->left < size)
        return CAIRO_STATUS_READ_ERROR;
    memcpy(out, bytes->at, size);
    bytes->at += size;
    bytes->left -= size;
    return CAIRO_STATUS_SUCCESS;
}

/* Our encoder's file in libpng's hands (through cairo). */
static void png_decodes_to_the_picture(void **state)
{
    struct scene *scene = overview();
    struct render_result result = {0};
    struct render_options options = {RENDER_PNG, RENDER_DARK, 192, 1};
    assert_int_equal(render_scene(scene, &options, meter, &result, NULL), 0);
    struct bytes_left bytes = {result.bytes, result.size_bytes};
    cairo_surface_t *surface = cairo_image_surface_create_from_png_stream(take, &bytes);
    assert_int_equal(cairo_surface_status(surface), CAIRO_STATUS_SUCCESS);
    assert_int_equal(cairo_image_surface_get_width(surface), result.width);
    assert_int_equal(cairo_image_surface_get_height(surface), result.height);
    const unsigned char *data = cairo_image_surface_get_data(surface);
    size_t stride = (size_t)cairo_image_surface_get_stride(surface);
    uint32_t corner, dot;
    memcpy(&corner, data, 4);
    memcpy(&dot, data + (size_t)(159 * 2) * stride + (size_t)(72 * 2) * 4, 4); /* of "Streamlit UI": x 72, y 159 */
    assert_int_equal(corner & 0xffffff, 0x0b1220);
    assert_int_equal(dot & 0xffffff, 0x16a34a);
    cairo_surface_destroy(surface);
    render_result_fini(&result);
    scene_unref(scene);
}

/* faults.md D01 (pixels) and D06. */
static void refuses_options_out_of_range(void **state)
{
    static const struct {
        struct render_options options;
        int code;
    } bad[] = {
        {{RENDER_PNG, RENDER_LIGHT, 23, 1}, MRPC_INVALID_ARGUMENT},
        {{RENDER_PNG, RENDER_LIGHT, 1201, 1}, MRPC_INVALID_ARGUMENT},
        {{RENDER_PNG, RENDER_LIGHT, 96, 0}, MRPC_INVALID_ARGUMENT},
        {{RENDER_PNG, RENDER_LIGHT, 96, 9}, MRPC_INVALID_ARGUMENT},
        {{RENDER_PNG, RENDER_LIGHT, 96, -1}, MRPC_INVALID_ARGUMENT},
        {{RENDER_PNG, RENDER_LIGHT, 96, (double)NAN}, MRPC_INVALID_ARGUMENT},
        {{RENDER_PNG, RENDER_LIGHT, 96, (double)INFINITY}, MRPC_INVALID_ARGUMENT},
        {{RENDER_PNG, RENDER_AUTO, 96, 1}, MRPC_INVALID_ARGUMENT},
        {{(enum render_format)99, RENDER_LIGHT, 96, 1}, MRPC_INVALID_ARGUMENT},
        {{RENDER_SVG, (enum render_theme)99, 96, 1}, MRPC_INVALID_ARGUMENT},
        {{RENDER_PNG, RENDER_LIGHT, 1200, 8}, MRPC_RESOURCE_EXHAUSTED},
    };
    struct scene *scene = overview();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct render_result result = {0};
        struct fault fault = FAULT_INIT;
        assert_int_equal(render_scene(scene, &bad[i].options, meter, &result, &fault), bad[i].code);
        assert_null(result.bytes);
    }
    scene_unref(scene);
}

/* Bytes of a channel that two pictures of one size differ by, on average. */
static double mean_difference(cairo_surface_t *a, cairo_surface_t *b)
{
    int width = cairo_image_surface_get_width(a), height = cairo_image_surface_get_height(a);
    double sum = 0;
    for (int y = 0; y < height; y++) {
        const unsigned char *left =
            cairo_image_surface_get_data(a) + (size_t)y * (size_t)cairo_image_surface_get_stride(a);
        const unsigned char *right =
            cairo_image_surface_get_data(b) + (size_t)y * (size_t)cairo_image_surface_get_stride(b);
        for (int i = 0; i < width * 4; i++)
            if (i % 4 != 3) /* the fourth is no colour */
                sum += abs(left[i] - right[i]);
    }
    return sum / (3.0 * width * height);
}

static void write_picture(const struct scene *scene, enum render_format format, const char *path)
{
    struct render_result result = draw(scene, format, RENDER_LIGHT);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(result.bytes, 1, result.size_bytes, file), result.size_bytes);
    fclose(file);
    render_result_fini(&result);
}

/* Another program's reading of the SVG, one that knows no CSS variables, is the picture that we draw ourselves. */
static void librsvg_shows_what_we_draw(void **state)
{
    char svg[200], ours[200], theirs[200], command[500];
    struct scene *scene = overview();
    snprintf(svg, sizeof svg, "%s/shown.svg", test_folder());
    snprintf(ours, sizeof ours, "%s/ours.png", test_folder());
    snprintf(theirs, sizeof theirs, "%s/theirs.png", test_folder());
    write_picture(scene, RENDER_SVG, svg);
    write_picture(scene, RENDER_PNG, ours);
    snprintf(command, sizeof command, "rsvg-convert %s -o %s", svg, theirs);
    assert_int_equal(system(command), 0);
    cairo_surface_t *a = cairo_image_surface_create_from_png(ours), *b = cairo_image_surface_create_from_png(theirs);
    assert_int_equal(cairo_surface_status(a), CAIRO_STATUS_SUCCESS);
    assert_int_equal(cairo_surface_status(b), CAIRO_STATUS_SUCCESS);
    assert_int_equal(cairo_image_surface_get_width(a), cairo_image_surface_get_width(b));
    assert_int_equal(cairo_image_surface_get_height(a), cairo_image_surface_get_height(b));
    double difference = mean_difference(a, b);
    if (difference > 3) /* edges of letters; a colour that is missed is far more */
        fail_msg("the pictures differ by %.2f of 255 a channel", difference);
    cairo_surface_destroy(a);
    cairo_surface_destroy(b);
    scene_unref(scene);
}

/* Every format says of a sequence what happened in which order, and shows what sort of thing each participant is. */
static void a_sequence_in_every_format(void **state)
{
    static const char text[] = "arrangement: sequence\n"
                               "nodes: [{id: a, title: Caller, icon: user}, {id: b, title: Store, icon: database}]\n"
                               "edges: [{from: a, to: b, label: put, detail: 0.10 ms},\n"
                               "        {from: b, to: a, label: 'done; #1', line: dashed, detail: 1.90 ms}]\n";
    static const struct {
        enum render_format format;
        const char *says[4];
    } cases[] = {
        {RENDER_SVG, {"class=\"lifeline\"", "class=\"icon\"", ">0.10 ms<", ">put<"}},
        {RENDER_MERMAID, {"sequenceDiagram\n", "participant i0 as Caller\n", "i0->>i1: put<br/>0.10 ms\n",
                          "i1-->>i0: done#59; #35;1<br/>1.90 ms\n"}},
        {RENDER_D2, {"shape: sequence_diagram\n", "\"a\": \"Caller\"", "\"a\" -> \"b\": \"put\"", "stroke-dash"}},
        {RENDER_DOT, {"\"a\" -> \"b\" [label=\"put\\n0.10 ms\"", "", "", ""}},
    };
    struct scene *scene = NULL;
    assert_int_equal(scene_spec_read("sequence", text, sizeof text - 1, NULL, &scene, NULL, NULL), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct render_result result = draw(scene, cases[i].format, RENDER_LIGHT);
        char *copy = strndup(result.bytes, result.size_bytes);
        for (int k = 0; k < 4; k++)
            if (!strstr(copy, cases[i].says[k]))
                fail_msg("%s lacks %s:\n%s", render_format_name(cases[i].format), cases[i].says[k], copy);
        free(copy);
        render_result_fini(&result);
    }
    struct render_result png = draw(scene, RENDER_PNG, RENDER_DARK);
    assert_true(png.size_bytes > 1000);
    render_result_fini(&png);
    scene_unref(scene);
}

/* When something was is no part of a graph (scene.h), in no format. */
static void no_graph_shows_the_detail_of_an_edge(void **state)
{
    static const char text[] = "nodes: [a, b]\nedges: [{from: a, to: b, label: put, detail: at noon}]\n";
    struct scene *scene = NULL;
    assert_int_equal(scene_spec_read("graph", text, sizeof text - 1, NULL, &scene, NULL, NULL), 0);
    assert_string_equal(scene->edges[0].detail, "at noon");
    for (int format = RENDER_DOT; format <= RENDER_D2 + 1; format++) {
        struct render_result result =
            draw(scene, format > RENDER_D2 ? RENDER_SVG : (enum render_format)format, RENDER_LIGHT);
        assert_non_null(memmem(result.bytes, result.size_bytes, "put", 3));
        assert_null(memmem(result.bytes, result.size_bytes, "at noon", 7));
        render_result_fini(&result);
    }
    scene_unref(scene);
}

static void long_text_is_cut_and_kept_as_tooltip(void **state)
{
    char title[SCENE_MAX_LABEL_BYTES + 1];
    struct scene *scene = NULL;
    memset(title, 'w', sizeof title);
    title[SCENE_MAX_LABEL_BYTES] = '\0';
    struct scene_builder *b = scene_builder_new(title);
    scene_builder_node(b, &(struct scene_item_spec){.id = "a", .title = title, .detail = title});
    scene_builder_edge(b, &(struct scene_edge_spec){.from = "a", .to = "a", .label = title});
    assert_int_equal(scene_builder_finish(b, &scene, NULL), 0);
    struct render_result result = draw(scene, RENDER_SVG, RENDER_LIGHT);
    assert_in_range(result.width, 300, 1100);
    char *text = strndup(result.bytes, result.size_bytes);
    assert_non_null(strstr(text, "\u2026"));
    free(text);
    render_result_fini(&result);
    scene_unref(scene);
}

static int set_up(void **state)
{
    meter = text_meter_new();
    return meter ? 0 : -1;
}

static int tear_down(void **state)
{
    text_meter_free(meter);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_scene_same_bytes),
        cmocka_unit_test(same_spec_same_bytes_in_two_processes),
        cmocka_unit_test(svg_is_the_golden_one),
        cmocka_unit_test(nasty_labels_are_well_formed),
        cmocka_unit_test(drift_is_marked),
        cmocka_unit_test(png_decodes_to_the_picture),
        cmocka_unit_test(refuses_options_out_of_range),
        cmocka_unit_test(librsvg_shows_what_we_draw),
        cmocka_unit_test(a_sequence_in_every_format),
        cmocka_unit_test(no_graph_shows_the_detail_of_an_edge),
        cmocka_unit_test(long_text_is_cut_and_kept_as_tooltip),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
