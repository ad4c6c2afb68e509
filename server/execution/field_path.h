/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_FIELD_PATH_H
#define MLT_EXECUTION_FIELD_PATH_H

#include <mrpc/attributes.h>

/** Where in a request something stands, "spec.train.features[2].lags", for errors; cut when it is longer than an error
 *  can say. */
enum { FIELD_PATH_BYTES = 96 };
void field_path(char path[FIELD_PATH_BYTES], const char *format, ...) MRPC_PRINTF(2, 3);

#endif
