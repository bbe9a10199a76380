//! What GNU cp and cat 9.10 make of these command lines, with glibc 2.36.

mod command;

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::Order::{OptionsFirst, Permute};
use super::{EXTENSIONS, Order, UsageError, canonical};
use crate::report::language::Language;
use crate::report::quote::Charset;

fn words(arguments: &[&[u8]]) -> Vec<OsString> {
    arguments.iter().map(|argument| OsString::from_vec(argument.to_vec())).collect()
}

/// The words of a line without quoting, as the shell would split it.
fn split(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(OsString::from).collect()
}

fn run(command: &Command, line: &str, order: Order) -> Result<Vec<OsString>, UsageError> {
    canonical(command, split(line).into_iter(), order)
}

#[track_caller]
fn check(order: Order, cases: &[(&str, &str)]) {
    for (line, expected) in cases {
        assert_eq!(run(&command::cp(), line, order).as_deref(), Ok(&split(expected)[..]), "{line}");
    }
}

#[track_caller]
fn check_refused(command: &Command, cases: &[(&[u8], &[u8])]) {
    for (argument, expected) in cases {
        for order in [Permute, OptionsFirst] {
            let error = canonical(command, words(&[argument]).into_iter(), order).unwrap_err();
            let said = error.message(b"d/ucp", &Language::english(Charset::Utf8));
            let expected = [b"d/ucp: ", *expected, b"\n"].concat();
            let (said, expected) = (said.escape_ascii(), expected.escape_ascii());
            assert_eq!(said.to_string(), expected.to_string(), "{}", argument.escape_ascii());
        }
    }
}

/// What clap makes of the canonical form.
fn parsed(command: Command, arguments: &[&[u8]]) -> ArgMatches {
    let canonical = canonical(&command, words(arguments).into_iter(), Permute).unwrap();
    command.no_binary_name(true).try_get_matches_from(canonical).unwrap()
}

fn values(matches: &ArgMatches, name: &str) -> Vec<Vec<u8>> {
    let values = matches.get_many::<OsString>(name).unwrap_or_default();
    values.map(|value| value.as_bytes().to_vec()).collect()
}

#[test]
fn names_come_out_in_full() {
    check(
        Permute,
        &[
            ("", "--"),
            ("--recursive", "--recursive --"),
            ("-r -R", "--recursive --recursive --"),
            ("--rec --rem --ref", "--recursive --remove-destination --reflink --"),
            ("--pa --pat --path", "--parents --parents --parents --"),
            ("--pr=all -p", "--preserve=all -p --"),
            ("--l --k --up=none", "--link --keep-directory-symlink --update=none --"),
            ("-rvb", "--recursive --verbose -b --"),
            ("--verb --no-t", "--verbose --no-target-directory --"),
        ],
    );
}

#[test]
fn an_exact_name_beats_what_it_abbreviates() {
    let number = run(&command::cat(), "--number --number-", Permute).unwrap();
    assert_eq!(number, split("--number --number-nonblank --"));
}

#[test]
fn values_are_attached_or_taken_from_the_next_argument() {
    check(
        Permute,
        &[
            ("-t d -td -t=d", "--target-directory=d --target-directory=d --target-directory==d --"),
            ("-rvt d a", "--recursive --verbose --target-directory=d -- a"),
            ("-trv", "--target-directory=rv --"),
            ("-t -- -r a", "--target-directory=-- --recursive -- a"),
            ("--target -r a", "--target-directory=-r -- a"),
            ("a -S b c", "--suffix=b -- a c"),
            ("--suffix=a=b --su==", "--suffix=a=b --suffix== --"),
            ("--backup= --backup b", "--backup= --backup -- b"),
        ],
    );
}

#[test]
fn operands_follow_the_options() {
    check(
        Permute,
        &[
            ("a -r b -v", "--recursive --verbose -- a b"),
            ("a - -r", "--recursive -- a -"),
            ("a -- -r --", "-- a -r --"),
            ("-- --", "-- --"),
        ],
    );
    check(
        OptionsFirst,
        &[
            ("-r a -v --foo", "--recursive -- a -v --foo"),
            ("-r - -v", "--recursive -- - -v"),
            ("-r -- a -v", "--recursive -- a -v"),
            ("a -- b", "-- a -- b"),
            ("-t d a", "--target-directory=d -- a"),
        ],
    );
    assert_eq!(canonical(&command::cp(), words(&[b"", b"-r"]).into_iter(), OptionsFirst), {
        Ok(words(&[b"--", b"", b"-r"]))
    });
}

#[test]
fn bad_options_of_cp_are_refused_in_gnus_words() {
    check_refused(
        &command::cp(),
        &[
            (b"--foo", b"unrecognized option '--foo'"),
            (b"--foo=bar", b"unrecognized option '--foo=bar'"),
            (b"---", b"unrecognized option '---'"),
            (b"--r\xff\n'", b"unrecognized option '--r\xff\n''"),
            (b"-q", b"invalid option -- 'q'"),
            (b"-rq", b"invalid option -- 'q'"),
            (b"-r-", b"invalid option -- '-'"),
            (b"-:", b"invalid option -- ':'"),
            (b"-W", b"invalid option -- 'W'"),
            (b"-\n", b"invalid option -- '\n'"),
            (b"-v\xc3\xa9", b"invalid option -- '\xc3'"),
            (b"-t", b"option requires an argument -- 't'"),
            (b"-rS", b"option requires an argument -- 'S'"),
            (b"--t", b"option '--target-directory' requires an argument"),
            (b"--no-p", b"option '--no-preserve' requires an argument"),
            (b"--verbose=1", b"option '--verbose' doesn't allow an argument"),
            (b"--attr=", b"option '--attributes-only' doesn't allow an argument"),
            (b"--pa=x", b"option '--parents' doesn't allow an argument"),
            (b"--pat=x", b"option '--path' doesn't allow an argument"),
        ],
    );
}

