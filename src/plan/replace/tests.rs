//! What is replaced, what stays, and what a link in the way counts as.

use super::*;
use crate::cli::cp::{Backup, Control};

fn file(inode: u64, modified: i64) -> FileStat {
    let modified = Timespec { tv_sec: modified, tv_nsec: 5 };
    let identity = FileId { device: 1, inode };
    FileStat { identity, kind: FileType::RegularFile, modified, ..FileStat::UNKNOWN }
}

fn with(overwrite: Overwrite) -> CpOptions {
    CpOptions { overwrite, ..CpOptions::default() }
}

fn keeping() -> CpOptions {
    let backup = Backup { control: Control::Simple, suffix: "~".into() };
    CpOptions { backup: Some(backup), ..CpOptions::default() }
}

fn fate_of(options: &CpOptions, source: &FileStat, there: &Existing, same_entry: bool) -> ExistingAction {
    fate(options, source, there, || SameFileEvidence { same_entry, ..SameFileEvidence::default() })
}

#[test]
fn what_comes_to_a_free_name_gives_way_to_a_link_only_where_no_option_spares_anything() {
    let there = Existing::File(file(2, 10));
    let spares = [Overwrite::Skip, Overwrite::Refuse, Overwrite::Older].map(with);
    for options in spares.iter().chain([&keeping()]) {
        assert!(!may_link_over(options, Some(&Existing::Nothing)));
        // What was there was asked about.
        assert!(may_link_over(options, Some(&there)) && may_link_over(options, None));
    }
    assert!(may_link_over(&with(Overwrite::All), Some(&Existing::Nothing)));
}

#[test]
fn a_link_with_the_target_of_its_source_is_the_copy_only_with_u_and_where_it_was_seen() {
    let own = FileStat { kind: FileType::Symlink, size: 6, ..file(2, 10) };
    let (link, updating) = (Existing::DanglingLink(own), with(Overwrite::Older));
    assert!(may_be_the_copy(&updating, b"target", Some(&link)));
    assert!(!may_be_the_copy(&updating, b"longer one", Some(&link)));
    assert!(!may_be_the_copy(&with(Overwrite::All), b"target", Some(&link)));
    for other in [None, Some(Existing::Nothing), Some(Existing::File(FileStat { size: 6, ..file(2, 10) }))] {
        assert!(!may_be_the_copy(&updating, b"target", other.as_ref()));
    }
}

#[test]
fn a_link_is_looked_through_only_where_what_it_leads_to_counts() {
    let as_what = |options: CpOptions, kind| looks_as(&options, kind, false);
    let making = |make, follow| CpOptions { make, follow, ..CpOptions::default() };
    let (file, directory, link) = (FileType::RegularFile, FileType::Directory, FileType::Symlink);
    assert_eq!((as_what(keeping(), file), as_what(keeping(), directory)), (link, link));
    assert_eq!(as_what(CpOptions::default(), file), file);
    assert_eq!(as_what(making(Make::SymbolicLinks, Follow::Never), file), link);
    assert_eq!(as_what(making(Make::HardLinks, Follow::Always), file), link);
    assert_eq!(as_what(making(Make::HardLinks, Follow::Never), file), file);
    let tree = |make, follow| CpOptions { recursive: true, ..making(make, follow) };
    assert_eq!(as_what(tree(Make::HardLinks, Follow::Never), directory), directory);
    assert_eq!(as_what(tree(Make::HardLinks, Follow::Always), directory), link);
    assert_eq!(as_what(tree(Make::Copies, Follow::Always), directory), link);
    let on_the_line = tree(Make::Copies, Follow::CommandLine);
    assert_eq!([true, false].map(|is| looks_as(&on_the_line, directory, is)), [link, directory]);
    let contents = CpOptions { copy_contents: true, ..tree(Make::Copies, Follow::Always) };
    assert_eq!(as_what(contents.clone(), directory), link);
    assert_eq!(as_what(CpOptions { keep_directory_symlink: true, ..contents }, directory), directory);
    let removing = CpOptions { remove_destination: true, ..CpOptions::default() };
    assert_eq!((as_what(removing, file), as_what(with(Overwrite::Skip), file)), (link, file));
    let staying = CpOptions { overwrite: Overwrite::Refuse, ..making(Make::HardLinks, Follow::Never) };
    assert_eq!(as_what(staying, file), link);
}

