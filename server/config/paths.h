/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_PATHS_H
#define MLT_PATHS_H

#include <stddef.h>

/* Files that come with the server are found relative to the running executable, so that a build tree and an installed
 * tree work alike. */

enum { PATHS_BYTES = 4096 };

/** The first of @candidates (relative to the executable's folder, NULL-terminated) that exists, made absolute.
 *  Returns 0, or -1 and the last candidate's path in @out, for the error message. */
int paths_find(const char *const *candidates, char out[PATHS_BYTES]);

extern const char *const paths_worker[];    /* mltrainer-worker */
extern const char *const paths_renderer[];  /* mltrainer-render */
extern const char *const paths_plugins[];   /* folder of *.so */
extern const char *const paths_models[];    /* folder of FAMILY/ *.yaml */
extern const char *const paths_views[];   /* folder of *.yaml: declared views */

/** Where state lives: @configured, else $STATE_DIRECTORY, else $XDG_STATE_HOME/mltrainer, else
 *  ~/.local/state/mltrainer. Returns 0, or -1 when none of them is set or the path is too long. */
int paths_data_dir(const char *configured, char out[PATHS_BYTES]);

/** Create @path and its missing parents, the last with mode 0700. Returns 0 or -1 with errno. */
int paths_make_dir(const char *path);

#endif