#[test]
fn ambiguity_lists_the_candidates_as_declared() {
    check_refused(
        &command::cp(),
        &[
            (b"--re", b"option '--re' is ambiguous; possibilities: '--recursive' '--remove-destination' '--reflink'"),
            (b"--a=b=c", b"option '--a=b=c' is ambiguous; possibilities: '--archive' '--attributes-only'"),
            (b"--co", b"option '--co' is ambiguous; possibilities: '--copy-contents' '--context'"),
            (b"--ver=\xff", b"option '--ver=\xff' is ambiguous; possibilities: '--verbose' '--version'"),
            // The hidden --path is left out beside its other name, but not where a third option came first.
            (b"--p", b"option '--p' is ambiguous; possibilities: '--parents' '--preserve'"),
            (
                b"--=x",
                b"option '--=x' is ambiguous; possibilities: '--archive' '--attributes-only' '--backup' \
                '--copy-contents' '--debug' '--dereference' '--force' '--interactive' '--link' '--no-clobber' \
                '--no-dereference' '--no-preserve' '--no-target-directory' '--one-file-system' '--parents' '--path' \
                '--preserve' '--recursive' '--remove-destination' '--sparse' '--reflink' \
                '--strip-trailing-slashes' '--suffix' '--symbolic-link' '--target-directory' '--update' \
                '--verbose' '--keep-directory-symlink' '--context' '--help' '--version'",
            ),
        ],
    );
    check_refused(
        &command::cat(),
        &[
            (b"--num", b"option '--num' is ambiguous; possibilities: '--number-nonblank' '--number'"),
            (
                b"--s",
                b"option '--s' is ambiguous; possibilities: '--squeeze-blank' '--show-nonprinting' '--show-ends' \
                '--show-tabs' '--show-all'",
            ),
            (b"--number=3", b"option '--number' doesn't allow an argument"),
        ],
    );
}

#[test]
fn extensions_are_spelled_in_full_and_hinder_no_abbreviation() {
    let line = "--direct --engine=sync --engine uring --stats --stats=json";
    check(Permute, &[(line, "--direct --engine=sync --engine=uring --stats --stats=json --")]);
    check_refused(
        &command::cp(),
        &[
            (b"--dir", b"unrecognized option '--dir'"),
            (b"--e=x", b"unrecognized option '--e=x'"),
            (b"--d", b"option '--d' is ambiguous; possibilities: '--debug' '--dereference'"),
            (b"--st=x", b"option '--strip-trailing-slashes' doesn't allow an argument"),
            (b"--direct=x", b"option '--direct' doesn't allow an argument"),
            (b"--engine", b"option '--engine' requires an argument"),
        ],
    );
    // An extension whose name a GNU option continues, and the other way round.
    let shadowing = command::command("cp").args([
        command::flag("sparse", None).help_heading(EXTENSIONS),
        command::flag("sparse-files", None),
        command::flag("sparse-files-only", None).help_heading(EXTENSIONS),
    ]);
    let options = run(&shadowing, "--sparse --spar --sparse-", Permute).unwrap();
    assert_eq!(options, split("--sparse --sparse-files --sparse-files --"));
}

#[test]
fn an_error_tells_what_was_typed_before_it() {
    let error = run(&command::cp(), "-rv a --help --foo --bar", Permute).unwrap_err();
    assert_eq!(error.options_before(), split("--recursive --verbose --help"));
    assert_eq!(error.to_string(), "unrecognized option '--foo'");
    let error = canonical(&command::cp(), words(&[b"-\xff"]).into_iter(), Permute).unwrap_err();
    assert_eq!(
        (error.message(b"ucp", &Language::english(Charset::Utf8)), error.to_string()),
        (b"ucp: invalid option -- '\xff'\n".to_vec(), "invalid option -- '\u{fffd}'".into())
    );
}

#[test]
fn any_value_and_operand_survives_clap() {
    for value in
        [&b""[..], b"-", b"--", b"-r", b"--help", b"=", b"=x", b"a,b", b" ", b"\xff", b"-\xff", b"x\n"]
    {
        let matches = parsed(command::cp(), &[b"-S", value, b"--", value, value]);
        assert_eq!(values(&matches, "suffix"), [value]);
        assert_eq!(values(&matches, "operands"), [value, value]);

        let attached = [&b"--backup="[..], value].concat();
        assert_eq!(values(&parsed(command::cp(), &[&attached]), "backup"), [value]);

        let short_only =
            Arg::new("x").short('x').action(ArgAction::Append).value_parser(value_parser!(OsString));
        let short_only = command::command("cp").arg(short_only);
        assert_eq!(values(&parsed(short_only, &[b"-x", value]), "x"), [value]);
    }
}

#[test]
fn clap_tells_the_order_of_repeated_options() {
    let arguments: &[&[u8]] = &[b"-f", b"a", b"-n", b"--backup", b"-f", b"-uS", b"x", b"--backup=t", b"-n"];
    let matches = parsed(command::cp(), arguments);
    assert_eq!(matches.get_count("force"), 2);
    assert_eq!(values(&matches, "backup"), [&b"(missing)"[..], b"t"]);

    let mut typed = Vec::new();
    for name in ["force", "no-clobber", "backup", "u", "suffix"] {
        typed.extend(matches.indices_of(name).unwrap().map(|index| (index, name)));
    }
    typed.sort_unstable();
    let names: Vec<_> = typed.into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["backup", "force", "u", "suffix", "backup", "no-clobber"]);
    assert_eq!(matches.value_source("link"), Some(ValueSource::DefaultValue));
}
