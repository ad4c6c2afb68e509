/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_SCENE_SPEC_H
#define MLT_SCENE_SPEC_H

#include <stddef.h>

#include "scene/scene.h"

/* The spec language: a scene as YAML. The schema is in docs/internals/diagram.md; in short
 *
 *     title: mlTrainer System Architecture
 *     groups:
 *       - title: UI Layer          # id: ui-layer unless given
 *         kind: presentation
 *         color: "#3498db"
 *         nodes:
 *           - {title: Streamlit UI, detail: 3/3 instances, health: healthy}
 *           - WebSocket            # a title alone
 *           - {title: Payments, live: registry/default/payments}
 *     edges:
 *       - {from: ui-layer, to: api-layer, label: HTTPS}
 */

enum { SCENE_SPEC_MAX_BYTES = 1024 * 1024 };

/** Where a spec is wrong. Line and column count from 1; 0 when unknown. */
struct scene_spec_diagnostic {
    int line, column;
    char key[128]; /* "groups[2].nodes[0].health" */
    char text[320];
};

/** Read @bytes (not NUL-terminated) into a scene; @name is what faults call the file, "system-overview.yaml".
 *  @live_views are the names that `live` and `covers` may name, with blanks between; NULL takes any. @diagnostic may be
 *  NULL; it is filled when the spec is at fault. Thread: any. Takes up to tens of milliseconds: not for a connection
 *  loop. Errors: INVALID_ARGUMENT, text "NAME:LINE:COLUMN: KEY: what"; RESOURCE_EXHAUSTED. */
int scene_spec_read(const char *name, const char *bytes, size_t size, const char *live_views, struct scene **out,
                    struct scene_spec_diagnostic *diagnostic, struct fault *fault);

/** The same from a file. Errors: also NOT_FOUND when it cannot be opened. */
int scene_spec_read_file(const char *path, const char *live_views, struct scene **out, struct fault *fault);

#endif
