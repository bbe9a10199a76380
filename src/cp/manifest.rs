//! The file of `--manifest`: written beside its name while the run goes on, and put in its place at the end. What is no
//! file of its own (standard output, a pipe, a device) is written straight.

pub(crate) mod lines;

use self::lines::{Finished, Manifest};
use super::entry::created::EntryName;
use super::outputs::{Outputs, Refused};
use crate::cli::cp::CpOptions;
use crate::pipeline::attributes::inherited::inherit;
use crate::pipeline::chain::{At, Directory};
use crate::pipeline::place;
use crate::plan::facts::FileStat;
use crate::process;
use crate::report::message::{FileError, MessageKind, Output};
use crate::report::{Reporter, write_all};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::cell::OnceCell;
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes that are copied at a time where a list is written over another.
const BLOCK_BYTES: usize = 64 << 10;

/// The manifest of a run.
pub(crate) struct Listing {
    /// Its lines.
    pub lines: Manifest,
    /// Its path as it was given.
    path: Vec<u8>,
    /// Where it goes at the end; `None` where it is there from the beginning, or was put there.
    place: Mutex<Option<ManifestPlace>>,
}

/// Where a list goes when it is finished.
struct ManifestPlace {
    at: At,
    /// The list's own name until then, where it has one.
    temporary: Option<At>,
    /// What is there, and what it was seen to be.
    earlier: Option<(OwnedFd, FileStat)>,
}

/// What kept a list from its place.
enum EarlierLines {
    /// What is there was not there before, or is no list. The list has this name now.
    Beside(Vec<u8>),
    /// It is gone.
    Gone(Errno),
}

/// The manifest that was asked for, if one was; `outputs` were looked at for it.
///
/// # Errors
/// It cannot be had; nothing has been touched.
pub(crate) fn open(
    options: &CpOptions,
    outputs: &Outputs,
    reporter: &Reporter,
) -> Result<Option<Listing>, Refused> {
    let Some(path) = &options.extensions.verification.manifest else { return Ok(None) };
    // Nothing is copied, so there is nothing to list.
    if options.extensions.choosing.dry_run {
        return Ok(None);
    }
    if path == "-" {
        let lines = Manifest::on_standard_output();
        return Ok(Some(Listing { lines, path: Vec::new(), place: Mutex::default() }));
    }
    match listing(path, outputs.is_new(Output::Manifest)) {
        Ok(listing) => Ok(Some(listing)),
        Err(errno) => {
            let problem =
                FileError::failed(MessageKind::CannotCreateRegular, path.as_bytes().to_vec(), errno);
            reporter.problem(&problem);
            Err(Refused)
        }
    }
}

fn listing(path: &OsStr, is_new: bool) -> Result<Listing, Errno> {
    let shown = path.as_bytes().to_vec();
    let Some(at) = place_of(path)? else {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC;
        let file = rustix::fs::open(path, flags, Mode::from(0o666))?;
        let lines = Manifest::in_file(file, None);
        return Ok(Listing { lines, path: shown, place: Mutex::default() });
    };
    let earlier = earlier(&at)?;
    if is_new && earlier.is_some() {
        // It has come since, and may be anything, also what is read or made.
        return Err(Errno::EXIST);
    }
    // Until it has the permissions of the earlier one no other user is to read it.
    let mode = Mode::from(if earlier.is_some() { 0o600 } else { 0o666 });
    let list = earlier.as_ref().map(|(list, _)| list.try_clone()).transpose();
    let list = list.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::MFILE))?;
    // Last, so that nothing is left of it where there is none.
    let (file, temporary) = make(&at, mode)?;
    let lines = Manifest::in_file(file, list);
    Ok(Listing { lines, path: shown, place: Mutex::new(Some(ManifestPlace { at, temporary, earlier })) })
}

