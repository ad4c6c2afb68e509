/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_FOLDER_H
#define TEST_FOLDER_H

/** A folder of this process alone, removed when it ends. */
const char *test_folder(void);

#endif
