/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_CREDENTIALS_H
#define MRPC_CLIENT_CREDENTIALS_H

#include <stdbool.h>

#include <mrpc/credentials.h>
#include <mrpc/metadata.h>

#define MRPC_CREDENTIAL_ENTRIES_MAX 32

struct mrpc_client_call;

/** Ask the call's credentials, one after the other. Two hold a request: the attempt, and whoever is asked. When one has
 *  answered, the call's task runs. NULL: no memory. Thread: the loop's. */
struct mrpc_credentials_request *mrpc_credentials_fetch(struct mrpc_client_call *call);

enum mrpc_credentials_state { MRPC_CREDENTIALS_ASKED, MRPC_CREDENTIALS_GIVEN, MRPC_CREDENTIALS_FAILED };

/** Where it stands; asks the next one when the last has answered. Of a failure *@code and *@text say why; the text
 *  lives as long as the request. Thread: the loop's. */
enum mrpc_credentials_state mrpc_credentials_look(struct mrpc_credentials_request *request, enum mrpc_code *code,
                                                  const char **text);
/** What was given. */
const struct mrpc_metadata *mrpc_credentials_metadata(const struct mrpc_credentials_request *request);
/** The attempt wants no more of it. NULL is allowed. */
void mrpc_credentials_drop(struct mrpc_credentials_request *request);

#endif
