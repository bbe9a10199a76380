//! What becomes of one entry: what is at its destination already, and what has to be there before and after its contents.
//!
//! [`existing`] asks what the options say of what is there, [`backup`] keeps it ([`kept_file`]), [`directory`] and [`special`] make what has no
//! contents, [`links`] makes further names of one file. [`created`] remembers what this run has made, [`owed`] takes back what was
//! done for a copy that fails, [`late`] sets times that must wait.

pub(crate) mod backup;
pub(crate) mod created;
pub(crate) mod directory;
pub(crate) mod existing;
pub(crate) mod grains;
pub(crate) mod kept_file;
pub(crate) mod late;
pub(crate) mod links;
pub(crate) mod owed;
mod same_file;
pub(crate) mod special;
