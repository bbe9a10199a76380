//! From the options as typed, one after the other, to what they mean together. GNU acts on options as it reads them, so
//! a wrong argument is told before a mistake further on; what contradicts is told at the end.

use super::keywords::{self, Attribute, choose};
use super::options::{
    Backup, Context, Control, CpOptions, Follow, Keep, Make, Overwrite, Preserve, Reflink, Sparse,
};
use crate::cli::{Environment, UsageError};
use crate::report::language::{Language, Words};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// What has been read so far.
#[derive(Debug, Default)]
pub(super) struct OptionResolver {
    /// What needs no second look is put here at once.
    options: CpOptions,
    /// The last of `-P -L -H -d -a`.
    follow: Option<Follow>,
    hard_links: bool,
    symbolic_links: bool,
    /// `-n` was typed after the last `-i`.
    no_clobber: bool,
    /// `-a` was typed.
    archive: bool,
    /// `--preserve=xattr` was typed. `--no-preserve=xattr` takes it back, `--no-preserve=all` does not.
    require_xattr: bool,
    /// `--preserve=context` was typed, likewise.
    require_context: bool,
    keep_xattr: bool,
    keep_context: bool,
    /// `-b`, `--backup` or `-S` was typed.
    backup: bool,
    /// The last argument of `--backup`.
    control: Option<OsString>,
    suffix: Option<OsString>,
    /// The argument of `-t`.
    pub target_directory: Option<OsString>,
    /// `-T`.
    pub no_target_directory: bool,
    /// Messages that belong before anything else that is said.
    pub warnings: Vec<Words>,
}

/// Splits one option of getopt's spelling into name and argument.
fn split(option: &OsStr) -> (&str, Option<&OsStr>) {
    let bytes = option.as_bytes();
    let equals = bytes.iter().position(|&byte| byte == b'=');
    let name = std::str::from_utf8(&bytes[..equals.unwrap_or(bytes.len())]).unwrap_or_default();
    (name, equals.map(|equals| OsStr::from_bytes(&bytes[equals + 1..])))
}

impl OptionResolver {
    /// Acts on the next option.
    ///
    /// # Errors
    /// Its argument is wrong.
    pub(super) fn add(
        &mut self,
        option: &OsStr,
        surroundings: &Environment,
        language: &Language,
    ) -> Result<(), UsageError> {
        let (name, argument) = split(option);
        match argument {
            Some(argument) => self.add_valued(name, argument, surroundings, language),
            None => {
                self.add_bare(name, surroundings);
                Ok(())
            }
        }
    }

    fn add_bare(&mut self, name: &str, surroundings: &Environment) {
        let options = &mut self.options;
        match name {
            "--archive" => {
                self.archive = true;
                options.recursive = true;
                self.follow = Some(Follow::Never);
                self.preserve(Attribute::All, true);
            }
            "--attributes-only" => options.attributes_only = true,
            "-b" | "--backup" => self.backup = true,
            "--context" | "-Z" if (surroundings.selinux)() => {
                options.context = match std::mem::take(&mut options.context) {
                    Context::Inherited | Context::DefaultType => Context::DefaultType,
                    Context::Given(context) => Context::Given(context),
                };
            }
            "--copy-contents" => options.copy_contents = true,
            "-d" => {
                self.follow = Some(Follow::Never);
                options.preserve.links = true;
            }
            "--debug" => (options.debug, options.verbose) = (true, true),
            "--dereference" => self.follow = Some(Follow::Always),
            "--direct" => options.direct = true,
            "--force" => options.force = true,
            "-H" => self.follow = Some(Follow::CommandLine),
            "--interactive" => (options.ask, self.no_clobber) = (true, false),
            "--keep-directory-symlink" => options.keep_directory_symlink = true,
            "--link" => self.hard_links = true,
            "--no-clobber" => self.no_clobber = true,
            "--no-dereference" => self.follow = Some(Follow::Never),
            "--no-target-directory" => self.no_target_directory = true,
            "--one-file-system" => options.one_file_system = true,
            "-p" | "--preserve" => {
                for attribute in [Attribute::Mode, Attribute::Ownership, Attribute::Timestamps] {
                    self.preserve(attribute, true);
                }
            }
            "--parents" => options.parents = true,
            "--recursive" => options.recursive = true,
            "--reflink" => options.reflink = Reflink::Always,
            "--remove-destination" => options.remove_destination = true,
            "--strip-trailing-slashes" => options.strip_trailing_slashes = true,
            "--symbolic-link" => self.symbolic_links = true,
            "-u" | "--update" => options.overwrite = Overwrite::Older,
            "--verbose" => options.verbose = true,
            // Contexts that the kernel does not have, and our own options, which are read elsewhere.
            _ => {}
        }
    }

