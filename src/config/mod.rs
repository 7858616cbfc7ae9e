//! Configuration: where things lie, what may be set, and what is wrong with it.
//!
//! `layer` is what one place sets, `settings` all of them over each other; `project` is
//! what a directory offers, task by task in `offer`, `trust` whether it may; `value` and `doc` read; `prices`
//! is what tokens cost.

mod doc;
mod layer;
mod offer;
mod paths;
mod prices;
mod project;
mod settings;
#[cfg(test)]
mod tests;
mod trust;
mod value;

pub use layer::{DEFAULT, Own, Setting, Source};
pub use offer::{MOST_RETRIES, Offer};
pub use paths::Paths;
pub use prices::{PRICES, prices};
pub use project::{EXAMPLE, MOST_GRACE, PROJECT, Project, parse_label, parse_name};
pub use settings::{Config, History, Hooks, Output, Screen, Sources, Supervisor, Task, in_short};
pub use trust::Trust;
pub use value::{Value, parse_duration, parse_span, similar};
