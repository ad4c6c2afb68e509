/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/catalog.h"

#include <stdlib.h>

/* From what is committed to what readers see. */

static bool refresh(struct catalog_service *service)
{
    if (service->view || service->live_count == 0)
        return true;
    struct registry_instance **live = malloc(service->live_count * sizeof *live);
    if (!live)
        return false;
    size_t count = 0;
    for (size_t i = 0; i < service->count; i++)
        if (service->slots[i]->committed)
            live[count++] = service->slots[i]->committed;
    service->view = registry_service_view_new(service->namespace_name, service->name, service->revision,
                                              service->cursors, live, count);
    free(live);
    return service->view != NULL;
}

struct registry_view *catalog_view(struct catalog *catalog, uint64_t epoch)
{
    struct registry_service_view **views = malloc((catalog->count + 1) * sizeof *views);
    size_t count = 0;
    bool complete = views != NULL;
    for (size_t i = 0; complete && i < catalog->count; i++) {
        complete = refresh(catalog->services[i]);
        if (complete && catalog->services[i]->view)
            views[count++] = registry_service_view_ref(catalog->services[i]->view);
    }
    struct registry_view *view = complete ? registry_view_new(epoch, catalog->committed_revision, views, count) : NULL;
    for (size_t i = 0; !view && i < count; i++)
        registry_service_view_unref(views[i]);
    free(views);
    return view;
}
