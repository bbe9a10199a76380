//! All options of GNU cp that cases draw from, with the arguments that are worth trying.

use crate::random::Random;

/// One option: what it is called in `UCP_OPTIONS`, how often it is drawn, how it may be spelled, and its arguments.
pub struct Choice {
    pub id: &'static str,
    weight: usize,
    spellings: &'static [&'static str],
    /// Put behind the spelling as it is.
    arguments: &'static [&'static str],
}

const fn choice(
    id: &'static str,
    weight: usize,
    spellings: &'static [&'static str],
    arguments: &'static [&'static str],
) -> Choice {
    Choice { id, weight, spellings, arguments }
}

const NONE: &[&str] = &[""];
const SUFFIXES: &[&str] = &[
    ".bak",
    "~",
    "x/y",
    "-",
    "",
    "/",
    "..",
    ".",
    " ",
    "a b",
    "/..",
    "x",
    ".~1~",
    "\n",
    "'",
    "~~",
    // With most names longer than a name may be.
    "llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll\
     llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll\
     llllllllllllllllllllllllllllllllllllllllllllllllllllllllll",
];
const ATTRIBUTES: &[&str] = &[
    "=mode",
    "=ownership",
    "=timestamps",
    "=links",
    "=xattr",
    "=all",
    "=mode,timestamps",
    "=links,mode",
    "=context",
    "=mode,bad",
    "=",
];

/// `-t`, `-T` and the options for recursion are chosen with the operands; see [`RECURSIVE`].
pub const CHOICES: &[Choice] = &[
    choice("attributes-only", 5, &["--attributes-only", "--attr"], NONE),
    choice("b", 8, &["-b"], NONE),
    choice(
        "backup",
        9,
        &["--backup"],
        &[
            "",
            "=numbered",
            "=simple",
            "=existing",
            "=none",
            "=t",
            "=nil",
            "=never",
            "=off",
            "=e",
            "=n",
            "=bad",
            "=",
        ],
    ),
    choice("copy-contents", 4, &["--copy-contents"], NONE),
    choice("d", 8, &["-d"], NONE),
    choice("debug", 3, &["--debug"], NONE),
    choice("L", 8, &["-L", "--dereference"], NONE),
    choice("f", 14, &["-f", "--force"], NONE),
    choice("i", 12, &["-i", "--interactive"], NONE),
    choice("H", 8, &["-H"], NONE),
    choice("l", 11, &["-l", "--link", "--li"], NONE),
    choice("n", 8, &["-n", "--no-clobber"], NONE),
    choice("P", 8, &["-P", "--no-dereference"], NONE),
    choice("no-preserve", 6, &["--no-preserve"], ATTRIBUTES),
    choice("x", 3, &["-x", "--one-file-system"], NONE),
    choice("p", 14, &["-p"], NONE),
    choice("parents", 10, &["--parents", "--pa", "--path"], NONE),
    choice("preserve", 10, &["--preserve"], ATTRIBUTES),
    choice("preserve", 3, &["--preserve"], NONE),
    choice("remove-destination", 11, &["--remove-destination", "--rem"], NONE),
    choice("sparse", 6, &["--sparse"], &["=always", "=always", "=never", "=auto", "=bad", "=a", "=alw"]),
    choice("reflink", 5, &["--reflink"], &["", "=auto", "=never", "=always", "=always", "=bad", "=n"]),
    choice("strip-trailing-slashes", 6, &["--strip-trailing-slashes", "--st"], NONE),
    choice("S", 5, &["-S", "--suffix=", "--suf="], SUFFIXES),
    choice("s", 9, &["-s", "--symbolic-link"], NONE),
    choice("u", 8, &["-u"], NONE),
    choice("update", 10, &["--update"], &["", "=all", "=none", "=none-fail", "=older", "=o", "=bad"]),
    choice("v", 14, &["-v", "--verbose", "--verb"], NONE),
    choice("keep-directory-symlink", 6, &["--keep-directory-symlink", "--keep"], NONE),
    choice("Z", 1, &["-Z"], NONE),
    choice("context", 1, &["--context"], &["", "=x"]),
    choice("unknown", 1, &["--bogus", "-y", "--re", "--s", "--backup-"], NONE),
];

pub const RECURSIVE: &[Choice] = &[
    choice("r", 50, &["-r", "-R", "--recursive", "--recurs"], NONE),
    choice("a", 40, &["-a", "--archive"], NONE),
];

/// Options that have to do with each other, so that they meet more often than by chance.
pub const THEMES: &[(usize, &[&str])] = &[
    (30, &[]),
    (14, &["b", "backup", "S", "f", "s", "l", "v", "i", "u", "remove-destination"]),
    (12, &["parents", "p", "preserve", "b", "backup", "f", "s", "l", "v", "d", "L"]),
    (10, &["L", "H", "P", "d", "x", "keep-directory-symlink", "copy-contents", "l", "s"]),
    (10, &["p", "preserve", "no-preserve", "attributes-only", "d", "l", "u", "update"]),
    (8, &["sparse", "reflink", "attributes-only", "p", "preserve", "d", "debug", "b"]),
    (8, &["u", "update", "n", "i", "f", "p", "preserve", "d", "l", "b", "backup", "v"]),
    (8, &["s", "l", "f", "b", "remove-destination", "strip-trailing-slashes", "i", "n"]),
];

/// Which options the caller lets cases use: the value of `UCP_OPTIONS`, all where it is not set.
pub struct Allowed {
    ids: Option<Vec<String>>,
}

impl Allowed {
    pub fn from_environment() -> Self {
        let ids = std::env::var("UCP_OPTIONS").ok().filter(|text| !text.is_empty());
        Self { ids: ids.map(|text| text.split(',').map(str::to_owned).collect()) }
    }

    pub fn allows(&self, id: &str) -> bool {
        self.ids.as_ref().is_none_or(|ids| ids.iter().any(|allowed| allowed == id))
    }

    /// One option out of `choices`, spelled in one of its ways; `None` where none of them is allowed. Where `among` names
    /// some, it is one of them.
    pub fn draw(&self, random: &mut Random, choices: &[Choice], among: &[&str]) -> Option<Vec<Vec<u8>>> {
        let weighed: Vec<(usize, &Choice)> = choices
            .iter()
            .filter(|choice| self.allows(choice.id) && (among.is_empty() || among.contains(&choice.id)))
            .map(|choice| (choice.weight, choice))
            .collect();
        if weighed.is_empty() {
            return None;
        }
        let choice = random.weighed(&weighed);
        let spelling = *random.pick(choice.spellings);
        let argument = *random.pick(choice.arguments);
        Some(vec![format!("{spelling}{argument}").into_bytes()])
    }
}

/// Whether one of these arguments asks for directories to be copied; what is listed has no promised order.
pub fn is_recursive(options: &[Vec<Vec<u8>>]) -> bool {
    options.iter().any(|words| {
        let word = words[0].as_slice();
        [b"-r", b"-R", b"-a"].iter().any(|short| word == *short)
            || word.starts_with(b"--recur")
            || word.starts_with(b"--archive")
    })
}

/// Whether one of these arguments asks for a line of each copy, or for a question before it.
pub fn is_told(options: &[Vec<Vec<u8>>]) -> bool {
    let told = [&b"-v"[..], b"--verb", b"--debug", b"-i", b"--interactive"];
    options.iter().any(|words| told.iter().any(|word| words[0].starts_with(word)))
}
