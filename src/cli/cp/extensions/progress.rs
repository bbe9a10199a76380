//! Options for what is seen of a copy while it runs.

use crate::cli::EXTENSIONS;
use crate::cli::knobs::BadArgument;
use clap::{Arg, ArgAction, ArgMatches};

/// When progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Where standard error is a terminal, and the copy has taken a second.
    Auto,
    /// At once, and in plain lines where there is no terminal.
    Always,
    /// Only when it is asked for by SIGUSR1.
    Never,
}

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// When progress is shown; `None` where the option was not given: signals have their default action then.
    pub when: Option<When>,
}

#[must_use]
pub(crate) fn arguments() -> Vec<Arg> {
    let progress = Arg::new("progress").long("progress").value_name("WHEN").action(ArgAction::Set);
    vec![progress.num_args(0..=1).require_equals(true).help_heading(EXTENSIONS).help(
        "show what is done: 'auto' (on a terminal, after a second), 'always' or 'never' (only on SIGUSR1)",
    )]
}

/// Reads them.
///
/// # Errors
/// The first argument that is not what its option takes.
pub(crate) fn read(matches: &ArgMatches) -> Result<Progress, BadArgument> {
    if matches.value_source("progress").is_none() {
        return Ok(Progress::default());
    }
    let when = match matches.get_one::<String>("progress").map(String::as_str) {
        None | Some("auto") => When::Auto,
        Some("always") => When::Always,
        Some("never") => When::Never,
        Some(other) => {
            return Err(BadArgument {
                argument: other.to_owned(),
                option: "--progress",
                takes: "auto, always or never",
            });
        }
    };
    Ok(Progress { when: Some(when) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Command;

    fn when(arguments: &[&str]) -> Result<Option<When>, BadArgument> {
        let command =
            Command::new("ucp").no_binary_name(true).args_override_self(true).args(super::arguments());
        let matches = command.try_get_matches_from(arguments).unwrap_or_default();
        read(&matches).map(|progress| progress.when)
    }

    #[test]
    fn the_value_is_optional_and_the_last_one_counts() {
        assert_eq!(when(&[]), Ok(None));
        assert_eq!(when(&["--progress"]), Ok(Some(When::Auto)));
        assert_eq!(when(&["--progress=always", "--progress=never"]), Ok(Some(When::Never)));
        assert!(when(&["--progress=perhaps"]).is_err_and(|bad| bad.argument == "perhaps"));
    }
}
