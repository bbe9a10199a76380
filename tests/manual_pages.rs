//! The manual pages name exactly the options that the programs have, in the same spelling.

use std::collections::BTreeSet;

use clap::Command;

/// Every spelling of every option of a program: `-r`, `--recursive`.
fn defined(command: &Command) -> BTreeSet<String> {
    let spellings = command.get_opts().chain(command.get_arguments()).flat_map(|option| {
        let mut letters: Vec<char> = option.get_short().into_iter().collect();
        letters.extend(option.get_visible_short_aliases().unwrap_or_default());
        let long = option.get_long().map(|long| format!("--{long}"));
        letters.into_iter().map(|letter| format!("-{letter}")).chain(long).collect::<Vec<_>>()
    });
    spellings.collect()
}

/// Every spelling that begins an entry of the page's options.
fn documented(page: &str) -> BTreeSet<String> {
    let options = page.split(".SH OPTIONS").nth(1).unwrap().split("\n.SH ").next().unwrap();
    let entries = options.split("\n.TP\n").skip(1).map(|entry| entry.lines().next().unwrap());
    let spellings = entries.flat_map(|entry| {
        let entry = entry.replace("\\-", "-").replace("\\fI", " ").replace("\\fB", " ").replace("\\fR", " ");
        let words = entry.split([' ', ',', '"', '=', '[', ']']).map(str::to_owned).collect::<Vec<_>>();
        words.into_iter().filter(|word| word.starts_with('-'))
    });
    spellings.collect()
}

#[test]
fn the_manual_names_every_option_and_no_other() {
    let pages = [(ucp::cli::cp::command(), include_str!("../man/ucp.1"))];
    for (command, page) in pages {
        let (defined, documented) = (defined(&command), documented(page));
        assert!(defined.len() > 10, "the definitions were not found: {defined:?}");
        let missing: Vec<_> = defined.difference(&documented).collect();
        let invented: Vec<_> = documented.difference(&defined).collect();
        assert!(missing.is_empty(), "{} has options that its manual lacks: {missing:?}", command.get_name());
        assert!(
            invented.is_empty(),
            "{}'s manual tells of options it lacks: {invented:?}",
            command.get_name()
        );
    }
}

#[test]
fn ucp_has_the_options_of_gnu_cp() {
    let gnu = "-a --archive --attributes-only --backup -b --copy-contents -d --debug -f --force -i --interactive -H -L \
               --dereference -P --no-dereference --keep-directory-symlink -l --link -n --no-clobber -p --preserve \
               --no-preserve --parents -R -r --recursive --reflink --remove-destination --sparse \
               --strip-trailing-slashes -s --symbolic-link -S --suffix -t --target-directory -T \
               --no-target-directory --update -u -v --verbose -x --one-file-system -Z --context --help --version";
    let defined = defined(&ucp::cli::cp::command());
    let missing: Vec<_> = gnu.split_whitespace().filter(|name| !defined.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
