//! What keeps a line from being carried out, in one line.

use std::error::Error as _;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use super::registry::Cli;
use crate::config::similar;

/// Why there is nothing to carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Help or the version was asked for: this text, several lines.
    Help(String),
    /// The line is wrong: one line that names the thing and the remedy.
    Usage(String),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                Self::Help(error.render().to_string())
            }
            _ => Self::Usage(one_line(&error)),
        }
    }
}

/// clap's errors take several lines; here is one.
fn one_line(error: &Error) -> String {
    let get = |kind| error.get(kind).map(words).unwrap_or_default();
    let argument = get(ContextKind::InvalidArg);
    let value = get(ContextKind::InvalidValue);
    let usage = get(ContextKind::Usage);
    let usage = usage.trim().trim_start_matches("Usage:").trim();
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let verb = get(ContextKind::InvalidSubcommand);
            let cli = Cli::command();
            let known = cli.get_subcommands().map(clap::Command::get_name);
            match similar(&verb, known) {
                Some(meant) => format!("unknown verb {verb}; did you mean {meant}?"),
                None => format!("unknown verb {verb}; wrangle help lists them"),
            }
        }
        ErrorKind::UnknownArgument => {
            let meant = get(ContextKind::SuggestedArg);
            let what = if argument.starts_with('-') {
                "unknown option"
            } else {
                "unexpected argument"
            };
            if meant.is_empty() {
                format!("{what} {argument}; usage: {usage}")
            } else {
                format!("{what} {argument}; did you mean {meant}?")
            }
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("{argument} needs a value"),
        ErrorKind::InvalidValue => {
            let meant = get(ContextKind::SuggestedValue);
            let remedy = if meant.is_empty() {
                format!("one of {}", get(ContextKind::ValidValue))
            } else {
                format!("did you mean {meant}?")
            };
            format!("{value:?} is no value of {argument}; {remedy}")
        }
        ErrorKind::ValueValidation => match error.source() {
            Some(why) => format!("{argument}: {why}"),
            None => format!("{value:?} is no value of {argument}"),
        },
        ErrorKind::InvalidUtf8 => {
            "names, labels and the like are UTF-8; any bytes may stand in commands, directories, files and --env alone".into()
        }
        ErrorKind::MissingRequiredArgument => format!("missing {argument}; usage: {usage}"),
        ErrorKind::ArgumentConflict => {
            let other = get(ContextKind::PriorArg);
            if other.is_empty() || other == argument {
                format!("{argument} is given twice; give it once")
            } else {
                format!("{argument} and {other} cannot be used together")
            }
        }
        _ => {
            let text = error.render().to_string();
            let line = text.lines().next().unwrap_or_default();
            line.trim_start_matches("error: ").to_owned()
        }
    }
}

fn words(value: &ContextValue) -> String {
    match value {
        ContextValue::Strings(words) => words.join(", "),
        ContextValue::StyledStrs(words) => words
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
        other => other.to_string(),
    }
}
