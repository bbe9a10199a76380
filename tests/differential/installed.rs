//! Which locales there are for programs to speak.

use std::process::Command;

/// Of these locales, named as one sets them, those that are installed, and those that are not.
pub fn installed(locales: &[&'static str]) -> (Vec<&'static str>, Vec<&'static str>) {
    let listed = Command::new("locale").arg("-a").output();
    let listed = listed.map(|output| output.stdout).unwrap_or_default();
    // It writes de_DE.utf8.
    let listed = String::from_utf8_lossy(&listed).replace(".utf8", ".UTF-8");
    locales.iter().partition(|name| **name == "C" || listed.lines().any(|line| line == **name))
}
