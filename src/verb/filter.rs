//! Which tasks a verb means, where they are described rather than named: options that
//! several verbs share.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};

use super::disk::within;
use super::run::resolve;
use crate::config::parse_label;
use crate::core::filter::Filter;
use crate::core::raw::Raw;
use crate::core::wire::Caller;

/// The words of the states a task can be in.
pub(super) const STATES: [&str; 8] = [
    "queued",
    "parked",
    "starting",
    "running",
    "paused",
    "stopping",
    "lingering",
    "ended",
];

/// The words of the outcomes an ended run can have.
pub(super) const OUTCOMES: [&str; 7] = [
    "succeeded",
    "failed",
    "killed",
    "timed_out",
    "revoked",
    "did_not_start",
    "lost",
];

/// How long a directory is looked for on its disk.
const PATIENCE: Duration = Duration::from_secs(1);

/// What describes tasks.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Described {
    /// Only those that ended like this (repeatable)
    #[arg(long, value_name = "OUTCOME", value_parser = PossibleValuesParser::new(OUTCOMES))]
    outcome: Vec<String>,
    /// Only those with this label (repeatable: with all of them)
    #[arg(long, value_name = "LABEL", value_parser = parse_label)]
    label: Vec<String>,
    /// Only those that run in this directory or below
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: Option<PathBuf>,
    /// Only those whose name or command contains this
    #[arg(long = "match", value_name = "TEXT")]
    text: Option<String>,
}

impl Described {
    /// The filter that lets these through, ended ones as far as they are asked for.
    pub(super) fn filter(self, caller: &Caller) -> Result<Filter, String> {
        Ok(Filter {
            outcomes: self.outcome,
            labels: labels(self.label),
            dir: self.dir.map(|dir| place(&dir, caller)).transpose()?,
            text: self.text,
            ..Filter::default()
        })
    }
}

/// Sorted, each once.
pub(super) fn labels(mut given: Vec<String>) -> Vec<String> {
    given.sort();
    given.dedup();
    given
}

/// A directory as tasks have it: absolute and without links. It may be gone by now:
/// what ran in it is still found.
fn place(given: &Path, caller: &Caller) -> Result<Raw, String> {
    let path = resolve(given, caller);
    let asked = path.clone();
    match within(PATIENCE, move || asked.canonicalize()) {
        Some(Ok(found)) => Ok(found.into()),
        Some(Err(_)) => Ok(tidy(&path).into()),
        None => Err(format!(
            "cannot look for {}: its disk does not answer; leave --dir out",
            path.display()
        )),
    }
}

/// A path without `.` and `..`, by its words alone.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                tidy.pop();
            }
            part => tidy.push(part),
        }
    }
    tidy
}
