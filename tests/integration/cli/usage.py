# SPDX-License-Identifier: Apache-2.0
"""Help, completion and wrong usage: nothing here reaches a server."""
import subprocess

from cases import case
from mltctl import USAGE, Mltctl, commands

offline = Mltctl("127.0.0.1:1")


@case
def help_lists_every_command_and_each_has_help():
    listed = commands()
    assert len(listed) >= 36 and len(set(listed)) == len(listed), listed
    for noun, verb in listed:
        text = offline(noun, verb, "--help")
        assert text.startswith(f"Usage: mltctl {noun} {verb}"), text
        assert f"mltctl {noun} {verb}" in text.partition("\nExamples:\n")[2].replace("-o json ", ""), f"{noun} {verb}: no example"
        assert "--server ADDR" in text


@case
def a_noun_that_is_a_command_has_help_options_and_completion():
    for noun in ("doctor", "top"):
        assert f"\n  {noun} " in offline("--help")
        text = offline(noun, "--help")
        assert text.startswith(f"Usage: mltctl {noun} [OPTION]...\n") and f"  mltctl {noun}\n" in text, text
        assert f"{noun} has no option --bogus" in offline.error(noun, "--bogus", code=USAGE)
        assert f"-a {noun}\n" in offline("completion", "fish") and f'"{noun} "*) words=' in offline("completion", "bash")


@case
def help_lines_fit_a_terminal():
    for line in offline("--help").splitlines():
        assert len(line) <= 100 and line == line.rstrip(), line


@case
def help_of_a_noun_lists_its_verbs():
    for noun in {noun for noun, _ in commands()}:
        text = offline(noun, "--help")
        assert all(f"  {n} {verb}" in text for n, verb in commands() if n == noun), text


@case
def examples_of_help_are_commands_that_exist():
    known = set(commands())
    for noun, verb in known:
        text = offline(noun, verb, "--help").split("Examples:\n")[1]
        for line in text.splitlines():
            words = [word for word in line.split() if not word.startswith("-")]
            if words and words[0] == "mltctl":
                words = words[1:] if words[1] != "json" else words[2:]
                assert tuple(words[:2]) in known, line


@case
def bash_completion_completes_nouns_verbs_and_options():
    script = offline("completion", "bash")
    assert subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0

    def complete(*words):
        quoted = " ".join(f"'{word}'" for word in ("mltctl", *words))
        code = f"{script}\nCOMP_WORDS=({quoted}); COMP_CWORD={len(words)}; _mltctl; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        return subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert complete("reg") == ["registry"]
    assert set(complete("registry", "")) >= {"ls", "get", "register", "watch"}
    assert complete("jobs", "train", "--test-f") == ["--test-fraction"]


@case
def every_shell_has_a_completion_script():
    assert "compinit" in offline("completion", "zsh")
    fish = offline("completion", "fish")
    assert all(f"-a {verb} " in fish for _, verb in commands())
    offline.error("completion", "tcsh", code=USAGE)


@case
def version_is_one_line():
    assert offline("--version").startswith("mltctl ") and offline("--version").count("\n") == 1


@case
def wrong_usage_ends_with_2_and_says_what():
    for words, said in (
            (("foo", "bar"), 'no "foo"'),
            (("registry", "foo"), 'no "foo"'),
            (("registry", "ls", "--bogus"), "--bogus"),
            (("registry", "get"), "argument is missing"),
            (("registry", "get", "web"), "SERVICE/ID"),
            (("registry", "ls", "a", "b"), '"b"'),
            (("registry", "register", "web/a", "1.2.3.4"), "HOST:PORT"),
            (("registry", "register", "web/a", "1.2.3.4:99999"), "HOST:PORT"),
            (("registry", "register", "web/a", "1.2.3.4:1", "--weight", "70000"), "0..65535"),
            (("registry", "register", "web/a", "1.2.3.4:1", "--ttl", "soon"), "duration"),
            (("registry", "register", "web/a", "1.2.3.4:1", "--check", "icmp"), "icmp"),
            (("registry", "register", "web/a", "1.2.3.4:1", "--while"), "behind --"),
            (("registry", "discover", "web", "--policy", "nearest"), "round-robin"),
            (("server", "log-level", "loud"), "loud"),
            (("jobs", "train", "ridge", "--param", "alpha"), "alpha"),
            (("jobs", "tune", "ridge", "--vary", "alpha=5"), "LOW..HIGH"),
            (("jobs", "tune", "ridge", "--vary", "alpha=1..x"), '"1" and "x"'),
            (("jobs", "tune", "ridge", "--vary", "alpha=1..10:lin"), '"10:lin"'),
            (("-o", "xml", "registry", "ls"), "xml"),
            (("--timeout", "abc", "registry", "ls"), "abc"),
            (("registry", "ls", "--server"), "needs a value")):
        text = offline.error(*words, code=USAGE)
        assert said in text, (words, text)


@case
def a_slip_is_told_what_was_probably_meant():
    for words, meant in (
            (("modls", "ls"), '"models"'),
            (("jbos", "ls"), '"jobs"'),
            (("jobs", "trian"), '"train"'),
            (("registry", "list"), '"ls"'),
            (("models", "ls", "--famly", "linear"), "--family"),
            (("models", "ls", "--tls-ka", "x"), "--tls-ca"),
            (("--verson",), "--version"),
            (("models", "ls", "--task", "clasification"), '"classification"')):
        text = offline.error(*words, code=USAGE)
        assert text.strip().endswith(f"is {meant} meant?"), (words, text)
    for words in (("zzz",), ("artifacts", "destroy"), ("models", "ls", "--zzz"), ("--zzz",), ("models", "ls", "--task", "zzz")):
        assert "meant" not in offline.error(*words, code=USAGE), words
    assert offline.error("artifacts", "destroy", code=USAGE).strip().endswith("it has: ls describe predict stream export import rm")


@case
def one_of_them_is_enough():
    assert offline("job", "train", "--help") == offline("jobs", "train", "--help")
    assert offline("alias", "--help") == offline("aliases", "--help") and offline("pipeline", "run", "--help") == offline("pipelines", "run", "--help")
    assert 'no "j"' in offline.error("j", "ls", code=USAGE)


@case
def help_may_also_come_first():
    assert offline("help", "jobs", "cancel") == offline("jobs", "cancel", "--help")
    assert offline("help", "jobs") == offline("jobs", "--help")
    assert offline("help") == offline("--help")
    assert offline("version") == offline("-V") == offline("--version")


@case
def no_arguments_show_the_help_and_end_with_2():
    done = offline.run()
    assert done.returncode == USAGE and done.stdout == "" and done.stderr.startswith("Usage: ")
