/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_ARTIFACT_ALIAS_H
#define MLT_EXECUTION_ARTIFACT_ALIAS_H

#include "execution/api.h"
#include "execution/record_index.h"
#include "store/store.h"

/* Names that point to versions of artifacts and can be moved: "champion", "challenger". In the store an alias is one
 * record, execution/alias/NAME/ALIAS, holding the message. One change of an alias at a time. Thread: the execution
 * loop's. */

enum { ALIASES_AN_ARTIFACT = 64, ALIASES_MAX = 100000 };

struct alias {
    char name[129];  /* of the artifact */
    char alias[129];
    uint32_t version;
    uint32_t previous_version; /* 0: none */
    int64_t update_ms;         /* CLOCK_REALTIME */
    bool durable;              /* nobody is shown one that is not */
    bool changing;             /* on its way to the disk */
    uint32_t coming_version;   /* while it changes: where it will point; 0: it goes */
};

struct aliases {
    struct alias **items; /* by name, then alias */
    size_t count, room;
};

void aliases_fini(struct aliases *aliases);

/** The first that is not less than (@name, @alias): a position in items. */
size_t aliases_seek(const struct aliases *aliases, const char *name, const char *alias);
/** NULL: there is none. */
struct alias *aliases_find(const struct aliases *aliases, const char *name, const char *alias);
/** A new one, in its place, not durable. Errors: RESOURCE_EXHAUSTED over a limit or without memory. */
int aliases_add(struct aliases *aliases, const char *name, const char *alias, struct alias **out,
                struct fault *fault) MRPC_MUST_USE;
void aliases_remove(struct aliases *aliases, struct alias *alias);

/** Does one point to that version, or will when its change is durable? NULL: none does. */
const struct alias *aliases_pointing_to(const struct aliases *aliases, const char *name, uint32_t version);

/** "NAME:ALIAS", or whatever record_index_find() takes. Errors: as there. */
int aliases_find_artifact(const struct aliases *aliases, const struct record_index *artifacts, const char *reference,
                          const char *field, struct record **out, struct fault *fault) MRPC_MUST_USE;

/** As a message of @arena. NULL when out of memory. */
API(Alias) * alias_message(const struct alias *alias, struct mrpc_arena *arena) MRPC_MUST_USE;
/** Put what @message says, or the end of that alias, into @batch. Errors: RESOURCE_EXHAUSTED. */
int alias_put(struct store_batch *batch, const API(Alias) * message, struct fault *fault) MRPC_MUST_USE;
void alias_delete(struct store_batch *batch, const struct alias *alias);

/** Let @artifact tell which aliases point to it. Errors: RESOURCE_EXHAUSTED. */
int aliases_tell(const struct aliases *aliases, API(Artifact) * artifact, struct mrpc_arena *arena,
                 struct fault *fault) MRPC_MUST_USE;

#endif
