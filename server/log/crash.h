/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_LOG_CRASH_H
#define MLT_LOG_CRASH_H

/* What a report begins with, after the program's name and before the signal's: "mltrainerd: crash: SIGSEGV". */
#define CRASH_WORDS ": crash: "

/** From now on a fault that ends the process (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT) first writes which and where
 *  to @fd, one frame a line for addr2line, in the name of @program (borrowed for ever), and then ends it as ever, by
 *  that signal. Signals that somebody else has taken already, as sanitizers do, stay theirs. Once, before threads are
 *  started. */
void crash_report_to(int fd, const char *program);

/** From now on no core file is written, and a collector of cores (core_pattern with a pipe, which no limit holds back)
 *  gets no page of this process's memory: requests, keys and passwords are in it. Debuggers go on working.
 *  Source: core(5), setrlimit(2). */
void crash_keep_memory(void);

#endif
