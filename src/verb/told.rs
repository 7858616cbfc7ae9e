//! What the program tells of itself: it needs neither a supervisor nor a
//! configuration that is right.

use std::path::PathBuf;

use super::registry::Verb;

/// What is told, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// On standard output.
    Text(String),
    /// As files in a directory: their names, and what is in them.
    Files(PathBuf, Vec<(String, String)>),
}

impl Verb {
    /// What the program tells of itself, where that is what is asked.
    pub fn told(&self) -> Option<Told> {
        match self {
            Self::Completions(asked) => Some(asked.told()),
            Self::Man(asked) => Some(asked.told()),
            Self::Schema(asked) => Some(asked.told()),
            _ => None,
        }
    }
}
