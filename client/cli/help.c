/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"

#include <string.h>

#include "nearest.h"

enum { HEAD_WIDTH = 40 };

static bool is_one_of(const char *word, const char *noun)
{
    size_t length = strlen(word);
    return strncmp(noun, word, length) == 0 &&
           (!noun[length] || strcmp(noun + length, "s") == 0 || strcmp(noun + length, "es") == 0);
}

const char *help_find_noun(const char *word)
{
    for (const struct cli_command *const *command = cli_commands; *command; command++)
        if (is_one_of(word, (*command)->noun))
            return (*command)->noun;
    return NULL;
}

const struct cli_option help_global_options[] = {
    {"server", "ADDR", "HOST:PORT or unix:PATH [$MLTRAINER_SERVER, else 127.0.0.1:50051]"},
    {"output", "FORMAT", "table for people, json for programs; also -o"},
    {"timeout", "SECONDS", "of a call that is not a stream [30]"},
    {"tls", NULL, "use TLS with the system's certificate authorities"},
    {"tls-ca", "FILE", "use TLS and trust this authority [$MLTRAINER_CA]"},
    {"tls-certificate", "FILE", "show this certificate"},
    {"tls-key", "FILE", "the private key of that certificate"},
    {"tls-server-name", "NAME", "what the server's certificate is for, if it is not the host's name"},
    {"token-file", "FILE", "holds the token to send [$MLTRAINER_TOKEN_FILE, else $MLTRAINER_TOKEN]"},
    {"help", NULL, "of all, of a noun, or of a command"},
    {"version", NULL, "of this program"},
    {0},
};

static int help_no_such_option(const char *name)
{
    struct nearest nearest = {.text = name};
    for (const struct cli_option *option = help_global_options; option->name; option++)
        nearest_offer(&nearest, option->name);
    if (nearest.word)
        return cli_usage("there is no option --%s; is --%s meant?", name, nearest.word);
    return cli_usage("there is no option --%s of all commands; mltctl --help lists them", name);
}

int help_no_such_noun(const char *noun)
{
    struct nearest nearest = {.text = noun};
    if (strncmp(noun, "--", 2) == 0)
        return help_no_such_option(noun + 2);
    for (const struct cli_command *const *command = cli_commands; *command; command++)
        nearest_offer(&nearest, (*command)->noun);
    if (nearest.word)
        return cli_usage("there is no \"%s\"; is \"%s\" meant?", noun, nearest.word);
    return cli_usage("there is no \"%s\"; mltctl --help lists what there is", noun);
}

int help_no_such_verb(const char *noun, const char *verb)
{
    struct nearest nearest = {.text = verb};
    for (const struct cli_command *const *command = cli_commands; *command; command++)
        if (strcmp((*command)->noun, noun) == 0)
            nearest_offer(&nearest, (*command)->verb);
    if (nearest.word)
        return cli_usage("%s has no \"%s\"; is \"%s\" meant?", noun, verb, nearest.word);
    char verbs[256] = "";
    for (const struct cli_command *const *command = cli_commands; *command; command++)
        if (strcmp((*command)->noun, noun) == 0)
            snprintf(verbs + strlen(verbs), sizeof verbs - strlen(verbs), " %s", (*command)->verb);
    return cli_usage("%s has no \"%s\"; it has:%s", noun, verb, verbs);
}

static void print_line(FILE *out, const struct cli_command *command)
{
    char head[80];
    snprintf(head, sizeof head, "%s%s%s %s", command->noun, *command->verb ? " " : "", command->verb,
             command->operands);
    if (strlen(head) > HEAD_WIDTH)
        fprintf(out, "  %s\n  %-*s  %s\n", head, HEAD_WIDTH, "", command->summary);
    else
        fprintf(out, "  %-*s  %s\n", HEAD_WIDTH, head, command->summary);
}

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
    printf("Usage: mltctl %s%s%s%s%s%s\n\n%s\n", command->noun, *command->verb ? " " : "", command->verb,
           command->options ? " [OPTION]..." : "", *command->operands ? " " : "", command->operands, command->summary);
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

static void print_options_of(const struct cli_command *command)
{
    for (const struct cli_option *option = command->options; option && option->name; option++)
        printf(" --%s", option->name);
}

static void complete_bash(void)
{
    printf("_mltctl() {\n  local cur=${COMP_WORDS[COMP_CWORD]} noun=${COMP_WORDS[1]}\n  local words=\"\"\n"
           "  if [ \"$COMP_CWORD\" -eq 1 ]; then words=\"");
    print_nouns();
    printf(" completion manual help\"\n  elif [ \"$COMP_CWORD\" -eq 2 ]; then case $noun in\n");
    const char *noun = "";
    for (const struct cli_command *const *command = cli_commands; *command; command++) {
        if (strcmp(noun, (*command)->noun) == 0)
            continue;
        noun = (*command)->noun;
        printf("    %s) words=\"", noun);
        print_words(noun);
        if (!*(*command)->verb)
            print_options_of(*command);
        printf("\";;\n");
    }
    printf("    completion) words=\"bash zsh fish\";;\n");
    printf("  esac; else case \"$noun ${COMP_WORDS[2]}\" in\n");
    for (const struct cli_command *const *command = cli_commands; *command; command++) {
        printf(*(*command)->verb ? "    \"%s %s\") words=\"" : "    \"%s \"*%s) words=\"", (*command)->noun,
               (*command)->verb);
        print_options_of(*command);
        printf("\";;\n");
    }
    printf("  esac; fi\n  COMPREPLY=($(compgen -W \"$words");
    for (const struct cli_option *option = help_global_options; option->name; option++)
        printf(" --%s", option->name);
    printf("\" -- \"$cur\"))\n"
           "  [ ${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=($(compgen -f -- \"$cur\"))\n}\ncomplete -F _mltctl mltctl\n");
}

static void complete_fish_options(const struct cli_command *command)
{
    for (const struct cli_option *option = command->options; option && option->name; option++)
        printf("complete -c mltctl -n '__fish_seen_subcommand_from %s%s%s' -l %s%s\n", command->noun,
               *command->verb ? "; and __fish_seen_subcommand_from " : "", command->verb, option->name,
               option->value ? " -r -F" : "");
}

static void complete_fish(void)
{
    puts("complete -c mltctl -f");
    for (const struct cli_option *option = help_global_options; option->name; option++)
        printf("complete -c mltctl -l %s%s\n", option->name, option->value ? " -r -F" : "");
    for (const struct cli_command *const *command = cli_commands; *command; command++) {
        printf("complete -c mltctl -n __fish_use_subcommand -a %s\n", (*command)->noun);
        if (*(*command)->verb)
            printf("complete -c mltctl -n '__fish_seen_subcommand_from %s' -a %s -d '%s'\n", (*command)->noun,
                   (*command)->verb, (*command)->summary);
        complete_fish_options(*command);
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
