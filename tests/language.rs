//! The user's language: questions, answers, messages and names as the locale is set.
//!
//! The translations are made up here, and say where they come from. GNU cp and cat take them from the same places.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::common::language::{Languages, catalogue};
use crate::common::{Sandbox, each_engine, needs_extensions, skip};

const STAT: &str = "cannot stat %s";

#[test]
fn answers_mean_yes_where_the_locale_says_so() {
    type Answers<'a> = &'a [&'a [u8]];
    let cases: [(&str, Answers<'_>, Answers<'_>); 4] = [
        ("de_DE.UTF-8", &[b"j", b"ja", b"J", b"y", b"1", b"+"], &[b"n", b"o", b"", b" j", b"\0j", b"\xc3"]),
        ("fr_FR", &[b"o", b"Oui", b"yes"], &[b"j", b"non", b"\xf4"]),
        (
            "ja_JP.UTF-8",
            &["はい".as_bytes(), "ハイ".as_bytes(), "ｙ".as_bytes(), b"y"],
            &["いいえ".as_bytes(), b"j"],
        ),
        ("C", &[b"y", b"Y"], &[b"j", b"1", b"+"]),
    ];
    each_engine(|s| {
        let Some(languages) = Languages::new(s) else { return };
        let copies = |locale: &str, answer: &[u8]| {
            s.file("a", "new").file("b", "old");
            let line = [answer, b"\nrest"].concat();
            s.cp(["-i", "a", "b"]).speaking(locale, &languages).input(line).run();
            s.read("b") == b"new"
        };
        for (locale, yes, no) in cases {
            for answer in yes {
                assert!(copies(locale, answer), "{locale}: {}", answer.escape_ascii());
            }
            for answer in no {
                assert!(!copies(locale, answer), "{locale}: {}", answer.escape_ascii());
            }
        }
    });
}

#[test]
fn what_cp_says_comes_from_the_catalogues() {
    each_engine(|s| {
        let Some(languages) = Languages::new(s) else { return };
        languages.catalogue(
            "de",
            "coreutils",
            &[
                (" (backup: %s)", " [Kopie: %s]"),
                ("%s and %s are the same file", "%2$s = %1$s"),
                ("%s: overwrite %s? ", "%2$s ersetzen, %1$s? "),
                ("Try '%s --help' for more information.\n", "Hilfe: %s --help.\n"),
                ("cannot open %s for reading", "lies %s: 100 %% nichts"),
                (STAT, "kein Stätt: %s"),
                ("missing file operand", "keine Datei"),
                ("removed %s\n", "weg: %s\n"),
            ],
        );
        languages.catalogue(
            "de",
            "gnulib",
            &[
                ("'", "«"),
                ("Valid arguments are:", "Es gibt:"),
                ("`", "»"),
                ("invalid argument %s for %s", "%2$s ohne %1$s"),
            ],
        );
        languages.catalogue(
            "de",
            "libc",
            &[
                ("%s: unrecognized option '%s%s'\n", "%s: »%s%s«?\n"),
                ("No such file or directory", "Nicht da"),
            ],
        );
        s.file("a", "new").file("b", "old").file("c", "old");
        let cp = |arguments: &[&str]| s.cp(arguments).speaking("de_DE.UTF-8", &languages);
        cp(&["x", "é"]).fails("ucp: kein Stätt: 'x': Nicht da\n");
        cp(&["a", "./a"]).fails("ucp: './a' = 'a'\n");
        cp(&["-i", "a", "b"]).input("n\n").run().ends(1).complains("'b' ersetzen, ucp? ");
        cp(&["-vb", "a", "b"]).succeeds().prints("'a' -> 'b' [Kopie: 'b~']\n");
        cp(&["-v", "--remove-destination", "a", "c"]).succeeds().prints("weg: 'c'\n'a' -> 'c'\n");
        cp(&[]).fails("ucp: keine Datei\nHilfe: ucp --help.\n");
        cp(&["--nosuch"]).called("dir/ucp").fails("dir/ucp: »--nosuch«?\nHilfe: dir/ucp --help.\n");
        let lists = "  - »never«\n  - »auto«\n  - »always«\n";
        let says = format!("ucp: »--sparse« ohne »é\\««\nEs gibt:\n{lists}Hilfe: ucp --help.\n");
        cp(&["--sparse=é«", "a", "b"]).fails(&says);
        // What has no translation is English, beside a reason that has one.
        cp(&["-t", "x", "a"]).fails("ucp: target directory 'x': Nicht da\n");
    });
}

#[test]
fn what_cat_says_comes_from_the_catalogues() {
    each_engine(|s| {
        let Some(languages) = Languages::new(s) else { return };
        languages.catalogue(
            "de",
            "coreutils",
            &[
                ("%s: input file is output file", "%s liest sich selbst"),
                ("standard output", "Ausgabe"),
                ("write error", "Schreibfehler"),
            ],
        );
        languages.catalogue(
            "de",
            "libc",
            &[
                ("Bad file descriptor", "Schlecht"),
                ("No space left on device", "Voll"),
                ("No such file or directory", "Nicht da"),
            ],
        );
        s.file("a", "text");
        let cat = |arguments: &[&str]| s.cat(arguments).speaking("de_DE.UTF-8", &languages);
        cat(&["x"]).fails("ucat: x: Nicht da\n");
        cat(&["a"]).stdout_full().fails("ucat: Schreibfehler: Voll\n");
        cat(&["a"]).close(1).fails("ucat: Ausgabe: Schlecht\n");
        let itself = fs::File::options().append(true).open(s.path("a")).unwrap();
        cat(&["a"]).stdout(itself).fails("ucat: a liest sich selbst\n");
    });
}

#[test]
fn names_and_translations_are_in_the_locale_s_character_set() {
    each_engine(|s| {
        let Some(languages) = Languages::new(s) else { return };
        let messages = [(STAT, "„é“ – もの: %s"), ("missing file operand", "«é»")];
        languages.catalogue("fr", "coreutils", &messages);
        languages.catalogue("de", "coreutils", &messages);
        let says = |locale: &str, name: &[u8]| {
            let name = std::ffi::OsStr::from_bytes(name);
            let outcome = s.cp([name, "x".as_ref()]).env("LANG", "x").speaking(locale, &languages);
            let file = fs::File::create(s.path("said")).unwrap();
            outcome.both_streams_to(&file).run().ends(1);
            let said = s.read("said");
            said.strip_suffix(b": No such file or directory\n").unwrap().escape_ascii().to_string()
        };
        // The character that quotes in German is another in a German locale's opinion than in a French one's.
        assert_eq!(says("fr_FR", b"\xe9\x80"), r#"ucp: ,,\xe9\" - ??: \'\xe9\'$\'\\200\'"#);
        assert_eq!(says("de_DE", b"\xe9"), r"ucp: \xbb\xe9\xab - ??: \'\xe9\'");
        // Names are in the locale's character set wherever translations are to go.
        let run = s.cp(["é", "x"]).speaking("de_DE.UTF-8", &languages);
        let file = fs::File::create(s.path("said")).unwrap();
        run.env("OUTPUT_CHARSET", "latin1").both_streams_to(&file).run().ends(1);
        assert_eq!(s.read("said"), b"ucp: \xbb\xe9\xab - ??: '\xc3\xa9': No such file or directory\n");
        let run = s.cp(["é", "x"]).speaking("de_DE.UTF-8", &languages);
        let english = "ucp: cannot stat 'é': No such file or directory\n";
        run.env("OUTPUT_CHARSET", "nosuch").fails(english);
        let utf8 = says("de_DE.UTF-8", "é".as_bytes());
        assert_eq!(utf8, "ucp: „é“ – もの: 'é'".as_bytes().escape_ascii().to_string());
    });
}

#[test]
fn the_variables_choose_the_catalogue() {
    each_engine(|s| {
        let Some(languages) = Languages::new(s) else { return };
        for language in ["de", "de_DE", "fr", "de@x", "sr"] {
            let says = format!("{language}: %s");
            languages.catalogue(language, "coreutils", &[(STAT, &says)]);
        }
        languages.catalogue("de_DE", "coreutils", &[("cannot access %s", "%s")]);
        fs::write(languages.catalogues().join("locale.alias"), "# names\nserbian sr_RS.UTF-8\n").unwrap();
        let says = |variables: &[(&str, &str)]| {
            let run = s.cp(["x", "y"]).speaking("", &languages).env("LANG", "");
            let run = variables.iter().fold(run, |run, (name, value)| run.env(name, value));
            let said = run.run().ends(1).stderr();
            said.strip_prefix("ucp: ").unwrap().split(": ").next().unwrap().to_owned()
        };
        let german = |language: &str| says(&[("LC_ALL", "de_DE.UTF-8"), ("LANGUAGE", language)]);
        // A catalogue that lacks a message leaves it to the more general one.
        assert_eq!(german(""), "de");
        for (language, first) in
            [("fr", "fr"), ("xx:fr:de", "fr"), ("de_AT@x", "de@x"), ("serbian", "sr"), ("::fr", "fr")]
        {
            assert_eq!(german(language), first, "{language}");
        }
        let english = "cannot stat 'x'";
        for language in ["xx", "C:fr", "POSIX:fr", "../catalogues/fr", "/usr/share/locale/fr", ":"] {
            assert_eq!(german(language), english, "{language}");
        }
        assert_eq!(says(&[("LANG", "de_DE.UTF-8")]), "de");
        assert_eq!(says(&[("LANG", "C"), ("LC_MESSAGES", "fr_FR")]), "fr");
        assert_eq!(says(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8"), ("LANGUAGE", "fr")]), english);
        assert_eq!(says(&[("LC_CTYPE", "de_DE.UTF-8"), ("LANGUAGE", "fr")]), english);
        // One category that is not installed, and all are the C locale's.
        assert_eq!(says(&[("LANG", "de_DE.UTF-8"), ("LC_TIME", "xx_XX")]), english);
        assert_eq!(says(&[("LC_ALL", "xx_XX")]), english);
    });
}

#[test]
fn a_catalogue_that_is_no_good_gives_english() {
    // The C library believes a catalogue.
    if !needs_extensions() {
        return;
    }
    each_engine(|s| {
        let Some(languages) = Languages::new(s) else { return };
        let good = catalogue("UTF-8", &[(STAT, "kein %s")]);
        let says = |file: &[u8]| {
            languages.file("de", "coreutils", file);
            s.cp(["x", "y"]).speaking("de_DE.UTF-8", &languages).run().ends(1).stderr()
        };
        let english = "ucp: cannot stat 'x': No such file or directory\n";
        assert_eq!(says(&good), "ucp: kein 'x': No such file or directory\n");
        for translation in ["%d", "%n%s", "%s%s", "nichts", "%2$s", "%s\n"] {
            assert_eq!(says(&catalogue("UTF-8", &[(STAT, translation)])), english, "{translation}");
        }
        for length in [0, 3, 20, good.len() / 2] {
            assert_eq!(says(&good[..length]), english, "{length} bytes");
        }
        assert_eq!(says(&catalogue("nosuch", &[(STAT, "kein %s")])), english);
        let huge = [&good[..], &vec![0; 9 << 20]].concat();
        assert_eq!(says(&huge), english, "9 MiB");
        let place = languages.file("de", "coreutils", b"");
        fs::remove_file(&place).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &place, 0o666.into()).unwrap();
        s.cp(["x", "y"]).speaking("de_DE.UTF-8", &languages).fails(english);
    });
}

/// Whether any of these files is read while `run` is at it. A kernel notes that, where a file was changed since.
fn reads(files: &[&Path], run: impl FnOnce()) -> bool {
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let accessed = |file: &Path| fs::metadata(file).unwrap().accessed().unwrap();
    for file in files {
        fs::File::options()
            .append(true)
            .open(file)
            .unwrap()
            .set_times(fs::FileTimes::new().set_accessed(long_ago))
            .unwrap();
    }
    run();
    files.iter().any(|file| accessed(file) != long_ago)
}

#[test]
fn a_silent_run_reads_no_catalogue() {
    // GNU's programs load the locale before anything else.
    if !needs_extensions() {
        return;
    }
    each_engine(|s: &Sandbox| {
        let Some(languages) = Languages::new(s).map(Languages::with_own_locales) else { return };
        let catalogue = languages.catalogue("de", "coreutils", &[(STAT, "kein %s")]);
        let alias = languages.catalogues().join("locale.alias");
        fs::write(&alias, "german de_DE\n").unwrap();
        s.file("a", "text").file("d/b", "text");
        let cp = |arguments: &[&str]| s.cp(arguments).speaking("de_DE.UTF-8", &languages);
        let cat = |arguments: &[&str]| s.cat(arguments).speaking("de_DE.UTF-8", &languages);
        let loud = || drop(cp(&["x", "y"]).fails("ucp: kein 'x': No such file or directory\n"));
        if !reads(&[&catalogue], loud) {
            return skip("the file system does not note when a file is read");
        }
        let characters = languages.locales().join("de_DE.UTF-8/LC_CTYPE");
        let files = [catalogue.as_path(), alias.as_path(), characters.as_path()];
        for arguments in [&["a", "c"][..], &["-r", "d", "e"], &["-a", "-f", "a", "d/b"]] {
            assert!(!reads(&files, || drop(cp(arguments).succeeds())), "{arguments:?}");
        }
        assert!(!reads(&files, || drop(cat(&["a", "d/b"]).succeeds())));
        // Names are quoted for the locale, and there is nothing to translate.
        assert!(!reads(&files[..1], || drop(cp(&["-v", "a", "c"]).succeeds())));
    });
}
