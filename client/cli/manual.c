/* SPDX-License-Identifier: Apache-2.0 */
#include "manual.h"

#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "help.h"

/* Text as roff reads it back: a backslash is one, and "\&" keeps a line from being a request. In filled text each
 * sentence begins a line. */
static void print_text(const char *text, bool filled)
{
    fputs("\\&", stdout);
    for (char before = 0; *text; before = *text++) {
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (filled && *text == ' ' && before == '.')
            fputs("\n\\&", stdout);
        else
            putchar(*text);
        if (*text == '\n' && text[1])
            fputs("\\&", stdout);
    }
}

static void print_options(const struct cli_option *option)
{
    if (!option || !option->name)
        return;
    puts(".Bl -tag -width Ds");
    for (; option->name; option++) {
        printf(".It Fl %s%s", option->name[0] == '-' ? "" : "-", option->name);
        if (option->value)
            printf(" Ar %s", option->value);
        putchar('\n');
        print_text(option->doc, true);
        putchar('\n');
    }
    puts(".El");
}

static void print_command(const struct cli_command *command)
{
    printf(".It Cm %s%s%s", command->noun, *command->verb ? " " : "", command->verb);
    if (command->options)
        fputs(" Op Ar option ...", stdout);
    if (*command->operands)
        printf(" Ar \"%s\"", command->operands);
    putchar('\n');
    print_text(command->summary, true);
    puts(".");
    print_options(command->options);
    if (command->examples) {
        puts(".Bd -literal");
        print_text(command->examples, false);
        puts(".Ed");
    }
}

static void print_commands(void)
{
    const char *noun = "";
    for (const struct cli_command *const *command = cli_commands; *command; command++) {
        if (strcmp(noun, (*command)->noun) != 0)
            printf("%s.Ss %s\n.Bl -tag -width Ds\n", *noun ? ".El\n" : "", (*command)->noun);
        noun = (*command)->noun;
        print_command(*command);
    }
    puts(".El");
}

int manual_print(void)
{
    puts(
        ".\\\" SPDX-License-Identifier: Apache-2.0\n.Dd November 29, 2026\n.Dt MLTCTL 1\n.Os mlTrainer\n.Sh NAME\n.Nm "
        "mltctl\n"
        ".Nd command line of mlTrainer\n.Sh SYNOPSIS\n.Nm\n.Op Ar option ...\n.Ar noun\n.Ar verb\n.Op Ar argument ...\n"
        ".Sh DESCRIPTION\nCalls every method of a\n.Xr mltrainerd 8 ,\nfor people and for scripts.\n"
        "The options that every command has may stand anywhere before\n.Ql -- :");
    print_options(help_global_options);
    puts(".Sh COMMANDS");
    print_commands();
    puts(".Sh ENVIRONMENT\n.Bl -tag -width Ds\n.It Ev MLTRAINER_SERVER\nThe server, where\n.Fl -server\nis not given.\n"
         ".It Ev MLTRAINER_TOKEN , MLTRAINER_TOKEN_FILE\nA bearer token, or a file that holds it.\n.El\n"
         ".Sh EXIT STATUS\n.Bl -tag -width Ds -compact\n.It 0\ndone\n.It 1\nfailed here\n.It 2\nwrong usage\n"
         ".It 64 + n\nthe call failed with gRPC's status n; 69 is NOT_FOUND\n.El\n"
         ".Sh SEE ALSO\n.Xr libmrpc 3 ,\n.Xr mltrainerd 8");
    return fflush(stdout) ? CLI_FAILED : 0;
}
