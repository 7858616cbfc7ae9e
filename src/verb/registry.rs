//! The registry: one line per verb.

use clap::{Parser, Subcommand};

use super::command::{Ask, Command, Context};
use super::{
    after, answer, completions, config, doctor, events, export, limit, logs, ls, man, order, pause,
    priority, reload, retry, revoke, rm, run, schema, send, show, shutdown, stats, supervisor,
    tools, trust, wait, why,
};
use crate::core::version;

/// What the process exits with.
const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 the thing asked for failed, 2 wrong usage, 3 no supervisor could be
reached or started, 4 no such task; run --follow and wait pass on the task's own code
(128+N for signal N), and 130 is Ctrl-C.";

/// Launch, watch and revoke a herd of coding agents and other long commands.
///
/// Without a verb the screen opens. A task is named by its number, by @ for the
/// newest, or by its name where only one bears it.
#[derive(Debug, Parser)]
#[command(name = "wrangle", version = version::ours(), after_help = EXIT_CODES)]
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
    /// Launch a command, or an agent
    Run(Box<run::Run>),
    /// List tasks: those active, and those ended that nobody has looked at yet
    Ls(ls::Ls),
    /// Show one task
    Show(show::Show),
    /// Say why a task stands where it stands, and who must move
    Why(why::Why),
    /// Print a task's output
    Logs(logs::Logs),
    /// Stop tasks for good: SIGTERM, a grace period, SIGKILL
    #[command(alias = "kill")]
    Revoke(revoke::Revoke),
    /// Wait until tasks have ended, and exit with their code
    Wait(wait::Wait),
    /// Run an ended task again
    Retry(retry::Retry),
    /// Stop tasks' processes, or the queue, for the time being
    Pause(pause::Pause),
    /// Let paused tasks, or the queue, go on
    Resume(pause::Resume),
    /// Show limits on what runs at once, or set one
    Limit(limit::Limit),
    /// Say how urgent tasks are
    Priority(priority::Priority),
    /// Put a queued task before all others
    Top(order::Top),
    /// Put a queued task before the one that stands before it
    Up(order::Up),
    /// Put a queued task after the one that stands after it
    Down(order::Down),
    /// Have a queued task wait for others
    After(after::After),
    /// Write a line to a task's standard input, or say something to an agent
    Send(send::Send),
    /// Answer an agent's question
    Answer(answer::Answer),
    /// Show which tools an agent called
    Tools(tools::Tools),
    /// Show what agents used and what that cost
    Stats(stats::Stats),
    /// Let the wrangle.toml of a directory run things
    Trust(trust::Trust),
    /// Say what is set, where, and whether it is right
    Config(config::Config),
    /// Have the running supervisor read the configuration anew
    Reload(reload::Reload),
    /// Remove ended tasks with their output
    Rm(rm::Rm),
    /// Write a task with its output as one document
    Export(export::Export),
    /// Print what happened to tasks, as it happens where asked
    Events(events::Events),
    /// Revoke everything, then end the supervisor
    Shutdown(shutdown::Shutdown),
    /// Be the supervisor, in the foreground
    Supervisor(supervisor::Supervisor),
    /// Say what works on this machine, and where things lie
    Doctor(doctor::Doctor),
    /// Print the JSON Schema of what --json prints
    Schema(schema::Schema),
    /// Print completions for a shell
    Completions(completions::Completions),
    /// Print the manual page, or write every page
    Man(man::Man),
}
