//! Clients: the attach relay and command-line calls.
//!
//! | file | what |
//! |---|---|
//! | `connect` | finds the supervisor, or starts one; `upgrade` judges one of another version |
//! | `line` | the line to it: requests, answers, interrupts; `open` is what another one is asked again |
//! | `call` | one verb: a request and what becomes of its answers |
//! | `table` | tasks as text |
//! | `logs` | a task's output, from the disk |
//! | `attach` | the terminal that shows the screen; `stream`, `tty`, `keys`, `painter`, `pager` are its parts |
//! | `config` | what is set, and whether it is right |
//! | `doctor` | what works on this machine |

mod attach;
mod call;
mod config;
mod connect;
mod doctor;
mod keys;
mod line;
mod logs;
mod open;
mod out;
mod pager;
mod painter;
mod perform;
mod safe;
mod stream;
mod table;
mod trouble;
mod tty;
mod upgrade;

pub use config::config;
pub use doctor::doctor;
pub use out::print;
pub use perform::perform;
pub use trouble::Trouble;
