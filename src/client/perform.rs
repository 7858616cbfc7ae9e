//! Carries out what the command line asks.

use super::trouble::Trouble;
use super::{attach, call, events, export, launch, limit, logs};
use crate::config::{Config, Paths};
use crate::verb::{Command, Context};

/// Carries out a command and gives the exit code. Being the supervisor is not for a
/// client, and not done here.
///
/// # Errors
/// What kept it from being done, with its exit code.
pub fn perform(
    command: Command,
    paths: &Paths,
    config: &Config,
    context: Context,
) -> Result<u8, Trouble> {
    match command {
        Command::Screen => attach::attach(paths, context.caller),
        Command::Call(call) => call::call(paths, call),
        Command::Again(asked) => launch::again(paths, asked),
        Command::Limits(asked) => limit::limits(paths, asked),
        Command::Why(target) => call::why(paths, &target),
        Command::Logs(logs) => logs::logs(paths, &logs),
        Command::Export(asked) => export::export(paths, &asked),
        Command::Events(asked) => events::events(paths, asked),
        Command::Told(told) => super::tell(&told),
        Command::Doctor => super::doctor(paths, Ok(config)),
        Command::Config(asked) => super::config(paths, config.sources(), &asked, &context),
        Command::Said(lines) => super::out::lines(&lines),
        Command::Supervisor { .. } => Err(Trouble::Failed(
            "a client cannot be the supervisor; run wrangle supervisor".into(),
        )),
    }
}
