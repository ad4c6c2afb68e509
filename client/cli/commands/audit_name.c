/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "commands/audit.h"
#include "commands/commands.h"

/* Kinds stand before the hash, too; addresses have none. */
static const char *kind_of(const char *name)
{
    static const char *const kinds[] = {"token/", "tls/", "unix/"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(name, kinds[i], strlen(kinds[i])) == 0)
            return kinds[i];
    return "";
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    struct audit_keys keys;
    uint8_t mac[AUDIT_MAC_BYTES];
    char text[AUDIT_MAC_DIGITS + 1];
    const char *key = cli_option(arguments, "key", NULL);
    if (!key)
        return cli_usage("audit name: give --key");
    int code = audit_keys_read(key, &keys);
    for (size_t i = 0; !code && i < arguments->operand_count; i++) {
        const char *name = arguments->operands[i];
        if (!audit_mac(keys.names, name, strlen(name), mac))
            return cli_failed("no HMAC-SHA256");
        audit_hex(mac, 8, text);
        printf("%s%s %s\n", kind_of(name), text, name);
    }
    return code;
}

static const struct cli_option options[] = {
    {"key", "FILE", "audit.key of the server's data folder"},
    {0},
};

const struct cli_command audit_name_command = {
    .noun = "audit",
    .verb = "name",
    .operands = "NAME...",
    .operands_least = 1,
    .operands_most = CLI_OPERANDS_MAX,
    .options = options,
    .summary = "How callers and addresses stand in the audit log",
    .examples = "  mltctl audit name token/ada tls/client unix/uid:1000 192.0.2.7 --key /var/lib/mltrainer/audit.key\n",
    .local = true,
    .run = run,
};
