//! The completions, loaded in the shells they are for and asked for candidates.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Engine, Sandbox, skip};

fn completion(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(name)
}

/// A directory with a file and a directory whose names begin alike.
fn place() -> Sandbox {
    let s = Sandbox::new(Engine::Sync);
    s.file("filed", "1").dir("filing");
    s
}

/// What a shell prints for a script, in `s`; nothing where there is no such shell.
fn shell(s: &Sandbox, program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    // Neither the user's own settings nor what the system adds.
    let home = s.beside("home");
    command.args(arguments).current_dir(s.work()).env("HOME", &home).env("XDG_CONFIG_HOME", &home);
    let Ok(output) = command.output() else {
        skip(&format!("{program} is not installed"));
        return None;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {}\n{errors}", output.status);
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Calls bash's function as bash does: the words of the line, with `=` as a word of its own. compopt works only while
/// bash is completing.
const BASH: &str = r#"
source "$0"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) current=${@: -1}
[[ $current != = ]] || current=
compopt() { :; }
"_$1_words" "$1" "$current" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
complete -p "$1"
"#;

/// Candidates for the last word, the line's words given one by one. Where there are none, bash completes names of files:
/// the completion is registered so.
fn in_bash(words: &[&str]) -> Vec<String> {
    let s = place();
    let file = completion(&format!("{}.bash", words[0]));
    let arguments = ["--norc", "--noprofile", "-c", BASH, file.to_str().unwrap()];
    let printed = shell(&s, "bash", &[&arguments[..], words].concat()).unwrap();
    let (candidates, registered) = printed.trim_end().rsplit_once('\n').unwrap();
    assert!(registered.contains("-o default"), "{registered}");
    candidates.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_completes_options_and_their_words() {
    assert_eq!(in_bash(&["ucp", "--pre"]), ["--preserve"]);
    assert_eq!(in_bash(&["ucp", "--r"]), ["--recursive", "--remove-destination", "--reflink"]);
    assert_eq!(in_bash(&["ucp", "-r", "x", "--queue"]), ["--queue-depth"]);
    assert_eq!(in_bash(&["ucp", "--sparse", "="]), ["auto", "always", "never"]);
    assert_eq!(in_bash(&["ucp", "--sparse", "=", "a"]), ["auto", "always"]);
    assert_eq!(in_bash(&["ucp", "--sparse", "n"]), ["never"]);
    assert_eq!(in_bash(&["ucp", "--backup", "=", "nu"]), ["numbered"]);
    assert_eq!(in_bash(&["ucp", "--preserve", "=", "mode,ti"]), ["mode,timestamps"]);
    assert_eq!(in_bash(&["ucp", "--preserve", "=", "mode,mo"]), [""; 0]);
    assert_eq!(in_bash(&["ucp", "--preserve", "=", "mode,links,l"]), [""; 0]);
    let others =
        ["ownership", "timestamps", "context", "xattr", "all"].map(|word| format!("links,mode,{word}"));
    assert_eq!(in_bash(&["ucp", "--preserve", "=", "links,mode,"]), others);
    assert_eq!(in_bash(&["ucat", "--way", "=", "sp"]), ["splice"]);
    assert_eq!(in_bash(&["ucat", "--show-a"]), ["--show-all"]);
}

#[test]
fn bash_leaves_operands_to_its_completion_of_files() {
    for words in [
        &["ucp", "fil"][..],
        &["ucp", ""],
        &["ucp", "-r", ""],
        &["ucp", "--backup", "fil"],
        &["ucp", "a", "--", "--pre"],
        &["ucat", "-n", "fil"],
    ] {
        assert_eq!(in_bash(words), [""; 0], "{words:?}");
    }
}

/// What docs/install.md says for one shell about completions of an alias: the lines that have `word` in them.
fn for_aliases(word: &str) -> Vec<&'static str> {
    let page = include_str!("../docs/install.md");
    let section = page.split("\n**In your shell.**").nth(1).unwrap().split("\n**").next().unwrap();
    section.lines().filter(|line| line.contains(word)).collect()
}

#[test]
fn bash_completes_an_alias_as_the_page_says() {
    let lines = for_aliases("complete -o ");
    assert_eq!(lines.len(), 2, "one for cp, one for cat");
    for (line, [name, program, typed, option]) in
        lines.iter().zip([["cp", "ucp", "--pre", "--preserve"], ["cat", "ucat", "--show-a", "--show-all"]])
    {
        let s = place();
        let file = completion(&format!("{program}.bash"));
        let script = format!("alias {name}={program}; source \"$0\"; {line}\n{ALIASED}");
        let arguments = ["--norc", "--noprofile", "-c", &script, file.to_str().unwrap(), name, typed];
        let printed = shell(&s, "bash", &arguments).unwrap();
        assert_eq!(printed.trim_end(), option, "{line}");
    }
}

/// Calls the function that completes the first word's command, as bash does.
const ALIASED: &str = r#"
[[ $(complete -p "$1") =~ -F\ ([^ ]+) ]]
COMP_WORDS=("$@") COMP_CWORD=1
compopt() { :; }
"${BASH_REMATCH[1]}" "$1" "$2" "$1"
printf '%s\n' "${COMPREPLY[@]}"
"#;

/// What fish offers for a line.
fn in_fish(line: &str) -> Option<Vec<String>> {
    let s = place();
    let program = line.split(' ').next().unwrap();
    let file = completion(&format!("{program}.fish"));
    let script = "source $argv[1]; complete -C $argv[2]";
    let printed = shell(&s, "fish", &["--no-config", "-c", script, file.to_str().unwrap(), line])?;
    // Behind a tab stands the description.
    Some(printed.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect())
}

#[test]
fn fish_completes_options_words_and_files() {
    let Some(_) = in_fish("ucp --pre") else { return };
    let check = |line: &str, expected: &[&str]| assert_eq!(in_fish(line).unwrap(), expected, "{line}");
    check("ucp --pre", &["--preserve", "--preserve="]);
    check("ucp --sparse=", &["--sparse=always", "--sparse=auto", "--sparse=never"]);
    check("ucp --sparse n", &["never"]);
    check("ucp --backup=nu", &["--backup=numbered"]);
    check("ucp --preserve=mode,ti", &["--preserve=mode,timestamps"]);
    check("ucat --way=sp", &["--way=splice"]);
    check("ucp -r fil", &["filed", "filing/"]);
    check("ucp --backup fil", &["filed", "filing/"]);
    check("ucp -t fil", &["filing/"]);
    check("ucat -n fil", &["filed", "filing/"]);
}

/// What an interactive zsh shows when asked for candidates, word by word.
fn in_zsh(line: &str) -> Option<Vec<String>> {
    let s = place();
    let file = completion(&format!("_{}", line.split(' ').next().unwrap()));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents/capture.zsh");
    let printed = shell(&s, "zsh", &["-f", script.to_str().unwrap(), file.to_str().unwrap(), line])?;
    // The line as typed, the candidates, and the line once more, cleared.
    let shown: Vec<&str> = printed.split('\n').map(str::trim).collect();
    let typed = shown.iter().position(|shown| shown.ends_with(line.trim_end())).unwrap();
    let rest = shown[typed + 1..].iter();
    let candidates = rest.take_while(|shown| !shown.starts_with(line.trim_end()) && !shown.contains("END"));
    let words = candidates.flat_map(|shown| shown.split("--  ").next().unwrap().split_whitespace());
    Some(words.map(str::to_owned).collect())
}

#[test]
fn zsh_completes_options_words_and_files() {
    let Some(_) = in_zsh("ucp --pre") else { return };
    let check = |line: &str, expected: &[&str]| assert_eq!(in_zsh(line).unwrap(), expected, "{line}");
    assert_eq!(in_zsh("ucp --pre").unwrap()[0], "--preserve");
    check("ucp --sparse=", &["always", "auto", "never"]);
    check("ucp --sparse n", &["never"]);
    check("ucp --backup=nu", &["numbered"]);
    check("ucp --preserve=mode,ti", &["timestamps"]);
    check("ucat --way=sp", &["splice"]);
    check("ucp -r fil", &["filed", "filing/"]);
    check("ucp --backup fil", &["filed", "filing/"]);
    check("ucp -t fil", &["filing/"]);
    check("ucat -n fil", &["filed", "filing/"]);
}
