/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_STORE_MESSAGE_H
#define MLT_STORE_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <mrpc/codec.h>

#include "store/store.h"

/** Put @message, encoded, under @key, whatever is there. False when it cannot be encoded, or there is no memory:
 *  nothing is put then. Here and not in the library, which knows nothing of messages and needs no codec. */
static inline bool store_batch_put_message(struct store_batch *batch, struct store_slice key,
                                           const struct mrpc_message_info *info, const ProtobufCMessage *message)
{
    size_t size;
    if (mrpc_encoded_size(info, message, &size, NULL))
        return false;
    uint8_t *bytes = malloc(size + 1);
    if (!bytes)
        return false;
    mrpc_encode(info, message, bytes);
    store_batch_put(batch, key, (struct store_slice){bytes, size}, STORE_EXPECT_ANY);
    free(bytes);
    return true;
}

#endif
