# SPDX-License-Identifier: Apache-2.0
# Run PROGRAM with ARGUMENTS and keep what it prints in OUT.
separate_arguments(ARGUMENTS)
execute_process(COMMAND ${PROGRAM} ${ARGUMENTS} OUTPUT_FILE ${OUT} COMMAND_ERROR_IS_FATAL ANY)
