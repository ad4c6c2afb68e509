/* SPDX-License-Identifier: Apache-2.0 */

/* mltctl: the command line of mlTrainer, on the generated client alone. */

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "files.h"
#include "help.h"
#include "manual.h"

struct global {
    const char *ca, *certificate, *key, *server_name, *token_file;
    bool tls, help;
};

static const char *value_of(int argc, char **argv, int *at, const char *name)
{
    const char *argument = argv[*at];
    size_t length = strlen(name);
    if (strncmp(argument, name, length) != 0)
        return NULL;
    if (argument[length] == '=') {
        (*at)++;
        return argument + length + 1;
    }
    if (argument[length])
        return NULL;
    if (*at + 1 >= argc)
        exit(cli_usage("%s needs a value", name));
    *at += 2;
    return argv[*at - 1];
}

/* One global option at argv[*at]; false if it is none. They may stand anywhere before "--". */
static bool read_global(int argc, char **argv, int *at, struct cli *cli, struct global *global)
{
    const char *value;
    if ((value = value_of(argc, argv, at, "--server"))) {
        cli->server = value;
    } else if ((value = value_of(argc, argv, at, "-o")) || (value = value_of(argc, argv, at, "--output"))) {
        if (strcmp(value, "json") != 0 && strcmp(value, "table") != 0)
            exit(cli_usage("-o: \"%s\" is neither table nor json", value));
        cli->json = strcmp(value, "json") == 0;
    } else if ((value = value_of(argc, argv, at, "--timeout"))) {
        double seconds;
        if (cli_parse_real(value, &seconds) != 0 || seconds <= 0 || seconds > 86400)
            exit(cli_usage("--timeout: \"%s\" is not a number of seconds in 0..86400", value));
        cli->timeout_ms = (int64_t)(seconds * 1000);
    } else if ((value = value_of(argc, argv, at, "--tls-ca"))) {
        global->ca = value;
    } else if ((value = value_of(argc, argv, at, "--tls-certificate"))) {
        global->certificate = value;
    } else if ((value = value_of(argc, argv, at, "--tls-key"))) {
        global->key = value;
    } else if ((value = value_of(argc, argv, at, "--tls-server-name"))) {
        global->server_name = value;
    } else if ((value = value_of(argc, argv, at, "--token-file"))) {
        global->token_file = value;
    } else if (strcmp(argv[*at], "--tls") == 0) {
        global->tls = true;
        (*at)++;
    } else if (strcmp(argv[*at], "--help") == 0 || strcmp(argv[*at], "-h") == 0) {
        global->help = true;
        (*at)++;
    } else {
        return false;
    }
    return true;
}

/* Take the global options out of argv; returns how many arguments are left, at the front of argv. */
static int read_globals(int argc, char **argv, struct cli *cli, struct global *global)
{
    int left = 0;
    for (int at = 1; at < argc;) {
        if (strcmp(argv[at], "--") == 0) {
            while (at < argc)
                argv[left++] = argv[at++];
            break;
        }
        if (!read_global(argc, argv, &at, cli, global))
            argv[left++] = argv[at++];
    }
    argv[left] = NULL;
    return left;
}

static const struct cli_command *find_command(const char *noun, const char *verb)
{
    for (const struct cli_command *const *command = cli_commands; *command; command++)
        if (strcmp((*command)->noun, noun) == 0 && strcmp((*command)->verb, verb) == 0)
            return *command;
    return NULL;
}

/* The token of a file: its first word. *@out is freed by the caller. */
static int read_token(const char *path, char **out)
{
    enum { FILE_BYTES_MAX = 4096 };
    uint8_t *bytes;
    size_t size;
    int code = files_read(path, FILE_BYTES_MAX, &bytes, &size);
    if (code)
        return code;
    char *text = (char *)bytes;
    size_t length = strcspn(text, " \t\r\n");
    if (length == 0 || text[length + strspn(text + length, " \t\r\n")] != '\0') {
        free(bytes);
        return cli_failed("%s: not one token", path);
    }
    text[length] = '\0';
    *out = text;
    return 0;
}

