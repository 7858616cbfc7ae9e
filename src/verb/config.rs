//! `config`: what is set, where, and whether it is right.

use clap::{Args, ValueEnum};

use super::command::{Ask, Command, Context};

/// Say what is set, where, and whether it is right.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// What to print
    #[arg(value_name = "WHAT")]
    pub what: What,
    /// Of default: which file
    #[arg(
        value_name = "FILE",
        default_value = "config",
        hide_default_value = true
    )]
    pub file: Asset,
    /// Of show: one JSON object
    #[arg(long)]
    pub json: bool,
}

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// The files looked at, and whether they exist
    Path,
    /// Everything that is wrong; exits with 1 where something is
    Check,
    /// A file of defaults, every key with its meaning
    Default,
    /// Every setting that holds here, and where it comes from
    Show,
}

/// A file of defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Asset {
    /// Settings
    Config,
    /// Keys of the screen
    Keymap,
    /// Colours of the screen
    Theme,
    /// What a project may offer, by example
    Project,
    /// Which agents there are
    Agents,
}

impl Ask for Config {
    fn ask(self, _: &Context) -> Result<Command, String> {
        if self.json && self.what != What::Show {
            return Err("--json goes with show alone; leave it out".into());
        }
        if self.file != Asset::Config && self.what != What::Default {
            return Err("a file is named with default alone; leave it out".into());
        }
        Ok(Command::Config(self))
    }
}
