//! Makes a case smaller while it still shows its difference.

use crate::case::{Case, Order};
use crate::node::{Content, Kind, SOME_TIME};

/// The smallest case that `differs` still holds for, that is found by leaving one thing out at a time.
pub fn minimised(case: &Case, differs: &mut impl FnMut(&Case) -> bool) -> Case {
    let mut best = case.clone();
    // Each success may allow what was refused before.
    for _round in 0..3 {
        let mut smaller = false;
        for step in STEPS {
            let mut at = 0;
            while let Some(candidate) = step(&best, at) {
                if differs(&candidate) {
                    best = candidate;
                    smaller = true;
                } else {
                    at += 1;
                }
            }
        }
        if !smaller {
            break;
        }
    }
    best
}

/// The `at`th way to make a case smaller; `None` past the last.
type Step = fn(&Case, usize) -> Option<Case>;

const STEPS: [Step; 8] = [
    without_node,
    without_option,
    without_source,
    without_variable,
    with_plain_operand,
    with_plain_surroundings,
    with_plain_node,
    with_little,
];

fn without_node(case: &Case, at: usize) -> Option<Case> {
    // From the end, so that what is in a directory goes before it.
    let index = case.nodes.len().checked_sub(at + 1)?;
    let mut smaller = case.clone();
    let gone = smaller.nodes.remove(index).path;
    smaller.nodes.retain(|node| !node.needs(&gone));
    Some(smaller)
}

fn without_option(case: &Case, at: usize) -> Option<Case> {
    let mut smaller = case.clone();
    (at < smaller.options.len()).then(|| smaller.options.remove(at))?;
    Some(smaller)
}

fn without_source(case: &Case, at: usize) -> Option<Case> {
    let mut smaller = case.clone();
    (at + 1 < smaller.operands.len()).then(|| smaller.operands.remove(at))?;
    Some(smaller)
}

fn without_variable(case: &Case, at: usize) -> Option<Case> {
    let mut smaller = case.clone();
    (at < smaller.variables.len()).then(|| smaller.variables.remove(at))?;
    Some(smaller)
}

/// An operand in fewer letters: without what leads to the same place.
fn with_plain_operand(case: &Case, at: usize) -> Option<Case> {
    let mut ways = Vec::new();
    for (index, operand) in case.operands.iter().enumerate() {
        let plain = [operand.strip_prefix(b"./"), operand.strip_suffix(b"/"), operand.strip_suffix(b"/.")];
        let plain = plain.into_iter().flatten().filter(|rest| !rest.is_empty());
        ways.extend(plain.map(|rest| (index, rest.to_vec())));
    }
    let (index, plain) = ways.get(at)?;
    let mut smaller = case.clone();
    smaller.operands[*index].clone_from(plain);
    Some(smaller)
}

fn with_plain_surroundings(case: &Case, at: usize) -> Option<Case> {
    let mut smaller = case.clone();
    let changed = match at {
        0 => std::mem::replace(&mut smaller.umask, 0o022) != 0o022,
        1 => smaller.input.take().is_some(),
        2 => std::mem::replace(&mut smaller.order, Order::First) != Order::First,
        3 => std::mem::take(&mut smaller.by_nobody),
        4 => std::mem::take(&mut smaller.bundled),
        5 => std::mem::take(&mut smaller.guarded),
        6 => smaller.descriptors.take().is_some(),
        7 => !std::mem::take(&mut smaller.groups).is_empty(),
        8 => smaller.input.as_mut().is_some_and(|input| {
            let long = input.len() > 2;
            input.truncate(2);
            long
        }),
        _ => return None,
    };
    // A step that changes nothing would succeed for ever.
    if changed { Some(smaller) } else { with_plain_surroundings(case, at + 1) }
}

fn with_plain_node(case: &Case, at: usize) -> Option<Case> {
    let own = if case.by_nobody { crate::case::NOBODY } else { 0 };
    let mut ways = Vec::new();
    for (index, node) in case.nodes.iter().enumerate() {
        if !node.has_usual_mode() {
            ways.push((index, 0, if node.is_directory() { 0o755 } else { 0o644 }));
        }
        if node.accessed != SOME_TIME {
            ways.push((index, 3, 0));
        }
        if node.modified != SOME_TIME {
            ways.push((index, 4, 0));
        }
        if node.owner != (own, own) {
            ways.push((index, 1, own));
        }
        ways.extend((0..node.xattrs.len()).map(|number| (index, 2, u32::try_from(number).unwrap())));
    }
    let (index, what, value) = *ways.get(at)?;
    let mut smaller = case.clone();
    let node = &mut smaller.nodes[index];
    match what {
        0 => node.mode = value,
        1 => node.owner = (value, value),
        3 => node.accessed = SOME_TIME,
        4 => node.modified = SOME_TIME,
        _ => drop(node.xattrs.remove(usize::try_from(value).unwrap())),
    }
    Some(smaller)
}

fn with_little(case: &Case, at: usize) -> Option<Case> {
    let large = |kind: &Kind| matches!(kind, Kind::Regular(content) if content.bytes > 10);
    let index = case.nodes.iter().enumerate().filter(|(_, node)| large(&node.kind)).nth(at)?.0;
    let mut smaller = case.clone();
    if let Kind::Regular(content) = &mut smaller.nodes[index].kind {
        *content = Content::little(content.word);
    }
    Some(smaller)
}
