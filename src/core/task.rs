//! Task, run and the life cycle, as enums that carry their own data.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::agent::plan::{Agent, FollowUp};
use super::agent::story::Story;
use super::attention::Attention;
use super::id::{Ident, RunId, TaskId};
pub use super::outcome::{Exit, Outcome, Overrun, StopCause};
use super::plan::{After, Fate, Hold, HoldCause, Idle, Lease, Priority, usual_fates};
use super::raw::Raw;
use super::time::Timestamp;

/// Who runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Any command.
    Command,
    /// A coding agent.
    Agent,
}

/// What becomes of processes that outlive the leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterExit {
    /// They are stopped at once, as a revoke would.
    Sweep,
    /// They are kept and shown until somebody stops them.
    Keep,
}

/// What the user wants run: stored before anything is started, never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Shown in the list; need not be unique.
    pub name: String,
    /// Who runs.
    pub kind: Kind,
    /// Program and arguments, never empty.
    pub argv: Vec<Raw>,
    /// Absolute.
    pub dir: Raw,
    /// Between SIGTERM and SIGKILL, in milliseconds.
    pub grace_ms: u64,
    /// What becomes of processes that outlive the leader.
    pub after_exit: AfterExit,
    /// Whether standard input is a pipe that `send` writes to; else it is /dev/null.
    pub stdin: bool,
    /// Names of the variables given with `--env`. Values are never stored.
    pub env_names: Vec<String>,
    /// Words by which several tasks can be addressed together; sorted, each once.
    #[serde(default)]
    pub labels: Vec<String>,
    /// How many further runs follow failures without anybody's doing, in a row.
    #[serde(default)]
    pub restarts: u32,
    /// After which ends that is so.
    #[serde(default = "usual_fates")]
    pub retry_on: Vec<Fate>,
    /// The model that it uses, where one was named.
    #[serde(default)]
    pub model: Option<String>,
    /// The lane whose limit it counts against.
    #[serde(default)]
    pub lane: Option<String>,
    /// The provider whose limit it counts against.
    #[serde(default)]
    pub provider: Option<String>,
    /// The directory that it wants for itself.
    #[serde(default)]
    pub lease: Option<Lease>,
    /// How long its leader may run, in milliseconds; paused time is not counted.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// What is done when it writes nothing for a while.
    #[serde(default)]
    pub idle: Option<Idle>,
    /// How it is spoken to, where it is an agent of the registry.
    #[serde(default)]
    pub agent: Option<Box<Agent>>,
}

impl Spec {
    /// A plain command that waits for nobody, under the usual terms.
    pub fn command(name: String, argv: Vec<Raw>, dir: Raw) -> Self {
        Self {
            name,
            kind: Kind::Command,
            argv,
            dir,
            grace_ms: 10_000,
            after_exit: AfterExit::Keep,
            stdin: false,
            env_names: Vec::new(),
            labels: Vec::new(),
            restarts: 0,
            retry_on: usual_fates(),
            model: None,
            lane: None,
            provider: None,
            lease: None,
            timeout_ms: None,
            idle: None,
            agent: None,
        }
    }

    /// Between SIGTERM and SIGKILL.
    pub const fn grace(&self) -> Duration {
        Duration::from_millis(self.grace_ms)
    }

    /// The command as a person reads it, quoted as a shell would need it.
    pub fn command_line(&self) -> String {
        // `sh -c TEXT`, as one argument with spaces is run, reads as TEXT
        if let [sh, c, text] = self.argv.as_slice()
            && sh.as_bytes() == b"sh"
            && c.as_bytes() == b"-c"
        {
            return text.lossy();
        }
        let words: Vec<String> = self.argv.iter().map(Raw::lossy).collect();
        shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
    }
}

/// Where a run stands. Each state carries what belongs to it alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It waits to be started.
    Queued {
        /// Until when at least, where a time is to come first.
        hold: Option<Hold>,
    },
    /// Its intent is being stored or its shim started.
    Starting,
    /// Its leader is known to live.
    Running {
        /// The first process.
        leader: Ident,
    },
    /// Its whole tree is stopped by SIGSTOP.
    Paused {
        /// The first process.
        leader: Ident,
        /// Since when.
        since: Timestamp,
    },
    /// It is being stopped.
    Stopping {
        /// Why.
        cause: StopCause,
        /// The first process, where it was ever known.
        leader: Option<Ident>,
        /// The outcome, once the leader's end has decided it.
        outcome: Option<Outcome>,
        /// When SIGKILL follows; `None` when it already does.
        kill_at: Option<Timestamp>,
        /// How many processes of it live, as last counted; 0 when not known.
        left: u32,
    },
    /// The leader has ended, processes that it left behind live.
    Lingering {
        /// How the leader ended.
        exit: Exit,
        /// When.
        since: Timestamp,
        /// How many live, as last counted.
        left: u32,
        /// The command line of one of them.
        example: Option<String>,
    },
    /// Nothing of it lives.
    Ended {
        /// How.
        outcome: Outcome,
        /// When the leader ended, or the run was given up.
        at: Timestamp,
    },
}

