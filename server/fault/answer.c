/* SPDX-License-Identifier: Apache-2.0 */
#include "fault/fault.h"

int fault_answer(struct mrpc_call *call, const struct fault *fault)
{
    enum mrpc_code code = fault->code;
    if (fault->field[0] && code == MRPC_INVALID_ARGUMENT)
        return mrpc_call_fail_field(call, fault->field, "%s", fault->text);
    if (fault->retry_after_ms > 0)
        return mrpc_call_fail_retry(call, code, fault->retry_after_ms, "%s", fault->text);
    return mrpc_call_fail(call, code, "%s", fault->text);
}
