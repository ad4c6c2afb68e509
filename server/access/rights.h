/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ACCESS_RIGHTS_H
#define MLT_ACCESS_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What calling a method takes: every method belongs to one right, by one table. */

enum right {
    RIGHT_PUBLIC,     /* for everybody: health, reflection */
    RIGHT_READ,       /* look at anything */
    RIGHT_REGISTER,   /* be a service: register, heartbeat, drain oneself */
    RIGHT_WORK,       /* upload, train, predict; change what is one's own */
    RIGHT_OPERATE,    /* keep the server going: reload, drain, log level */
    RIGHT_ADMINISTER, /* tokens, and all of its data at once */
    RIGHT_COUNT,
};

struct method_right {
    const char *path;
    enum right right;
    bool changes; /* something that lasts, or it gives all of it away: the audit log has a line for it */
};

enum { RIGHTS_METHODS_MAX = 128 };

/** A set of methods, by their place in the table. */
struct method_set {
    uint64_t words[RIGHTS_METHODS_MAX / 64];
};

extern const struct method_right rights_of_methods[];
extern const size_t rights_method_count;

/** The method's place in the table, -1: not there. */
int rights_find(const char *path);
/** Whether that method changes something; one without a row does. */
bool rights_change(const char *path);
bool right_parse(const char *name, enum right *out);

void method_set_add(struct method_set *set, int method);
void method_set_add_right(struct method_set *set, enum right right);
/** False for -1. */
bool method_set_has(const struct method_set *set, int method);
/** Whether all of @part is in @set. */
bool method_set_covers(const struct method_set *set, const struct method_set *part);

#endif
