//! What `--help` prints: the definitions, GNU's options first, in two columns that fit a terminal of 80.

use super::EXTENSIONS;
use clap::{Arg, Command};

/// The longest line.
const WIDTH: usize = 79;

/// Where the explanations begin. An option that leaves less than two blanks before it has a line of its own.
const TEXT_AT: usize = 27;

/// The text for a program that was called as `program`.
#[must_use]
pub(super) fn text(command: &Command, program: &str) -> String {
    let usage = command.get_before_help().map(ToString::to_string).unwrap_or_default();
    let mut text = usage.replace("{program}", program);
    let name = command.get_name();
    let gnu = format!("Options of GNU {}", name.strip_prefix('u').unwrap_or(name));
    for (heading, title) in [(None, gnu.as_str()), (Some(EXTENSIONS), EXTENSIONS)] {
        let is_of_group = |option: &&Arg| !option.is_positional() && option.get_help_heading() == heading;
        text.push_str(&format!("\n\n{title}:"));
        command.get_arguments().filter(is_of_group).for_each(|option| add(option, &mut text));
    }
    if let Some(notes) = command.get_after_help() {
        text.push_str(&format!("\n\n{notes}"));
    }
    text.push('\n');
    text
}

/// Adds one option on lines of its own.
fn add(option: &Arg, text: &mut String) {
    let spelled = spelled(option);
    text.push_str(&format!("\n{spelled}"));
    let mut column = spelled.len();
    if column + 2 > TEXT_AT {
        text.push('\n');
        column = 0;
    }
    text.push_str(&" ".repeat(TEXT_AT - column));
    column = TEXT_AT;
    let help = option.get_help().map(ToString::to_string).unwrap_or_default();
    for word in help.split(' ') {
        let len = word.chars().count();
        if column > TEXT_AT && column + 1 + len > WIDTH {
            text.push_str(&format!("\n{}", " ".repeat(TEXT_AT)));
            column = TEXT_AT;
        } else if column > TEXT_AT {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += len;
    }
}

/// `  -R, -r, --recursive`, `      --backup[=CONTROL]`.
fn spelled(option: &Arg) -> String {
    let aliases = option.get_visible_short_aliases().unwrap_or_default();
    let letters: Vec<String> =
        option.get_short().into_iter().chain(aliases).map(|letter| format!("-{letter}")).collect();
    let value = match (option.get_action().takes_values(), option.get_value_names()) {
        (true, Some([value, ..])) if option.is_require_equals_set() => format!("[={value}]"),
        (true, Some([value, ..])) => format!("={value}"),
        (true, None | Some([])) | (false, _) => String::new(),
    };
    match (letters.as_slice(), option.get_long()) {
        ([], long) => format!("      --{}{value}", long.unwrap_or_default()),
        (letters, Some(long)) => format!("  {}, --{long}{value}", letters.join(", ")),
        (letters, None) => format!("  {}{value}", letters.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{cat, cp};

    #[test]
    fn an_option_stands_beside_its_explanation_or_above_it() {
        let command = Command::new("ucp").before_help("Usage: {program}").args([
            Arg::new("all").long("all").short('a').visible_short_alias('A').help("do it all"),
            Arg::new("much").long("a-name-that-is-rather-long").value_name("N").help("word ".repeat(20)),
        ]);
        let expected = "Usage: x/ucp\n\nOptions of GNU cp:\n  -a, -A, --all            do it all\n      \
                        --a-name-that-is-rather-long=N\n";
        let text = text(&command, "x/ucp").replace("--all=", "--all");
        assert!(text.starts_with(expected), "{text}");
        let wrapped = format!("\n{}word word word", " ".repeat(TEXT_AT));
        assert_eq!(text.matches(&wrapped).count(), 2, "{text}");
    }

    #[test]
    fn it_fits_a_terminal_of_80() {
        for command in [cp::command(), cat::command()] {
            let text = text(&command, "ucp");
            let long: Vec<&str> = text.lines().filter(|line| line.chars().count() > WIDTH).collect();
            assert!(long.is_empty(), "{long:#?}");
            assert!(!text.contains(" \n"), "{text}");
        }
    }
}
