/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_MRPC_H
#define MRPC_MRPC_H

/* libmrpc, a gRPC library for C: everything in one include. */

#include <mrpc/arena.h>
#include <mrpc/attributes.h>
#include <mrpc/authentication.h>
#include <mrpc/binary_log.h>
#include <mrpc/call.h>
#include <mrpc/call_log.h>
#include <mrpc/channel.h>
#include <mrpc/client_interceptor.h>
#include <mrpc/codec.h>
#include <mrpc/credentials.h>
#include <mrpc/error.h>
#include <mrpc/interceptor.h>
#include <mrpc/json.h>
#include <mrpc/loops.h>
#include <mrpc/maglev.h>
#include <mrpc/message.h>
#include <mrpc/metadata.h>
#include <mrpc/metrics.h>
#include <mrpc/rate_limit.h>
#include <mrpc/resolver.h>
#include <mrpc/server.h>
#include <mrpc/service.h>
#include <mrpc/service_config.h>
#include <mrpc/session.h>
#include <mrpc/status.h>
#include <mrpc/tls.h>
#include <mrpc/trace.h>
#include <mrpc/web.h>

#define MRPC_VERSION "0.1.0"

#endif
