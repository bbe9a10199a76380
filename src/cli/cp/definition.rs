//! Which options `ucp` has: their names, arguments and help.

use super::extensions;
use crate::cli::{EXTENSIONS, flag, help_and_version, knobs, optional, short_flag, valued};
use clap::{Arg, Command};

const USAGE: &str = "\
Usage: {program} [OPTION]... [-T] SOURCE DEST
  or:  {program} [OPTION]... SOURCE... DIRECTORY
  or:  {program} [OPTION]... -t DIRECTORY SOURCE...
  or:  {program} [OPTION]... --files0-from=FILE DIRECTORY
Copy SOURCE to DEST, or multiple SOURCE(s) to DIRECTORY.";

const NOTES: &str = "\
An ATTR_LIST names, with commas between: mode (permissions and ACLs),
ownership, timestamps, links (which files are hard links of one another),
context, xattr (extended attributes), or all.

The backup suffix is '~', or $SIMPLE_BACKUP_SUFFIX, or that of -S, which alone
asks for backups too. CONTROL, or else $VERSION_CONTROL, is one of
  none, off         no backups after all
  numbered, t       numbers: FILE.~1~, FILE.~2~, ...
  existing, nil     numbers where the file has numbered backups, else the
                    suffix (this is the default)
  simple, never     the suffix

Options of GNU may be abbreviated, extensions may not. Messages, questions and
what means yes are as the locale says. Exit status: 0 if all was copied, 1 if
anything was not. The manual, ucp(1), says more.";

/// The definition of the command line.
#[must_use]
pub(crate) fn command() -> Command {
    crate::cli::command("ucp", USAGE.to_owned()).args(options()).after_help(NOTES)
}

/// Every option, in the order in which GNU's messages list them.
pub(super) fn options() -> Vec<Arg> {
    let [help, version] = help_and_version();
    let mut options = files_and_links();
    options.extend(attributes_and_names());
    options.extend([help, version]);
    let direct = flag("direct", None, "go past the page cache where that is possible");
    options.push(direct.help_heading(EXTENSIONS));
    options.extend(extensions::arguments());
    options.extend(knobs::arguments());
    options.push(knobs::polling());
    options
}

/// The first part of GNU's options, in its order.
fn files_and_links() -> Vec<Arg> {
    vec![
        flag("archive", Some('a'), "copy all there is to a tree: -d -R --preserve=all"),
        flag("attributes-only", None, "copy the attributes of files and leave their data"),
        short_flag('b', "as --backup without an argument"),
        optional("backup", "CONTROL", "keep each replaced file under another name"),
        flag("copy-contents", None, "with -R, read FIFOs and devices and copy that"),
        short_flag('d', "copy links as links: -P --preserve=links"),
        flag("debug", None, "say how each file was copied (and what -v says)"),
        flag("dereference", Some('L'), "follow all symbolic links in SOURCE"),
        flag("force", Some('f'), "remove a destination that cannot be opened, and retry"),
        short_flag('H', "follow symbolic links that are named as SOURCE, and no others"),
        flag("interactive", Some('i'), "ask before each file that would be replaced (ends an earlier -n)"),
        flag("link", Some('l'), "make hard links instead of copies"),
        flag("no-clobber", Some('n'), "leave existing files alone and say nothing (better: --update=none)"),
        flag("no-dereference", Some('P'), "follow no symbolic links in SOURCE"),
        valued("no-preserve", None, "ATTR_LIST", "do not keep these attributes"),
        flag("no-target-directory", Some('T'), "take DEST for the new name, whatever it is"),
        flag("one-file-system", Some('x'), "stay on the file system of each SOURCE"),
        short_flag('p', "keep mode, ownership and timestamps"),
        flag("parents", None, "use all of SOURCE's path under DIRECTORY").alias("path"),
        optional("preserve", "ATTR_LIST", "keep these attributes (mode,ownership,timestamps)"),
    ]
}

/// The rest of GNU's options, in its order.
fn attributes_and_names() -> Vec<Arg> {
    vec![
        flag("recursive", Some('R'), "copy directories with all they hold").visible_short_alias('r'),
        flag("remove-destination", None, "remove each existing file before its copy is made"),
        valued("sparse", None, "WHEN", "make holes: auto (where the source has them), always, never"),
        optional("reflink", "WHEN", "share blocks with the source: auto (the default), always, never"),
        flag("strip-trailing-slashes", None, "take slashes off the end of each SOURCE"),
        valued("suffix", Some('S'), "SUFFIX", "keep replaced files, with SUFFIX behind the name"),
        flag("symbolic-link", Some('s'), "make symbolic links instead of copies"),
        valued("target-directory", Some('t'), "DIRECTORY", "copy all SOURCEs into DIRECTORY"),
        short_flag('u', "replace only older files: --update=older"),
        optional("update", "UPDATE", "replace which files: all, none, none-fail (each is an error), older"),
        flag("verbose", Some('v'), "say what is being done"),
        flag("keep-directory-symlink", None, "go into directories by the destination's links"),
        short_flag('Z', "set the security context that the policy wants"),
        optional("context", "CTX", "set the security context to CTX, or as -Z does"),
    ]
}
