//! Which key does what where: the default asset, and a person's own keys over it.

mod chord;
mod command;
mod map;
#[cfg(test)]
mod tests;

pub use chord::Chord;
pub use command::{Command, Context};
pub use map::{DEFAULT, Entry, Keymap};
