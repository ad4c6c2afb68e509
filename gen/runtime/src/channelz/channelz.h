/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CHANNELZ_CHANNELZ_H
#define MRPC_CHANNELZ_CHANNELZ_H

#include <stdint.h>

/** A new id: unique in the process over servers, sockets, channels and subchannels, growing. Thread: any. */
int64_t mrpc_channelz_new_id(void);

/** CLOCK_MONOTONIC in ms: what moments are kept in until they are told. Thread: any. */
int64_t mrpc_channelz_now_ms(void);

#endif
