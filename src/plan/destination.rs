//! What kinds of file systems a copy goes from and to, as far as it changes what is done.

use rustix::io::Errno;

/// Magic numbers of file systems whose close(2) may report that earlier writes have failed; from statfs(2) and
/// linux/magic.h: NFS, SMB (three numbers), FUSE, Ceph, AFS, 9P, Coda.
const REPORT_AT_CLOSE: [u64; 9] = [
    0x6969,
    0x517b,
    0xff53_4d42,
    0xfe53_4d42,
    0x6573_5546,
    0x00c3_6400,
    0x5346_414f,
    0x0102_1997,
    0x7375_7245,
];

/// Whether write errors may come as late as at close, by the `f_type` that statfs(2) answers.
#[must_use]
pub(crate) fn reports_at_close(kind: impl TryInto<u64>) -> bool {
    // The field is a signed word, whose sign some of the numbers reach on 32 bits.
    kind.try_into().is_ok_and(|kind| REPORT_AT_CLOSE.contains(&(kind & 0xffff_ffff)))
}

/// Magic numbers of file systems on which an inode number belongs to one file under all of its names, and stays with it:
/// ext2 to 4, XFS, btrfs, F2FS, bcachefs, ZFS, JFS, tmpfs, ramfs.
const NUMBER_FILES: [u64; 9] =
    [0xef53, XFS, BTRFS, 0xf2f5_2010, 0xca45_1a4e, 0x2fc1_2fc1, 0x3153_464a, 0x0102_1994, 0x8584_58f6];

/// Whether a file can be told by its inode number alone, by the `f_type` that statfs(2) answers. FUSE and SMB may invent
/// one for each name, and overlay shows another one when a file of a lower layer is written to or linked.
#[must_use]
pub(crate) fn numbers_files(kind: impl TryInto<u64>) -> bool {
    kind.try_into().is_ok_and(|kind| NUMBER_FILES.contains(&(kind & 0xffff_ffff)))
}

/// Magic number of overlay.
const OVERLAY: u64 = 0x794c_7630;

/// Magic numbers of overlay, aufs and FUSE (fuse-overlayfs, unionfs, mergerfs).
const LAYERS: [u64; 3] = [OVERLAY, 0x6175_6673, 0x6573_5546];

/// Whether a file may show another inode as soon as it is opened for writing, as it is then copied from one layer to
/// another.
#[must_use]
pub(crate) fn renumbers_opened(magic: u64) -> bool {
    LAYERS.contains(&magic)
}

/// Magic numbers of FAT and exFAT.
const FAT: [u64; 2] = [0x4d44, 0x2011_bab0];

/// Whether a file system keeps days of access, seconds of writing and hundredths of making, by the `f_type` that statfs(2)
/// answers.
#[must_use]
pub(crate) fn keeps_days_and_seconds(kind: impl TryInto<u64>) -> bool {
    kind.try_into().is_ok_and(|kind| FAT.contains(&(kind & 0xffff_ffff)))
}

/// Whether a device may be that of layers, whose files copy_file_range(2) copies best: all of those are numbered by the kernel,
/// with major number 0.
#[must_use]
pub(crate) fn may_be_layered(device: u64) -> bool {
    rustix::fs::major(device) == 0
}

/// What statfs(2) says of a file system, as far as copying asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileSystem {
    /// `f_type`: its magic number.
    pub magic: u64,
    /// `f_bsize`: the size of its blocks, or of what it likes to transfer.
    pub block_bytes: u64,
}

/// Magic numbers from statfs(2) and linux/magic.h.
const NFS: u64 = 0x6969;
const SMB: [u64; 3] = [0x517b, 0xff53_4d42, 0xfe53_4d42];
const CEPH: u64 = 0x00c3_6400;
const BTRFS: u64 = 0x9123_683e;
const XFS: u64 = 0x5846_5342;

