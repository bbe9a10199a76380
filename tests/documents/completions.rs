//! Completions for bash, zsh and fish: what `clap_complete` makes of the definitions, and what it does not know.
//!
//! The definitions leave arguments to the program, which words its own errors; here they are told what the arguments
//! may be. Three things are added to what comes out: an optional argument stands behind `=` in every shell; a list has
//! commas between its words; and bash takes `--option=word` for three words, and the first operand for an option.

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, ValueHint};
use clap_complete::Generator;
use clap_complete::aot::{Bash, Fish, Zsh};

use super::{Program, words};

/// Every completion of a program: where it is kept, and what it is.
pub fn all(program: &Program) -> [(String, String); 3] {
    let command = described((program.command)(), program.name);
    let place = |name: String| format!("completions/{name}");
    [
        (place(Bash.file_name(program.name)), bash(&command)),
        (place(Zsh.file_name(program.name)), zsh(&command)),
        (place(Fish.file_name(program.name)), fish(&command)),
    ]
}

/// The command with what its arguments may be, built.
fn described(command: Command, name: &str) -> Command {
    let describe = |option: Arg| {
        if option.is_positional() {
            return option.value_hint(ValueHint::AnyPath);
        }
        if !option.get_action().takes_values() {
            return option;
        }
        match words::words(&option) {
            Some(words) => option.value_parser(PossibleValuesParser::new(words)),
            None => {
                let hint = words::hint(&option);
                option.value_hint(hint)
            }
        }
    };
    let mut command = command.mut_args(describe).bin_name(name);
    command.build();
    command
}

/// What the generator makes of it.
fn generated(shell: impl Generator, command: &Command) -> String {
    let mut text = Vec::new();
    shell.try_generate(command, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    // A blank at the end of a line is none of ours.
    text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

/// Replaces what must be there.
fn replace(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "clap_complete does not write this any more: {from}");
    text.replace(from, to)
}

fn is_optional(option: &&Arg) -> bool {
    option.get_num_args().is_some_and(|range| range.min_values() == 0 && range.max_values() > 0)
}

/// Every spelling of options, with blanks around each.
fn spellings<'a>(options: impl Iterator<Item = &'a Arg>) -> String {
    let of_one = |option: &Arg| {
        let short = option.get_short().map(|letter| format!("-{letter}"));
        let long = option.get_long().map(|long| format!("--{long}"));
        short.into_iter().chain(long).collect::<Vec<_>>()
    };
    options.flat_map(of_one).collect::<Vec<_>>().join(" ")
}

fn bash(command: &Command) -> String {
    let name = command.get_name();
    let wrapper = include_str!("completion.bash")
        .replace("{name}", name)
        .replace("{required}", &spellings(command.get_opts().filter(|option| !is_optional(option))))
        .replace("{optional}", &spellings(command.get_opts().filter(is_optional)))
        .replace("{lists}", &spellings(command.get_opts().filter(|option| words::is_list(option))));
    let text = generated(Bash, command);
    let end = "\nif [[ \"${BASH_VERSINFO[0]}\" -eq 4";
    let text = replace(&text, end, &format!("\n{wrapper}{end}"));
    replace(&text, &format!("complete -F _{name} "), &format!("complete -F _{name}_words "))
}

fn zsh(command: &Command) -> String {
    let mut text = generated(Zsh, command);
    for option in command.get_opts() {
        let long = option.get_long().unwrap();
        if is_optional(&option) {
            text = replace(&text, &format!("--{long}=["), &format!("--{long}=-["));
        }
        if words::is_list(option) {
            let words = words::words(option).unwrap().join(" ");
            text = text
                .replace(&format!("ATTR_LIST:({words})"), &format!("ATTR_LIST:_sequence compadd - {words}"));
        }
    }
    text
}

fn fish(command: &Command) -> String {
    let text = generated(Fish, command);
    let line = |line: &str| {
        let is_of = |option: &&Arg| line.contains(&format!(" -l {} ", option.get_long().unwrap()));
        let Some(option) = command.get_opts().find(is_of) else { return line.to_owned() };
        // "-r" would take the next word for the argument.
        if is_optional(&option) { line.replace(" -r -f", " -f") } else { line.to_owned() }
    };
    let mut text: String = text.lines().map(|text| line(text) + "\n").collect();
    for words in command.get_opts().filter(|option| words::is_list(option)).filter_map(words::words) {
        let separate = words.iter().map(|word| format!("{word}\\t''")).collect::<Vec<_>>().join("\n");
        text = text.replace(&separate, &format!("(__fish_append , {})", words.join(" ")));
    }
    text
}
