//! Which tasks are meant, where they are described rather than named.

use serde::{Deserialize, Serialize};

use super::attention::Attention;
use super::raw::Raw;
use super::task::Task;

/// Which tasks are meant. What is not given lets every task through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Ended ones that somebody has looked at, too. A state that is asked for by name
    /// needs this not.
    pub all: bool,
    /// Only those in one of these states.
    pub states: Vec<String>,
    /// Only those with one of these outcomes.
    pub outcomes: Vec<String>,
    /// Only those with all of these labels.
    pub labels: Vec<String>,
    /// Only those in this lane.
    #[serde(default)]
    pub lane: Option<String>,
    /// Only those that run in this directory or below; absolute.
    pub dir: Option<Raw>,
    /// Only those whose name or command contains this, whatever its case.
    pub text: Option<String>,
    /// Only those that want something of a person, the most urgent first.
    #[serde(default)]
    pub attention: bool,
    /// Only so many, the newest.
    pub last: Option<u32>,
}

impl Filter {
    /// Whether a task is meant. [`Self::last`] is for who has all of them before them.
    pub fn lets(&self, task: &Task) -> bool {
        let word = task.state().word();
        let outcome = task.state().settled();
        let listed = self.all
            || !self.states.is_empty()
            || !self.outcomes.is_empty()
            || task.is_active()
            || task.attention != Attention::None;
        listed
            && (!self.attention || task.attention != Attention::None)
            && (self.states.is_empty() || self.states.iter().any(|state| state == word))
            && (self.outcomes.is_empty()
                || outcome.is_some_and(|is| self.outcomes.iter().any(|word| word == is.word())))
            && self
                .labels
                .iter()
                .all(|label| task.spec.labels.contains(label))
            && (self.lane.is_none() || self.lane == task.spec.lane)
            && self
                .dir
                .as_ref()
                .is_none_or(|dir| task.spec.dir.as_path().starts_with(dir.as_path()))
            && self.text.as_deref().is_none_or(|text| contains(task, text))
    }
}

/// Whether name or command contain a text, whatever its case.
fn contains(task: &Task, text: &str) -> bool {
    let text = text.to_lowercase();
    task.spec.name.to_lowercase().contains(&text)
        || task.spec.command_line().to_lowercase().contains(&text)
}
