/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LINEAR_COORDINATE_DESCENT_H
#define LINEAR_COORDINATE_DESCENT_H

#include <mltrainer/plugin.h>

extern const struct mltrainer_trainable lasso_trainable;
extern const struct mltrainer_trainable elastic_net_trainable;

#endif
