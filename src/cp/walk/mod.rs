//! What is to be copied: operands, the directories below them, and the order in which they come.
//!
//! [`argv`], [`operand_list`] and [`files0_from`] give operands, [`operand`] begins with one, [`directory`] lists trees part by part.
//! [`filter`] leaves entries out, [`parents`] makes the directories above a copy. Where the order decides what becomes of a file,
//! [`several_names`], [`overlap`] and [`recursion`] keep that of GNU cp.

pub(crate) mod argv;
pub(crate) mod directory;
pub(crate) mod files0_from;
pub(crate) mod filter;
pub(crate) mod made_directories;
pub(crate) mod operand;
pub(crate) mod operand_list;
pub(crate) mod overlap;
pub(crate) mod parents;
pub(crate) mod recursion;
pub(crate) mod several_names;
pub(crate) mod source_directory;
pub(crate) mod targets;
