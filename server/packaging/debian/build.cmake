# SPDX-License-Identifier: Apache-2.0
# What cpack runs once the components lie in folders of their own.
execute_process(COMMAND python3 ${CMAKE_CURRENT_LIST_DIR}/build.py --version ${CPACK_PACKAGE_VERSION} --source ${CPACK_MLT_SOURCE}
                        --compression ${CPACK_MLT_COMPRESSION} ${CPACK_TEMPORARY_DIRECTORY} ${CPACK_PACKAGE_DIRECTORY}
                OUTPUT_VARIABLE said COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" CPACK_EXTERNAL_BUILT_PACKAGES "${said}")