/// What copy_file_range(2) is good for between two file systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offload {
    /// The file system does it on its server, or by sharing blocks.
    Worthwhile,
    /// The file system has the one below it do it, for files of any size in a single call. The source's access time stays.
    Layered,
    /// It would be reading and writing inside the kernel, which is slower than ours.
    Pointless,
    /// They are of different kinds: the kernel refuses.
    Impossible,
}

impl Offload {
    /// True if large files are left to the kernel.
    #[must_use]
    pub(crate) fn is_wanted(self) -> bool {
        matches!(self, Self::Worthwhile | Self::Layered)
    }
}

/// Whether copying is worth leaving to the kernel, after a clone was refused with `refusal`.
#[must_use]
pub(crate) fn offload(source: FileSystem, destination: FileSystem, refusal: Option<Errno>) -> Offload {
    let family = |magic| if SMB.contains(&magic) { SMB[0] } else { magic };
    let kind = family(source.magic);
    if kind != family(destination.magic) {
        return Offload::Impossible;
    }
    match kind {
        NFS | CEPH => Offload::Worthwhile,
        OVERLAY => Offload::Layered,
        kind if kind == SMB[0] => Offload::Worthwhile,
        // Kernels before 5.18 refuse FICLONE between two mounts of one file system, and share by copy_file_range(2).
        BTRFS | XFS if refusal == Some(Errno::XDEV) => Offload::Worthwhile,
        _ => Offload::Pointless,
    }
}

/// True if the file system allocates ahead of a growing file, and keeps that where a hole is left.
#[must_use]
pub(crate) fn allocates_ahead(system: FileSystem) -> bool {
    system.magic == XFS
}

/// Bytes of the shortest hole worth making: a block, as far as that is known. What network file systems say is no block.
#[must_use]
pub(crate) fn hole_bytes(system: Option<FileSystem>) -> u32 {
    const PAGE: u32 = 4096;
    let block = system.and_then(|system| u32::try_from(system.block_bytes).ok()).unwrap_or(PAGE);
    if block.is_power_of_two() { block.clamp(512, PAGE) } else { PAGE }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(magic: u64) -> FileSystem {
        FileSystem { magic, block_bytes: 4096 }
    }

    #[test]
    fn only_servers_and_shared_blocks_make_an_offload_worthwhile() {
        let between = |a, b, refusal| offload(system(a), system(b), refusal);
        assert_eq!(between(NFS, NFS, Some(Errno::OPNOTSUPP)), Offload::Worthwhile);
        assert_eq!(between(SMB[1], SMB[2], Some(Errno::OPNOTSUPP)), Offload::Worthwhile);
        assert_eq!(between(BTRFS, BTRFS, Some(Errno::XDEV)), Offload::Worthwhile);
        assert_eq!(between(XFS, XFS, Some(Errno::OPNOTSUPP)), Offload::Pointless);
        assert_eq!(between(0xef53, 0xef53, Some(Errno::OPNOTSUPP)), Offload::Pointless);
        assert_eq!(between(OVERLAY, OVERLAY, Some(Errno::OPNOTSUPP)), Offload::Layered);
        assert_eq!(between(OVERLAY, XFS, Some(Errno::XDEV)), Offload::Impossible);
        assert_eq!(between(NFS, XFS, Some(Errno::XDEV)), Offload::Impossible);
        assert_eq!(between(0x9fa0, XFS, Some(Errno::XDEV)), Offload::Impossible, "/proc");
    }

    #[test]
    fn holes_are_blocks_long_where_blocks_are_known() {
        let sized = |block_bytes| hole_bytes(Some(FileSystem { magic: 1, block_bytes }));
        assert_eq!([512, 1024, 4096, 1 << 20, 0, 3000].map(sized), [512, 1024, 4096, 4096, 4096, 4096]);
        assert_eq!(hole_bytes(None), 4096);
    }

    #[test]
    fn network_file_systems_and_fuse_report_late_and_local_ones_do_not() {
        assert!(reports_at_close(0x6573_5546_i64) && reports_at_close(0xff53_4d42_i64));
        assert!(!reports_at_close(0xef53_i64) && !reports_at_close(0x5846_5342_i64));
    }
}
