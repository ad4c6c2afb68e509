/* SPDX-License-Identifier: Apache-2.0 */
#include "manual/manual.h"

#include <ctype.h>
#include <string.h>

#include "config/config.h"

/* What a key's type is called: on the command line, and in a sentence. */
static const struct {
    const char *argument, *text;
} types[] = {
    [CONFIG_TEXT] = {"TEXT", "a text"},
    [CONFIG_LIST] = {"TEXT", "a list of texts; a flag that is given again adds one"},
    [CONFIG_SWITCH] = {NULL, "true or false"},
    [CONFIG_COUNT] = {"N", "a whole number"},
    [CONFIG_DURATION] = {"TIME", "a duration (ms, s, min, h, d)"},
    [CONFIG_SIZE] = {"SIZE", "a size (B, KiB, MiB, GiB)"},
};

/* Text as roff reads it back: a backslash is one, no line of it can be a request, and each sentence begins a line. */
static void print_text(const char *text, FILE *out)
{
    fputs("\\&", out);
    for (char before = 0; *text; before = *text++) {
        if (*text == '\\') {
            fputs("\\e", out);
        } else if (*text == ' ' && before == '.') {
            fputs("\n\\&", out);
        } else {
            fputc(*text, out);
        }
    }
    fputc('\n', out);
}

static void print_spelled(const struct config_key *key, char separator, bool upper, FILE *out)
{
    for (const char *c = key->name; *c; c++) {
        char spelled = *c == '.' || *c == '_' ? separator : *c;
        fputc(upper ? toupper((unsigned char)spelled) : spelled, out);
    }
}

static void print_bounds(const struct config_key *key, FILE *out)
{
    if (key->type == CONFIG_COUNT)
        fprintf(out, " in %lld..%lld", (long long)key->least, (long long)key->most);
    else if (key->type == CONFIG_DURATION)
        fprintf(out, " of %lld to %lld ms", (long long)key->least, (long long)key->most);
    else if (key->type == CONFIG_SIZE)
        fprintf(out, " of %lld to %lld bytes", (long long)key->least, (long long)key->most);
}

static void print_value(const struct config_key *key, FILE *out)
{
    fprintf(out, "Value: %s", types[key->type].text);
    print_bounds(key, out);
    if (key->fallback)
        fprintf(out, "; default\n.Li \"%s\" .\n", key->fallback);
    else
        fputs("; unset by default.\n", out);
    if (key->reloads)
        fputs("A reload reads it again; other keys need a restart.\n", out);
}

static void begin(const char *title, int section, const char *name, const char *what, FILE *out)
{
    fprintf(
        out,
        ".\\\" SPDX-License-Identifier: Apache-2.0\n.Dd November 29, 2026\n.Dt %s %d\n.Os mlTrainer\n.Sh NAME\n.Nm %s\n"
        ".Nd %s\n",
        title, section, name, what);
}

static const char server_head[] =
    ".Sh SYNOPSIS\n.Nm\n.Op Fl -config Ar FILE\n.Op Fl -listen Ar ADDR\n.Op Fl -data-dir Ar DIR\n.Op Ar option ...\n"
    ".Sh DESCRIPTION\n"
    "One process that keeps a registry of services, runs models in worker processes, and draws architecture diagrams, "
    "over\n"
    "gRPC.\nIt listens on 127.0.0.1:50051 until told otherwise; another address needs TLS and a way to authenticate, "
    "or\n"
    ".Fl -insecure .\n.Pp\nWhen it serves, it prints\n.Ql ready ADDR:PORT\nfor each address, and tells\n.Xr systemd 1 "
    ".\n"
    "Its log goes to standard error.\n.Pp\nThe options are:\n.Bl -tag -width Ds\n"
    ".It Fl -config Ar FILE\nRead this file, see\n.Xr mltrainerd.yaml 5 .\nVariables of the environment override it, "
    "and options override those.\n"
    ".It Fl -check\nCheck the configuration and the graph of components, then exit.\n"
    ".It Fl -print-graph Ns Op = Ns Ar dot | json\nPrint the graph of components, then exit.\n"
    ".It Fl -help , Fl -version\nSay so, then exit.\n.El\n.Pp\n"
    "Every key of the configuration is an option, too:\n.Bl -tag -width Ds\n";

