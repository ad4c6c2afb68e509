/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_CONTRACT_H
#define STORE_CONTRACT_H

#include "store/store.h"

/* What every backend of the store must do. A backend's test program gives its way to open a fresh store and runs the
 * suite; `deletions_kept` is 100 so that forgetting can be seen. */
struct store_contract_backend {
    const char *name;
    struct store *(*open)(void);
    /** Close and open again what open() made; NULL when it forgets by nature. */
    struct store *(*reopen)(struct store *store);
    void (*close)(struct store *store);
};

enum { STORE_CONTRACT_DELETIONS_KEPT = 100 };

int store_contract_run(const struct store_contract_backend *backend);

#endif
