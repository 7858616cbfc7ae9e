//! `wait`: until tasks have ended.

use std::time::Duration;

use clap::Args;

use super::command::{Ask, Call, Command, Context};
use crate::config::{parse_duration, parse_label};
use crate::core::id::Target;
use crate::core::wire::{Pick, Request};

/// The longest wait: a year, as long as `1y` is.
const MOST: Duration = Duration::from_secs(31_557_600);

/// Wait until tasks have ended.
#[derive(Debug, Clone, Args)]
#[command(
    override_usage = "wrangle wait [OPTIONS] <ID>...|--label <LABEL>",
    after_help = "Exits with the task's own code, 128+N for signal N; with 1 if there are several, or a label, and any failed. On a terminal a line says how far several are.\nWith --any it prints which one has ended, and exits with the code of that one."
)]
pub struct Wait {
    /// Numbers, names, or @ for the newest
    #[arg(value_name = "ID", required_unless_present = "label")]
    targets: Vec<Target>,
    /// Every task with this label, ended ones too (repeatable: with all of them)
    #[arg(long, value_name = "LABEL", value_parser = parse_label)]
    label: Vec<String>,
    /// Until one of them has ended
    #[arg(long)]
    any: bool,
    /// Give up after this time, with exit code 1
    #[arg(long, value_name = "TIME", value_parser = timeout, allow_hyphen_values = true)]
    timeout: Option<Duration>,
}

impl Ask for Wait {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Command::Call(Call {
            timeout: self.timeout,
            any: self.any,
            ..Request::Wait(Pick {
                targets: self.targets,
                labels: self.label,
            })
            .into()
        }))
    }
}

fn timeout(text: &str) -> Result<Duration, String> {
    parse_duration(text, MOST)
}
