/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_CONFIG_RELOADABLE_H
#define MLT_CONFIG_RELOADABLE_H

struct fault;

/** The interface "reloadable" of the container: something that reads its files again on SIGHUP or Admin.Reload. */
struct reloadable {
    const char *name; /* "tls" */
    /** Read again, all or nothing: on failure what was there before goes on. *@done gets a constant sentence on what
     *  was done. May block: not on a loop. Thread: any, one at a time. Errors: a code, @fault filled. */
    int (*reload)(void *self, const char **done, struct fault *fault);
    void *self;
};

#endif
