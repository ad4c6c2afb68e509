/* SPDX-License-Identifier: Apache-2.0 */
#include "watch_validator.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/codec.h>

#include "watch_replica.h"

#define PB(name) Mltrainer__Registry__V1__##name

enum { ARENA_BYTES = 1 << 30 };

enum told { TOLD_SNAPSHOT, TOLD_CHANGES, TOLD_PROGRESS };

/* One message as it was told; the parts of a snapshot make one record. */
struct record {
    enum told told;
    int64_t revision;
    size_t first; /* its entries: entries[first .. first + count) */
    size_t count;
};

struct entry {
    PB(ChangeKind) kind; /* UNSPECIFIED in a snapshot */
    const PB(Instance) * instance;
};

struct watch_validator {
    struct watch_selection selection;
    struct mrpc_arena *arena; /* all that was received */
    struct watch_replica replica;
    struct record *records;
    size_t record_count;
    struct entry *entries;
    size_t entry_count;
    int64_t revision;
    uint64_t epoch;
    bool begun;      /* the stream has told something */
    bool resuming;   /* this stream goes on where another stopped */
    bool in_snapshot;
    bool complete;
    char violation[512];
};

static int violate(struct watch_validator *validator, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int violate(struct watch_validator *validator, const char *format, ...)
{
    va_list args;
    if (validator->violation[0])
        return -1;
    va_start(args, format);
    vsnprintf(validator->violation, sizeof validator->violation, format, args);
    va_end(args);
    return -1;
}

/* Room for one more behind @count elements: arrays double. */
static void *grown(void *array, size_t count, size_t element_bytes)
{
    if (count & (count - 1))
        return array; /* not at a power of two: there is room */
    void *moved = realloc(array, (count ? 2 * count : 1) * element_bytes);
    if (!moved)
        abort();
    return moved;
}

struct watch_validator *watch_validator_new(const struct watch_selection *selection)
{
    struct watch_validator *validator = calloc(1, sizeof *validator);
    if (!validator || !(validator->arena = mrpc_arena_new(ARENA_BYTES)))
        abort();
    validator->selection = *selection;
    if (selection->service)
        validator->selection.service = mrpc_arena_strdup(validator->arena, selection->service);
    if (selection->namespace_name)
        validator->selection.namespace_name = mrpc_arena_strdup(validator->arena, selection->namespace_name);
    return validator;
}

void watch_validator_free(struct watch_validator *validator)
{
    if (!validator)
        return;
    watch_replica_fini(&validator->replica);
    free(validator->records);
    free(validator->entries);
    mrpc_arena_free(validator->arena);
    free(validator);
}

void watch_validator_begin(struct watch_validator *validator, bool resume, PB(WatchRequest) * request)
{
    if (validator->in_snapshot) /* half a state is none */
        validator->entry_count = validator->records[--validator->record_count].first;
    validator->resuming = resume && validator->complete && validator->revision > 0;
    validator->complete = validator->resuming;
    validator->begun = validator->in_snapshot = false;
    request->service = (char *)(uintptr_t)(validator->selection.service ? validator->selection.service : "");
    request->namespace_ =
        (char *)(uintptr_t)(validator->selection.namespace_name ? validator->selection.namespace_name : "");
    request->after_revision = validator->resuming ? validator->revision : 0;
    request->epoch = validator->resuming ? validator->epoch : 0;
}

static bool selected(const struct watch_selection *selection, const PB(InstanceKey) * key)
{
    return (!selection->namespace_name || strcmp(selection->namespace_name, key->namespace_) == 0) &&
           (!selection->service || strcmp(selection->service, key->service) == 0);
}

static bool passes(const struct watch_selection *selection, const PB(Instance) * instance)
{
    return instance && selected(selection, instance->key) &&
           (!selection->passes || selection->passes(selection->arg, instance));
}

static const PB(Instance) * keep(struct watch_validator *validator, PB(ChangeKind) kind, const PB(Instance) * instance)
{
    ProtobufCMessage *copy;
    if (mrpc_message_copy(&mltrainer__registry__v1__instance__info, &instance->base, validator->arena, &copy))
        abort();
    validator->entries = grown(validator->entries, validator->entry_count, sizeof *validator->entries);
    validator->entries[validator->entry_count++] = (struct entry){kind, (PB(Instance) *)copy};
    validator->records[validator->record_count - 1].count++;
    return (PB(Instance) *)copy;
}

static void open_record(struct watch_validator *validator, enum told told, int64_t revision)
{
    validator->records = grown(validator->records, validator->record_count, sizeof *validator->records);
    validator->records[validator->record_count++] =
        (struct record){.told = told, .revision = revision, .first = validator->entry_count};
}

/* --- one message -------------------------------------------------------------------------------------------------- */

static int take_snapshot_part(struct watch_validator *validator, int64_t revision, const PB(WatchSnapshot) * part)
{
    if (validator->resuming)
        return violate(validator, "resumable: a snapshot at %lld in a stream that resumes", (long long)revision);
    if (part->first != !validator->begun)
        return violate(validator, "snapshot: a part says first=%d, but it is%s", part->first,
                       validator->begun ? " not" : "");
    if (validator->begun && !validator->in_snapshot)
        return violate(validator, "snapshot: a part at %lld behind the last one", (long long)revision);
    if (!validator->begun) {
        open_record(validator, TOLD_SNAPSHOT, revision);
        watch_replica_clear(&validator->replica);
    }
    if (revision != validator->records[validator->record_count - 1].revision)
        return violate(validator, "atomic: the parts of a snapshot have revisions %lld and %lld",
                       (long long)validator->records[validator->record_count - 1].revision, (long long)revision);
    for (size_t i = 0; i < part->n_instances; i++) {
        const PB(Instance) *instance = part->instances[i];
        const struct watch_replica *replica = &validator->replica;
        if (!passes(&validator->selection, instance))
            return violate(validator, "filterable: %s/%s in the snapshot is not selected", instance->key->service,
                           instance->key->id);
        if (instance->revision > revision)
            return violate(validator, "ordered: %s/%s in the snapshot at %lld changed at %lld", instance->key->service,
                           instance->key->id, (long long)revision, (long long)instance->revision);
        if (replica->count && watch_key_compare(replica->instances[replica->count - 1]->key, instance->key) >= 0)
            return violate(validator, "snapshot: %s/%s is out of order, or there twice", instance->key->service,
                           instance->key->id);
        watch_replica_put(&validator->replica, keep(validator, 0, instance));
    }
    validator->in_snapshot = !part->last;
    validator->complete = part->last;
    return 0;
}

static int take_change(struct watch_validator *validator, int64_t revision, const PB(Change) * change)
{
    const struct record *record = &validator->records[validator->record_count - 1];
    const PB(Instance) *instance = change->instance;
    if (!instance || !instance->key)
        return violate(validator, "a change at %lld without an instance", (long long)revision);
    const char *id = instance->key->id;
    for (size_t i = 0; i < record->count; i++)
        if (watch_key_compare(validator->entries[record->first + i].instance->key, instance->key) == 0)
            return violate(validator, "unique: %s twice at %lld", id, (long long)revision);
    if (instance->revision != revision)
        return violate(validator, "atomic: a change of %s at %lld in the message of %lld", id,
                       (long long)instance->revision, (long long)revision);
    if (!selected(&validator->selection, instance->key))
        return violate(validator, "filterable: %s/%s at %lld is not selected", instance->key->service, id,
                       (long long)revision);
    const PB(Instance) *known = watch_replica_find(&validator->replica, instance->key);
    bool added = change->kind == MLTRAINER__REGISTRY__V1__CHANGE_KIND__CHANGE_KIND_ADDED;
    bool removed = change->kind == MLTRAINER__REGISTRY__V1__CHANGE_KIND__CHANGE_KIND_REMOVED;
    if ((known != NULL) == added)
        return violate(validator, "reliable: %s is told as kind %d at %lld, but it was %s", id, (int)change->kind,
                       (long long)revision, known ? "there" : "not there");
    if (known && known->incarnation != instance->incarnation)
        return violate(validator, "reliable: %s of incarnation %lld at %lld was of %lld: its end was not told", id,
                       (long long)instance->incarnation, (long long)revision, (long long)known->incarnation);
    if (!removed && !passes(&validator->selection, instance))
        return violate(validator, "filterable: %s at %lld does not pass", id, (long long)revision);
    const PB(Instance) *kept = keep(validator, change->kind, instance);
    if (removed)
        watch_replica_remove(&validator->replica, instance->key);
    else
        watch_replica_put(&validator->replica, kept);
    return 0;
}

static int take_changes(struct watch_validator *validator, int64_t revision, const PB(WatchChanges) * changes)
{
    if (revision <= validator->revision)
        return violate(validator, "ordered, unique, bookmarkable: changes of %lld after %lld", (long long)revision,
                       (long long)validator->revision);
    if (changes->n_changes == 0)
        return violate(validator, "a message of changes at %lld without any", (long long)revision);
    open_record(validator, TOLD_CHANGES, revision);
    for (size_t i = 0; i < changes->n_changes; i++)
        if (take_change(validator, revision, changes->changes[i]))
            return -1;
    return 0;
}

static int judge(struct watch_validator *validator, const PB(WatchResponse) * message)
{
    if (message->epoch == 0 || ((validator->begun || validator->resuming) && message->epoch != validator->epoch))
        return violate(validator, "epoch %llu in a stream of epoch %llu", (unsigned long long)message->epoch,
                       (unsigned long long)validator->epoch);
    if (message->epoch == validator->epoch && message->revision < validator->revision)
        return violate(validator, "ordered: revision %lld after %lld", (long long)message->revision,
                       (long long)validator->revision);
    if (message->body_case == MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_SNAPSHOT)
        return take_snapshot_part(validator, message->revision, message->snapshot);
    if (validator->in_snapshot || (!validator->begun && !validator->resuming))
        return violate(validator, "snapshot: something else comes before it is whole");
    if (message->body_case == MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_CHANGES)
        return take_changes(validator, message->revision, message->changes);
    if (message->body_case != MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_PROGRESS)
        return violate(validator, "a message without a body at %lld", (long long)message->revision);
    open_record(validator, TOLD_PROGRESS, message->revision);
    return 0;
}

int watch_validator_take(struct watch_validator *validator, const PB(WatchResponse) * message)
{
    if (!message)
        return violate(validator, "the stream ended");
    if (judge(validator, message))
        return -1;
    validator->begun = true;
    validator->epoch = message->epoch;
    validator->revision = message->revision;
    return validator->violation[0] ? -1 : 0;
}

/* --- against another watcher -------------------------------------------------------------------------------------- */

/* Walks the reference in step with the validator that is compared. */
struct walk {
    const struct watch_validator *reference;
    size_t next;            /* record */
    struct watch_replica at;/* the reference's copy at `revision` */
    int64_t revision;
    bool known;             /* it has begun, and nothing was passed over since the validator's last record */
};

static void apply(struct walk *walk, const struct record *record)
{
    const struct entry *entries = walk->reference->entries + record->first;
    if (record->told == TOLD_SNAPSHOT) {
        watch_replica_clear(&walk->at);
        walk->known = false; /* what happened between two streams of the reference is anybody's guess */
    }
    for (size_t i = 0; i < record->count; i++)
        if (entries[i].kind == MLTRAINER__REGISTRY__V1__CHANGE_KIND__CHANGE_KIND_REMOVED)
            watch_replica_remove(&walk->at, entries[i].instance->key);
        else
            watch_replica_put(&walk->at, entries[i].instance);
    walk->revision = record->revision;
}

/* What a change is to somebody with that selection; UNSPECIFIED: nothing. */
static PB(ChangeKind)
    kind_for(const struct watch_selection *selection, const PB(Instance) * before, const struct entry *entry)
{
    bool gone = entry->kind == MLTRAINER__REGISTRY__V1__CHANGE_KIND__CHANGE_KIND_REMOVED;
    bool was = passes(selection, before), is = !gone && passes(selection, entry->instance);
    if (was && is)
        return MLTRAINER__REGISTRY__V1__CHANGE_KIND__CHANGE_KIND_UPDATED;
    if (is)
        return MLTRAINER__REGISTRY__V1__CHANGE_KIND__CHANGE_KIND_ADDED;
    return was ? MLTRAINER__REGISTRY__V1__CHANGE_KIND__CHANGE_KIND_REMOVED
               : MLTRAINER__REGISTRY__V1__CHANGE_KIND__CHANGE_KIND_UNSPECIFIED;
}

static const struct entry *entry_of(const struct watch_validator *validator, const struct record *record,
                                    const PB(InstanceKey) * key)
{
    for (size_t i = 0; record && i < record->count; i++)
        if (watch_key_compare(validator->entries[record->first + i].instance->key, key) == 0)
            return &validator->entries[record->first + i];
    return NULL;
}

/* One record of changes of the reference against what the validator was told at that revision (NULL: nothing). */
static int compare_changes(struct watch_validator *validator, const struct walk *walk, const struct record *theirs,
                           const struct record *own)
{
    size_t wanted = 0;
    for (size_t i = 0; i < theirs->count; i++) {
        const struct entry *entry = &walk->reference->entries[theirs->first + i];
        PB(ChangeKind)
        kind = kind_for(&validator->selection, watch_replica_find(&walk->at, entry->instance->key), entry);
        if (kind == MLTRAINER__REGISTRY__V1__CHANGE_KIND__CHANGE_KIND_UNSPECIFIED)
            continue;
        wanted++;
        const struct entry *told = entry_of(validator, own, entry->instance->key);
        if (!told)
            return violate(validator, "reliable: kind %d of %s at %lld was not told", (int)kind,
                           entry->instance->key->id, (long long)theirs->revision);
        if (told->kind != kind || !watch_instance_equal(told->instance, entry->instance))
            return violate(validator, "filterable: %s at %lld was told as kind %d, it is kind %d, or it is another",
                           entry->instance->key->id, (long long)theirs->revision, (int)told->kind, (int)kind);
    }
    if (own && own->count != wanted)
        return violate(validator, "filterable: %zu changes told at %lld, %zu are selected", own->count,
                       (long long)own->revision, wanted);
    return 0;
}

/* Bring the walk to @record of the validator, which tells changes or progress. */
static int follow(struct watch_validator *validator, struct walk *walk, const struct record *record)
{
    bool met = false;
    while (walk->next < walk->reference->record_count) {
        const struct record *theirs = &walk->reference->records[walk->next];
        if (theirs->revision > record->revision)
            break;
        bool same = record->told == TOLD_CHANGES && theirs->revision == record->revision;
        if (walk->known && theirs->told == TOLD_CHANGES) {
            if (compare_changes(validator, walk, theirs, same ? record : NULL))
                return -1;
            met = met || same;
        }
        apply(walk, theirs);
        walk->next++;
    }
    bool passed_over = walk->next < walk->reference->record_count &&
                       walk->reference->records[walk->next].told == TOLD_SNAPSHOT;
    if (walk->known && record->told == TOLD_CHANGES && !met && !passed_over)
        return violate(validator, "unique: changes at %lld that the reference does not know",
                       (long long)record->revision);
    return 0;
}

static int compare_snapshot(struct watch_validator *validator, struct walk *walk, const struct record *record)
{
    size_t wanted = 0;
    for (size_t i = 0; i < walk->at.count; i++) {
        const PB(Instance) *instance = walk->at.instances[i];
        if (!passes(&validator->selection, instance))
            continue;
        wanted++;
        const struct entry *told = entry_of(validator, record, instance->key);
        if (!told || !watch_instance_equal(told->instance, instance))
            return violate(validator, "reliable: %s is %s in the snapshot at %lld", instance->key->id,
                           told ? "another" : "not", (long long)record->revision);
    }
    return wanted == record->count
               ? 0
               : violate(validator, "filterable: %zu instances in the snapshot at %lld, %zu are selected",
                         record->count, (long long)record->revision, wanted);
}

static int compare_record(struct watch_validator *validator, struct walk *walk, const struct record *record)
{
    if (record->told != TOLD_SNAPSHOT)
        return follow(validator, walk, record);
    walk->known = false; /* nothing is owed for what lies before */
    if (follow(validator, walk, record))
        return -1;
    bool covered = walk->next > 0 && walk->next < walk->reference->record_count;
    bool gap = covered && walk->reference->records[walk->next].told == TOLD_SNAPSHOT;
    if (walk->next == 0 || (gap && walk->revision < record->revision))
        return 0;
    return compare_snapshot(validator, walk, record);
}

int watch_validator_agree(struct watch_validator *validator, const struct watch_validator *reference,
                          size_t *compared_count)
{
    struct walk walk = {.reference = reference};
    size_t compared = 0;
    size_t whole = validator->record_count - validator->in_snapshot;
    for (size_t i = 0; i < whole && !validator->violation[0]; i++) {
        const struct record *record = &validator->records[i];
        if (record->revision > reference->revision)
            break;
        if (compare_record(validator, &walk, record))
            break;
        compared += walk.known;
        walk.known = walk.next > 0;
    }
    watch_replica_fini(&walk.at);
    if (compared_count)
        *compared_count = compared;
    return validator->violation[0] ? -1 : 0;
}

int watch_validator_told(struct watch_validator *validator, int64_t revision, const PB(InstanceKey) * key, bool removed)
{
    int64_t before = 0;
    for (size_t i = 0; i < validator->record_count; before = validator->records[i++].revision) {
        const struct record *record = &validator->records[i];
        if (record->revision < revision)
            continue;
        if (record->told == TOLD_SNAPSHOT && before < revision)
            return 0; /* between two streams, or in the state that this one began with */
        const struct entry *entry = record->revision == revision ? entry_of(validator, record, key) : NULL;
        if (entry && removed == (entry->kind == MLTRAINER__REGISTRY__V1__CHANGE_KIND__CHANGE_KIND_REMOVED))
            return 0;
        return violate(validator, "reliable: %s at %lld was acknowledged to its writer, but not told", key->id,
                       (long long)revision);
    }
    return 0;
}

/* --- small answers ------------------------------------------------------------------------------------------------ */

const char *watch_validator_violation(const struct watch_validator *validator)
{
    return validator->violation;
}

int64_t watch_validator_revision(const struct watch_validator *validator)
{
    return validator->revision;
}

uint64_t watch_validator_epoch(const struct watch_validator *validator)
{
    return validator->epoch;
}

bool watch_validator_complete(const struct watch_validator *validator)
{
    return validator->complete;
}

size_t watch_validator_count(const struct watch_validator *validator)
{
    return validator->replica.count;
}

const PB(Instance) * watch_validator_find(const struct watch_validator *validator, const PB(InstanceKey) * key)
{
    return watch_replica_find(&validator->replica, key);
}