static const char server_tail[] =
    ".El\n.Sh SIGNALS\n.Bl -tag -width SIGTERM\n"
    ".It Dv SIGTERM , Dv SIGINT\nLet calls that run end, for\n.Cm drain_grace ,\nthen stop; a second one cuts that "
    "short.\n"
    ".It Dv SIGHUP\nRead certificates, models and plugins again.\nWhat fails keeps what was there.\n"
    "Every other key needs a restart.\n.El\n"
    ".Sh FILES\n.Bl -tag -width Ds\n"
    ".It Pa /etc/mltrainer/mltrainerd.yaml\nThe configuration of the service that packages install.\n"
    ".It Pa /var/lib/mltrainer\nIts data.\n"
    ".It Pa ~/.local/state/mltrainer\nThe data of a server that a user starts.\n.El\n"
    ".Sh EXIT STATUS\n.Bl -tag -width Ds -compact\n.It 0\nstopped as told\n.It 1\ninternal error\n.It 2\n"
    "the configuration is wrong\n.It 3\nan address or the data folder is in use\n.It 4\nthe store cannot be used\n.El\n"
    ".Sh EXAMPLES\n.Bd -literal -offset indent\nmltrainerd --listen 127.0.0.1:0 --data-dir /tmp/mltrainer\n"
    "mltrainerd --listen 0.0.0.0:50051 --tls-certificate c.pem --tls-key k.pem --tls-client-ca ca.pem\n.Ed\n"
    ".Sh SEE ALSO\n.Xr mltctl 1 ,\n.Xr libmrpc 3 ,\n.Xr mltrainerd.yaml 5\n";

void manual_server_page(FILE *out)
{
    begin("MLTRAINERD", 8, "mltrainerd", "service registry, model execution and diagrams over gRPC", out);
    fputs(server_head, out);
    for (const struct config_key *key = config_keys; key->name; key++) {
        fputs(".It Fl -", out);
        print_spelled(key, '-', false, out);
        if (types[key->type].argument)
            fprintf(out, " Ar %s", types[key->type].argument);
        fputc('\n', out);
        print_text(key->doc, out);
    }
    fputs(server_tail, out);
}

static const char file_head[] =
    ".Sh DESCRIPTION\n"
    "A YAML file: one mapping of keys to values.\n"
    ".Ql log.level: info\nand\n.Ql log: {level: info}\nsay the same.\n"
    "A key that does not exist is an error that names the nearest one that does.\n.Pp\n"
    "A variable of the environment overrides a key of the file:\n.Ev MLTRAINER_LOG_LEVEL\nis\n.Cm log.level .\n"
    "An option overrides both:\n.Fl -log-level .\n.Ql mltrainerd --config FILE --check\nchecks a file without starting "
    "a server.\n"
    ".Pp\nThe keys are:\n.Bl -tag -width Ds\n";

static const char file_tail[] =
    ".El\n.Sh FILES\n.Bl -tag -width Ds\n.It Pa /etc/mltrainer/mltrainerd.yaml\n.El\n.Sh SEE ALSO\n"
    ".Xr mltrainerd 8\n";

void manual_file_page(FILE *out)
{
    begin("MLTRAINERD.YAML", 5, "mltrainerd.yaml", "configuration of mltrainerd", out);
    fputs(file_head, out);
    for (const struct config_key *key = config_keys; key->name; key++) {
        fprintf(out, ".It Cm %s\n", key->name);
        print_text(key->doc, out);
        fputs(".br\n", out);
        print_value(key, out);
        fputs(".br\nVariable:\n.Ev MLTRAINER_", out);
        print_spelled(key, '_', true, out);
        fputs(" .\n", out);
    }
    fputs(file_tail, out);
}
