/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "events/retention.h"
#include "execution/engine.h"
#include "execution/retention/retention.h"

/* Files that nobody refers to. The loop writes down which contents records name, a thread walks through the folders.
 *
 * A record that comes meanwhile is safe: a file gets its name, or is found to be there already, just before it is
 * registered, and both make its change time new; what was changed within retention.files_age stays. file_remove_older()
 * and those two exclude each other (file.h). */

enum { HASH_CHARACTERS = 64 };

struct names {
    char (*hashes)[HASH_CHARACTERS + 1]; /* sorted */
    size_t count;
};

struct file_sweep {
    struct thread_task task;
    struct execution *engine;
    struct names datasets, artifacts;
    int64_t files_before_ms, uploads_before_ms;
    struct retention_event event;
};

static void sweep_free(struct file_sweep *sweep)
{
    free(sweep->datasets.hashes);
    free(sweep->artifacts.hashes);
    free(sweep);
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(a, b, HASH_CHARACTERS);
}

static bool write_down(const struct record_index *index, struct names *out)
{
    out->hashes = calloc(index->count + 1, sizeof *out->hashes);
    if (!out->hashes)
        return false;
    for (size_t i = 0; i < index->count; i++)
        memcpy(out->hashes[out->count++], index->items[i]->sha256, HASH_CHARACTERS + 1);
    qsort(out->hashes, out->count, sizeof *out->hashes, by_hash);
    return true;
}

/* ---- On the thread ---- */

struct walk {
    struct file_sweep *sweep;
    const struct names *names;
    const char *ending;
};

/* Ours are named HASH.ENDING, .tmp-XXXXXX and .upload-HASH; what is named otherwise somebody else has put there. */
static int64_t goes_before(void *arg, const char *name)
{
    const struct walk *walk = arg;
    if (file_is_temporary(name) || file_is_staged(name))
        return walk->sweep->uploads_before_ms;
    bool ours =
        strspn(name, "0123456789abcdef") == HASH_CHARACTERS && strcmp(name + HASH_CHARACTERS, walk->ending) == 0;
    if (!ours || bsearch(name, walk->names->hashes, walk->names->count, sizeof *walk->names->hashes, by_hash))
        return INT64_MIN;
    return walk->sweep->files_before_ms;
}

static void walk_through(struct file_sweep *sweep, const char *folder, const struct names *names, const char *ending)
{
    struct walk walk = {sweep, names, ending};
    size_t most = RETENTION_FILES_A_PIECE - (size_t)sweep->event.file_count;
    struct file_removed removed = file_remove_older(folder, goes_before, &walk, most);
    sweep->event.file_count += removed.count;
    sweep->event.file_bytes += removed.bytes;
    sweep->event.more |= removed.more;
}

static void work(struct thread_task *task)
{
    struct file_sweep *sweep = (struct file_sweep *)task;
    walk_through(sweep, sweep->engine->datasets_folder, &sweep->datasets, ".csv");
    walk_through(sweep, sweep->engine->datasets_folder, &sweep->datasets, ".arrow");
    upload_stages_forget_removed(sweep->engine->upload_stages);
    walk_through(sweep, sweep->engine->artifacts_folder, &sweep->artifacts, ".mlta");
}

/* ---- On the loop ---- */

static void done(struct thread_task *task)
{
    struct file_sweep *sweep = (struct file_sweep *)task;
    struct execution *engine = sweep->engine;
    bool more = sweep->event.more;
    if (sweep->event.file_count && engine->bus)
        bus_publish(engine->bus, &retention_swept, &sweep->event);
    sweep_free(sweep);
    engine->retention.sweep = NULL;
    retention_swept_files(engine, more);
}

void retention_sweep_files(struct execution *engine, int64_t now_ms)
{
    struct file_sweep *sweep = calloc(1, sizeof *sweep);
    if (!sweep)
        return;
    *sweep = (struct file_sweep){
        .task = {.work = work, .done = done, .reply_loop = engine->loop},
        .engine = engine,
        .files_before_ms = now_ms - config_number(engine->config, "retention.files_age"),
        .uploads_before_ms = now_ms - config_number(engine->config, "retention.uploads_age"),
        .event.module = "execution",
    };
    if (!write_down(&engine->datasets, &sweep->datasets) || !write_down(&engine->artifacts, &sweep->artifacts) ||
        thread_pool_submit(engine->threads, &sweep->task, NULL))
        return sweep_free(sweep);
    engine->retention.sweep = sweep;
}
