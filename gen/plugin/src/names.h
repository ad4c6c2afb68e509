/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_NAMES_H
#define PLUGIN_NAMES_H

#include <stdbool.h>

#include "pool.h"

/* How names of a .proto become names in C. protoc-gen-c's rules, which our files must follow to the letter:
 *     foo.bar.HelloRequest   type Foo__Bar__HelloRequest, functions foo__bar__hello_request__…, macros
 * FOO__BAR__HELLO_REQUEST__… An underscore goes before a capital that follows a non-capital; a type's name loses its
 * underscores.            */

char *name_type(struct pool *pool, const char *full_name);
char *name_lower(struct pool *pool, const char *full_name);
char *name_upper(struct pool *pool, const char *full_name);

/** The struct member of a field, before clashes are looked at: all lower case, "fooBar" is "foobar". */
char *name_member(struct pool *pool, const char *field_name);

/** "foo/bar.proto" as an identifier: what is not a letter or digit is _ and its hex code. */
char *name_file(struct pool *pool, const char *file_name);

/** "foo/bar.proto" without ".proto". */
char *name_stem(struct pool *pool, const char *file_name);

/** Keywords of C17 and C++20 and the macros that <stdbool.h> makes of them: nothing that a header may name. */
bool name_is_reserved(const char *name);

/** A set of names in use. */
struct name_set {
    struct pool *pool;
    const char **names;
    size_t count;
    size_t capacity;
};
void name_set_init(struct name_set *set, struct pool *pool);
bool name_set_has(const struct name_set *set, const char *name);
void name_set_add(struct name_set *set, const char *name);

#endif
