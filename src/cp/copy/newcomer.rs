//! What has come to a name that was free: it stays, and the copy fails in GNU cp's words.

use super::file::FileCopy;
use super::stage::Stage;
use super::{Context, Step};
use crate::pipeline::chain::{At, Call, Chain, Op};
use crate::plan::facts::FileStat;
use crate::process;
use crate::report::message::{FileError, MessageKind};
use rustix::fs::FileType;
use rustix::io::Errno;

impl FileCopy {
    /// Something has come to the name since it was seen free, or since this run freed it: another process has made it, or the
    /// name is another spelling of an entry (vfat, NTFS, casefold). No option was asked about it, so it stays whatever it is
    /// and the copy fails, as with GNU cp. It is looked at for the words alone.
    pub(super) fn look_at_newcomer(&mut self, mut chain: Chain) -> Step {
        self.stage = Stage::Newcomer;
        chain.lease = None;
        self.stat_newcomer(chain, false)
    }

    fn stat_newcomer(&self, mut chain: Chain, follow: bool) -> Step {
        chain.ops.clear();
        chain.ops.push(Op::Call(Call::Stat { at: self.job.destination.clone(), follow }));
        Step::Run(chain)
    }

    pub(super) fn newcomer_link_seen(&mut self, chain: Chain, context: &mut Context<'_>) -> Step {
        self.fail(chain, FileError::of(MessageKind::DanglingLink, self.job.destination_path()), context)
    }

    pub(super) fn newcomer_seen(
        &mut self,
        chain: Chain,
        facts: Option<FileStat>,
        context: &mut Context<'_>,
    ) -> Step {
        let problem = match facts {
            Some(FileStat { kind: FileType::Symlink, .. }) => {
                // GNU cp reads the link, which sets its access time. Whatever it leads to, it is not written through.
                self.stage = Stage::NewcomerLink;
                return self.stat_newcomer(chain, true);
            }
            // It may have gone again; the file was not made all the same.
            Some(_) | None => {
                let At { directory, name } = &self.job.destination;
                // Or it is no name of anything, and nothing can be made where it is.
                let errno = match process::is_closed_at_exec(directory, &**name) {
                    true => Errno::NOENT,
                    false => Errno::EXIST,
                };
                self.destination_problem(MessageKind::CannotCreateRegular, errno)
            }
        };
        self.fail(chain, problem, context)
    }
}
