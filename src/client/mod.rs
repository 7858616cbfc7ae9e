//! Clients: the attach relay and command-line calls.
//!
//! | file | what |
//! |---|---|
//! | `connect` | finds the supervisor, or starts one; `upgrade` judges one of another version |
//! | `line` | the line to it: requests, answers, interrupts; `open` is what another one is asked again |
//! | `call` | one verb: a request and what becomes of its answers |
//! | `launch` | a task launched, or many: what is said of them |
//! | `limit` | which limits there are |
//! | `wait`, `progress` | until tasks have ended, and how far they are |
//! | `table`, `tree`, `detail`, `json` | tasks as text: many, under each other, one in full, for programs |
//! | `local` | what tasks wait for, by the clocks of whoever called |
//! | `usage` | what agents did and used |
//! | `logs` | a task's output, from the disk |
//! | `export` | a task with its output as one document |
//! | `events` | what happened, and with `lines` what was written |
//! | `tell` | what the program tells of itself |
//! | `glance` | which tasks there are, for completions |
//! | `attach` | the terminal that shows the screen; `stream`, `tty`, `keys`, `painter`, `pager`, `offer` are its parts |
//! | `config` | what is set, and whether it is right |
//! | `doctor` | what works on this machine |

mod attach;
mod call;
mod config;
mod connect;
mod detail;
mod doctor;
mod events;
mod export;
mod glance;
mod json;
mod keys;
mod launch;
mod limit;
mod line;
mod local;
mod logs;
mod offer;
mod open;
mod out;
mod pager;
mod painter;
mod perform;
mod progress;
mod safe;
mod stream;
mod table;
mod tell;
mod tree;
mod trouble;
mod tty;
mod upgrade;
mod wait;

pub use config::config;
pub use doctor::doctor;
pub use glance::glance;
pub use out::print;
pub use perform::perform;
pub use tell::tell;
pub use trouble::Trouble;
