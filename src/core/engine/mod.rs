//! The engine: everything that decides, nothing that acts.
//!
//! `herd` holds the tasks and takes inputs in, bound by `rules`; each other file is one
//! concern: `request` what clients ask, `ask` what they want run, `environments` what that
//! is given, `pick` which tasks they mean; `life` what shims report, `stop` how things end,
//! `again` what runs again by itself, `timing` how long anything may take (`alarms`);
//! `store` what waits for the disk, `journal` the activity log, `history` how ended tasks
//! go, `recover` what a dead supervisor left, `cap` the bound on all logs together, `why`
//! the one-line reason of a state, `reports` all that is told of a task; `tasks` holds them
//! with their indices, `changes` knows which of them changed.
//!
//! Agents: `hear` what is heard of them and when a run's end may be told, `talk` what
//! persons say to them, `reply` what they answer them, `usage` what they used, `budgets` what they may use, `calls` what
//! tools they call, `parking` how they wait for their provider's limits.
//!
//! The queue: `schedule` decides who starts and says why others don't, by `bounds`: `limits`, what
//! comes first (`others`) and who has which directory (`leases`); `reorder` is what persons
//! change about it. `queue` is its index (`ready`: who could start), kept by `tasks` from
//! each task's state: nothing frees a place or a directory by hand, so nothing can forget
//! to. `environments` holds what leaders are given.

mod again;
mod alarms;
mod ask;
mod bounds;
mod budgets;
mod calls;
mod cap;
mod changes;
mod environments;
mod hear;
mod herd;
mod history;
mod journal;
mod leases;
mod life;
mod limits;
mod others;
mod parking;
mod pick;
mod queue;
mod ready;
mod recover;
mod reorder;
mod reply;
mod reports;
mod request;
mod rules;
mod say;
mod schedule;
mod stop;
mod store;
#[cfg(test)]
mod stored;
mod talk;
mod tasks;
#[cfg(test)]
mod tests;
mod timing;
mod today;
mod usage;
mod why;

pub use herd::Engine;
pub use journal::hook_words;
pub use life::decided;
pub use rules::{Given, Keep, Rules};
pub use tasks::Turn;
pub use why::{reason, wanted};
