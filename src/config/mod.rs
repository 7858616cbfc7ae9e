//! Configuration: where things lie, what may be set, and what is wrong with it.
//!
//! `layer` is what one place sets, `settings` all of them over each other; `project` is
//! what a directory offers, task by task in `offer`, `trust` whether it may; `value` and `doc` read.
//! `agents` is which agents there are, each a `profile` with its `mode`s; `templates` are prompts by name, and
//! `budgets` what lanes may use, `prices` what tokens cost.

mod agents;
mod budgets;
mod doc;
mod layer;
mod mode;
mod offer;
mod paths;
mod prices;
mod profile;
mod project;
mod settings;
mod templates;
#[cfg(test)]
mod tests;
mod trust;
mod value;

pub use agents::{AGENTS, Agents};
pub use budgets::{parse_cost, parse_tokens};
pub use layer::{DEFAULT, Own, Setting, Source};
pub use offer::{MOST_RETRIES, Offer};
pub use paths::Paths;
pub use prices::{PRICES, prices};
pub use profile::{Choice, Commands, Profile};
pub use project::{EXAMPLE, MOST_GRACE, PROJECT, Project, parse_label, parse_name};
pub use settings::{
    Config, History, Hooks, Notify, Output, Screen, Sources, Supervisor, Task, in_short,
};
pub use templates::Templates;
pub use trust::Trust;
pub use value::{Value, parse_duration, parse_span, similar};
