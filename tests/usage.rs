//! The command lines themselves: usage errors, abbreviations, help and version, the program's name in messages.

use crate::common::{each_engine, is_reference};

/// Usage errors end with this line.
fn and_try_help(program: &str, message: &str) -> String {
    format!("{program}: {message}\nTry '{program} --help' for more information.")
}

#[test]
fn missing_and_surplus_operands_are_usage_errors() {
    each_engine(|s| {
        s.file("a", "1").dir("d").dir("e");
        for (arguments, message) in [
            (&[][..], "missing file operand"),
            (&["-t", "d"], "missing file operand"),
            (&["a"], "missing destination file operand after 'a'"),
            (&["-T", "a"], "missing destination file operand after 'a'"),
            (&["a b"], "missing destination file operand after 'a b'"),
            (&["-T", "a", "d", "e e"], "extra operand 'e e'"),
        ] {
            s.cp(arguments).fails(&and_try_help("ucp", message));
        }
        assert_eq!(s.names("d"), [""]);
    });
}

#[test]
fn contradicting_targets_are_errors() {
    each_engine(|s| {
        s.file("a", "1").dir("d").dir("e");
        let both = "ucp: cannot combine --target-directory (-t) and --no-target-directory (-T)";
        s.cp(["-T", "-t", "d", "a"]).fails(both);
        s.cp(["-t", "d", "-t", "e", "a"]).fails("ucp: multiple target directories specified");
        assert_eq!(s.names("d"), [""]);
    });
}

#[test]
fn wrong_options_are_usage_errors() {
    each_engine(|s| {
        for (option, message) in [
            ("--nosuch", "unrecognized option '--nosuch'"),
            ("--nosuch=3", "unrecognized option '--nosuch=3'"),
            ("-y", "invalid option -- 'y'"),
            ("-vry", "invalid option -- 'y'"),
            ("--recursive=3", "option '--recursive' doesn't allow an argument"),
            ("--rec=3", "option '--recursive' doesn't allow an argument"),
            ("-t", "option requires an argument -- 't'"),
            ("-rt", "option requires an argument -- 't'"),
            ("--target-directory", "option '--target-directory' requires an argument"),
            ("--tar", "option '--target-directory' requires an argument"),
        ] {
            s.cp(["a", "b", option]).fails(&and_try_help("ucp", message));
        }
        for (option, message) in [
            ("--nosuch", "unrecognized option '--nosuch'"),
            ("-y", "invalid option -- 'y'"),
            ("--number=3", "option '--number' doesn't allow an argument"),
            ("--version=3", "option '--version' doesn't allow an argument"),
        ] {
            s.cat([option]).fails(&and_try_help("ucat", message));
        }
    });
}

#[test]
fn ambiguous_abbreviations_list_gnu_names_only() {
    each_engine(|s| {
        for (word, candidates) in [
            ("--re", "'--recursive' '--remove-destination' '--reflink'"),
            ("--no", "'--no-clobber' '--no-dereference' '--no-preserve' '--no-target-directory'"),
            ("--s", "'--sparse' '--strip-trailing-slashes' '--suffix' '--symbolic-link'"),
        ] {
            let message = format!("option '{word}' is ambiguous; possibilities: {candidates}");
            s.cp([word, "a", "b"]).fails(&and_try_help("ucp", &message));
        }
        let show = "'--show-nonprinting' '--show-ends' '--show-tabs' '--show-all'";
        for (word, candidates) in [
            ("--sh", show.to_owned()),
            ("--show=3", show.to_owned()),
            ("--s", format!("'--squeeze-blank' {show}")),
            ("--n", "'--number-nonblank' '--number'".to_owned()),
        ] {
            let message = format!("option '{word}' is ambiguous; possibilities: {candidates}");
            s.cat([word]).fails(&and_try_help("ucat", &message));
        }
    });
}

#[test]
fn unique_abbreviations_are_understood() {
    each_engine(|s| {
        s.file("d/x", "1").file("a", "2");
        s.cp(["--rec", "--verb", "d", "e"]).succeeds().prints("'d' -> 'e'\n'd/x' -> 'e/x'\n");
        s.cp(["--no-t", "a", "b"]).succeeds();
        s.assert_same("a", "b");
        s.cat(["--vers"]).succeeds();
        s.cat(["--h"]).succeeds();
    });
}

