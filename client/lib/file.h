/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_CLIENT_FILE_H
#define MLT_CLIENT_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <openssl/evp.h>

/* What the library and mltctl need of files that they send. Thread: one at a time for each file. */

/** A new SHA-256 of the first @bytes of @in, which is left behind them. NULL: they cannot be read. */
EVP_MD_CTX *file_hash_until(FILE *in, uint64_t bytes);
/** Ends and frees it. False: the library failed. */
bool file_hash_end(EVP_MD_CTX *hash, char hex[65]);
/** This state of this file, without reading it: where it lies, how large it is, when it was changed; 64 hexadecimal
 *  digits. False: it cannot be told. */
bool file_state(FILE *in, char id[65]);
/** Is it still in the state that @id tells? */
bool file_is_in_state(FILE *in, const char *id);
/** Does the file, at its beginning and left there, look like Arrow IPC, file or stream? */
bool file_is_arrow(FILE *in);

#endif
