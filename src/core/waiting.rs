//! What a queued task waits for: the one reason that decides, in one line.

use std::fmt;

use super::id::TaskId;
use super::limit::Limit;
use super::plan::{Hold, HoldCause, Needs};
use super::time::Timestamp;

/// How many tasks a line names before it counts the rest.
const NAMED: usize = 6;

/// Why a queued task does not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// A supervisor that has just begun still looks for what runs.
    TakingOver,
    /// Its time has not come.
    Time(Hold),
    /// A limit of its provider's is used up.
    Parked {
        /// When it goes on.
        until: Timestamp,
        /// Which limit.
        which: String,
    },
    /// A limit of the provider's is used up that another task came to.
    Exhausted {
        /// Whose starts wait for that.
        limit: Limit,
        /// When it goes on.
        until: Timestamp,
        /// Which task came to it.
        task: TaskId,
    },
    /// Another has not come to what it needs.
    After {
        /// Which, the first of them.
        task: TaskId,
        /// The word of where that one stands.
        state: &'static str,
        /// To what.
        needs: Needs,
        /// How many others it waits for besides.
        more: usize,
    },
    /// Its lane has used what it may today.
    Spent {
        /// The lane.
        lane: String,
        /// What it has used, in words.
        used: String,
    },
    /// The queue is paused.
    Paused,
    /// Nothing can be stored, and nothing starts that is not.
    Unstored,
    /// As many run as may.
    Full {
        /// On what the limit is.
        limit: Limit,
        /// How many may.
        most: u32,
        /// Which run.
        tasks: Vec<TaskId>,
    },
    /// What is free is kept for one that has waited too long already.
    Kept {
        /// On what the limit is.
        limit: Limit,
        /// For whom.
        task: TaskId,
    },
    /// Another has the directory, or one in or above it.
    Leased {
        /// Which task.
        task: TaskId,
        /// The directory that it has.
        dir: String,
    },
    /// Another waits for the directory, and comes first.
    Wanted {
        /// Which task.
        task: TaskId,
        /// The directory that it wants.
        dir: String,
    },
    /// Too little memory is free.
    Memory {
        /// Bytes that are free, as last looked at; `None`: it is being looked at.
        free: Option<u64>,
        /// Bytes that are to be.
        floor: u64,
    },
}

impl fmt::Display for Waiting {
    /// Points in time are RFC 3339, UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, &|at| at.to_string())
    }
}

/// How points in time are said.
type When<'a> = &'a dyn Fn(Timestamp) -> String;

impl Waiting {
    /// The line, with points in time as `when` says them.
    pub fn say(&self, when: When<'_>) -> String {
        struct Said<'a>(&'a Waiting, When<'a>);
        impl fmt::Display for Said<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.write(f, self.1)
            }
        }
        Said(self, when).to_string()
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, when: When<'_>) -> fmt::Result {
        match self {
            Self::TakingOver => f.write_str("the supervisor is taking over what runs"),
            Self::Time(Hold { until, cause }) => match cause {
                HoldCause::Clock | HoldCause::Delay => write!(f, "not before {}", when(*until)),
                HoldCause::Parked => write!(f, "parked until {}", when(*until)),
                HoldCause::Again => {
                    write!(
                        f,
                        "it did not succeed and runs again at {}; revoke gives that up",
                        when(*until)
                    )
                }
            },
            Self::Parked { until, which } => {
                write!(
                    f,
                    "parked until {} ({which}); revoke gives that up",
                    when(*until)
                )
            }
            Self::Exhausted { limit, until, task } => write!(
                f,
                "{limit} waits until {}: #{task} came to a limit of its provider's",
                when(*until)
            ),
            Self::After {
                task,
                state,
                needs,
                more,
            } => {
                let which = if *needs == Needs::AnySuccess {
                    "after one of"
                } else {
                    "after"
                };
                write!(f, "{which} #{task}, which {}", does(state))?;
                match more {
                    0 => Ok(()),
                    more => write!(f, " (and {more} more)"),
                }
            }
            Self::Spent { lane, used } => write!(
                f,
                "{lane} has used what it may today (UTC): {used}; it starts tomorrow"
            ),
            Self::Paused => {
                f.write_str("the queue is paused; wrangle resume --queue lets it go on")
            }
            Self::Unstored => {
                f.write_str("nothing can be stored now; it starts once that is mended")
            }
            Self::Full { limit, most, tasks } => {
                write!(f, "{} ({} of {most}", full(limit), tasks.len())?;
                let mut named = tasks.iter().take(NAMED);
                if let Some(first) = named.next() {
                    write!(f, ": #{first}")?;
                }
                for task in named {
                    write!(f, " #{task}")?;
                }
                match tasks.len().saturating_sub(NAMED) {
                    0 => f.write_str(")"),
                    more => write!(f, " and {more} more)"),
                }
            }
            Self::Kept { limit, task } => {
                let what = match limit {
                    Limit::Global => "the next place".to_owned(),
                    limit => format!("the next place of {}", named(limit)),
                };
                write!(f, "{what} is kept for #{task}, which has waited longest")
            }
            Self::Leased { task, dir } => write!(f, "directory held by #{task}: {dir}"),
            Self::Wanted { task, dir } => {
                write!(f, "directory wanted by #{task}, which comes first: {dir}")
            }
            Self::Memory { free: None, floor } => {
                write!(f, "free memory is being looked at ({} needed)", gib(*floor))
            }
            Self::Memory {
                free: Some(free),
                floor,
            } => write!(
                f,
                "memory {:.1} of {} free",
                *free as f64 / GIB,
                gib(*floor)
            ),
        }
    }
}

