/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_POWER_VFS_H
#define TEST_POWER_VFS_H

/* A file system for SQLite that forgets, as a disk does when its power goes: of what was written to a file since its
 * last sync, some sectors are there afterwards and some are not, whatever the order was, and the file has its old
 * length, its new one, or one in between. */

/** From now on SQLite uses it. The draws come from @seed. Once a process. */
int power_vfs_register(unsigned seed);
/** The @writes-th write from now on does not return: the power goes, and the process ends by _exit(0). */
void power_vfs_fail_after(long writes);

#endif
