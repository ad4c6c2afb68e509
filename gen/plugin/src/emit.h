/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_EMIT_H
#define PLUGIN_EMIT_H

#include "schema.h"
#include "text.h"

/* What we write beside protoc-gen-c's files. For F.proto:
 *     F.mrpc.h   message infos, setters of optional fields, handlers and client stubs of services
 *     F.mrpc.c   their definitions, and F's descriptor for reflection                                      */

void emit_header(struct schema *schema, const struct schema_file *file, struct text *out);
void emit_source(struct schema *schema, const struct schema_file *file, struct text *out);

/** The parts of the header. */
void emit_info_declarations(struct schema *schema, const struct schema_file *file, struct text *out);
void emit_setters(struct schema *schema, const struct schema_file *file, struct text *out);
void emit_service_header(struct schema *schema, const struct schema_file *file, size_t index, struct text *out);

/** The parts of the source. */
void emit_infos(struct schema *schema, const struct schema_file *file, struct text *out);
void emit_service_source(struct schema *schema, const struct schema_file *file, size_t index, struct text *out);
void emit_descriptor(struct schema *schema, const struct schema_file *file, struct text *out);

#endif
