//! The registry: one line per verb.

use clap::{Parser, Subcommand};

use super::command::{Ask, Command, Context};
use super::{
    config, doctor, logs, ls, pause, reload, retry, revoke, run, send, show, shutdown, supervisor,
    trust, wait,
};
use crate::core::version;

/// Launch, watch and revoke a herd of coding agents and other long commands.
///
/// Without a verb the screen opens. A task is named by its number, by @ for the
/// newest, or by its name where only one bears it.
#[derive(Debug, Parser)]
#[command(name = "wrangle", version = version::ours())]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
}

/// Declares the verbs and hands each its turn.
macro_rules! verbs {
    ($($(#[$meta:meta])* $name:ident($args:ty),)*) => {
        /// A verb with its options.
        #[derive(Debug, Clone, Subcommand)]
        pub enum Verb {
            $($(#[$meta])* $name($args),)*
        }

        impl Verb {
            /// What it comes down to.
            ///
            /// # Errors
            /// One line that names what was wrong and the remedy.
            pub fn ask(self, context: &Context) -> Result<Command, String> {
                match self {
                    $(Self::$name(args) => args.ask(context),)*
                }
            }
        }
    };
}

verbs! {
    /// Launch a command
    Run(run::Run),
    /// List tasks: those active, and those ended that nobody has looked at yet
    Ls(ls::Ls),
    /// Show one task
    Show(show::Show),
    /// Print a task's output
    Logs(logs::Logs),
    /// Stop tasks for good: SIGTERM, a grace period, SIGKILL
    #[command(alias = "kill")]
    Revoke(revoke::Revoke),
    /// Wait until tasks have ended, and exit with their code
    Wait(wait::Wait),
    /// Run an ended task again
    Retry(retry::Retry),
    /// Stop tasks' processes for the time being
    Pause(pause::Pause),
    /// Let paused tasks go on
    Resume(pause::Resume),
    /// Write a line to a task's standard input
    Send(send::Send),
    /// Let the wrangle.toml of a directory run things
    Trust(trust::Trust),
    /// Say what is set, where, and whether it is right
    Config(config::Config),
    /// Have the running supervisor read the configuration anew
    Reload(reload::Reload),
    /// Revoke everything, then end the supervisor
    Shutdown(shutdown::Shutdown),
    /// Be the supervisor, in the foreground
    Supervisor(supervisor::Supervisor),
    /// Say what works on this machine, and where things lie
    Doctor(doctor::Doctor),
}
