/* SPDX-License-Identifier: Apache-2.0 */
/* Z5: a spec of any bytes is refused with a place and a reason, or its picture is well-formed XML that leads
 * nowhere. */
#include <string.h>

#include <expat.h>

#include "diagram/render/render.h"
#include "diagram/text/text.h"
#include "fault/fault.h"
#include "fuzzer.h"
#include "scene/overlay.h"
#include "scene/spec.h"

static void XMLCALL on_element(void *arg, const XML_Char *name, const XML_Char **attributes)
{
    MUST(strcmp(name, "script") != 0 && strcmp(name, "image") != 0 && strcmp(name, "foreignObject") != 0);
    for (; attributes[0]; attributes += 2) {
        MUST(strncmp(attributes[0], "on", 2) != 0);
        if (strcmp(attributes[0], "href") == 0)
            MUST(strncasecmp(attributes[1], "http", 4) == 0 || !strchr(attributes[1], ':') ||
                 strcspn(attributes[1], "/?#") < strcspn(attributes[1], ":"));
    }
}

static void check_well_formed(const struct render_result *picture)
{
    XML_Parser parser = XML_ParserCreate("UTF-8");
    MUST(parser);
    XML_SetStartElementHandler(parser, on_element);
    MUST(XML_Parse(parser, picture->bytes, (int)picture->size_bytes, XML_TRUE) == XML_STATUS_OK);
    XML_ParserFree(parser);
}

static void draw(const struct scene *scene)
{
    static const struct render_options options = {RENDER_SVG, RENDER_AUTO, 96, 1};
    static struct text_meter *meter; /* one for all inputs, as in the renderer process */
    struct render_result picture = {0};
    struct fault fault = FAULT_INIT;
    if (!meter)
        meter = text_meter_new();
    MUST(meter);
    if (render_scene(scene, &options, meter, &picture, &fault) == 0)
        check_well_formed(&picture);
    else
        MUST(fault.code == MRPC_RESOURCE_EXHAUSTED);
    render_result_fini(&picture);
}

/* Every view that it names is the scene itself: names are found and not found, and what nobody names is undeclared. */
static void join_with_itself(const struct scene *scene)
{
    struct overlay_names names;
    struct overlay_view views[OVERLAY_MAX_VIEWS];
    struct fault fault = FAULT_INIT;
    struct scene *joined = NULL;
    if (!overlay_wanted(scene) || overlay_names_of(scene, &names, &fault))
        return;
    for (size_t i = 0; i < names.count; i++)
        views[i] = (struct overlay_view){.name = names.name[i], .scene = scene, .covered = true, .by_id = i % 2};
    MUST(overlay_join(scene, views, names.count, &joined, &fault) == 0);
    MUST(!overlay_wanted(joined));
    draw(joined);
    scene_unref(joined);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scene_spec_diagnostic diagnostic = {0};
    struct fault fault = FAULT_INIT;
    struct scene *scene = NULL;
    if (scene_spec_read("fuzz", (const char *)data, size, NULL, &scene, &diagnostic, &fault)) {
        MUST(!scene && fault.code && *fault.text);
        return 0;
    }
    draw(scene);
    join_with_itself(scene);
    scene_unref(scene);
    return 0;
}