#[test]
fn words_of_a_list_are_checked_as_they_are_read() {
    each_engine(|s| {
        s.file("a", "1");
        let sparse = "invalid argument ‘bad’ for ‘--sparse’\nValid arguments are:\n  \
                      - ‘never’\n  - ‘auto’\n  - ‘always’";
        s.cp(["--sparse=bad", "--nosuch", "a", "b"]).fails(&and_try_help("ucp", sparse));
        let control = "ambiguous argument ‘n’ for ‘$VERSION_CONTROL’\nValid arguments are:\n  - ‘none’, ‘off’\n  \
                       - ‘simple’, ‘never’\n  - ‘existing’, ‘nil’\n  - ‘numbered’, ‘t’";
        s.cp(["-b", "a", "b"]).env("VERSION_CONTROL", "n").fails(&and_try_help("ucp", control));
        assert!(!s.exists("b"));
    });
}

#[test]
fn a_context_on_a_kernel_without_is_a_warning_that_comes_first() {
    if std::path::Path::new("/sys/fs/selinux/enforce").exists() {
        return crate::common::skip("this kernel has SELinux");
    }
    each_engine(|s| {
        let warning = "ucp: warning: ignoring --context; it requires an SELinux-enabled kernel";
        let message = "ucp: cannot make both hard and symbolic links";
        let hint = "Try 'ucp --help' for more information.";
        s.cp(["--context=x", "-ls", "a", "b"]).fails(&format!("{warning}\n{message}\n{hint}"));
    });
}

#[test]
fn help_and_version_go_to_standard_output() {
    each_engine(|s| {
        for option in ["--help", "--version"] {
            for (name, run) in [("ucp", s.cp([option, "--", "a"])), ("ucat", s.cat([option]))] {
                let outcome = run.succeeds();
                let text = String::from_utf8_lossy(outcome.stdout()).into_owned();
                let named = if option == "--help" { format!("Usage: {name} ") } else { format!("{name} (") };
                // GNU's version names the package's program, whatever it was called as.
                let named = if is_reference() && option == "--version" { &named[1..] } else { &named };
                outcome.expect(text.starts_with(named), &format!("text that starts with '{named}'"));
                outcome.expect(text.ends_with('\n'), "text that ends with a newline");
            }
        }
    });
}

#[test]
fn the_first_of_help_version_and_a_mistake_decides() {
    each_engine(|s| {
        s.cp(["--help", "--nosuch"]).succeeds();
        s.cp(["--version", "--help"]).succeeds();
        s.cp(["--nosuch", "--help"]).fails(&and_try_help("ucp", "unrecognized option '--nosuch'"));
    });
}

#[test]
fn help_that_cannot_be_written_is_an_error() {
    each_engine(|s| {
        for option in ["--help", "--version"] {
            s.cp([option]).stdout_full().fails("ucp: write error: No space left on device");
            s.cat([option]).stdout_full().fails("ucat: write error: No space left on device");
            s.cp([option]).close(1).fails("ucp: write error: Bad file descriptor");
            s.cat([option]).close(1).fails("ucat: write error: Bad file descriptor");
        }
    });
}

#[test]
fn messages_name_the_program_by_its_last_part_and_usage_errors_as_typed() {
    each_engine(|s| {
        s.cp(["no", "b"]).called("cp").fails("cp: cannot stat 'no': No such file or directory");
        s.cat(["no"]).called("./cat").fails("cat: no: No such file or directory");
        let typed = "/some where/it's";
        s.cp(["no", "b"]).called(typed).fails("it's: cannot stat 'no': No such file or directory");
        // The message is the program's own, the hint and getopt's messages show what was typed.
        let hint = "Try '/some where/it's --help' for more information.";
        let missing = "missing destination file operand after 'a'";
        s.cp(["a"]).called(typed).fails(&format!("it's: {missing}\n{hint}"));
        s.cp(["--nosuch"]).called(typed).fails(&format!("{typed}: unrecognized option '--nosuch'\n{hint}"));
        s.cat(["-y"]).called(typed).fails(&format!("{typed}: invalid option -- 'y'\n{hint}"));
    });
}