#[test]
fn what_is_not_older_stays_with_u() {
    let there = Existing::File(file(2, 10));
    let options = with(Overwrite::Older);
    let fates = [9, 10, 11].map(|time| fate_of(&options, &file(1, time), &there, false));
    assert_eq!(fates, [ExistingAction::Skip, ExistingAction::Skip, ExistingAction::Replace]);
}

#[test]
fn n_and_none_fail_come_before_everything_else() {
    let there = Existing::File(file(1, 10));
    assert_eq!(fate_of(&with(Overwrite::Skip), &file(1, 10), &there, true), ExistingAction::Skip);
    assert_eq!(fate_of(&with(Overwrite::Refuse), &file(1, 10), &there, true), ExistingAction::Refuse);
    assert_eq!(fate_of(&with(Overwrite::Older), &file(1, 10), &there, true), ExistingAction::SameFile);
}

#[test]
fn another_name_of_the_source_may_be_removed_or_renamed_first() {
    let (source, there) = (file(1, 10), Existing::File(file(1, 10)));
    let removing = CpOptions { remove_destination: true, ..CpOptions::default() };
    assert_eq!(fate_of(&CpOptions::default(), &source, &there, false), ExistingAction::SameFile);
    assert_eq!(fate_of(&removing, &source, &there, false), ExistingAction::Replace);
    assert_eq!(fate_of(&removing, &source, &there, true), ExistingAction::SameFile);
    assert_eq!(fate_of(&keeping(), &source, &there, false), ExistingAction::Replace);
    assert_eq!(fate_of(&keeping(), &source, &there, true), ExistingAction::SameFile);
}

#[test]
fn a_hard_link_of_a_hard_link_is_there_already() {
    let (source, there) = (file(1, 10), Existing::File(file(1, 10)));
    let linking = CpOptions { make: Make::HardLinks, ..CpOptions::default() };
    assert_eq!(fate_of(&linking, &source, &there, false), ExistingAction::Done);
    assert_eq!(fate_of(&linking, &source, &there, true), ExistingAction::Done);
}

#[test]
fn a_source_come_to_by_a_link_is_never_removed_or_renamed_away() {
    let (source, there) = (file(1, 10), Existing::File(file(1, 10)));
    let relation = || SameFileEvidence { through_link: true, ..SameFileEvidence::default() };
    assert_eq!(fate(&keeping(), &source, &there, relation), ExistingAction::SameFile);
    let link = FileStat { kind: FileType::Symlink, ..file(2, 10) };
    let relation = || SameFileEvidence { leads_to: Some(source.identity), ..SameFileEvidence::default() };
    assert_eq!(fate(&CpOptions::default(), &link, &there, relation), ExistingAction::SameFile);
    assert_eq!(fate(&keeping(), &link, &there, relation), ExistingAction::Replace);
}

#[test]
fn what_a_link_leads_to_counts_only_where_its_loss_threatens() {
    let link = FileStat { kind: FileType::Symlink, ..file(2, 10) };
    let [other, same] = [1, 2].map(|inode| Existing::File(file(inode, 10)));
    assert!(looks_behind(&CpOptions::default(), &link, &other));
    assert!(!looks_behind(&CpOptions::default(), &link, &same));
    assert!(!looks_behind(&CpOptions::default(), &file(2, 10), &other));
    assert!(!looks_behind(&keeping(), &link, &other));
}

#[test]
fn a_link_that_leads_nowhere_counts_only_where_the_link_itself_does() {
    let link = Existing::DanglingLink(FileStat { kind: FileType::Symlink, ..file(2, 10) });
    assert_eq!(fate_of(&with(Overwrite::Refuse), &file(1, 10), &link, false), ExistingAction::Replace);
    let options = CpOptions { make: Make::SymbolicLinks, ..with(Overwrite::Refuse) };
    assert_eq!(fate_of(&options, &file(1, 10), &link, false), ExistingAction::Refuse);
}
