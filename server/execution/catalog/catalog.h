/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_CATALOG_H
#define MLT_EXECUTION_CATALOG_H

#include "events/snapshot.h"
#include "execution/catalog/model.h"

/* All models that are configured: an immutable snapshot made from the YAML files of one folder, FAMILY/ID.yaml. No
 * plugin code runs for it; what a probe of the plugins finds comes in by catalog_with_plugins(). */

enum catalog_plugin_state {
    CATALOG_PLUGIN_READY = 1,
    CATALOG_PLUGIN_REFUSED,
    CATALOG_PLUGIN_QUARANTINED,
    CATALOG_PLUGIN_PROBING
};

struct catalog_algorithm {
    const char *id;
    unsigned operations; /* enum catalog_operation */
};

struct catalog_plugin {
    const char *family;
    const char *path; /* of the shared object */
    enum catalog_plugin_state state;
    const char *reason; /* why it is not ready, or "" */
    size_t model_count;
    /* What the plugin says of itself, once it was probed; else "". */
    const char *version, *description, *licence, *engine;
    unsigned abi_major, abi_minor;
    const struct catalog_algorithm *algorithms;
    size_t algorithm_count;
};

struct catalog {
    struct snapshot snapshot;
    struct mrpc_arena *arena;
    const struct catalog_model *models; /* ordered by id */
    size_t model_count;
    const struct catalog_plugin *plugins; /* ordered by family */
    size_t plugin_count;
    uint64_t generation;
};

/** Read every file below @models_folder. All or nothing: errors as catalog_model_read(), and for an id that is there
 *  twice; NOT_FOUND when the folder is not there. A family whose shared object is not in @plugins_folder has models
 * that are not available. Blocks. Ownership: *@out is released by snapshot_release(). */
int catalog_read(const char *models_folder, const char *plugins_folder, uint64_t generation, struct catalog **out,
                 struct fault *fault) MRPC_MUST_USE;

/** The same catalog, with what is now known of its plugins (one for each of catalog->plugins, in their order; texts are
 *  copied): models of a plugin that is not ready, or that lacks their algorithm, become unavailable. NULL: no memory.
 */
struct catalog *catalog_with_plugins(const struct catalog *catalog, const struct catalog_plugin *plugins) MRPC_MUST_USE;

/** An empty catalog; for those who fill one. NULL: no memory. */
struct catalog *catalog_new(uint64_t generation) MRPC_MUST_USE;
/** Say of each of @models, which are the catalog's own, what it can do and why it is not available, by the plugins. */
void catalog_judge(struct catalog *catalog, struct catalog_model *models);

/** NULL when there is no such model. */
const struct catalog_model *catalog_find_model(const struct catalog *catalog, const char *id);
const struct catalog_plugin *catalog_find_plugin(const struct catalog *catalog, const char *family);

/** A model that can do @operation. @field is the request field that names it. Errors: NOT_FOUND with the nearest id,
 *  FAILED_PRECONDITION when it is not available, INVALID_ARGUMENT when it cannot do that. */
int catalog_require(const struct catalog *catalog, const char *id, enum catalog_operation operation, const char *field,
                    const struct catalog_model **out, struct fault *fault) MRPC_MUST_USE;

#endif
