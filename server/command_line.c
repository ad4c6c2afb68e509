/* SPDX-License-Identifier: Apache-2.0 */
#include "command_line.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <mrpc/mrpc.h>

/* --config is looked for first, since what it holds gives way to the environment and the other flags. */
static const char *find_config(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            return argv[i + 1];
        if (strncmp(argv[i], "--config=", 9) == 0)
            return argv[i] + 9;
    }
    return NULL;
}

static bool read_own_flag(const char *flag, struct command_line *out)
{
    if (strcmp(flag, "--help") == 0 || strcmp(flag, "-h") == 0)
        out->show = COMMAND_LINE_HELP;
    else if (strcmp(flag, "--version") == 0)
        out->show = COMMAND_LINE_VERSION;
    else if (strcmp(flag, "--check") == 0)
        out->check = true;
    else if (strcmp(flag, "--print-graph") == 0 || strcmp(flag, "--print-graph=dot") == 0)
        out->print_graph = true;
    else if (strcmp(flag, "--print-graph=json") == 0)
        out->print_graph = out->graph_json = true;
    else
        return false;
    return true;
}

/* One flag with its value; *@at moves behind what was used. */
static int read_flag(int argc, char **argv, int *at, struct config *config, struct fault *fault)
{
    char flag[64];
    const char *argument = argv[(*at)++];
    const char *equals = strchr(argument, '=');
    size_t length = equals ? (size_t)(equals - argument) : strlen(argument);
    if (length >= sizeof flag)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "unknown argument %.100s; --help lists what there is", argument);
    memcpy(flag, argument, length);
    flag[length] = 0;
    bool is_config = strcmp(flag, "--config") == 0;
    const struct config_key *key = config_find_flag(flag);
    if (!key && !is_config)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "unknown argument %s; --help lists what there is", flag);
    if (key && key->type == CONFIG_SWITCH && !equals)
        return config_set(config, key->name, "true", flag, fault);
    if (!equals && *at == argc)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "%s needs a value", flag);
    const char *value = equals ? equals + 1 : argv[(*at)++];
    return is_config ? 0 : config_set(config, key->name, value, flag, fault);
}

int command_line_read(int argc, char **argv, struct config *config, struct command_line *out, struct fault *fault)
{
    const char *file = find_config(argc, argv);
    int code = file ? config_read_file(config, file, fault) : 0;
    if (!code)
        code = config_read_environment(config, environ, fault);
    config_begin_flags(config);
    for (int at = 1; at < argc && !code;) {
        if (read_own_flag(argv[at], out))
            at++;
        else
            code = read_flag(argc, argv, &at, config, fault);
    }
    return code;
}

static void print_flag(const struct config_key *key)
{
    static const char *const values[] = {" TEXT", " TEXT", "", " N", " TIME", " SIZE"};
    char flag[64];
    size_t length = 0;
    for (const char *c = key->name; *c; c++)
        flag[length++] = *c == '.' || *c == '_' ? '-' : *c;
    flag[length] = 0;
    printf("  --%s%s\n      %s", flag, values[key->type], key->doc);
    if (key->fallback)
        printf(" [%s]", key->fallback);
    if (key->reloads)
        fputs(" (read again on reload)", stdout);
    putchar('\n');
}

void command_line_show(int what)
{
    if (what == COMMAND_LINE_VERSION) {
        puts("mltrainerd " MRPC_VERSION);
        return;
    }
    puts("Usage: mltrainerd [--listen ADDR]... [--data-dir DIR] [--config FILE] [OPTION]...\n"
         "\n"
         "The mlTrainer server: service registry, model execution and diagrams over gRPC.\n"
         "When it is ready it prints \"ready ADDR:PORT\". SIGTERM drains it, SIGHUP reloads it.\n"
         "\n"
         "  --config FILE\n"
         "      read this YAML file; MLTRAINER_... variables and flags override it\n"
         "  --check\n"
         "      check the configuration and the component graph, then exit\n"
         "  --print-graph[=dot|json]\n"
         "      print the component graph, then exit\n"
         "  --help, --version");
    for (const struct config_key *key = config_keys; key->name; key++)
        print_flag(key);
    puts("\n"
         "Exit status: 0 clean, 1 internal, 2 configuration, 3 address or folder in use, 4 store.\n"
         "\n"
         "Examples:\n"
         "  mltrainerd --listen 127.0.0.1:0 --data-dir /tmp/mltrainer\n"
         "  mltrainerd --listen 0.0.0.0:50051 --tls-certificate c.pem --tls-key k.pem --tls-client-ca ca.pem");
}
