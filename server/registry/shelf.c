/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/shelf.h"

#include <stdlib.h>
#include <string.h>

#include "registry/catalog.h"

void shelves_changed(struct catalog_slot *slot)
{
    registry_run_unref(slot->shelf->shown);
    slot->shelf->shown = NULL;
}

static void out_of_date(struct catalog_shelf *shelf)
{
    registry_run_unref(shelf->shown);
    shelf->shown = NULL;
}

/* The last shelf whose first id is not greater: where @id is, or belongs. */
static size_t shelf_of(const struct catalog_shelves *shelves, const char *id)
{
    size_t low = 0, high = shelves->count;
    while (low + 1 < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(shelves->shelves[middle]->slots[0]->id, id) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The first place whose id is not less. */
static size_t place_of(const struct catalog_shelf *shelf, const char *id)
{
    size_t low = 0, high = shelf->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(shelf->slots[middle]->id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct catalog_slot *shelves_find(const struct catalog_shelves *shelves, const char *id)
{
    if (shelves->count == 0)
        return NULL;
    const struct catalog_shelf *shelf = shelves->shelves[shelf_of(shelves, id)];
    size_t at = place_of(shelf, id);
    return at < shelf->count && strcmp(shelf->slots[at]->id, id) == 0 ? shelf->slots[at] : NULL;
}

/* --- adding
 * -------------------------------------------------------------------------------------------------------- */

/* An empty shelf at @at; NULL when out of memory. */
static struct catalog_shelf *new_shelf(struct catalog_shelves *shelves, size_t at)
{
    if (shelves->count == shelves->capacity) {
        size_t capacity = shelves->capacity ? shelves->capacity * 2 : 1;
        struct catalog_shelf **grown = realloc(shelves->shelves, capacity * sizeof *grown);
        if (!grown)
            return NULL;
        shelves->shelves = grown;
        shelves->capacity = capacity;
    }
    struct catalog_shelf *shelf = calloc(1, sizeof *shelf);
    if (!shelf)
        return NULL;
    memmove(&shelves->shelves[at + 1], &shelves->shelves[at], (shelves->count - at) * sizeof shelf);
    shelves->shelves[at] = shelf;
    shelves->count++;
    return shelf;
}

/* The slots of @from on go to the end of @to. */
static void move_slots(struct catalog_shelf *from, size_t first, struct catalog_shelf *to)
{
    for (size_t i = first; i < from->count; i++) {
        from->slots[i]->shelf = to;
        to->slots[to->count++] = from->slots[i];
    }
    from->count = first;
    out_of_date(from);
    out_of_date(to);
}

static void insert(struct catalog_shelf *shelf, size_t at, struct catalog_slot *slot)
{
    memmove(&shelf->slots[at + 1], &shelf->slots[at], (shelf->count - at) * sizeof slot);
    shelf->slots[at] = slot;
    shelf->count++;
    slot->shelf = shelf;
    out_of_date(shelf);
}

bool shelves_add(struct catalog_shelves *shelves, struct catalog_slot *slot)
{
    if (shelves->count == 0 && !new_shelf(shelves, 0))
        return false;
    size_t shelf_at = shelf_of(shelves, slot->id);
    struct catalog_shelf *shelf = shelves->shelves[shelf_at];
    size_t at = place_of(shelf, slot->id);
    if (shelf->count == SHELF_MAX) {
        struct catalog_shelf *next = new_shelf(shelves, shelf_at + 1);
        if (!next)
            return false;
        /* Behind everything: leave full shelves behind, so that what comes in order lies dense. */
        bool behind_all = at == SHELF_MAX && shelf_at + 2 == shelves->count;
        size_t kept = behind_all ? SHELF_MAX : SHELF_MAX / 2;
        move_slots(shelf, kept, next);
        if (at > kept || behind_all) {
            at -= kept;
            shelf = next;
        }
    }
    insert(shelf, at, slot);
    shelves->slot_count++;
    return true;
}

/* --- removing
 * ------------------------------------------------------------------------------------------------------ */

static void drop_shelf(struct catalog_shelves *shelves, size_t at)
{
    struct catalog_shelf *shelf = shelves->shelves[at];
    shelves->count--;
    memmove(&shelves->shelves[at], &shelves->shelves[at + 1], (shelves->count - at) * sizeof shelf);
    registry_run_unref(shelf->shown);
    free(shelf);
}

/* Shelves that have become low are put together, with room left, so that they do not split again at once. */
static void put_together(struct catalog_shelves *shelves, size_t at)
{
    if (at + 1 >= shelves->count)
        return;
    struct catalog_shelf *shelf = shelves->shelves[at], *next = shelves->shelves[at + 1];
    if ((shelf->count > SHELF_LOW && next->count > SHELF_LOW) || shelf->count + next->count > SHELF_MAX - SHELF_LOW)
        return;
    move_slots(next, 0, shelf);
    drop_shelf(shelves, at + 1);
}

void shelves_remove(struct catalog_shelves *shelves, struct catalog_slot *slot)
{
    size_t shelf_at = shelf_of(shelves, slot->id);
    struct catalog_shelf *shelf = shelves->shelves[shelf_at];
    size_t at = place_of(shelf, slot->id);
    shelf->count--;
    memmove(&shelf->slots[at], &shelf->slots[at + 1], (shelf->count - at) * sizeof slot);
    out_of_date(shelf);
    shelves->slot_count--;
    if (shelf->count == 0) {
        drop_shelf(shelves, shelf_at);
        return;
    }
    put_together(shelves, shelf_at);
    if (shelf_at > 0)
        put_together(shelves, shelf_at - 1);
}

/* --- showing
 * ------------------------------------------------------------------------------------------------------- */

static bool show(struct catalog_shelf *shelf)
{
    struct registry_instance *live[SHELF_MAX];
    size_t count = 0;
    if (shelf->shown)
        return true;
    for (size_t i = 0; i < shelf->count; i++)
        if (shelf->slots[i]->committed)
            live[count++] = shelf->slots[i]->committed;
    shelf->shown = registry_run_new(live, count);
    return shelf->shown != NULL;
}

bool shelves_show(struct catalog_shelves *shelves)
{
    for (size_t i = 0; i < shelves->count; i++)
        if (!show(shelves->shelves[i]))
            return false;
    return true;
}

void shelves_fini(struct catalog_shelves *shelves)
{
    while (shelves->count)
        drop_shelf(shelves, shelves->count - 1);
    free(shelves->shelves);
    *shelves = (struct catalog_shelves){0};
}
