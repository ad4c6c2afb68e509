/* SPDX-License-Identifier: Apache-2.0 */
#include "web/page.h"

#include <stdlib.h>
#include <string.h>

#include <mrpc/web.h>

/* A file of dist/ in the read-only data, as it is and packed by gzip, and the ETag of either, which ends with a NUL;
 * the assembler reads them. */
#define EMBED(name, path)                                                                                    \
    __asm__(".section .rodata.page,\"a\",%progbits\n" #name "_begin:\n.incbin \"" path "\"\n" #name          \
            "_end:\n.previous\n");                                                                           \
    extern const unsigned char name##_begin[] __attribute__((visibility("hidden")));                         \
    extern const unsigned char name##_end[] __attribute__((visibility("hidden")))

#define EMBED_FORMS(name, file)                          \
    EMBED(name##_plain, PAGE_PLAIN file);                \
    EMBED(name##_plain_etag, PAGE_MADE file ".etag");    \
    EMBED(name##_packed, PAGE_MADE file ".gz");          \
    EMBED(name##_packed_etag, PAGE_MADE file ".gz.etag")

EMBED_FORMS(index, "index.html");
EMBED_FORMS(style, "page.css");
EMBED_FORMS(script, "page.js");
EMBED_FORMS(icon, "icon.svg");

struct form {
    const unsigned char *begin, *end;
    const unsigned char *etag;
};

struct file {
    const char *path, *media_type;
    struct form plain, packed;
};

#define FORM_OF(name) {name##_begin, name##_end, name##_etag_begin}
#define FILE_OF(name, path_, media_type_) {path_, media_type_, FORM_OF(name##_plain), FORM_OF(name##_packed)}

static const struct file files[] = {
    FILE_OF(index, "/", "text/html; charset=utf-8"),
    FILE_OF(style, "/page/page.css", "text/css; charset=utf-8"),
    FILE_OF(script, "/page/page.js", "text/javascript; charset=utf-8"),
    FILE_OF(icon, "/page/icon.svg", "image/svg+xml"),
};

/* Scripts, styles and connections of our own alone; no frame around us, no form to elsewhere. uPlot and preact set
 * styles by the object model, which the policy does not concern. */
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
    const struct form *form = packed ? &file->packed : &file->plain;
    const char *etag = (const char *)form->etag;
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
    mrpc_web_respond(web, 200, file->media_type, form->begin, (size_t)(form->end - form->begin));
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
