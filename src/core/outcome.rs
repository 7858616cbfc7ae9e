//! How runs end, and why they are stopped.

use serde::{Deserialize, Serialize};

/// How the leader of a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// It exited with this code (0 to 255).
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl Exit {
    /// The code, where it exited.
    pub const fn code(self) -> Option<i32> {
        match self {
            Self::Code(code) => Some(code),
            Self::Signal(_) => None,
        }
    }

    /// The signal that ended it, where one did.
    pub const fn signal(self) -> Option<i32> {
        match self {
            Self::Signal(signal) => Some(signal),
            Self::Code(_) => None,
        }
    }

    /// As a shell reports it: the code, or 128 + the signal's number.
    pub const fn shell_code(self) -> i32 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128 + signal,
        }
    }
}

/// Why a run is being stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopCause {
    /// A person said so.
    Revoked,
    /// The leader had ended and the policy sweeps what it leaves behind.
    Swept,
    /// Its shim died; without it nothing can be promised of the run.
    Lost,
    /// It took longer than it may.
    Overtime,
    /// It wrote nothing for longer than it may.
    Silent,
    /// It used more than it may.
    Spent,
}

impl StopCause {
    /// Which bound it went beyond, where that is why.
    pub const fn overrun(self) -> Option<Overrun> {
        match self {
            Self::Overtime => Some(Overrun::Time),
            Self::Silent => Some(Overrun::Silence),
            Self::Revoked | Self::Swept | Self::Lost | Self::Spent => None,
        }
    }
}

/// Which bound on its time a run went beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overrun {
    /// How long it may run.
    Time,
    /// How long it may write nothing.
    Silence,
}

/// How a run ended. Only an ended run has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The leader exited with 0.
    Succeeded,
    /// The leader exited with another code; an agent's also with 0, where it did not say
    /// that it had done what was asked for.
    Failed(i32),
    /// A signal that nobody here sent ended the leader.
    Killed(i32),
    /// It was revoked; how the leader went, where it had lived.
    Revoked(Option<Exit>),
    /// It was revoked because it had used what it may; how the leader went.
    Spent(Option<Exit>),
    /// It went beyond this bound and was stopped; how the leader went.
    TimedOut(Overrun, Option<Exit>),
    /// It never ran; why.
    DidNotStart(String),
    /// What became of it is not known; why.
    Lost(String),
}

impl Outcome {
    /// The outcome of a leader that ended by itself.
    pub const fn of(exit: Exit) -> Self {
        match exit {
            Exit::Code(0) => Self::Succeeded,
            Exit::Code(code) => Self::Failed(code),
            Exit::Signal(signal) => Self::Killed(signal),
        }
    }

    /// How the leader ended, where that is known.
    pub const fn exit(&self) -> Option<Exit> {
        match self {
            Self::Succeeded => Some(Exit::Code(0)),
            Self::Failed(code) => Some(Exit::Code(*code)),
            Self::Killed(signal) => Some(Exit::Signal(*signal)),
            Self::Revoked(exit) | Self::Spent(exit) | Self::TimedOut(_, exit) => *exit,
            Self::DidNotStart(_) | Self::Lost(_) => None,
        }
    }

    /// The word of the contract.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed(_) => "failed",
            Self::Killed(_) => "killed",
            Self::Revoked(_) | Self::Spent(_) => "revoked",
            Self::TimedOut(..) => "timed_out",
            Self::DidNotStart(_) => "did_not_start",
            Self::Lost(_) => "lost",
        }
    }

    /// What `wait` and `run --follow` exit with: the task's own code, 128 + N for
    /// signal N, 1 where there is none.
    pub fn shell_code(&self) -> i32 {
        match self {
            Self::Failed(0) => 1,
            _ => self.exit().map_or(1, Exit::shell_code),
        }
    }
}
