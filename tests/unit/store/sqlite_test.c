/* SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include "fault/fault.h"
#include "scratch.h"
#include "store/sqlite.h"

static char *folder;

static struct store *open_again(void)
{
    struct store *store = NULL;
    struct fault fault = FAULT_INIT;
    struct store_sqlite_options options = {.directory = folder, .deletions_kept = STORE_CONTRACT_DELETIONS_KEPT};
    if (store_sqlite_open(&options, &store, &fault) == MRPC_OK)
        return store;
    fprintf(stderr, "%s\n", fault.text);
    return NULL;
}

static struct store *open_fresh(void)
{
    scratch_empty(folder);
    return open_again();
}

static struct store *reopen(struct store *store)
{
    store_close(store);
    return open_again();
}

int main(void)
{
    folder = scratch_new();
    if (!folder)
        return 1;
    int failed = store_contract_run(&(struct store_contract_backend){"sqlite", open_fresh, reopen, store_close});
    scratch_free(folder);
    return failed;
}
