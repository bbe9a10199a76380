//! Command lines that are refused, and in which order the reasons count.

use super::{options, refused_in};
use crate::cli::cp::Destination;
use crate::cli::{Environment, UsageError};

const LINKS: &str = "cannot make both hard and symbolic links";
const BACKUP: &str = "--backup is mutually exclusive with -n or --update=none-fail";
const CLONE: &str = "--reflink can be used only with --sparse=auto";
const CONTEXT: &str = "cannot preserve security context without an SELinux-enabled kernel";
const TARGETS: &str = "multiple target directories specified";
const BOTH: &str = "cannot combine --target-directory (-t) and --no-target-directory (-T)";

/// The command line, the first line of the message, and whether a hint follows.
const REFUSED: &[(&str, &str, bool)] = &[
    ("", "missing file operand", true),
    ("-l -s a b", LINKS, true),
    ("-l -s", LINKS, true),
    ("-l -s -b -n a b", LINKS, true),
    ("--reflink --sparse=never -l -s", LINKS, true),
    ("-b -n a b", BACKUP, true),
    ("-b -n", BACKUP, true),
    ("-S x -n a b", BACKUP, true),
    ("--backup=none -n a b", BACKUP, true),
    ("--backup=bad -n a b", BACKUP, true),
    ("--backup --update=none a b", BACKUP, true),
    ("--backup -u --update=none-fail a b", BACKUP, true),
    ("--backup -n --update=all a b", BACKUP, true),
    ("-b -n --reflink --sparse=never a b", BACKUP, true),
    ("--reflink --sparse=always a b", CLONE, true),
    ("--reflink --sparse=never --backup=bad a b", CLONE, true),
    ("--attributes-only --reflink=always --sparse=always a b", CLONE, true),
    ("--backup=bad --preserve=context a b", "invalid argument 'bad' for 'backup type'", true),
    ("--backup=bad -b a b", "invalid argument 'bad' for 'backup type'", true),
    ("--backup=n", "ambiguous argument 'n' for 'backup type'", true),
    ("--preserve=context", CONTEXT, false),
    ("-a --preserve=context a b", CONTEXT, false),
    ("--preserve=context --no-preserve=all a b", CONTEXT, false),
    ("--preserve=context -T -t d a", CONTEXT, false),
    ("-t d -T", "missing file operand", true),
    ("-t d -T a", BOTH, false),
    ("-T --parents -t d a", BOTH, false),
    ("-T a", "missing destination file operand after 'a'", true),
    ("-T --parents a", "missing destination file operand after 'a'", true),
    ("-T --parents a b c", "extra operand 'c'", true),
    ("-T --parents a b", "with --parents, the destination must be a directory", true),
    ("-t d -t e --nosuch", TARGETS, false),
    ("-t d --nosuch -t e", "unrecognized option '--nosuch'", true),
    ("--sparse=bad --nosuch", "invalid argument 'bad' for '--sparse'", true),
    ("--nosuch --sparse=bad", "unrecognized option '--nosuch'", true),
    ("--sparse=bad --help", "invalid argument 'bad' for '--sparse'", true),
    ("--sparse= a b", "ambiguous argument '' for '--sparse'", true),
    ("--reflink= a b", "ambiguous argument '' for '--reflink'", true),
    ("--update= a b", "ambiguous argument '' for '--update'", true),
    ("--update=no a b", "ambiguous argument 'no' for '--update'", true),
    ("--preserve= a b", "ambiguous argument '' for '--preserve'", true),
    ("--preserve=mode, a b", "ambiguous argument '' for '--preserve'", true),
    ("--preserve=mode,bad,worse a b", "invalid argument 'bad' for '--preserve'", true),
    ("--no-preserve=,mode a b", "ambiguous argument '' for '--no-preserve'", true),
];

#[test]
fn the_first_reason_counts() {
    for (line, message, hint) in REFUSED {
        let UsageError { message: said, hint: hinted, .. } = refused_in(line, &Environment::default());
        let said = String::from_utf8(said).expect("text");
        assert_eq!((said.trim_start_matches(": ").lines().next(), hinted), (Some(*message), *hint), "{line}");
    }
}

#[test]
fn the_variable_is_named_where_it_is_wrong_and_only_where_it_counts() {
    let bad = Environment { version_control: Some("bad".into()), ..Environment::default() };
    for line in ["-b a b", "-S x a b", "--backup a b", "--backup= a b", "-b"] {
        let said = String::from_utf8(refused_in(line, &bad).message).expect("text");
        assert_eq!(said.lines().next(), Some("invalid argument 'bad' for '$VERSION_CONTROL'"), "{line}");
    }
}

#[test]
fn a_context_is_set_or_required_but_not_both() {
    let selinux = Environment { selinux: || true, ..Environment::default() };
    let refused = refused_in("--preserve=context --context=x", &selinux);
    assert_eq!(refused, UsageError::plain("cannot set target context and preserve it"));
}

#[test]
fn operands_find_their_places() {
    let destination = |line: &str| options(line).destination;
    assert_eq!(destination(""), Destination::Last("b".into()));
    assert_eq!(destination("-T"), Destination::Exactly("b".into()));
    assert_eq!(destination("-t d"), Destination::Directory("d".into()));
    assert_eq!(options("-t d").sources, ["a", "b"]);
}