/// Where a list of this name belongs, behind links; `None` where there is something else than a file of that name. What
/// is reached through /proc is a descriptor of a process that knows the file by it, not by its name.
fn place_of(path: &OsStr) -> Result<Option<At>, Errno> {
    match rustix::fs::stat(path) {
        Ok(stat) if FileStat::of(&stat).kind != FileType::RegularFile => return Ok(None),
        Ok(_) | Err(Errno::NOENT) => {}
        Err(errno) => return Err(errno),
    }
    let name = CString::new(path.as_bytes()).map_err(|_nul| Errno::INVAL)?;
    let at = place::pin_parent(&At { directory: Directory::Working, name: Arc::from(name) })?;
    match rustix::fs::statat(&at.directory, &*at.name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => may_be_trusted(&at.directory, &FileStat::of(&stat))?,
        Err(Errno::NOENT) => {}
        Err(errno) => return Err(errno),
    }
    place::behind_links_but_proc(&at)
}

/// Refuses what belongs neither to us nor to the directory's owner, in one where all users may make files (/tmp): a
/// list or a link of another user was put there for us; its lines would become ours, and our list theirs. So it is as
/// with the kernel's own rule for such directories, which not every system has switched on (fs.protected_regular,
/// Linux 4.19).
fn may_be_trusted(directory: &Directory, facts: &FileStat) -> Result<(), Errno> {
    let directory = FileStat::of(&rustix::fs::fstat(directory)?);
    let anybody = directory.mode.contains(Mode::SVTX) && directory.mode.intersects(Mode::WGRP | Mode::WOTH);
    let own = [rustix::process::geteuid().as_raw(), directory.owner.user];
    if anybody && !own.contains(&facts.owner.user) { Err(Errno::ACCESS) } else { Ok(()) }
}

/// What is there already, open to be read, and to be written over where nothing else can be done.
fn earlier(at: &At) -> Result<Option<(OwnedFd, FileStat)>, Errno> {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match rustix::fs::openat(&at.directory, &*at.name, flags, Mode::empty()) {
        Ok(file) => {
            let facts = FileStat::of(&rustix::fs::fstat(&file)?);
            may_be_trusted(&at.directory, &facts)?;
            Ok(Some((file, facts)))
        }
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// A new file for the list: without a name, or with a temporary one where the file system knows no files without.
fn make(at: &At, mode: Mode) -> Result<(OwnedFd, Option<At>), Errno> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    match rustix::fs::openat(&at.directory, c".", flags | OFlags::TMPFILE, mode) {
        // Kernels and file systems that do not know the flag see a directory that is opened for writing.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => {}
        answer => return Ok((answer?, None)),
    }
    let made = OnceCell::new();
    let temporary = place::make_beside(at, |temporary| {
        let flags = flags | OFlags::CREATE | OFlags::EXCL;
        let file = rustix::fs::openat(&temporary.directory, &*temporary.name, flags, mode)?;
        made.set(file).map_err(|_made_before| Errno::EXIST)
    })?;
    Ok((made.into_inner().ok_or(Errno::IO)?, Some(temporary)))
}

impl Listing {
    /// The name in its directory that it has while the run goes on, if it has one.
    pub(crate) fn own_name(&self) -> Option<EntryName> {
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        place.as_ref()?.temporary.as_ref().and_then(EntryName::of)
    }

    /// Finishes the list and puts it where it belongs, and tells where that failed. A run that has failed and has nothing to
    /// say leaves what is there; so does one that met it among the sources, and `may_write` it no more. Only the first call
    /// does something.
    pub(crate) fn finish(&self, may_write: bool, reporter: &Reporter) {
        let well = !reporter.has_failed();
        let finished = self.lines.finish(well);
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner).take();
        let ended = match (finished, &place) {
            (Ok(Finished { file: Some(file), .. }), None) => process::close(file),
            (Ok(Finished { file: Some(file), differs, overlong }), Some(place))
                if may_write && (well || differs) =>
            {
                match place.fill(file, overlong.is_some()) {
                    Ok(()) => Ok(()),
                    Err(EarlierLines::Gone(errno)) => Err(errno),
                    Err(EarlierLines::Beside(name)) => {
                        return reporter.kept_beside(&self.path, &name, overlong);
                    }
                }
            }
            (Ok(_), _) => Ok(()),
            (Err(errno), _) => Err(errno),
        };
        if let Some(temporary) = place.and_then(|place| place.temporary) {
            // It is gone where it has got its name, and only ours where it has not.
            match rustix::fs::unlinkat(&temporary.directory, &*temporary.name, AtFlags::empty()) {
                Ok(()) | Err(_) => {}
            }
        }
        if let Err(errno) = ended {
            reporter.problem(&FileError::failed(MessageKind::Writing, self.path.clone(), errno));
        }
    }
}

