//! Where a person is on a screen: what is told to the client, which hands it back to the
//! next supervisor, so that the screen comes again as it was left.
//!
//! To the client it is a value without meaning: a client of one version may take it from
//! a supervisor of another to a third. What is missing has its default.

use serde::{Deserialize, Serialize};

use super::id::{RunId, TaskId};

/// The longest text told: what a single argument may hold on Linux (`MAX_ARG_STRLEN`,
/// execve(2)). A longer one could not be launched.
pub const LONGEST: usize = 128 << 10;

/// Most tasks told of.
pub const TASKS: usize = 256;

/// A place on a screen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// What the list shows.
    pub list: List,
    /// Whether the keys go to the output.
    pub reading: bool,
    /// Whether the output has the whole screen.
    pub zoom: bool,
    /// Whether the keys went to the output before that.
    pub was_reading: bool,
    /// Where a person stands in outputs whose end they don't follow.
    pub outputs: Vec<(RunId, Standing)>,
    /// The same in conversations.
    pub talks: Talks,
    /// The search that stands.
    pub find: Option<Find>,
    /// What has the keys.
    pub keys: Keys,
    /// What a text that is read is called.
    pub title: Option<String>,
    /// The task being composed: command, name, directory.
    pub draft: Option<[Text; 3]>,
    /// Which of the three has the keys.
    pub draft_field: usize,
    /// The agent that it is for.
    pub draft_agent: Option<String>,
}

impl Place {
    /// What a client hands back; the beginning where that makes no sense here.
    pub fn read(handed: serde_json::Value) -> Self {
        serde_json::from_value(handed).unwrap_or_default()
    }
}

/// A row of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Row {
    /// A task.
    Task(TaskId),
    /// What folds the history.
    Fold,
}

/// A place in the list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct List {
    /// What is selected.
    pub selected: Option<Row>,
    /// What is filtered by, and what was selected before that.
    pub filter: Option<(String, Option<Row>)>,
    /// Whether the history is unfolded.
    pub unfolded: bool,
    /// Tasks above the history, which stay there.
    pub kept: Vec<TaskId>,
    /// The row that is drawn first.
    pub top: usize,
    /// Whether the rows are a tree.
    pub tree: bool,
}

/// Places in conversations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Talks {
    /// Where a person stands in those whose end they don't follow.
    pub places: Vec<(RunId, Standing)>,
    /// Whether they are shown as they were written.
    pub raw: bool,
}

/// A place in an output: the first row in view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The line, by the offset of its first byte.
    pub line: u64,
    /// Which row of it; -1 for the row above the first kept line.
    pub part: i32,
    /// In so many columns.
    pub cols: u16,
}

/// A search of an output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Find {
    /// Of whose.
    pub run: RunId,
    /// Whether of the conversation.
    #[serde(default)]
    pub talks: bool,
    /// For what.
    pub text: String,
    /// The line it began at, and whether the end was followed.
    pub from: (u64, bool),
    /// The hit it stands on.
    pub at: Option<u64>,
}

/// What has the keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keys {
    /// List or output.
    #[default]
    Normal,
    /// The command bar.
    Bar(Text),
    /// A filter being typed.
    Filter(Text),
    /// A search being typed.
    Search(Text),
    /// A line for a task's standard input.
    Send(Text, TaskId),
    /// A message with which an ended agent goes another way.
    Fork(Text, TaskId),
    /// An answer to what a task's agent asks, and which question that is.
    Answer(Text, TaskId, String),
    /// The question whether this task is to be removed.
    Remove(TaskId),
    /// A task being composed.
    Compose,
    /// The kill menu: its tasks in the order of their keys, and rows scrolled.
    Kill(Vec<TaskId>, usize),
    /// The help, scrolled by so many rows.
    Help(usize),
    /// A text to be read, and rows scrolled.
    Text(String, usize),
    /// The question how to leave.
    Leave,
    /// All is being revoked; rows scrolled.
    Finish(usize),
}

/// A text being typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// What is typed.
    pub text: String,
    /// The cursor's line.
    pub line: u16,
    /// Its column.
    pub column: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_another_versions_place_what_is_known_is_taken_and_nonsense_is_the_beginning() {
        let handed = serde_json::json!({ "zoom": true, "later": [1] });
        let place = Place::read(handed);
        assert!(place.zoom && place.keys == Keys::Normal);
        assert_eq!(Place::read(serde_json::json!(7)), Place::default());
        let place = Place {
            keys: Keys::Send(Text::default(), TaskId(3)),
            list: List {
                filter: Some(("a b".into(), Some(Row::Fold))),
                ..List::default()
            },
            ..Place::default()
        };
        let handed = serde_json::to_value(&place).unwrap();
        assert_eq!(Place::read(handed), place);
    }
}
