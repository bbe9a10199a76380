//! What the methods of a [`Copy`](struct@Copy) mean together: the options of a run, or the contradiction in the words of `ucp`.

use super::{Attribute, Control, Copy, Follow, Make, Overwrite, Reflink, Sparse};
use crate::cli::cp::options::{Backup, Keep};
use crate::cli::cp::{CpOptions, Destination};
use crate::cli::patterns::{Pattern, Patterns};
use std::ffi::OsString;

impl Copy<'_> {
    /// Keeps an attribute, or does not.
    pub(super) fn keep(&mut self, attribute: Attribute, keep: bool) {
        let all = if self.archive { Keep::Quietly } else { Keep::Telling };
        let preserve = &mut self.options.preserve;
        preserve.set(attribute, keep);
        match attribute {
            Attribute::Context => preserve.context = if keep { Keep::Require } else { Keep::No },
            Attribute::Xattr => preserve.xattr = if keep { Keep::Require } else { Keep::No },
            // Contexts, which `-a` leaves to the kernel too, are there only for users that name them.
            Attribute::All => {
                preserve.xattr = match preserve.xattr {
                    _ if !keep => Keep::No,
                    Keep::Require => Keep::Require,
                    Keep::No | Keep::Quietly | Keep::Telling => all,
                };
            }
            Attribute::Mode | Attribute::Timestamps | Attribute::Ownership | Attribute::Links => {}
        }
    }

    /// What the options mean together, in the words of `ucp` where they contradict one another.
    pub(super) fn resolve(self) -> Result<CpOptions, String> {
        let mut options = self.options;
        if options.sources.is_empty() {
            return Err("missing file operand".into());
        }
        match &options.destination {
            Destination::Exactly(_) if options.sources.len() > 1 => {
                return Err("several sources cannot have one name".into());
            }
            Destination::Exactly(_) if options.parents => {
                return Err("with --parents, the destination must be a directory".into());
            }
            Destination::Directory(_) | Destination::Last(_) | Destination::Exactly(_) => {}
        }
        let control = self.backup.or(self.suffix.is_some().then_some(Control::Existing));
        let replaces = matches!(options.overwrite, Overwrite::All | Overwrite::Older);
        if control.is_some() && !replaces {
            return Err("--backup is mutually exclusive with -n or --update=none-fail".into());
        }
        if options.reflink == Reflink::Always && options.sparse != Sparse::Auto {
            return Err("--reflink can be used only with --sparse=auto".into());
        }
        let links = options.make == Make::HardLinks;
        let default = if options.recursive && !links { Follow::Never } else { Follow::Always };
        options.follow = self.follow.unwrap_or(default);
        options.backup = control.map(|control| Backup::new(control, self.suffix));
        if !self.patterns.is_empty() {
            options.extensions.choosing.patterns = Some(patterns(&self.patterns)?);
        }
        Ok(options)
    }
}

/// Reads globs, the first given first.
fn patterns(given: &[(OsString, bool)]) -> Result<Patterns, String> {
    let refused = |glob: &OsString, why: &str| format!("invalid pattern {}: {why}", glob.display());
    let read = |(glob, include): &(OsString, bool)| match glob.to_str() {
        Some(text) => Ok(Pattern { glob: text.to_owned(), include: *include }),
        None => Err(refused(glob, "it is not UTF-8; '?' stands for any byte")),
    };
    let all = given.iter().map(read).collect::<Result<_, _>>()?;
    Patterns::read(all).map_err(|bad| refused(&given[bad.number].0, &bad.why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::EngineKind;
    use crate::cli::{Environment, Request, cp};
    use crate::report::language::Language;
    use crate::report::quote::Charset;
    use std::num::NonZeroUsize;

    /// What a command line means.
    fn parsed(line: &str) -> CpOptions {
        let arguments = line.split(' ').map(OsString::from);
        let parsed = cp::parse(arguments, &Environment::default(), &Language::english(Charset::Utf8));
        match parsed.request {
            Ok(Request::Run(options)) => options,
            other => panic!("{line}: {other:?}"),
        }
    }

    /// A method, or several.
    type Change = fn(Copy<'static>) -> Copy<'static>;

    #[test]
    fn methods_mean_what_options_mean() {
        let cases: [(&str, Change); 22] = [
            ("", |copy| copy),
            ("-r", |copy| copy.recursive(true)),
            ("-rL", |copy| copy.recursive(true).follow(Follow::Always)),
            ("-rl", |copy| copy.recursive(true).make(Make::HardLinks)),
            ("-rs", |copy| copy.recursive(true).make(Make::SymbolicLinks)),
            ("-a", Copy::archive),
            ("-a --no-preserve=mode", |copy| copy.archive().no_preserve(Attribute::Mode)),
            ("-a --preserve=xattr", |copy| copy.archive().preserve(Attribute::Xattr)),
            ("--preserve=xattr -a", |copy| copy.preserve(Attribute::Xattr).archive()),
            ("--preserve=all -a", |copy| copy.preserve(Attribute::All).archive()),
            ("-a -L", |copy| copy.archive().follow(Follow::Always)),
            ("-p --preserve=links", |copy| {
                use Attribute::{Links, Mode, Ownership, Timestamps};
                [Mode, Ownership, Timestamps, Links].into_iter().fold(copy, Copy::preserve)
            }),
            ("--preserve=all", |copy| copy.preserve(Attribute::All)),
            ("--update=older -f", |copy| copy.overwrite(Overwrite::Older).force(true)),
            ("-n --parents", |copy| copy.overwrite(Overwrite::Skip).parents(true)),
            ("--backup=numbered", |copy| copy.backup(Control::Numbered)),
            ("-S .old", |copy| copy.suffix(".old")),
            ("--backup=simple -S a/b", |copy| copy.backup(Control::Simple).suffix("a/b")),
            ("--sparse=always --reflink=never -x", |copy| {
                copy.sparse(Sparse::Always).reflink(Reflink::Never).one_file_system(true)
            }),
            ("--exclude=*.o --include=a.o --gitignore", |copy| {
                copy.exclude("*.o").include("a.o").gitignore(true)
            }),
            ("--fsync --atomic --verify --direct --remove-destination", |copy| {
                copy.fsync(true).atomic(true).verify(true).direct(true).remove_destination(true)
            }),
            ("--engine=sync --jobs=3 --attributes-only --keep-directory-symlink", |copy| {
                let copy = copy.engine(EngineKind::Sync).jobs(NonZeroUsize::MIN.saturating_add(2));
                copy.attributes_only(true).keep_directory_symlink(true)
            }),
        ];
        for (options, change) in cases {
            let line = format!("{options} source destination");
            let copy = change(Copy::new(["source"], "destination"));
            assert_eq!(copy.resolve(), Ok(parsed(line.trim_start())), "{options}");
        }
        let directory = Copy::new(["source"], "destination").into_directory();
        assert_eq!(directory.resolve(), Ok(parsed("-t destination source")));
        let name = Copy::new(["source"], "destination").onto_name();
        assert_eq!(name.resolve(), Ok(parsed("-T source destination")));
    }
}
