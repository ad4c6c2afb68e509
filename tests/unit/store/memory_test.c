/* SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include "store/memory.h"

static struct store *open_memory(void)
{
    struct store *store = NULL;
    struct store_memory_options options = {.deletions_kept = STORE_CONTRACT_DELETIONS_KEPT};
    return store_memory_open(&options, &store, NULL) ? NULL : store;
}

int main(void)
{
    return store_contract_run(&(struct store_contract_backend){"memory", open_memory, NULL, store_close});
}
