/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_MANUAL_H
#define MLTCTL_MANUAL_H

/** Print mltctl(1) in mdoc(7), made of the table of commands. Returns an exit code. */
int manual_print(void);

#endif
