// SPDX-License-Identifier: Apache-2.0
// The client's header as a C++ program sees it.
#include <mltrainer/mltrainer.h>

int answer(mlt_client *client, mlt_error *error)
{
    mlt_endpoint endpoint = {};
    return mlt_discover(client, nullptr, "prices", &endpoint, error);
}
