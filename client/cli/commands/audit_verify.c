/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/audit.h"
#include "commands/commands.h"

enum { LINE_BYTES = 2048, FINDINGS_SHOWN = 20 };

/* Where the chain has got to. */
struct verify {
    struct audit_keys keys;
    const char *path;
    uint64_t line;         /* of the file */
    uint64_t lines, first; /* in all; the first sequence number */
    uint64_t seq;          /* of the line before; 0: there was none */
    uint8_t mac[AUDIT_MAC_BYTES];
    bool known;            /* @mac is the line before's */
    uint64_t findings;
};

MRPC_PRINTF(2, 3) static void find(struct verify *verify, const char *format, ...)
{
    va_list args;
    if (++verify->findings > FINDINGS_SHOWN)
        return;
    fprintf(stderr, "%s:%" PRIu64 ": ", verify->path, verify->line);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

/* A file begins with the MAC of the line before: without the file before it, that has to be believed. */
static void begin_file(struct verify *verify, const char *line)
{
    const char *previous = strstr(line, " previous="), *key = strstr(line, " key=");
    uint8_t mac[AUDIT_MAC_BYTES];
    if (!strstr(line, " kind=file ") || !previous || !audit_unhex(previous + 10, AUDIT_MAC_BYTES, mac)) {
        find(verify, "the file does not begin with a line of kind file");
        return;
    }
    if (key && strncmp(key + 5, verify->keys.id, 16) != 0)
        find(verify, "written with another key");
    if (verify->known && memcmp(mac, verify->mac, sizeof mac) != 0)
        find(verify, "does not go on from the file before");
    memcpy(verify->mac, mac, sizeof mac);
    verify->known = true;
}

static void check_number(struct verify *verify, uint64_t seq)
{
    if (verify->seq && seq > verify->seq + 1)
        find(verify, "%" PRIu64 " lines are missing before seq=%" PRIu64, seq - verify->seq - 1, seq);
    else if (verify->seq && seq != verify->seq + 1)
        find(verify, "seq=%" PRIu64 " comes after seq=%" PRIu64, seq, verify->seq);
    if (!verify->lines)
        verify->first = seq;
    verify->seq = seq;
    verify->lines++;
}

/* @line has room for a MAC before it. */
static void check_line(struct verify *verify, char *line, size_t size)
{
    uint8_t said[AUDIT_MAC_BYTES], mac[AUDIT_MAC_BYTES];
    unsigned long long seq;
    char *end = size > AUDIT_MAC_DIGITS + 5 ? line + size - AUDIT_MAC_DIGITS - 5 : NULL;
    if (!end || memcmp(end, " mac=", 5) != 0 || !audit_unhex(end + 5, AUDIT_MAC_BYTES, said) ||
        sscanf(line, "seq=%20llu ", &seq) != 1) {
        find(verify, "no line of an audit log");
        return;
    }
    if (verify->line == 1)
        begin_file(verify, line);
    memcpy(line - AUDIT_MAC_BYTES, verify->mac, AUDIT_MAC_BYTES);
    if (!audit_mac(verify->keys.chain, line - AUDIT_MAC_BYTES, AUDIT_MAC_BYTES + (size_t)(end - line), mac) ||
        memcmp(mac, said, sizeof mac) != 0)
        find(verify, "seq=%llu was changed, or the line before it was changed or taken out", seq);
    memcpy(verify->mac, said, sizeof said);
    check_number(verify, seq);
}

static int check_file(struct verify *verify, const char *path)
{
    char text[AUDIT_MAC_BYTES + LINE_BYTES + 2], *line = text + AUDIT_MAC_BYTES;
    FILE *file = fopen(path, "re");
    if (!file)
        return cli_failed("%s: %s", path, strerror(errno));
    verify->path = path;
    verify->line = 0;
    while (fgets(line, LINE_BYTES + 2, file)) {
        size_t size = strlen(line);
        verify->line++;
        if (size == 0 || line[size - 1] != '\n') {
            find(verify, "the line is torn");
            continue;
        }
        line[--size] = '\0';
        check_line(verify, line, size);
    }
    int error = ferror(file) ? EIO : 0;
    fclose(file);
    return error ? cli_failed("%s: cannot be read", path) : 0;
}

/* What the server has noted as its last line. It may be behind by what was written when the server was killed. */
static int check_head(struct verify *verify, const char *path)
{
    unsigned long long seq;
    char mac[AUDIT_MAC_DIGITS + 1];
    uint8_t said[AUDIT_MAC_BYTES];
    FILE *file = fopen(path, "re");
    if (!file)
        return cli_failed("%s: %s", path, strerror(errno));
    bool good = fscanf(file, "%20llu %64s", &seq, mac) == 2 && audit_unhex(mac, AUDIT_MAC_BYTES, said);
    fclose(file);
    if (!good)
        return cli_failed("%s is no head of an audit log", path);
    if (seq > verify->seq)
        find(verify, "%llu lines are missing at the end: the server went on to seq=%llu", seq - verify->seq, seq);
    else if (seq == verify->seq && memcmp(said, verify->mac, sizeof said) != 0)
        find(verify, "the last line is not the one that the server wrote");
    return 0;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    struct verify verify = {0};
    const char *key = cli_option(arguments, "key", NULL), *head = cli_option(arguments, "head", NULL);
    if (!key)
        return cli_usage("audit verify: give --key");
    int code = audit_keys_read(key, &verify.keys);
    for (size_t i = 0; !code && i < arguments->operand_count; i++)
        code = check_file(&verify, arguments->operands[i]);
    if (!code && head)
        code = check_head(&verify, head);
    if (code)
        return code;
    if (verify.findings)
        return cli_failed("%" PRIu64 " findings in %" PRIu64 " lines", verify.findings, verify.lines);
    printf("whole: %" PRIu64 " lines, seq %" PRIu64 " to %" PRIu64 "\n", verify.lines, verify.first, verify.seq);
    return 0;
}

static const struct cli_option options[] = {
    {"key", "FILE", "audit.key of the server's data folder"},
    {"head", "FILE", "audit.head of it: sees whether the end was cut off"},
    {0},
};

const struct cli_command audit_verify_command = {
    .noun = "audit",
    .verb = "verify",
    .operands = "FILE...",
    .operands_least = 1,
    .operands_most = CLI_OPERANDS_MAX,
    .options = options,
    .summary = "Whether an audit log is whole; files oldest first",
    .examples = "  mltctl audit verify audit.log.2 audit.log.1 audit.log --key audit.key --head audit.head\n",
    .local = true,
    .run = run,
};
