/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_OTLP_SPANS_H
#define MLT_OTLP_SPANS_H

#include <stddef.h>
#include <stdint.h>

#include <mrpc/arena.h>
#include <opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h>

#include "trace/trace.h"

/* Calls as spans of OpenTelemetry: a span of kind SERVER a call, and an event a step of it.
 * Source: opentelemetry-proto 1.x; semantic conventions for RPC and gRPC. */

/** Append a text attribute to the resource; copied into @arena. Errors: MRPC_ERR_NOMEM. */
int otlp_resource_add(Opentelemetry__Proto__Resource__V1__Resource *resource, struct mrpc_arena *arena, const char *key,
                      const char *value) MRPC_MUST_USE;

/** The request that carries @count records, in @arena; it borrows the records and @resource.
 *  @unix_offset_ns is CLOCK_REALTIME less CLOCK_MONOTONIC. Errors: MRPC_ERR_NOMEM. */
int otlp_request(const struct trace_record *records, size_t count,
                 Opentelemetry__Proto__Resource__V1__Resource *resource, int64_t unix_offset_ns,
                 struct mrpc_arena *arena,
                 Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest **out) MRPC_MUST_USE;

#endif
