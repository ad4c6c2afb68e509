/* SPDX-License-Identifier: Apache-2.0 */
#include "web/page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/web.h>

/* A file of dist/ in the read-only data, as it is and packed by gzip; the assembler reads it. */
#define EMBED(name, path)                                                                                    \
    __asm__(".section .rodata.page,\"a\",%progbits\n" #name "_begin:\n.incbin \"" path "\"\n" #name          \
            "_end:\n.previous\n");                                                                           \
    extern const unsigned char name##_begin[] __attribute__((visibility("hidden")));                         \
    extern const unsigned char name##_end[] __attribute__((visibility("hidden")))

EMBED(index_plain, PAGE_PLAIN "index.html");
EMBED(index_packed, PAGE_PACKED "index.html.gz");
EMBED(style_plain, PAGE_PLAIN "page.css");
EMBED(style_packed, PAGE_PACKED "page.css.gz");
EMBED(script_plain, PAGE_PLAIN "page.js");
EMBED(script_packed, PAGE_PACKED "page.js.gz");
EMBED(icon_plain, PAGE_PLAIN "icon.svg");
EMBED(icon_packed, PAGE_PACKED "icon.svg.gz");

struct file {
    const char *path, *media_type;
    const unsigned char *plain, *plain_end, *packed, *packed_end;
};

#define FILE_OF(name, path_, media_type_) \
    {path_, media_type_, name##_plain_begin, name##_plain_end, name##_packed_begin, name##_packed_end}

static const struct file files[] = {
    FILE_OF(index, "/", "text/html; charset=utf-8"),
    FILE_OF(style, "/page/page.css", "text/css; charset=utf-8"),
    FILE_OF(script, "/page/page.js", "text/javascript; charset=utf-8"),
    FILE_OF(icon, "/page/icon.svg", "image/svg+xml"),
};

/* Scripts, styles and connections of our own alone; no frame around us, no form to elsewhere. uPlot and preact set styles
 * by the object model, which the policy does not concern. */
static const char *const headers[][2] = {
    {"content-security-policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
     "form-action 'none'; frame-ancestors 'none'"},
    {"x-content-type-options", "nosniff"},
    {"referrer-policy", "no-referrer"},
    {"cross-origin-opener-policy", "same-origin"},
    {"cross-origin-resource-policy", "same-origin"},
    {"cache-control", "no-cache"},
    {"vary", "accept-encoding"},
};

/* FNV-1a of what is sent: not a secret, only a name of the bytes. */
static void write_etag(char out[static 24], const unsigned char *begin, const unsigned char *end)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const unsigned char *at = begin; at < end; at++)
        hash = (hash ^ *at) * UINT64_C(0x100000001b3);
    snprintf(out, 24, "\"%016" PRIx64 "\"", hash);
}

/* "gzip" as an item of Accept-Encoding, and not refused by ";q=0". */
static bool takes_gzip(const char *accepted)
{
    for (const char *at = accepted; at && (at = strstr(at, "gzip")) != NULL; at += 4) {
        const char *rest = at + 4 + strspn(at + 4, " \t");
        bool whole = (at == accepted || strchr(", \t", at[-1]) != NULL) && (*rest == '\0' || strchr(",;", *rest));
        if (whole && (strncmp(rest, ";q=", 3) != 0 || strtod(rest + 3, NULL) > 0))
            return true;
    }
    return false;
}

static void serve(void *self, struct mrpc_web *web)
{
    const struct file *file = self;
    bool packed = takes_gzip(mrpc_web_header(web, "accept-encoding"));
    const unsigned char *begin = packed ? file->packed : file->plain, *end = packed ? file->packed_end : file->plain_end;
    char etag[24];
    write_etag(etag, begin, end);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        (void)!mrpc_web_add_header(web, headers[i][0], headers[i][1]);
    (void)!mrpc_web_add_header(web, "etag", etag);
    const char *held = mrpc_web_header(web, "if-none-match");
    if (held && strstr(held, etag)) {
        mrpc_web_respond(web, 304, NULL, NULL, 0);
        return;
    }
    if (packed)
        (void)!mrpc_web_add_header(web, "content-encoding", "gzip");
    mrpc_web_respond(web, 200, file->media_type, begin, (size_t)(end - begin));
}

int web_page_add(struct mrpc_server *server, struct fault *fault)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const struct mrpc_web_route route = {.struct_bytes = sizeof route, .method = "GET", .path = files[i].path,
                                             .handle = serve, .self = (void *)(uintptr_t)&files[i]};
        int error = mrpc_server_add_route(server, &route);
        if (error)
            return fault_set(fault, MRPC_INTERNAL, "%s: %s", files[i].path, mrpc_error_text(error));
    }
    return 0;
}
