//! A case as a shell script that makes the tree and runs the reference and `ucp` on it.

use std::fmt::Write;

use crate::case::{Case, NOBODY};
use crate::node::{Kind, Node, SOME_TIME, Time, WORK};

/// The whole script, for bash. It is told the two programs as `REFERENCE` and `CANDIDATE`.
pub fn script(case: &Case) -> String {
    let mut text = String::new();
    let mut put = |line: &str| {
        text.push_str(line);
        text.push('\n');
    };
    put("#!/bin/bash");
    put("# REFERENCE=/directory/cp CANDIDATE=/directory/ucp bash this");
    put("run() { (");
    put(
        "umask 022; base=$(mktemp -d) && chmod 755 \"$base\" && mkdir \"$base/work\" && cd \"$base/work\" || exit 9",
    );
    if case.by_nobody {
        put(&format!("chown {NOBODY}:{NOBODY} ."));
    }
    for node in case.nodes.iter().filter(|node| node.path != b".") {
        put(&made(node));
    }
    put(&format!("find . -exec touch -h -d {} {{}} +", date(SOME_TIME)));
    for node in case.nodes.iter().rev().filter(|node| !node.is_hard_link()) {
        let owner = if node.owner == (0, 0) { None } else { Some(node.owner) };
        dressed(node, owner).iter().for_each(|line| put(line));
    }
    put(&command(case));
    put("echo \"status $?\"; find . -printf '%y %m %U:%G %n %s %t %p -> %l\\n' | sort -k 8");
    put(") 2>&1; }");
    put("for program in \"$REFERENCE\" \"$CANDIDATE\"; do echo \"== $program\"; run \"$program\"; done");
    text
}

/// The case in one line, for people: what is as usual is left out.
pub fn in_short(case: &Case) -> String {
    let own = if case.by_nobody { NOBODY } else { 0 };
    let mut parts: Vec<String> = case.nodes.iter().filter(|node| node.path != b".").map(made).collect();
    for node in case.nodes.iter().rev().filter(|node| !node.is_hard_link()) {
        let owner = if node.owner == (own, own) { None } else { Some(node.owner) };
        parts.extend(dressed(node, owner));
    }
    let mut line = String::new();
    if case.by_nobody {
        line.push_str("as an ordinary user who owns all");
        if !case.groups.is_empty() {
            write!(line, ", in the groups {:?}", case.groups).unwrap();
        }
        line.push_str(": ");
    }
    parts.extend(case.descriptors.map(|_| limit(case).trim_end_matches("; ").to_owned()));
    if case.umask != 0o022 {
        parts.push(format!("umask {:03o}", case.umask));
    }
    let mut words: Vec<String> =
        case.variables.iter().map(|(name, value)| format!("{name}={}", quoted(value.as_bytes()))).collect();
    words.push("cp".to_owned());
    words.extend(case.arguments().iter().map(|argument| quoted(argument)));
    let input = case.input.as_ref().map(|input| format!("printf {} | ", quoted(input))).unwrap_or_default();
    parts.push(format!("{input}{}", words.join(" ")));
    line + &parts.join("; ")
}

fn made(node: &Node) -> String {
    let path = quoted(&node.path);
    match &node.kind {
        Kind::Regular(content) => {
            let at_start = content.data.first().filter(|(offset, bytes)| *offset == 0 && *bytes > 0);
            let word = content.word;
            let mut line = match at_start {
                Some((_, 4)) if word > 999 => format!("printf {:.4} > {path}", word.to_string()),
                Some((_, bytes)) => format!("yes {word} | head -c {bytes} > {path}"),
                None => format!(": > {path}"),
            };
            let dd =
                |offset: u64| format!("dd of={path} seek={offset} oflag=seek_bytes conv=notrunc status=none");
            for (offset, bytes) in content.data.iter().filter(|(offset, _)| *offset != 0) {
                write!(line, "; yes {word} | head -c {bytes} | {}", dd(*offset)).unwrap();
            }
            for (offset, bytes) in &content.zeros {
                write!(line, "; head -c {bytes} /dev/zero | {}", dd(*offset)).unwrap();
            }
            let stretches = content.data.iter().chain(&content.zeros);
            if stretches.map(|(offset, bytes)| offset + bytes).max() != Some(content.bytes) {
                write!(line, "; truncate -s {} {path}", content.bytes).unwrap();
            }
            line
        }
        Kind::Directory => format!("mkdir {path}"),
        Kind::Symlink(target) => format!("ln -s -- {} {path}", quoted(target)),
        Kind::Fifo => format!("mkfifo {path}"),
        Kind::Socket => {
            format!("python3 -c 'import os,sys; os.mknod(os.fsencode(sys.argv[1]), 0o140600)' {path}")
        }
        Kind::Character(major, minor) => format!("mknod {path} c {major} {minor}"),
        Kind::Block(major, minor) => format!("mknod {path} b {major} {minor}"),
        Kind::HardLink(target) => format!("ln -- {} {path}", quoted(target)),
    }
}

