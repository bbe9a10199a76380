//! The manual pages name exactly the options that the programs have, in the same spelling, and can be read.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::common::skip;

/// Every spelling of every option of a program: `-r`, `--recursive`.
fn defined(command: &clap::Command) -> BTreeSet<String> {
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
    let options = page.split("\n.SH OPTIONS").nth(1).unwrap().split("\n.SH ").next().unwrap();
    let entries = options.split("\n.TP\n").skip(1).map(|entry| entry.lines().next().unwrap());
    let spellings = entries.flat_map(|entry| {
        let entry = entry.replace("\\-", "-").replace("\\fI", " ").replace("\\fB", " ").replace("\\fR", " ");
        let words = entry.split([' ', ',', '=', '[', ']']).map(str::to_owned).collect::<Vec<_>>();
        words.into_iter().filter(|word| word.starts_with('-'))
    });
    spellings.collect()
}

#[test]
fn the_manual_names_every_option_and_no_other() {
    let ucp = (ucp::internals::cp_command(), include_str!("../man/ucp.1"));
    let ucat = (ucp::internals::cat_command(), include_str!("../man/ucat.1"));
    for (command, page) in [ucp, ucat] {
        let (defined, documented) = (defined(&command), documented(page));
        assert!(defined.len() > 10, "the definitions were not found: {defined:?}");
        assert_eq!(documented, defined, "the manual of {}", command.get_name());
    }
}

#[test]
fn the_manual_renders_without_a_warning() {
    for name in ["man/ucp.1", "man/ucat.1"] {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let man = Command::new("man").args(["-l", "--warnings", "-E", "UTF-8"]).arg(page).output();
        let Ok(man) = man else { return skip("there is no man") };
        let warnings = String::from_utf8_lossy(&man.stderr);
        assert!(man.status.success() && warnings.is_empty(), "{name}:\n{warnings}");
        let text = String::from_utf8_lossy(&man.stdout);
        for heading in
            ["NAME", "OPTIONS", "Extensions beyond GNU", "EXIT STATUS", "io_uring in containers", "SEE ALSO"]
        {
            assert!(text.contains(heading), "{name} has no {heading}:\n{text}");
        }
    }
}

#[test]
fn ucp_has_the_options_of_gnu_cp() {
    let gnu = "-a --archive --attributes-only --backup -b --copy-contents -d --debug -f --force -i --interactive -H -L \
               --dereference -P --no-dereference --keep-directory-symlink -l --link -n --no-clobber -p --preserve \
               --no-preserve --parents -R -r --recursive --reflink --remove-destination --sparse \
               --strip-trailing-slashes -s --symbolic-link -S --suffix -t --target-directory -T \
               --no-target-directory --update -u -v --verbose -x --one-file-system -Z --context --help --version";
    let defined = defined(&ucp::internals::cp_command());
    let missing: Vec<_> = gnu.split_whitespace().filter(|name| !defined.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
