//! When and beside whom a task may run: what the queue goes by.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::id::{Target, TaskId};
use super::raw::Raw;
use super::task::Outcome;
use super::time::Timestamp;

/// How long a task of one priority waits until it counts as one of the next.
///
/// The queue is in the order in which tasks came, where one of priority normal counts as
/// if it had come this much later than it did, and one of priority low twice as much. So
/// whatever comes more than twice this time after a task never passes it: none starves.
pub const LEVEL: Duration = Duration::from_secs(12 * 3600);

/// How urgent a task is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Before normal ones.
    High,
    /// As most.
    #[default]
    Normal,
    /// After normal ones.
    Low,
}

impl Priority {
    /// All there are, the most urgent first.
    pub const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Low];

    /// The word of the contract.
    pub const fn word(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }

    /// How much later than it came a task counts as having come.
    pub const fn delay(self) -> Duration {
        match self {
            Self::High => Duration::ZERO,
            Self::Normal => LEVEL,
            Self::Low => Duration::from_secs(2 * LEVEL.as_secs()),
        }
    }
}

impl FromStr for Priority {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|priority| priority.word() == text)
            .ok_or_else(|| format!("{text:?} is no priority; say high, normal or low"))
    }
}

/// What a task waits for in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// That this one succeeded.
    Success,
    /// That one of all those that are named so succeeded.
    AnySuccess,
    /// That this one has ended, however.
    End,
}

/// A task that has to come to something before another starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct After {
    /// Which.
    pub task: TaskId,
    /// To what.
    pub needs: Needs,
}

/// The same, as a person says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Behind {
    /// Which.
    pub target: Target,
    /// To what.
    pub needs: Needs,
}

/// When a task is to start at the earliest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// As soon as it may.
    #[default]
    Now,
    /// At this time of the clock, whatever the clock is set to meanwhile.
    At(Timestamp),
    /// When so many milliseconds have passed.
    In(u64),
}

/// Until when a queued run is held, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Not before this.
    pub until: Timestamp,
    /// Why.
    pub cause: HoldCause,
}

/// Why a queued run is held for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldCause {
    /// A time of the clock was named: it counts whatever the clock is set to.
    Clock,
    /// A time to wait was named.
    Delay,
    /// The run before it failed, and it is tried again after a while.
    Again,
    /// The run before it came to a limit of its provider's, which is reset then.
    Parked,
}

impl HoldCause {
    /// The word in the store.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::Delay => "delay",
            Self::Again => "again",
            Self::Parked => "parked",
        }
    }
}

/// What is done about a task that writes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idle {
    /// Without output for so long, in milliseconds; paused time is not counted.
    pub after_ms: u64,
    /// It is stopped; else a person is told.
    pub stop: bool,
}

/// An end after which a task may be run again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It exited with another code than 0.
    Failed,
    /// A signal that nobody here sent ended it.
    Killed,
    /// It took too long.
    TimedOut,
    /// What became of it is not known.
    Lost,
}

impl Fate {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Failed, Self::Killed, Self::TimedOut, Self::Lost];

    /// After which a task is run again where nothing else is said.
    pub const USUAL: [Self; 2] = [Self::Failed, Self::Killed];

    /// The word of the contract.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Killed => "killed",
            Self::TimedOut => "timed_out",
            Self::Lost => "lost",
        }
    }

    /// That of an outcome. A success, a revoke and what never ran have none: the first two
    /// are final, the last would only come to the same again.
    pub const fn of(outcome: &Outcome) -> Option<Self> {
        Some(match outcome {
            Outcome::Succeeded
            | Outcome::Revoked(_)
            | Outcome::Spent(_)
            | Outcome::DidNotStart(_) => return None,
            Outcome::Failed(_) => Self::Failed,
            Outcome::Killed(_) => Self::Killed,
            Outcome::TimedOut(..) => Self::TimedOut,
            Outcome::Lost(_) => Self::Lost,
        })
    }
}

impl FromStr for Fate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|fate| fate.word() == text)
            .ok_or_else(|| {
                let all = Self::ALL.map(Self::word).join(", ");
                format!("{text:?} is no end after which a task is run again; one of {all}")
            })
    }
}

/// The usual ends after which a task is run again.
pub fn usual_fates() -> Vec<Fate> {
    Fate::USUAL.to_vec()
}

/// A directory that a task wants for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Absolute and without links.
    pub dir: Raw,
    /// The git worktree it lies in, where it lies in one.
    pub tree: Option<Worktree>,
}

/// A checkout of a git repository that may have several (git-worktree(1)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worktree {
    /// Its topmost directory.
    pub root: Raw,
    /// The directory that all checkouts of the repository share (`GIT_COMMON_DIR`).
    pub repository: Raw,
}

impl Lease {
    /// Whether two tasks can't have these at once: one lies in the other, and they are not
    /// two worktrees of one repository.
    pub fn conflicts(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.dir.as_path(), other.dir.as_path());
        let nested = ours.starts_with(theirs) || theirs.starts_with(ours);
        let apart = self
            .tree
            .as_ref()
            .zip(other.tree.as_ref())
            .is_some_and(|(a, b)| a.repository == b.repository && a.root != b.root);
        nested && !apart
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.dir.as_path()
    }
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.dir.lossy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(dir: &str, tree: Option<(&str, &str)>) -> Lease {
        Lease {
            dir: dir.into(),
            tree: tree.map(|(root, repository)| Worktree {
                root: root.into(),
                repository: repository.into(),
            }),
        }
    }

    #[test]
    fn directories_conflict_where_one_lies_in_the_other() {
        let repo = lease("/r", Some(("/r", "/r/.git")));
        for (dir, conflicts) in [("/r", true), ("/r/src", true), ("/", true), ("/r2", false)] {
            let other = lease(dir, None);
            assert_eq!(repo.conflicts(&other), conflicts, "{dir}");
            assert_eq!(other.conflicts(&repo), conflicts, "{dir}");
        }
    }

    #[test]
    fn worktrees_of_one_repository_do_not_conflict_wherever_they_lie() {
        let main = lease("/r", Some(("/r", "/r/.git")));
        let inside = lease("/r/wt/a/src", Some(("/r/wt/a", "/r/.git")));
        let other = lease("/r/vendor/x", Some(("/r/vendor/x", "/r/vendor/x/.git")));
        assert!(!main.conflicts(&inside));
        assert!(main.conflicts(&other), "another repository within this one");
        let same = lease("/r/src", Some(("/r", "/r/.git")));
        assert!(main.conflicts(&same));
    }
}
