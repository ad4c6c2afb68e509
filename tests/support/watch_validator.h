/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WATCH_VALIDATOR_H
#define WATCH_VALIDATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mltrainer/registry/v1/registry.mrpc.h>

/* Holds what one watcher of the registry is told to the contract of Watch. The properties have the names that etcd
 * gave them (its "KV API guarantees", and the validators of its robustness tests):
 *
 *     ordered       revisions grow with each message of changes
 *     unique        nothing is told twice
 *     atomic        all changes of a revision come in one message, and nothing else in it
 *     bookmarkable  after progress at R nothing at or below R comes
 *     reliable      nothing between the first and the last revision is left out
 *     resumable     a stream that goes on after R begins with what follows R
 *     filterable    what is selected is told of, what is not is not; crossing the border is ADDED or REMOVED
 *
 * watch_validator_take() judges the first four, the form of snapshots, and each change against the copy that the
 * watcher has by then. The last three need something to compare with: watch_validator_agree() compares with another
 * validator that selects everything, and watch_validator_told() with the answers that writers got.
 *
 *     watch_validator_begin → fill a request, watch → take* … and again, resuming or not → agree
 *
 * No thread is safe with one validator twice; nothing here waits or fails a test: functions return 0, or -1 and
 * watch_validator_violation() says in words what was broken. Out of memory it aborts. */

struct watch_validator;

/** What is watched. Texts are copied. */
struct watch_selection {
    const char *namespace_name; /* NULL: all */
    const char *service;        /* NULL: all */
    /** What the filter of the request lets pass, as the test understands it; NULL: everything. Pure. */
    bool (*passes)(void *arg, const Mltrainer__Registry__V1__Instance *instance);
    void *arg;
};

struct watch_validator *watch_validator_new(const struct watch_selection *selection);
void watch_validator_free(struct watch_validator *validator);

/** A new stream begins. @resume: it goes on where the last one stopped; otherwise, or when nothing has come yet, from
 *  the present state. Sets service, namespace, after_revision and epoch of @request; the filter is the caller's. */
void watch_validator_begin(struct watch_validator *validator, bool resume,
                           Mltrainer__Registry__V1__WatchRequest *request);
/** The next message of the stream; NULL (a broken stream's) is a violation too. */
int watch_validator_take(struct watch_validator *validator, const Mltrainer__Registry__V1__WatchResponse *message)
    __attribute__((warn_unused_result));

/** Was @validator told everything that it selects of what @reference was told, alike, and nothing else? Compared is
 *  what both have seen; what the reference missed between two of its own streams, because it began anew, is not.
 *  *@compared_count (may be NULL) receives how many messages of the validator were compared. */
int watch_validator_agree(struct watch_validator *validator, const struct watch_validator *reference,
                          size_t *compared_count) __attribute__((warn_unused_result));
/** A writer was answered that the instance changed (or, @removed, went) at @revision: was that told? True also for a
 *  revision that was passed over by beginning anew, or is still to come. */
int watch_validator_told(struct watch_validator *validator, int64_t revision,
                         const Mltrainer__Registry__V1__InstanceKey *key, bool removed)
    __attribute__((warn_unused_result));

/** What was broken first; "" when nothing was. */
const char *watch_validator_violation(const struct watch_validator *validator);
/** Everything up to this revision has come. */
int64_t watch_validator_revision(const struct watch_validator *validator);
uint64_t watch_validator_epoch(const struct watch_validator *validator);
/** The present state has come whole, or the stream goes on from one that had. */
bool watch_validator_complete(const struct watch_validator *validator);
/** How many instances its copy has, and the one of that key (namespace not empty), NULL if it is not there. */
size_t watch_validator_count(const struct watch_validator *validator);
const Mltrainer__Registry__V1__Instance *watch_validator_find(const struct watch_validator *validator,
                                                              const Mltrainer__Registry__V1__InstanceKey *key);

#endif
