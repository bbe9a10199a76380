//! The effective meaning of options together, each row as the reference showed it.

use super::{options, options_in, parse_in};
use crate::cli::Environment;
use crate::cli::cp::{
    Backup, Context, Control, CpOptions, Follow, Keep, Make, Overwrite, PreserveMode, Reflink, Sparse,
};

/// Existing files were newer, older, or not writable; stdin was empty.
const OVERWRITE: &[(&str, &str)] = &[
    ("", "all"),
    ("-i", "all ask"),
    ("-n", "skip"),
    ("-f", "all force"),
    ("-u", "older"),
    ("--update=all", "all"),
    ("--update=none", "skip"),
    ("--update=none-fail", "refuse"),
    ("--update=older", "older"),
    ("-i -n", "skip"),
    ("-i -f", "all ask force"),
    ("-i -u", "older ask"),
    ("-i --update=none", "skip"),
    ("-i --update=none-fail", "refuse"),
    ("-n -i", "all ask"),
    ("-n -f", "skip"),
    ("-n -u", "skip"),
    ("-n --update=none", "skip"),
    ("-n --update=none-fail", "skip"),
    ("-f -i", "all ask force"),
    ("-f -n", "skip"),
    ("-f -u", "older force"),
    ("-f --update=none", "skip"),
    ("-f --update=none-fail", "refuse"),
    ("-u -i", "older ask"),
    ("-u -n", "skip"),
    ("-u -f", "older force"),
    ("-u --update=none", "skip"),
    ("-u --update=none-fail", "refuse"),
    ("--update=none -i", "skip"),
    ("--update=none -n", "skip"),
    ("--update=none -f", "skip"),
    ("--update=none -u", "older"),
    ("--update=none --update=none-fail", "refuse"),
    ("--update=none-fail -i", "refuse"),
    ("--update=none-fail -n", "skip"),
    ("--update=none-fail -f", "refuse"),
    ("--update=none-fail -u", "older"),
    ("--update=none-fail --update=none", "skip"),
    ("-n -u -i", "older ask"),
    ("--update=none -n -i", "skip"),
    ("--update=none-fail -i -n", "skip"),
    ("-n -i --update=none-fail", "refuse"),
    ("-i -n -f", "skip"),
    ("-i -u -f", "older ask force"),
    ("--update=none -u -i", "older ask"),
    ("-u --update=all -i", "all ask"),
    ("--update=none-fail --update=all", "all"),
    ("-n --update=all", "skip"),
    ("--update=none --update=older", "older"),
];

#[test]
fn which_files_are_replaced() {
    for (line, expected) in OVERWRITE {
        let CpOptions { overwrite, ask, force, .. } = options(line);
        let what = match overwrite {
            Overwrite::All => "all",
            Overwrite::Older => "older",
            Overwrite::Skip => "skip",
            Overwrite::Refuse => "refuse",
        };
        // Nothing is ever forced where nothing is replaced, so the reference did not show it.
        let force = force && matches!(overwrite, Overwrite::All | Overwrite::Older);
        let told = [Some(what), ask.then_some("ask"), force.then_some("force")];
        assert_eq!(told.into_iter().flatten().collect::<Vec<_>>().join(" "), *expected, "{line}");
    }
}

/// The sources were links to a directory, named and inside a directory.
const FOLLOW: &[(&str, &str)] = &[
    ("-a", "never"),
    ("-R", "never"),
    ("-P -a", "never"),
    ("-P -R", "never"),
    ("-L -a", "never"),
    ("-L -R", "always"),
    ("-H -a", "never"),
    ("-H -R", "command line"),
    ("-d -a", "never"),
    ("-d -R", "never"),
    ("-a -P", "never"),
    ("-a -L", "always"),
    ("-a -H", "command line"),
    ("-a -d", "never"),
    ("-a -a", "never"),
    ("-a -R", "never"),
    ("-a -l", "never"),
    ("-a -s", "never"),
    ("-a -p", "never"),
    ("-R -P", "never"),
    ("-R -L", "always"),
    ("-R -H", "command line"),
    ("-R -d", "never"),
    ("-R -a", "never"),
    ("-R -R", "never"),
    ("-R -l", "always"),
    ("-R -s", "never"),
    ("-R -p", "never"),
    ("-l -a", "never"),
    ("-l -R", "always"),
    ("-s -a", "never"),
    ("-s -R", "never"),
    ("-p -a", "never"),
    ("-p -R", "never"),
    ("-P -L -R", "always"),
    ("-L -R -l", "always"),
    ("-a -L -H", "command line"),
    ("-a -l -H", "command line"),
    ("-R -l -d", "never"),
    ("-R -s -p", "never"),
    ("-H -R -l", "command line"),
];

#[test]
fn which_links_are_followed() {
    for (line, expected) in FOLLOW {
        let told = match options(line).follow {
            Follow::Never => "never",
            Follow::CommandLine => "command line",
            Follow::Always => "always",
        };
        assert_eq!(told, *expected, "{line}");
    }
    // Without -R a directory is not entered, so links were followed or not.
    for line in ["", "-L", "-l", "-s", "-p", "-P -L", "-d -L"] {
        assert_eq!(options(line).follow, Follow::Always, "{line}");
    }
    for line in ["-P", "-d", "-L -P", "-H -d", "-l -P"] {
        assert_eq!(options(line).follow, Follow::Never, "{line}");
    }
}