impl ManifestPlace {
    /// Puts the list there, but where what is there is no list that could be read.
    fn fill(&self, list: OwnedFd, earlier_is_none: bool) -> Result<(), EarlierLines> {
        if earlier_is_none || !self.is_as_it_was().map_err(EarlierLines::Gone)? {
            return Err(self.keep_beside(list.as_fd()));
        }
        let took = match &self.earlier {
            None => self.take(list.as_fd(), false),
            Some((earlier, _)) => {
                inherit(earlier.as_fd(), list.as_fd()).and_then(|()| self.take(list.as_fd(), true))
            }
        };
        match (took, &self.earlier) {
            (Ok(()), _) => process::close(list).map_err(EarlierLines::Gone),
            (Err(Errno::EXIST), None) if self.temporary.is_none() => Err(self.keep_beside(list.as_fd())),
            // A mount point, or permissions that another file cannot have.
            (Err(_), Some((earlier, _))) => {
                write_over(earlier.as_fd(), list.as_fd()).map_err(EarlierLines::Gone)
            }
            (Err(errno), None) => Err(EarlierLines::Gone(errno)),
        }
    }

    fn take(&self, list: BorrowedFd<'_>, over: bool) -> Result<(), Errno> {
        match &self.temporary {
            // Where that fails the list is still to be had by its descriptor.
            Some(temporary) => place::take(temporary, &self.at, over),
            None => place::name(list, &self.at, over),
        }
    }

    /// True if no process has written there since the run began, neither this run nor another one.
    fn is_as_it_was(&self) -> Result<bool, Errno> {
        let At { directory, name } = &self.at;
        let now = match rustix::fs::statat(directory, &**name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Some(FileStat::of(&stat)),
            Err(Errno::NOENT) => None,
            Err(errno) => return Err(errno),
        };
        let what = |facts: FileStat| (facts.identity, facts.size, facts.modified);
        Ok(now.map(what) == self.earlier.as_ref().map(|(_, facts)| what(*facts)))
    }

    /// Leaves the list under a temporary name.
    fn keep_beside(&self, list: BorrowedFd<'_>) -> EarlierLines {
        let named = match &self.temporary {
            Some(temporary) => Ok(temporary.clone()),
            None => place::make_beside(&self.at, |beside| place::name(list, beside, false)),
        };
        match named {
            Ok(beside) => EarlierLines::Beside(beside.name.to_bytes().to_vec()),
            Err(errno) => EarlierLines::Gone(errno),
        }
    }
}

/// Writes all of a list over another file.
fn write_over(file: BorrowedFd<'_>, list: BorrowedFd<'_>) -> Result<(), Errno> {
    rustix::fs::ftruncate(file, 0)?;
    rustix::fs::seek(file, rustix::fs::SeekFrom::Start(0))?;
    let (mut offset, mut block) = (0, vec![0; BLOCK_BYTES]);
    loop {
        let read = rustix::io::pread(list, &mut block, offset)?;
        if read == 0 {
            return Ok(());
        }
        write_all(file, &block[..read])?;
        offset += u64::try_from(read).unwrap_or(u64::MAX);
    }
}