/// What [`Node`] sets after everything is made.
fn dressed(node: &Node, owner: Option<(u32, u32)>) -> Vec<String> {
    let path = quoted(&node.path);
    let mut lines = Vec::new();
    if let Some((user, group)) = owner {
        lines.push(format!("chown -h {user}:{group} {path}"));
    }
    let mut late = Vec::new();
    for (name, value) in &node.xattrs {
        let value: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
        let line = format!("setfattr -h -n '{name}' -v 0x{value} {path}");
        if name.starts_with("system.") { late.push(line) } else { lines.push(line) }
    }
    if !node.has_usual_mode() {
        lines.push(format!("chmod {:04o} {path}", node.mode));
    }
    lines.extend(late);
    if node.accessed != SOME_TIME {
        lines.push(format!("touch -h -a -d {} {path}", date(node.accessed)));
    }
    if node.modified != SOME_TIME {
        lines.push(format!("touch -h -m -d {} {path}", date(node.modified)));
    }
    lines
}

fn date(time: Time) -> String {
    if time.seconds < 0 && time.nanoseconds > 0 {
        return format!("@-{}.{:09}", -(time.seconds + 1), 1_000_000_000 - time.nanoseconds);
    }
    format!("@{}.{:09}", time.seconds, time.nanoseconds)
}

fn as_user(case: &Case) -> String {
    let groups: Vec<String> = case.groups.iter().map(u32::to_string).collect();
    match (case.by_nobody, groups.is_empty()) {
        (false, _) => String::new(),
        (true, true) => "setpriv --reuid 65534 --regid 65534 --clear-groups ".to_owned(),
        (true, false) => format!("setpriv --reuid 65534 --regid 65534 --groups {} ", groups.join(",")),
    }
}

fn command(case: &Case) -> String {
    let mut line = String::new();
    match &case.input {
        Some(input) => write!(line, "printf %s {} | ", quoted(input)).unwrap(),
        None => line.push_str("< /dev/null "),
    }
    line.push_str(&as_user(case));
    line.push_str("env -i LC_ALL=C.UTF-8");
    for (name, value) in &case.variables {
        write!(line, " {name}={}", quoted(value.as_bytes())).unwrap();
    }
    write!(
        line,
        " ${{UCP_ENGINE:+UCP_ENGINE=$UCP_ENGINE}} bash -c '{}umask {:03o}; exec -a cp \"$@\"' bash \"$1\"",
        limit(case),
        case.umask
    )
    .unwrap();
    for argument in case.arguments() {
        write!(line, " {}", quoted(&argument)).unwrap();
    }
    line
}

fn limit(case: &Case) -> String {
    case.descriptors.map(|count| format!("ulimit -n {count}; ")).unwrap_or_default()
}

/// A word for bash. Names that look like options are kept from being some, where it is no argument of the case.
fn quoted(bytes: &[u8]) -> String {
    if let Some(rest) = bytes.strip_prefix(WORK) {
        return format!("\"$PWD\"{}", if rest.is_empty() { String::new() } else { quoted(rest) });
    }
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-=,".contains(byte);
    if !bytes.is_empty() && bytes.iter().all(plain) {
        return String::from_utf8(bytes.to_vec()).unwrap();
    }
    let mut text = "$'".to_owned();
    for byte in bytes {
        match byte {
            b'\'' | b'\\' => write!(text, "\\{}", char::from(*byte)).unwrap(),
            0x20..0x7f => text.push(char::from(*byte)),
            _ => write!(text, "\\x{byte:02x}").unwrap(),
        }
    }
    text.push('\'');
    text
}
