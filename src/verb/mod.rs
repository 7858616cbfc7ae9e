//! Every verb once: the command line, the command bar, help and completion come from
//! one declaration. To add one: a file here, a line in `registry`.

mod after;
mod command;
mod complete;
mod completions;
mod config;
mod disk;
mod doctor;
mod each;
mod error;
mod events;
mod export;
mod filter;
mod known;
mod lease;
mod limit;
mod logs;
mod ls;
mod man;
mod order;
mod parse;
mod pause;
mod priority;
mod project;
mod registry;
mod reload;
mod retry;
mod revoke;
mod rm;
mod run;
mod schema;
mod send;
mod shell;
mod show;
mod shutdown;
mod supervisor;
mod terms;
#[cfg(test)]
mod tests;
mod told;
mod trust;
mod wait;
mod when;
mod why;

pub use command::{Again, Asked, Call, Command, Context, Document, Events, Export, Limits, Logs};
pub use complete::{Candidate, Completion, complete};
pub use config::{Asset, Config, What};
pub use error::Stop;
pub use limit::{limit_line, limit_table};
pub use parse::{parse_args, parse_bar};
pub use registry::Verb;
pub use shell::{ASKED, answer};
pub use told::Told;
