/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_WORKER_OPERATION_H
#define MLT_WORKER_OPERATION_H

/** What a worker can do with an algorithm. The numbers travel in worker.proto. */
enum process_operation {
    PROCESS_DESCRIBE = 1, /* what the plugin says about itself */
    PROCESS_TRAIN = 2,    /* table -> artifact, metrics */
    PROCESS_EVALUATE = 3, /* artifact, table -> metrics */
    PROCESS_PREDICT = 4,  /* artifact, table -> table */
    PROCESS_COMPUTE = 5,  /* table -> table */
};

#endif
