//! What the methods of a [`Copy`] mean together: the options of a run, or the contradiction in the words of `ucp`.

use super::{Attribute, Control, Copy, Follow, Make, Overwrite, Reflink, Sparse};
use crate::cli::cp::options::{Backup, Keep, PreserveMode};
use crate::cli::cp::{CpOptions, Destination};
use crate::cli::patterns::{Pattern, Patterns};
use std::ffi::OsString;

impl Copy<'_> {
    /// Keeps an attribute, or does not.
    pub(super) fn keep(&mut self, attribute: Attribute, keep: bool) {
        let all = if self.archive { Keep::Quietly } else { Keep::Telling };
        let preserve = &mut self.options.preserve;
        match attribute {
            Attribute::Mode => {
                preserve.mode = if keep { PreserveMode::Keep } else { PreserveMode::Ignore };
            }
            Attribute::Timestamps => preserve.timestamps = keep,
            Attribute::Ownership => preserve.ownership = keep,
            Attribute::Links => preserve.links = keep,
            Attribute::Context => preserve.context = if keep { Keep::Require } else { Keep::No },
            Attribute::Xattr => preserve.xattr = if keep { Keep::Require } else { Keep::No },
            Attribute::All => {
                // Contexts, which `-a` leaves to the kernel too, are there only for who names them.
                preserve.xattr = match preserve.xattr {
                    _ if !keep => Keep::No,
                    Keep::Require => Keep::Require,
                    Keep::No | Keep::Quietly | Keep::Telling => all,
                };
                use Attribute::{Links, Mode, Ownership, Timestamps};
                for each in [Mode, Timestamps, Ownership, Links] {
                    self.keep(each, keep);
                }
            }
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
