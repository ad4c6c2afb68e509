/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_WORKER_OUTBOX_H
#define MLT_WORKER_OUTBOX_H

#include <worker.mrpc.h>

/** Send one message to the server, whole. Thread: any. The process ends when the server is gone. Errors: as
 *  worker_frame_encode(). */
int outbox_send(const Mltrainer__Worker__FromWorker *message);

/** Keep what is sent, so that it leaves in few writes; and let it go. Thread: the one that computes. */
void outbox_hold(void);
void outbox_let_go(void);

#endif
