/* SPDX-License-Identifier: Apache-2.0 */
#include "emit.h"

#include <string.h>

/* The headers of what our header names: what the messages need (the rewritten imports, public ones among them), and
 * where requests and responses come from. */
static void emit_includes(struct schema *schema, const struct schema_file *file, struct text *out)
{
    bool *needed = pool_alloc(schema->pool, schema->file_count * sizeof(*needed));
    for (size_t i = 0; i < file->rewritten->n_dependency; i++) {
        needed[schema_find_file(schema, file->rewritten->dependency[i]) - schema->files] = true;
    }
    for (size_t i = 0; i < file->original->n_service; i++) {
        const Google__Protobuf__ServiceDescriptorProto *service = file->original->service[i];
        for (size_t j = 0; j < service->n_method; j++) {
            needed[schema_find_type(schema, service->method[j]->input_type)->file - schema->files] = true;
            needed[schema_find_type(schema, service->method[j]->output_type)->file - schema->files] = true;
        }
    }
    needed[file - schema->files] = false;
    text_print(out, "#include \"%s.pb-c.h\"\n", file->stem);
    for (size_t i = 0; i < schema->file_count; i++) {
        if (needed[i]) {
            text_print(out, "#include \"%s.mrpc.h\"\n", schema->files[i].stem);
        }
    }
}

void emit_header(struct schema *schema, const struct schema_file *file, struct text *out)
{
    text_print(out, "/* Made by protoc-gen-mrpc-c from %s. Do not edit. */\n", file->original->name);
    text_print(out, "#ifndef MRPC_%s__INCLUDED\n#define MRPC_%s__INCLUDED\n\n", file->identifier, file->identifier);
    if (file->original->n_service > 0) {
        text_print(out, "#include <mrpc/call.h>\n#include <mrpc/channel.h>\n");
    }
    text_print(out, "#include <mrpc/message.h>\n");
    text_print(out, "%s#include <mrpc/service.h>\n\n",
               file->original->n_service > 0 ? "#include <mrpc/server.h>\n" : "");
    emit_includes(schema, file, out);
    text_print(out, "\nMRPC_BEGIN_DECLS\n\nextern const struct mrpc_file %s__file;\n\n", file->identifier);
    emit_info_declarations(schema, file, out);
    emit_setters(schema, file, out);
    for (size_t i = 0; i < file->original->n_service; i++) {
        emit_service_header(schema, file, i, out);
    }
    text_print(out, "MRPC_END_DECLS\n#endif\n");
}

void emit_source(struct schema *schema, const struct schema_file *file, struct text *out)
{
    text_print(out, "/* Made by protoc-gen-mrpc-c from %s. Do not edit. */\n", file->original->name);
    text_print(out, "#include \"%s.mrpc.h\"\n\n", file->stem);
    emit_infos(schema, file, out);
    emit_descriptor(schema, file, out);
    for (size_t i = 0; i < file->original->n_service; i++) {
        emit_service_source(schema, file, i, out);
    }
}
