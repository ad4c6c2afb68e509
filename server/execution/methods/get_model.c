/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/catalog/nearest.h"
#include "execution/service.h"

static const char *model_id(const void *names, size_t index)
{
    return ((const struct catalog *)names)->models[index].id;
}

METHOD(get_model, GetModel)
{
    struct fault fault = FAULT_INIT;
    struct catalog *catalog = execution_catalog(self);
    const struct catalog_model *model = catalog_find_model(catalog, request->id);
    const char *nearest = model ? NULL : nearest_name(request->id, catalog, catalog->model_count, model_id);
    if (model && !(response->model = model_message(model, mrpc_call_arena(call))))
        fault_set(&fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (!model && nearest)
        fault_set(&fault, MRPC_NOT_FOUND, "no model \"%.64s\"; is \"%s\" meant?", request->id, nearest);
    if (!model && !nearest)
        fault_set(&fault, MRPC_NOT_FOUND, "no model \"%.64s\"", request->id);
    snapshot_release(&catalog->snapshot);
    return fault.code ? fault_answer(call, &fault) : 0;
}
