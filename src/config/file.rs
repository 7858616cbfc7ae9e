//! A configuration file as it is written: every key optional, unknown ones refused.

use std::ops::Range;

use serde::Deserialize;
use toml::de::{DeTable, DeValue};

use super::settings::{Config, Output, Screen, Supervisor, Task};
use super::value::{By, Size, Time, Until, similar};

/// The defaults, as a file that a person can read.
pub const DEFAULT: &str = include_str!("../../assets/config.toml");

/// One file's settings.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Layer {
    output: OutputLayer,
    task: TaskLayer,
    supervisor: SupervisorLayer,
    screen: ScreenLayer,
    keys: toml::Table,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct OutputLayer {
    task_cap: Option<By<Size>>,
    total_cap: Option<By<Size>>,
    ring: Option<By<Size>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TaskLayer {
    grace: Option<By<Time>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SupervisorLayer {
    orphan_limit: Option<By<Time>>,
    idle_exit: Option<By<Until>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ScreenLayer {
    clock: Option<bool>,
}

impl Layer {
    /// Reads a file's text.
    ///
    /// # Errors
    /// One line that names the file, the line and the key.
    pub(super) fn parse(text: &str, name: &str) -> Result<Self, String> {
        let place = |span: Option<Range<usize>>| place(text, name, span);
        let tree = DeTable::parse(text).map_err(|error| {
            let message = one_line(error.message());
            format!("{}{message}", place(error.span()))
        })?;
        if let Some((span, line)) = unknown_key(tree.get_ref()) {
            return Err(format!("{}{line}", place(Some(span))));
        }
        toml::from_str(text).map_err(|error| {
            let key = error
                .span()
                .and_then(|span| key_at(tree.get_ref(), &span))
                .map_or(String::new(), |key| format!("{key}: "));
            let message = one_line(error.message());
            format!("{}{key}{message}", place(error.span()))
        })
    }

    /// This file's settings where it has them, else those of `below`.
    pub(super) fn over(self, below: Self) -> Self {
        let mut keys = below.keys;
        keys.extend(self.keys);
        Self {
            output: OutputLayer {
                task_cap: self.output.task_cap.or(below.output.task_cap),
                total_cap: self.output.total_cap.or(below.output.total_cap),
                ring: self.output.ring.or(below.output.ring),
            },
            task: TaskLayer {
                grace: self.task.grace.or(below.task.grace),
            },
            supervisor: SupervisorLayer {
                orphan_limit: self
                    .supervisor
                    .orphan_limit
                    .or(below.supervisor.orphan_limit),
                idle_exit: self.supervisor.idle_exit.or(below.supervisor.idle_exit),
            },
            screen: ScreenLayer {
                clock: self.screen.clock.or(below.screen.clock),
            },
            keys,
        }
    }

    /// The configuration, once every setting has a value.
    pub(super) fn complete(self) -> Result<Config, String> {
        let missing = |key: &str| format!("the default configuration lacks {key}");
        let size = |value: Option<By<Size>>, key| value.map(|v| v.0.0).ok_or_else(|| missing(key));
        let time = |value: Option<By<Time>>, key| value.map(|v| v.0.0).ok_or_else(|| missing(key));
        Ok(Config {
            output: Output {
                task_cap: size(self.output.task_cap, "output.task_cap")?,
                total_cap: size(self.output.total_cap, "output.total_cap")?,
                ring: size(self.output.ring, "output.ring")?,
            },
            task: Task {
                grace: time(self.task.grace, "task.grace")?,
            },
            supervisor: Supervisor {
                orphan_limit: time(self.supervisor.orphan_limit, "supervisor.orphan_limit")?,
                idle_exit: self
                    .supervisor
                    .idle_exit
                    .map(|until| until.0.0)
                    .ok_or_else(|| missing("supervisor.idle_exit"))?,
            },
            screen: Screen {
                clock: self.screen.clock.ok_or_else(|| missing("screen.clock"))?,
            },
            keys: self.keys,
        })
    }
}

/// `file:line: `, as far as they are known.
fn place(text: &str, name: &str, span: Option<Range<usize>>) -> String {
    let line = span.and_then(|span| text.get(..span.start)).map(|before| {
        let breaks = memchr::memchr_iter(b'\n', before.as_bytes()).count();
        format!("{name}:{}: ", breaks + 1)
    });
    line.unwrap_or_else(|| format!("{name}: "))
}

/// Parser messages may have lines of their own.
fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first key that no default names: the defaults hold every key there is.
fn unknown_key(user: &DeTable<'_>) -> Option<(Range<usize>, String)> {
    let known: toml::Table = toml::from_str(DEFAULT).ok()?;
    for (section, value) in user {
        let Some(keys) = known.get(section.get_ref().as_ref()) else {
            let line = unknown("", section.get_ref(), &known);
            return Some((section.span(), line));
        };
        // the keymap judges its own
        if section.get_ref() == "keys" {
            continue;
        }
        let (Some(keys), DeValue::Table(values)) = (keys.as_table(), value.get_ref()) else {
            continue;
        };
        if let Some((key, _)) = values
            .iter()
            .find(|(key, _)| !keys.contains_key(key.get_ref().as_ref()))
        {
            let within = format!("{}.", section.get_ref());
            return Some((key.span(), unknown(&within, key.get_ref(), keys)));
        }
    }
    None
}

fn unknown(within: &str, key: &str, known: &toml::Table) -> String {
    if let Some(word) = similar(key, known.keys().map(String::as_str)) {
        return format!("unknown key {within}{key}; did you mean {within}{word}?");
    }
    let all: Vec<&str> = known.keys().map(String::as_str).collect();
    format!("unknown key {within}{key}; there are {}", all.join(", "))
}

/// The dotted key whose value lies at `span`.
fn key_at(table: &DeTable<'_>, span: &Range<usize>) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        if let DeValue::Table(inner) = value.get_ref()
            && let Some(rest) = key_at(inner, span)
        {
            return Some(format!("{}.{rest}", key.get_ref()));
        }
        let inside = value.span();
        (inside.start <= span.start && span.end <= inside.end).then(|| key.get_ref().to_string())
    })
}
