//! What the ladder looks like for each pair of ends.

use super::*;

const MIB: u64 = 1 << 20;

fn from(kind: FileType, size: u64) -> FileStat {
    let identity = FileId { device: 1, inode: 7 };
    FileStat { identity, kind, size, blocks: size / 512, ..FileStat::UNKNOWN }
}

fn to(kind: FileType) -> To {
    To {
        identity: FileId { device: 2, inode: 7 },
        kind,
        append: false,
        offset: 0,
        size: 0,
        size_max: u64::MAX,
        sharing: Sharing::None,
    }
}

const WISHES: TransferOptions = TransferOptions { way: None, direct: false, workers: 2 };

fn ways(from: &FileStat, to: &To) -> Vec<TransferMethod> {
    ladder(from, 0, to, &WISHES).collect()
}

#[test]
fn large_files_are_spliced_into_pipes_and_sent_into_sockets() {
    let file = from(FileType::RegularFile, MIB);
    assert_eq!(ways(&file, &to(FileType::Fifo)), [TransferMethod::Splice, TransferMethod::Plain]);
    assert_eq!(ways(&file, &to(FileType::Socket)), [TransferMethod::Sendfile, TransferMethod::Plain]);
    assert_eq!(ways(&file, &to(FileType::CharacterDevice)), [TransferMethod::Plain]);
    assert_eq!(ways(&from(FileType::RegularFile, 1000), &to(FileType::Fifo)), [TransferMethod::Plain]);
    assert_eq!(
        ways(&from(FileType::Fifo, 0), &to(FileType::Fifo)),
        [TransferMethod::Splice, TransferMethod::Plain]
    );
    assert_eq!(ways(&from(FileType::CharacterDevice, 0), &to(FileType::Fifo)), [TransferMethod::Plain]);
}

#[test]
fn threads_need_a_long_file_and_nothing_behind_it() {
    let file = from(FileType::RegularFile, 64 * MIB);
    let out = to(FileType::RegularFile);
    assert_eq!(ways(&file, &out), [TransferMethod::Extents, TransferMethod::Plain]);
    assert_eq!(
        ways(&file, &To { offset: 5, size: 5, ..out }),
        [TransferMethod::Extents, TransferMethod::Plain]
    );
    for other in [
        To { append: true, ..out },
        To { offset: 4, size: 5, ..out },
        To { size_max: 64 * MIB - 1, ..out },
        To { identity: file.identity, ..out },
    ] {
        assert_eq!(ways(&file, &other), [TransferMethod::Plain], "{other:?}");
    }
    assert_eq!(ways(&from(FileType::RegularFile, MIB), &out), [TransferMethod::Plain]);
    assert_eq!(ways(&FileStat { blocks: 0, ..file }, &out), [TransferMethod::Plain]);
    let alone: Vec<TransferMethod> =
        ladder(&file, 0, &out, &TransferOptions { workers: 1, ..WISHES }).collect();
    assert_eq!(alone, [TransferMethod::Plain]);
}

#[test]
fn blocks_are_shared_whole_and_on_one_file_system() {
    let file = from(FileType::RegularFile, MIB);
    let out = To {
        identity: FileId { device: 1, inode: 8 },
        sharing: Sharing::Blocks,
        ..to(FileType::RegularFile)
    };
    assert_eq!(ways(&file, &out), [TransferMethod::CopyRange, TransferMethod::Plain]);
    assert_eq!(
        ways(&file, &To { offset: 8192, size: 8192, ..out }),
        [TransferMethod::CopyRange, TransferMethod::Plain]
    );
    assert_eq!(ways(&file, &To { offset: 1, size: 1, ..out }), [TransferMethod::Plain]);
    assert_eq!(ways(&file, &To { identity: FileId { device: 2, inode: 8 }, ..out }), [TransferMethod::Plain]);
    let server = To { sharing: Sharing::Server, offset: 1, size: 1, ..out };
    assert_eq!(ways(&file, &server), [TransferMethod::CopyRange, TransferMethod::Plain]);
    assert_eq!(Sharing::of(0x5846_5342), Sharing::Blocks);
    assert_eq!(Sharing::of(0xef53), Sharing::None);
}

#[test]
fn a_way_that_is_wanted_is_tried_where_it_can_be_right() {
    let small = from(FileType::RegularFile, 1000);
    for way in TransferMethod::LADDER {
        let wishes = TransferOptions { way: Some(way), ..WISHES };
        for kind in [FileType::RegularFile, FileType::Fifo, FileType::Socket, FileType::CharacterDevice] {
            let found: Vec<TransferMethod> = ladder(&small, 0, &to(kind), &wishes).collect();
            assert_eq!(found.last(), Some(&TransferMethod::Plain));
            assert!(found.len() <= 2 && found.iter().all(|&one| one == way || one == TransferMethod::Plain));
        }
    }
    let wishes = TransferOptions { way: Some(TransferMethod::Extents), ..WISHES };
    let append = To { append: true, ..to(FileType::RegularFile) };
    assert!(ladder(&small, 0, &append, &wishes).eq([TransferMethod::Plain]));
    assert!(
        ladder(&small, 0, &to(FileType::RegularFile), &wishes)
            .eq([TransferMethod::Extents, TransferMethod::Plain])
    );
}

#[test]
fn only_regular_files_of_moderate_size_are_read_ahead() {
    assert!(is_read_ahead(&from(FileType::RegularFile, 1000), &WISHES));
    assert!(!is_read_ahead(&from(FileType::RegularFile, MIB), &WISHES));
    assert!(!is_read_ahead(&from(FileType::RegularFile, 0), &WISHES));
    assert!(!is_read_ahead(&from(FileType::Fifo, 1000), &WISHES));
    let other = TransferOptions { way: Some(TransferMethod::Plain), ..WISHES };
    assert!(!is_read_ahead(&from(FileType::RegularFile, 1000), &other));
}

#[test]
fn threads_format_what_is_large_and_says_so() {
    let large = from(FileType::RegularFile, 8 * MIB);
    assert!(is_formatted_together(&large, 0, &WISHES));
    assert!(is_formatted_together(&large, 0, &TransferOptions { workers: 0, ..WISHES }));
    assert!(!is_formatted_together(&large, 8 * MIB - 10, &WISHES));
    assert!(!is_formatted_together(&large, 0, &TransferOptions { workers: 1, ..WISHES }));
    assert!(!is_formatted_together(&FileStat { blocks: 0, ..large }, 0, &WISHES));
    assert!(!is_formatted_together(&from(FileType::BlockDevice, 8 * MIB), 0, &WISHES));
    assert!(!is_formatted_together(
        &large,
        0,
        &TransferOptions { way: Some(TransferMethod::Plain), ..WISHES }
    ));
}
