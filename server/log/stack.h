/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_LOG_STACK_H
#define MLT_LOG_STACK_H

#include <stddef.h>
#include <sys/types.h>

/* Where another thread of this program is: a signal makes it say so itself. */

/** The signal; who blocks all signals in a thread that may be asked leaves it out. */
int stack_signal(void);

/** Write the frames of thread @tid, innermost first, "OBJECT(FUNCTION+OFFSET) < …", cut to @size; "unknown" when it
 *  does not answer within half a second (blocked in the kernel). addr2line takes the offsets. Thread: one at a time; it
 *  waits. */
void stack_of_thread(pid_t tid, char *text, size_t size);

#endif
