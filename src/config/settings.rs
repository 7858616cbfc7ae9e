//! What may be set, checked.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::file::{DEFAULT, Layer};

/// Everything that may be set. `assets/config.toml` holds the defaults and says what each means.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// How much output is kept, and where.
    pub output: Output,
    /// Defaults of a task.
    pub task: Task,
    /// How long things stay.
    pub supervisor: Supervisor,
    /// How the screen looks.
    pub screen: Screen,
    /// The user's keys, as the screen's keymap reads them: actions and their keys.
    pub keys: toml::Table,
}

/// How much output is kept. All in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// On disk, of one run.
    pub task_cap: u64,
    /// On disk, of all runs together.
    pub total_cap: u64,
    /// In memory, of one run.
    pub ring: u64,
}

/// Defaults of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Between SIGTERM and SIGKILL.
    pub grace: Duration,
}

/// How long things stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supervisor {
    /// How long a task may go on without a supervisor.
    pub orphan_limit: Duration,
    /// How long an idle supervisor stays; `None`: for ever.
    pub idle_exit: Option<Duration>,
}

/// How the screen looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// Ages that count up; else times of day.
    pub clock: bool,
}

impl Config {
    /// The user's file over the defaults. A file that does not exist changes nothing.
    ///
    /// # Errors
    /// One line that names the file, the line and the key, and says what to write.
    pub fn load(path: &Path) -> Result<Self, String> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, &path.display().to_string()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::parse("", ""),
            Err(error) => Err(format!(
                "cannot read {}: {error}; make it readable or remove it",
                path.display()
            )),
        }
    }

    /// `text` over the defaults; `name` is what errors call it.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, name: &str) -> Result<Self, String> {
        let user = Layer::parse(text, name)?;
        let defaults = Layer::parse(DEFAULT, "the default configuration")?;
        let config = user.over(defaults).complete()?;
        config.check().map_err(|line| format!("{name}: {line}"))?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        let Output {
            task_cap,
            total_cap,
            ring,
        } = self.output;
        // a log is kept in segments of 4 KiB or more, and needs some to drop from
        if task_cap < 64 << 10 {
            return Err("output.task_cap is too small; at least \"64 KiB\"".into());
        }
        if total_cap < task_cap {
            return Err(
                "output.total_cap is smaller than output.task_cap; make it as large at least"
                    .into(),
            );
        }
        if ring < 256 << 10 {
            return Err("output.ring is too small; at least \"256 KiB\"".into());
        }
        if self.task.grace > Duration::from_secs(86_400) {
            return Err("task.grace is too long; the most is \"1day\"".into());
        }
        if self.supervisor.orphan_limit < Duration::from_secs(1) {
            return Err(
                "supervisor.orphan_limit is too short; at least \"1s\", or no task outlives a restart"
                    .into(),
            );
        }
        Ok(())
    }
}
