//! What the two programs promise, checked on the built binaries. One crate, so that it links once.
//!
//! Every expectation was first seen on GNU cp and cat 9.10. With `UCP_REFERENCE=DIR` in the environment the same tests
//! run `DIR/cp` and `DIR/cat` instead of our programs, which proves the expectations; tests of our own extensions say
//! that they are skipped then. A test that cannot run where it is says so in a line that starts with `SKIPPED:`.

// A test that cannot be set up is to fail at once and to say why.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod common;

mod benchmark;
mod choose;
mod choose_gitignore;
mod choose_names;
mod closed_descriptors;
mod completions;
mod concatenate;
mod concatenate_format;
mod concatenate_streams;
mod concatenate_ways;
mod copy;
mod copy_again;
mod copy_attributes;
mod copy_attributes_only;
mod copy_attributes_places;
mod copy_attributes_refused;
mod copy_attributes_xattrs;
mod copy_backup_names;
mod copy_backup_restored;
mod copy_cut;
mod copy_debug;
mod copy_errors;
mod copy_existing;
mod copy_follow;
mod copy_hard_links;
mod copy_holes;
mod copy_into_itself;
mod copy_just_created;
mod copy_metadata;
mod copy_modes;
mod copy_names;
mod copy_newcomers;
mod copy_operands;
mod copy_overwrite;
mod copy_parents;
mod copy_parents_acl;
mod copy_sameness;
mod copy_several_names;
mod copy_sizes;
mod copy_through_links;
mod copy_trees;
mod copy_untouched;
mod copy_update;
mod documents;
mod dry_run;
mod durable;
mod durable_atomic;
mod durable_killed;
mod error_words;
mod file_systems;
mod file_systems_attributes;
mod hostile;
mod hostile_limits;
mod hostile_races;
mod house;
mod house_layers;
mod knobs;
mod knobs_engines;
mod knobs_placement;
mod language;
mod library;
mod library_ring;
mod linking;
mod manifest;
mod manual_attributes;
mod manual_data;
mod manual_links;
mod manual_operands;
mod manual_overwrite;
mod manual_pages;
mod outputs;
mod progress;
mod progress_interrupted;
mod progress_lines;
mod progress_planted;
mod progress_signals;
mod readme;
mod refused_calls;
mod ring_ends;
mod ring_refused;
mod stats;
mod usage;
mod verification;
mod without_proc;