static int open_channel(struct cli *cli, const struct global *global)
{
    struct mrpc_channel_options options = {.struct_bytes = sizeof options, .user_agent = "mltctl/" MRPC_VERSION,
                                           .bearer_token = cli->token, .backoff_base_ms = 100,
                                           .backoff_max_ms = 2000, .receive_message_bytes = 64u << 20};
    if (global->tls || global->ca || global->certificate) {
        struct mrpc_tls_options tls = {.struct_bytes = sizeof tls, .ca_file = global->ca, .key_file = global->key,
                                       .certificate_file = global->certificate, .server_name = global->server_name};
        char why[256] = "";
        if (mrpc_tls_client_new(&tls, &cli->tls, why, sizeof why) != 0)
            return cli_failed("TLS: %s", why);
        options.tls = cli->tls;
    }
    int error = mrpc_channel_new(cli->server, &options, &cli->channel);
    if (error)
        return cli_usage("--server: \"%s\": %s", cli->server, mrpc_error_text(error));
    return 0;
}

static int run(struct cli *cli, const struct cli_command *command, const struct global *global, int argc, char **argv)
{
    struct cli_arguments arguments;
    char *token = NULL;
    int code = cli_arguments_read(command, argc, argv, &arguments);
    if (!code && !command->local && global->token_file)
        code = read_token(global->token_file, &token);
    if (token)
        cli->token = token;
    if (!code && !command->local)
        code = open_channel(cli, global);
    if (!code)
        code = command->run(cli, &arguments);
    mrpc_channel_free(cli->channel);
    mrpc_tls_free(cli->tls);
    free(token);
    return code;
}

/* An environment variable that says something, or NULL. */
static const char *set_variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static bool asks_for_version(const char *noun)
{
    return strcmp(noun, "--version") == 0 || strcmp(noun, "-V") == 0 || strcmp(noun, "version") == 0;
}

/* With noun and verb in front; nothing else of argv is global. */
static int dispatch(struct cli *cli, const struct global *global, int argc, char **argv)
{
    const char *noun = argc > 0 ? argv[0] : NULL, *verb = argc > 1 ? argv[1] : NULL;
    if (noun && asks_for_version(noun))
        return puts("mltctl " MRPC_VERSION) < 0;
    if (noun && strcmp(noun, "completion") == 0)
        return help_completion(verb);
    if (noun && strcmp(noun, "manual") == 0)
        return manual_print();
    if (!noun || strcmp(noun, "help") == 0)
        return help_all(noun || global->help ? stdout : stderr, noun || global->help);
    const char *found = help_find_noun(noun);
    if (!found)
        return help_no_such_noun(noun);
    noun = found;
    const struct cli_command *alone = find_command(noun, ""); /* a noun that is a command */
    if (alone)
        return global->help ? help_command(alone) : run(cli, alone, global, argc - 1, argv + 1);
    const struct cli_command *command = verb ? find_command(noun, verb) : NULL;
    if (!command)
        return verb && !global->help ? help_no_such_verb(noun, verb) : help_noun(noun, global->help);
    if (global->help)
        return help_command(command);
    return run(cli, command, global, argc - 2, argv + 2);
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    const char *server = set_variable("MLTRAINER_SERVER");
    struct cli cli = {.server = server ? server : "127.0.0.1:50051", .terminal = isatty(STDOUT_FILENO),
                      .timeout_ms = 30000, .token = set_variable("MLTRAINER_TOKEN")};
    struct global global = {.token_file = set_variable("MLTRAINER_TOKEN_FILE")};
    int left = read_globals(argc, argv, &cli, &global);
    if (!global.ca && strncmp(cli.server, "unix:", 5) != 0)
        global.ca = set_variable("MLTRAINER_CA");
    bool help_of = left > 1 && strcmp(argv[0], "help") == 0; /* help NOUN [VERB] is NOUN [VERB] --help */
    global.help = global.help || help_of;
    return dispatch(&cli, &global, left - help_of, argv + help_of);
}