/// A source with permissions, owner, times, a second name and an attribute, under a umask of 077; then system calls that
/// fail for the attribute.
const PRESERVE: &[(&str, &str)] = &[
    ("", "mode under umask"),
    ("-p", "mode ownership timestamps"),
    ("--preserve", "mode ownership timestamps"),
    ("-d", "mode under umask, links"),
    ("-dp", "mode ownership timestamps links"),
    ("-R", "mode under umask"),
    ("-a", "mode ownership timestamps links xattr quietly"),
    ("-a -p", "mode ownership timestamps links xattr quietly"),
    ("--preserve=all", "mode ownership timestamps links xattr telling"),
    ("--preserve=all -a", "mode ownership timestamps links xattr quietly"),
    ("-a --preserve=all", "mode ownership timestamps links xattr quietly"),
    ("-a --no-preserve=all", "mode of a new file"),
    ("-a --no-preserve=all --preserve=all", "mode ownership timestamps links xattr quietly"),
    ("-a --no-preserve=xattr --preserve=all", "mode ownership timestamps links xattr quietly"),
    ("-a --no-preserve=mode", "mode of a new file, ownership timestamps links xattr quietly"),
    ("--no-preserve=mode -a", "mode ownership timestamps links xattr quietly"),
    ("-a --no-preserve=ownership", "mode timestamps links xattr quietly"),
    ("-a --no-preserve=links,timestamps", "mode ownership xattr quietly"),
    ("-a --no-preserve=xattr", "mode ownership timestamps links"),
    ("-a --no-preserve=context", "mode ownership timestamps links xattr quietly"),
    ("--preserve=mode", "mode"),
    ("--preserve=mode,links", "mode links"),
    ("--preserve=ownership", "mode under umask, ownership"),
    ("--preserve=timestamps", "mode under umask, timestamps"),
    ("--preserve=links", "mode under umask, links"),
    ("--preserve=m,o,t,l", "mode ownership timestamps links"),
    ("--no-preserve=mode", "mode of a new file"),
    ("--no-preserve=all", "mode of a new file"),
    ("--no-preserve=ownership", "mode under umask"),
    ("--no-preserve=mode -p", "mode ownership timestamps"),
    ("-p --no-preserve=mode", "mode of a new file, ownership timestamps"),
    ("-p --no-preserve=mode -p", "mode ownership timestamps"),
    ("--preserve=xattr", "mode under umask, xattr require"),
    ("-a --preserve=xattr", "mode ownership timestamps links xattr require"),
    ("--preserve=xattr -a", "mode ownership timestamps links xattr require"),
    ("--preserve=all,xattr", "mode ownership timestamps links xattr require"),
    ("--preserve=xattr,all", "mode ownership timestamps links xattr require"),
    ("--preserve=xattr --no-preserve=xattr -a", "mode ownership timestamps links xattr quietly"),
    ("--preserve=xattr --no-preserve=xattr --preserve=all", "mode ownership timestamps links xattr telling"),
    ("--preserve=xattr --no-preserve=all", "mode of a new file"),
    ("--preserve=xattr --no-preserve=all -a", "mode ownership timestamps links xattr require"),
    ("-d --preserve=xattr", "mode under umask, links xattr require"),
];

fn told_preserve(options: &CpOptions) -> String {
    let preserve = options.preserve;
    let xattr = match preserve.xattr {
        Keep::No => "",
        Keep::Quietly => " xattr quietly",
        Keep::Telling => " xattr telling",
        Keep::Require => " xattr require",
    };
    let mut rest = String::new();
    for (keep, name) in
        [(preserve.ownership, " ownership"), (preserve.timestamps, " timestamps"), (preserve.links, " links")]
    {
        rest.push_str(if keep { name } else { "" });
    }
    rest.push_str(xattr);
    let (mode, comma) = match preserve.mode {
        PreserveMode::UnderUmask => ("mode under umask", ","),
        PreserveMode::Keep => ("mode", ""),
        PreserveMode::Ignore => ("mode of a new file", ","),
    };
    if rest.is_empty() { mode.to_owned() } else { [mode, comma, &rest].concat() }
}

#[test]
fn which_attributes_are_kept() {
    for (line, expected) in PRESERVE {
        let options = options(line);
        assert_eq!(told_preserve(&options), *expected, "{line}");
        assert_eq!(options.preserve.context, Keep::No, "{line}: this kernel has none");
    }
}

/// Options, VERSION_CONTROL, SIMPLE_BACKUP_SUFFIX, and the backup.
type BackupRow = (&'static str, Option<&'static str>, Option<&'static str>, Option<(Control, &'static str)>);

