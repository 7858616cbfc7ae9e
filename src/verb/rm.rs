//! `rm`: remove ended tasks with their output.

use std::time::Duration;

use clap::Args;

use super::command::{Ask, Command, Context};
use super::filter::Described;
use crate::config::parse_duration;
use crate::core::filter::Filter;
use crate::core::id::Target;
use crate::core::wire::Request;

/// The longest age: a hundred years, as long as they are written.
const MOST: Duration = Duration::from_secs(100 * 31_557_600);

/// Remove ended tasks with their output.
#[derive(Debug, Clone, Args)]
#[command(
    override_usage = "wrangle rm <ID>...|--ended [OPTIONS]",
    after_help = "What is removed is gone: wrangle export writes a task to a file first."
)]
pub struct Rm {
    /// Numbers, names, or @ for the newest
    #[arg(value_name = "ID", required_unless_present = "ended")]
    targets: Vec<Target>,
    /// Every ended task that the other options describe
    #[arg(long, conflicts_with = "targets")]
    ended: bool,
    /// Only those that ended at least this long ago
    #[arg(
        long,
        value_name = "TIME",
        value_parser = age,
        allow_hyphen_values = true
    )]
    older_than: Option<Duration>,
    #[command(flatten)]
    described: Described,
}

impl Ask for Rm {
    fn ask(self, context: &Context) -> Result<Command, String> {
        let described = self.described.filter(&context.caller)?;
        // clap drops a requirement that a given argument conflicts with
        if !self.ended && (described != Filter::default() || self.older_than.is_some()) {
            return Err("tasks are named, or described after --ended; give one of the two".into());
        }
        let age = self.older_than.unwrap_or_default().as_millis();
        Ok(Request::Remove {
            targets: self.targets,
            ended: self.ended.then(|| Filter {
                all: true,
                states: vec!["ended".into()],
                ..described
            }),
            older_than_ms: u64::try_from(age).unwrap_or(u64::MAX),
        }
        .into())
    }
}

fn age(text: &str) -> Result<Duration, String> {
    parse_duration(text, MOST)
}
