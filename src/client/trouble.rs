//! Why a call ends badly: one exit code per cause.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use super::table::plain;
use crate::core::wire::Failure;

/// Why a call ends badly; one line for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The thing asked for failed.
    Failed(String),
    /// It was asked for wrongly.
    Usage(String),
    /// No supervisor could be reached or started.
    Unreachable(String),
    /// No such task.
    NoSuchTask(String),
    /// A signal ended the call, not what it was about; its number.
    Signalled(i32, String),
    /// Nobody reads what is printed any more.
    Unread,
}

impl Trouble {
    /// What the process exits with.
    pub fn code(&self) -> u8 {
        match self {
            // the reader had enough: that is no failure
            Self::Unread => 0,
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Unreachable(_) => 3,
            Self::NoSuchTask(_) => 4,
            Self::Signalled(signal, _) => (128 + signal) as u8,
        }
    }

    /// Says it on standard error and gives the exit code.
    pub fn report(&self) -> ExitCode {
        let line = self.to_string();
        if !line.is_empty() {
            say(&line);
        }
        ExitCode::from(self.code())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(line)
            | Self::Usage(line)
            | Self::Unreachable(line)
            | Self::NoSuchTask(line)
            | Self::Signalled(_, line) => f.write_str(line),
            Self::Unread => Ok(()),
        }
    }
}

impl From<(Failure, String)> for Trouble {
    fn from((failure, line): (Failure, String)) -> Self {
        match failure {
            Failure::Failed => Self::Failed(line),
            Failure::Usage => Self::Usage(line),
            Failure::NoSuchTask => Self::NoSuchTask(line),
        }
    }
}

impl From<io::Error> for Trouble {
    /// Of reading a log: its errors say what was read.
    fn from(error: io::Error) -> Self {
        Self::Failed(format!("cannot {error}"))
    }
}

/// A line on standard error; it may quote a command or a name, which must not drive the
/// terminal. Where standard error is closed there is nobody to tell.
pub(super) fn say(line: &str) {
    writeln!(io::stderr(), "wrangle: {}", plain(line)).ok();
}
