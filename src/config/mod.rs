//! Configuration: where things lie, what may be set, and what is wrong with it.

mod file;
mod paths;
mod settings;
#[cfg(test)]
mod tests;
mod value;

pub use file::DEFAULT;
pub use paths::Paths;
pub use settings::{Config, Output, Screen, Supervisor, Task};
pub use value::{parse_duration, similar};
