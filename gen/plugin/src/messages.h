/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_MESSAGES_H
#define PLUGIN_MESSAGES_H

#include "schema.h"
#include "subprocess.h"

/** Let protoc-gen-c make F.pb-c.h and F.pb-c.c of the rewritten request; its files are added to @response.
 *  @program: its path, or a name to look for in PATH. False and schema->error when it cannot run or complains. */
bool messages_generate(struct schema *schema, const char *program,
                       Google__Protobuf__Compiler__CodeGeneratorResponse *response) __attribute__((warn_unused_result));

#endif
