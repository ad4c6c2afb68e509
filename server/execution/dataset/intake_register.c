/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/dataset/intake_internal.h"

static void end(struct intake *intake, const struct fault *fault)
{
    intake->done(intake->arg, fault);
}

static void committed(struct intake *intake)
{
    struct fault fault = FAULT_INIT;
    if (intake->record->durable) {
        intake->stage.taken_bytes = 0; /* the record's from now on */
        return end(intake, &fault);
    }
    record_index_remove(&intake->engine->datasets, intake->record);
    record_free(intake->record);
    fault_set(&fault, MRPC_UNAVAILABLE, "the dataset could not be registered: the store refused");
    end(intake, &fault);
}

struct dataset_commit {
    struct intake *intake;
    int code;
};

static void committed_on_loop(void *arg)
{
    struct dataset_commit commit = *(struct dataset_commit *)arg;
    free(arg);
    commit.intake->record->durable = commit.code == 0;
    if (!commit.code)
        execution_touch(commit.intake->engine);
    committed(commit.intake);
}

/* On the store's thread. */
static void on_commit(void *arg, const struct store_commit_result *result)
{
    struct dataset_commit *commit = arg;
    struct intake *intake = commit->intake;
    commit->code = result->code;
    if (domain_loop_post(intake->engine->loop, committed_on_loop, commit) == 0)
        return;
    struct fault fault = FAULT_INIT;
    free(commit);
    fault_set(&fault, MRPC_UNAVAILABLE, "the server is stopping");
    end(intake, &fault);
}

/* Is this what the newest version of the name holds already? All but when and by whom is compared. */
static bool same_as(const struct intake *intake, API(Dataset) * other)
{
    API(Dataset) mine = *intake->dataset;
    struct api_bytes a = {NULL, 0}, b = {NULL, 0};
    struct fault fault = FAULT_INIT;
    mine.version = other->version;
    mine.create_time = other->create_time;
    mine.owner = other->owner;
    mine.description = other->description;
    bool same = !api_encode(API_INFO(dataset), &mine, &a, &fault) &&
                !api_encode(API_INFO(dataset), other, &b, &fault) && a.size == b.size &&
                memcmp(a.data, b.data, a.size) == 0;
    free(a.data);
    free(b.data);
    return same;
}

static int add_record(struct intake *intake, struct fault *fault)
{
    struct record_index *index = &intake->engine->datasets;
    API(Dataset) *dataset = intake->dataset;
    struct api_bytes bytes;
    dataset->version = record_index_next_version(index, dataset->name);
    dataset->create_time = api_timestamp(intake->arena, api_now_ms());
    int code = api_encode(API_INFO(dataset), dataset, &bytes, fault);
    if (code)
        return code;
    intake->record =
        record_new(dataset->name, dataset->version, dataset->sha256, dataset->size_bytes, dataset->owner, bytes);
    if (intake->record && record_index_add(index, intake->record) == 0)
        return 0;
    record_free(intake->record);
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static void commit_record(struct intake *intake)
{
    struct dataset_commit *commit = calloc(1, sizeof *commit);
    if (!commit)
        return committed(intake);
    commit->intake = intake;
    char key[200];
    const struct record *record = intake->record;
    struct store_batch *batch = store_batch_new();
    snprintf(key, sizeof key, "execution/dataset/%s/%010u", record->name, record->version);
    store_batch_put(batch, store_text(key), (struct store_slice){record->message.data, record->message.size},
                    STORE_EXPECT_ABSENT);
    store_commit(intake->engine->store, batch, on_commit, commit);
}

void intake_register(struct intake *intake, void (*done)(void *arg, const struct fault *fault), void *arg)
{
    struct fault fault = FAULT_INIT;
    struct record *newest;
    API(Dataset) * known;
    intake->done = done;
    intake->arg = arg;
    if (!record_index_find(&intake->engine->datasets, intake->dataset->name, "name", &newest, &fault) &&
        !api_decode(API_INFO(dataset), newest->message.data, newest->message.size, intake->arena, &known, &fault) &&
        same_as(intake, known)) {
        intake->dataset = known;
        intake->existed = true;
        return end(intake, &fault);
    }
    fault = (struct fault)FAULT_INIT;
    if (record_index_check_owner(&intake->engine->datasets, intake->dataset->name, &intake->caller, "name", &fault) ||
        add_record(intake, &fault))
        return end(intake, &fault);
    commit_record(intake);
}
