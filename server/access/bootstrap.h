/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ACCESS_BOOTSTRAP_H
#define MLT_ACCESS_BOOTSTRAP_H

#include <stdbool.h>

#include "access/secret.h"
#include "fault/fault.h"

/* The way in of a server that has no token yet which may make tokens: a secret in a file that only its own account
 * can read. It makes one token and is gone. */

struct bootstrap {
    char path[4200];
    struct secret_hash hash;
    _Atomic int state; /* enum bootstrap_state */
};

enum bootstrap_state { BOOTSTRAP_NONE, BOOTSTRAP_READY, BOOTSTRAP_CLAIMED };

#define BOOTSTRAP_FILE "bootstrap-token"

/** Remove what an earlier start left in @data_dir; with @wanted make a secret and write it, mode 0600. Blocks.
 *  Errors: MRPC_INTERNAL. */
int bootstrap_begin(struct bootstrap *bootstrap, const char *data_dir, bool wanted, struct fault *fault) MRPC_MUST_USE;
/** Whether that is the secret, and it has not been used. Thread: any. */
bool bootstrap_is(const struct bootstrap *bootstrap, const struct secret_hash *hash);
/** Use it: of several at once, one gets true. Then either end it, which removes the file, or give it back. Thread:
 *  any. */
bool bootstrap_claim(struct bootstrap *bootstrap);
void bootstrap_end(struct bootstrap *bootstrap);
void bootstrap_give_back(struct bootstrap *bootstrap);

#endif
