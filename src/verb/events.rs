//! `events`: what happened to which task, when, and by whom.

use clap::Args;

use super::command::{self, Ask, Command, Context};
use crate::core::id::Target;
use crate::core::wire::EventsAsked;

/// Print what happened to tasks.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Followed, it begins with what happens from now on; -n gives some of what was before.\nwrangle schema event describes the JSON."
)]
pub struct Events {
    /// Go on with what happens from now on
    #[arg(short, long)]
    follow: bool,
    /// Only so many of the last events
    #[arg(short = 'n', long = "last", value_name = "N")]
    last: Option<u32>,
    /// Only those of this task
    #[arg(long, value_name = "ID")]
    task: Option<Target>,
    /// Each line of output too, from now on
    #[arg(long, requires = "follow")]
    lines: bool,
    /// One JSON object per line and event
    #[arg(long)]
    json: bool,
}

impl Ask for Events {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Command::Events(command::Events {
            asked: EventsAsked {
                task: self.task,
                last: self.last.or(self.follow.then_some(0)),
                follow: self.follow,
            },
            lines: self.lines,
            json: self.json,
        }))
    }
}
