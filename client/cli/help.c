/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"

#include <string.h>

enum { HEAD_WIDTH = 40 };

bool help_has_noun(const char *noun)
{
    for (const struct cli_command *const *command = cli_commands; *command; command++)
        if (strcmp((*command)->noun, noun) == 0)
            return true;
    return false;
}

static void print_line(FILE *out, const struct cli_command *command)
{
    char head[80];
    snprintf(head, sizeof head, "%s %s %s", command->noun, command->verb, command->operands);
    if (strlen(head) > HEAD_WIDTH)
        fprintf(out, "  %s\n  %-*s  %s\n", head, HEAD_WIDTH, "", command->summary);
    else
        fprintf(out, "  %-*s  %s\n", HEAD_WIDTH, head, command->summary);
}

const struct cli_option help_global_options[] = {
    {"server", "ADDR", "HOST:PORT or unix:PATH [$MLTRAINER_SERVER, else 127.0.0.1:50051]"},
    {"output", "FORMAT", "table for people, json for programs; also -o"},
    {"timeout", "SECONDS", "of a call that is not a stream [30]"},
    {"tls", NULL, "use TLS with the system's certificate authorities"},
    {"tls-ca", "FILE", "use TLS and trust this authority"},
    {"tls-certificate", "FILE", "show this certificate"},
    {"tls-key", "FILE", "the private key of that certificate"},
    {"tls-server-name", "NAME", "what the server's certificate is for, if it is not the host's name"},
    {"token-file", "FILE", "holds the token to send [$MLTRAINER_TOKEN_FILE, else $MLTRAINER_TOKEN]"},
    {"help", NULL, "of all, of a noun, or of a command"},
    {"version", NULL, "of this program"},
    {0},
};

static void print_options(FILE *out, const struct cli_option *option, int width)
{
    for (; option->name; option++) {
        char head[64];
        snprintf(head, sizeof head, "--%s %s", option->name, option->value ? option->value : "");
        fprintf(out, "  %-*s %s\n", width, head, option->doc);
    }
}

static void print_globals(FILE *out)
{
    fputs("\nGlobal options:\n", out);
    print_options(out, help_global_options, 24);
    fputs("\n"
          "Exit status: 0; 1 failed here; 2 wrong usage; 64 + gRPC status code (69: NOT_FOUND).\n", out);
}

int help_all(FILE *out, bool asked)
{
    fputs("Usage: mltctl [OPTION]... NOUN VERB [ARGUMENT]...\n\nThe command line of mlTrainer.\n", out);
    const char *noun = "";
    for (const struct cli_command *const *command = cli_commands; *command; command++) {
        if (strcmp(noun, (*command)->noun) != 0)
            fputc('\n', out);
        noun = (*command)->noun;
        print_line(out, *command);
    }
    fprintf(out, "\n  %-*s  %s\n", HEAD_WIDTH, "completion bash|zsh|fish", "Print a completion script");
    fprintf(out, "  %-*s  %s\n", HEAD_WIDTH, "manual", "Print the manual page: mltctl manual | man -l -");
    print_globals(out);
    return asked ? 0 : CLI_USAGE;
}

int help_noun(const char *noun, bool asked)
{
    FILE *out = asked ? stdout : stderr;
    fprintf(out, "Usage: mltctl %s VERB [ARGUMENT]...\n\n", noun);
    for (const struct cli_command *const *command = cli_commands; *command; command++)
        if (strcmp((*command)->noun, noun) == 0)
            print_line(out, *command);
    fprintf(out, "\nmltctl %s VERB --help tells more.\n", noun);
    return asked ? 0 : CLI_USAGE;
}

int help_command(const struct cli_command *command)
{
    printf("Usage: mltctl %s %s %s%s\n\n%s\n", command->noun, command->verb, command->options ? "[OPTION]... " : "",
           command->operands, command->summary);
    if (command->options) {
        puts("\nOptions:");
        print_options(stdout, command->options, 28);
    }
    print_globals(stdout);
    if (command->examples)
        printf("\nExamples:\n%s", command->examples);
    return 0;
}

static void print_nouns(void)
{
    const char *noun = "";
    for (const struct cli_command *const *command = cli_commands; *command; command++) {
        if (strcmp(noun, (*command)->noun) != 0)
            printf(" %s", (*command)->noun);
        noun = (*command)->noun;
    }
}

static void print_words(const char *noun)
{
    for (const struct cli_command *const *command = cli_commands; *command; command++)
        if (strcmp((*command)->noun, noun) == 0)
            printf(" %s", (*command)->verb);
}

static void complete_bash(void)
{
    printf("_mltctl() {\n  local cur=${COMP_WORDS[COMP_CWORD]} noun=${COMP_WORDS[1]}\n  local words=\"\"\n"
           "  if [ \"$COMP_CWORD\" -eq 1 ]; then words=\"");
    print_nouns();
    printf("\"\n  elif [ \"$COMP_CWORD\" -eq 2 ]; then case $noun in\n");
    const char *noun = "";
    for (const struct cli_command *const *command = cli_commands; *command; command++) {
        if (strcmp(noun, (*command)->noun) == 0)
            continue;
        noun = (*command)->noun;
        printf("    %s) words=\"", noun);
        print_words(noun);
        printf("\";;\n");
    }
    printf("  esac; else case \"$noun ${COMP_WORDS[2]}\" in\n");
    for (const struct cli_command *const *command = cli_commands; *command; command++) {
        printf("    \"%s %s\") words=\"", (*command)->noun, (*command)->verb);
        for (const struct cli_option *option = (*command)->options; option && option->name; option++)
            printf(" --%s", option->name);
        printf("\";;\n");
    }
    printf("  esac; fi\n  COMPREPLY=($(compgen -W \"$words --server --output --timeout --token-file --help\" -- "
           "\"$cur\"))\n"
           "  [ ${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=($(compgen -f -- \"$cur\"))\n}\ncomplete -F _mltctl mltctl\n");
}

static void complete_fish(void)
{
    puts("complete -c mltctl -f");
    for (const struct cli_command *const *command = cli_commands; *command; command++) {
        printf("complete -c mltctl -n __fish_use_subcommand -a %s\n", (*command)->noun);
        printf("complete -c mltctl -n '__fish_seen_subcommand_from %s' -a %s -d '%s'\n", (*command)->noun,
               (*command)->verb, (*command)->summary);
    }
}

int help_completion(const char *shell)
{
    if (shell && strcmp(shell, "bash") == 0)
        complete_bash();
    else if (shell && strcmp(shell, "zsh") == 0)
        puts("autoload -U +X bashcompinit && bashcompinit"), complete_bash();
    else if (shell && strcmp(shell, "fish") == 0)
        complete_fish();
    else
        return cli_usage("completion: name a shell: bash, zsh or fish");
    return 0;
}
