//! The two command lines: from what was typed to plain options. Touches no file system.
