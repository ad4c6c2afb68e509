/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/catalog.h"

#include <stdlib.h>

/* From what is committed to what readers see. */

static bool refresh(struct catalog_service *service)
{
    const struct catalog_shelves *shelves = &service->shelves;
    if (service->view || service->order.count == 0)
        return true;
    order_sort(&service->order);
    struct registry_run **runs = malloc(shelves->count * sizeof *runs);
    if (runs && shelves_show(&service->shelves)) {
        for (size_t i = 0; i < shelves->count; i++)
            runs[i] = shelves->shelves[i]->shown;
        struct registry_service_view_parts parts = {
            .namespace_name = service->namespace_name,
            .name = service->name,
            .revision = service->revision,
            .cursors = service->cursors,
            .runs = runs,
            .run_count = shelves->count,
            .by_incarnation = service->order.instances,
        };
        service->view = registry_service_view_new(&parts);
    }
    free(runs);
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