impl State {
    /// The word of the contract.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Queued {
                hold:
                    Some(Hold {
                        cause: HoldCause::Parked,
                        ..
                    }),
            } => "parked",
            Self::Queued { .. } => "queued",
            Self::Starting => "starting",
            Self::Running { .. } => "running",
            Self::Paused { .. } => "paused",
            Self::Stopping { .. } => "stopping",
            Self::Lingering { .. } => "lingering",
            Self::Ended { .. } => "ended",
        }
    }

    /// Whether anything of it may live.
    pub const fn is_active(&self) -> bool {
        !matches!(self, Self::Ended { .. })
    }

    /// The first process, while it is known to live.
    pub const fn leader(&self) -> Option<Ident> {
        match self {
            Self::Running { leader } | Self::Paused { leader, .. } => Some(*leader),
            Self::Stopping {
                leader,
                outcome: None,
                ..
            } => *leader,
            _ => None,
        }
    }

    /// Whether it takes up a slot and its lease: from its start until its leader's end.
    pub const fn is_on(&self) -> bool {
        match self {
            Self::Starting | Self::Running { .. } | Self::Paused { .. } => true,
            Self::Stopping { outcome, .. } => outcome.is_none(),
            Self::Queued { .. } | Self::Lingering { .. } | Self::Ended { .. } => false,
        }
    }

    /// Whether its outcome is decided.
    pub const fn is_settled(&self) -> bool {
        match self {
            Self::Stopping { outcome, .. } => outcome.is_some(),
            Self::Lingering { .. } | Self::Ended { .. } => true,
            _ => false,
        }
    }

    /// What `wait` waits for: the leader's end decides it, lingering or not.
    pub fn settled(&self) -> Option<Outcome> {
        match self {
            Self::Lingering { exit, .. } => Some(Outcome::of(*exit)),
            Self::Stopping { outcome, .. } => outcome.clone(),
            Self::Ended { outcome, .. } => Some(outcome.clone()),
            _ => None,
        }
    }
}

/// One attempt at a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// 1 for the first.
    pub number: u32,
    /// How many runs in a row, this one too, followed failures without anybody's doing.
    #[serde(default)]
    pub restarts: u32,
    /// Where it stands.
    pub state: State,
    /// When it was asked for.
    pub created: Timestamp,
    /// When its leader started.
    pub started: Option<Timestamp>,
    /// Bytes of output stored so far, dropped ones included: the log's end.
    pub written: u64,
    /// Bytes dropped from the log's beginning to stay within a cap: the first kept byte's offset.
    pub dropped: u64,
    /// When it last wrote anything.
    pub last_output: Option<Timestamp>,
    /// What its shim or its store couldn't do, and is trying again.
    pub trouble: Option<String>,
    /// How long it was paused, in milliseconds, a pause that goes on not counted.
    #[serde(default)]
    pub paused_ms: u64,
    /// The conversation that it goes on with, and by which words.
    #[serde(default)]
    pub follow: Option<Box<FollowUp>>,
    /// What was heard of it, where it is an agent's.
    #[serde(default)]
    pub story: Option<Box<Story>>,
}

impl Run {
    /// A run that is asked for.
    pub const fn new(number: u32, created: Timestamp) -> Self {
        Self {
            number,
            restarts: 0,
            state: State::Queued { hold: None },
            created,
            started: None,
            written: 0,
            dropped: 0,
            last_output: None,
            trouble: None,
            paused_ms: 0,
            follow: None,
            story: None,
        }
    }

    /// Bytes in its log.
    pub const fn kept(&self) -> u64 {
        self.written.saturating_sub(self.dropped)
    }
}

/// What the user wants run, and every attempt at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Never reused.
    pub id: TaskId,
    /// What is wanted.
    pub spec: Spec,
    /// The task from within which it was launched.
    #[serde(default)]
    pub parent: Option<TaskId>,
    /// When it was asked for.
    pub created: Timestamp,
    /// How urgent it is.
    #[serde(default)]
    pub priority: Priority,
    /// When it came, by the queue's own time: microseconds that go on while a supervisor
    /// runs, whatever the clock is set to. No two tasks have the same.
    #[serde(default)]
    pub place: i64,
    /// What has to come first.
    #[serde(default)]
    pub after: Vec<After>,
    /// The current attempt.
    pub run: Run,
    /// Earlier attempts, oldest first.
    pub past: Vec<Run>,
    /// What it wants of a person.
    pub attention: Attention,
    /// Since when.
    #[serde(default)]
    pub wanted_since: Option<Timestamp>,
}

impl Task {
    /// A task with its first run, which no other has launched.
    pub const fn new(id: TaskId, spec: Spec, run: Run) -> Self {
        Self {
            id,
            spec,
            parent: None,
            created: run.created,
            priority: Priority::Normal,
            place: 0,
            after: Vec::new(),
            run,
            past: Vec::new(),
            attention: Attention::None,
            wanted_since: None,
        }
    }

    /// The current attempt's identity.
    pub const fn run_id(&self) -> RunId {
        RunId {
            task: self.id,
            number: self.run.number,
        }
    }

    /// Where the current attempt stands.
    pub const fn state(&self) -> &State {
        &self.run.state
    }

    /// Whether anything of it may live.
    pub const fn is_active(&self) -> bool {
        self.run.state.is_active()
    }

    /// Whether it waits in the queue for its turn. One that failed, and only waits to be run
    /// again, has had it.
    pub const fn in_line(&self) -> bool {
        match self.run.state {
            State::Queued { hold: Some(hold) } => {
                !matches!(hold.cause, HoldCause::Again | HoldCause::Parked)
            }
            State::Queued { hold: None } => true,
            _ => false,
        }
    }

    /// Where it stands in the queue, the first being the least; see [`super::plan::LEVEL`].
    pub fn turn(&self) -> i64 {
        let delay = i64::try_from(self.priority.delay().as_micros()).unwrap_or(i64::MAX);
        self.place.saturating_add(delay)
    }

    /// Bytes in the logs of all its runs.
    pub fn kept(&self) -> u64 {
        self.past.iter().map(Run::kept).sum::<u64>() + self.run.kept()
    }
}