const BACKUP: &[BackupRow] = &[
    ("", Some("bad"), Some(".env"), None),
    ("-b", None, None, Some((Control::Existing, "~"))),
    ("-b", Some(""), Some(""), Some((Control::Existing, "~"))),
    ("-b", Some("t"), Some(".env"), Some((Control::Numbered, ".env"))),
    ("-b", Some("none"), None, None),
    ("-b", Some("nev"), Some("a/b"), Some((Control::Simple, "~"))),
    ("-b", None, Some("a/"), Some((Control::Existing, "a/"))),
    ("--backup=simple -b", Some("numbered"), None, Some((Control::Simple, "~"))),
    ("--backup=numbered --backup", None, None, Some((Control::Numbered, "~"))),
    ("--backup=t --backup=", Some("simple"), None, Some((Control::Simple, "~"))),
    ("--backup=bad --backup=nil", None, None, Some((Control::Existing, "~"))),
    ("--backup=none -b", None, None, None),
    ("--backup=off -S.x", None, None, None),
    ("-S.x", Some("t"), None, Some((Control::Numbered, ".x"))),
    ("-S.x", None, Some(".env"), Some((Control::Existing, ".x"))),
    ("-Sx/y", None, Some(".env"), Some((Control::Existing, "~"))),
    ("-S/", None, None, Some((Control::Existing, "~"))),
    ("-Sa/b/", None, None, Some((Control::Existing, "~"))),
    ("-Sa//", None, None, Some((Control::Existing, "a//"))),
    ("-S.x --suffix=", None, Some(".env"), Some((Control::Existing, "~"))),
    ("-b --update=none -u", None, None, Some((Control::Existing, "~"))),
];

#[test]
fn how_replaced_files_are_kept() {
    for (line, control, suffix, expected) in BACKUP {
        let surroundings = Environment {
            version_control: control.map(Into::into),
            backup_suffix: suffix.map(Into::into),
            ..Environment::default()
        };
        let expected = expected.map(|(control, suffix)| Backup { control, suffix: suffix.into() });
        assert_eq!(options_in(line, &surroundings).backup, expected, "{line} {control:?} {suffix:?}");
    }
}

#[test]
fn of_words_and_contexts_the_last_counts() {
    let data = |line: &str| {
        let CpOptions { sparse, reflink, .. } = options(line);
        (sparse, reflink)
    };
    assert_eq!(data(""), (Sparse::Auto, Reflink::Auto));
    assert_eq!(data("--reflink --sparse=never --sparse=au"), (Sparse::Auto, Reflink::Always));
    assert_eq!(data("--reflink --reflink=n --sparse=alw"), (Sparse::Always, Reflink::Never));
    assert_eq!(data("--reflink=never --reflink=auto --sparse=n"), (Sparse::Never, Reflink::Auto));
    let selinux = Environment { selinux: || true, ..Environment::default() };
    let context = |line: &str| options_in(line, &selinux).context;
    assert_eq!(context("-a"), Context::Inherited);
    assert_eq!(context("-Z"), Context::DefaultType);
    assert_eq!(context("--context"), Context::DefaultType);
    assert_eq!(context("--context=x -Z"), Context::Given("x".into()));
    assert_eq!(context("-Z --context=x --context=y"), Context::Given("y".into()));
    assert_eq!(options("-Z").context, Context::Inherited);
    let kept = |line: &str| options_in(line, &selinux).preserve.context;
    assert_eq!([kept(""), kept("-a"), kept("--preserve=all")], [Keep::No, Keep::Quietly, Keep::Telling]);
    assert_eq!(kept("--preserve=context -Z"), Keep::Require);
    assert_eq!(kept("--preserve=context --no-preserve=all"), Keep::No);
    assert_eq!(kept("--preserve=context --no-preserve=all -a"), Keep::Require);
}

#[test]
fn a_context_that_the_kernel_lacks_is_a_warning_each_time() {
    let warning = "warning: ignoring --context; it requires an SELinux-enabled kernel";
    let warnings = |line: &str| {
        let warnings = parse_in(line, &Environment::default()).warnings;
        warnings.into_iter().map(|words| words.english).collect::<Vec<_>>()
    };
    assert_eq!(warnings("--context=x --context= a b"), [warning; 2]);
    assert_eq!(warnings("--context=x --sparse=bad"), [warning]);
    assert_eq!(warnings("--context=x --nosuch"), [warning]);
    assert_eq!(warnings("--context=x --help"), [warning]);
    assert!(warnings("--help --context=x").is_empty());
    assert!(warnings("-Z --context a b").is_empty());
}

#[test]
fn plain_switches() {
    let all = options(
        "--attributes-only --copy-contents --debug --keep-directory-symlink --path --remove-destination \
         --strip-trailing-slashes -x -s -r",
    );
    assert!(all.attributes_only && all.copy_contents && all.debug && all.verbose && all.recursive);
    assert!(all.keep_directory_symlink && all.parents && all.remove_destination);
    assert!(all.strip_trailing_slashes && all.one_file_system);
    assert_eq!(all.make, Make::SymbolicLinks);
    assert_eq!(options("-l").make, Make::HardLinks);
    let none = options("");
    assert_eq!(
        none,
        CpOptions {
            sources: none.sources.clone(),
            destination: none.destination.clone(),
            ..CpOptions::default()
        }
    );
}