    fn add_valued(
        &mut self,
        name: &str,
        argument: &OsStr,
        surroundings: &Environment,
        language: &Language,
    ) -> Result<(), UsageError> {
        let options = &mut self.options;
        let bytes = argument.as_bytes();
        match name {
            "--backup" => (self.backup, self.control) = (true, Some(argument.to_owned())),
            "--context" if (surroundings.selinux)() => options.context = Context::Given(argument.to_owned()),
            "--context" => {
                let english = "warning: ignoring --context; it requires an SELinux-enabled kernel";
                self.warnings.push(Words::gnu(english));
            }
            "--no-preserve" | "--preserve" => {
                for attribute in bytes.split(|&byte| byte == b',') {
                    let attribute = choose(keywords::ATTRIBUTES, attribute, name.as_bytes(), language)?;
                    self.preserve(attribute, name == "--preserve");
                }
            }
            "--reflink" => options.reflink = choose(keywords::REFLINK, bytes, name.as_bytes(), language)?,
            "--sparse" => options.sparse = choose(keywords::SPARSE, bytes, name.as_bytes(), language)?,
            "--suffix" => (self.backup, self.suffix) = (true, Some(argument.to_owned())),
            "--target-directory" => match self.target_directory.replace(argument.to_owned()) {
                None => {}
                Some(_) => {
                    return Err(UsageError::plain(
                        language.text(Words::gnu("multiple target directories specified")),
                    ));
                }
            },
            "--update" => options.overwrite = choose(keywords::UPDATE, bytes, name.as_bytes(), language)?,
            // Our own options are read elsewhere.
            _ => {}
        }
        Ok(())
    }

    fn preserve(&mut self, attribute: Attribute, keep: bool) {
        self.options.preserve.set(attribute, keep);
        match attribute {
            Attribute::Context => (self.keep_context, self.require_context) = (keep, keep),
            Attribute::Xattr => (self.keep_xattr, self.require_xattr) = (keep, keep),
            // What was required before stays so when it is kept again.
            Attribute::All => (self.keep_context, self.keep_xattr) = (keep, keep),
            Attribute::Mode | Attribute::Timestamps | Attribute::Ownership | Attribute::Links => {}
        }
    }

    /// What all options mean together.
    ///
    /// # Errors
    /// The first contradiction, in GNU's order.
    pub(super) fn finish(
        mut self,
        surroundings: &Environment,
        language: &Language,
    ) -> Result<CpOptions, UsageError> {
        let say = |english| language.text(Words::gnu(english));
        self.options.make = match (self.hard_links, self.symbolic_links) {
            (true, true) => return Err(UsageError::usage(say("cannot make both hard and symbolic links"))),
            (true, false) => Make::HardLinks,
            (false, true) => Make::SymbolicLinks,
            (false, false) => Make::Copies,
        };
        self.decide_overwrite();
        let replaces = matches!(self.options.overwrite, Overwrite::All | Overwrite::Older);
        if self.backup && !replaces {
            let why = "--backup is mutually exclusive with -n or --update=none-fail";
            return Err(UsageError::usage(say(why)));
        }
        if self.options.reflink == Reflink::Always && self.options.sparse != Sparse::Auto {
            return Err(UsageError::usage(say("--reflink can be used only with --sparse=auto")));
        }
        self.options.backup = self.decide_backup(surroundings, language)?;
        self.options.preserve = self.decide_preserve(surroundings, language)?;
        let default = if self.options.recursive && !self.hard_links { Follow::Never } else { Follow::Always };
        self.options.follow = self.follow.unwrap_or(default);
        self.options.posixly_correct = surroundings.posixly_correct;
        Ok(self.options)
    }

    /// `-n` beats every `--update`, typed before or after it; of several `--update` the last one counts.
    fn decide_overwrite(&mut self) {
        if self.no_clobber {
            self.options.overwrite = Overwrite::Skip;
        }
        self.options.ask &= matches!(self.options.overwrite, Overwrite::All | Overwrite::Older);
    }

    fn decide_backup(
        &self,
        surroundings: &Environment,
        language: &Language,
    ) -> Result<Option<Backup>, UsageError> {
        if !self.backup {
            return Ok(None);
        }
        let given = |control: &Option<OsString>| control.clone().filter(|control| !control.is_empty());
        let typed = given(&self.control).map(|control| (control, language.text(Words::gnu("backup type"))));
        let variable =
            || given(&surroundings.version_control).map(|control| (control, b"$VERSION_CONTROL".to_vec()));
        let control = match typed.or_else(variable) {
            None => Some(Control::Existing),
            Some((control, source)) => choose(keywords::BACKUP, control.as_bytes(), &source, language)?,
        };
        let suffix = self.suffix.as_ref().or(surroundings.backup_suffix.as_ref());
        Ok(control.map(|control| Backup::new(control, suffix.cloned())))
    }

    fn decide_preserve(
        &self,
        surroundings: &Environment,
        language: &Language,
    ) -> Result<Preserve, UsageError> {
        let selinux = (self.keep_context || self.require_context) && (surroundings.selinux)();
        if self.require_context && !selinux {
            let why = "cannot preserve security context without an SELinux-enabled kernel";
            return Err(UsageError::plain(language.text(Words::gnu(why))));
        }
        let keep = |keep: bool, require: bool| match (keep, require, self.archive) {
            (false, _, _) => Keep::No,
            (true, true, _) => Keep::Require,
            (true, false, true) => Keep::Quietly,
            (true, false, false) => Keep::Telling,
        };
        let context = keep(self.keep_context && selinux, self.require_context);
        if context == Keep::Require && matches!(self.options.context, Context::Given(_)) {
            return Err(UsageError::plain(
                language.text(Words::gnu("cannot set target context and preserve it")),
            ));
        }
        Ok(Preserve { context, xattr: keep(self.keep_xattr, self.require_xattr), ..self.options.preserve })
    }
}