/// Bytes in a GiB.
const GIB: f64 = (1_u64 << 30) as f64;

fn gib(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / GIB)
}

fn named(limit: &Limit) -> String {
    match limit {
        Limit::Global => "all tasks".into(),
        Limit::Agents => "all agents".into(),
        Limit::Provider(name) => format!("provider {name}"),
        Limit::Lane(name) => format!("lane {name}"),
    }
}

fn full(limit: &Limit) -> String {
    match limit {
        Limit::Global => "as many tasks run as may".into(),
        Limit::Agents => "as many agents run as may".into(),
        limit => format!("{} is full", named(limit)),
    }
}

/// What a task in this state does, in the present tense.
fn does(state: &str) -> String {
    match state {
        "running" => "runs".into(),
        "queued" => "waits itself".into(),
        state => format!("is {state}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::Timestamp;

    #[test]
    fn each_reason_is_one_line_that_names_who_must_move() {
        let ids = |ids: &[u32]| ids.iter().map(|id| TaskId(*id)).collect();
        let lane = || Limit::Lane("sonnet".into());
        let cases = [
            (
                Waiting::Full {
                    limit: lane(),
                    most: 3,
                    tasks: ids(&[4, 7, 9]),
                },
                "lane sonnet is full (3 of 3: #4 #7 #9)",
            ),
            (
                Waiting::Full {
                    limit: Limit::Agents,
                    most: 8,
                    tasks: ids(&[1, 2, 3, 4, 5, 6, 7, 8]),
                },
                "as many agents run as may (8 of 8: #1 #2 #3 #4 #5 #6 and 2 more)",
            ),
            (
                Waiting::After {
                    task: TaskId(7),
                    state: "running",
                    needs: Needs::Success,
                    more: 0,
                },
                "after #7, which runs",
            ),
            (
                Waiting::Leased {
                    task: TaskId(4),
                    dir: "/r".into(),
                },
                "directory held by #4: /r",
            ),
            (
                Waiting::Memory {
                    free: Some(1_181_116_006),
                    floor: 2 << 30,
                },
                "memory 1.1 of 2.0 GiB free",
            ),
            (
                Waiting::Kept {
                    limit: lane(),
                    task: TaskId(2),
                },
                "the next place of lane sonnet is kept for #2, which has waited longest",
            ),
            (
                Waiting::Time(Hold {
                    until: Timestamp(0),
                    cause: HoldCause::Clock,
                }),
                "not before 1970-01-01T00:00:00.000Z",
            ),
        ];
        for (waiting, line) in cases {
            assert_eq!(waiting.to_string(), line);
        }
    }
}
