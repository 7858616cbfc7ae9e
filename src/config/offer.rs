//! A task that a project offers by name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::doc::{Item, unknown};
use super::project::{MOST_GRACE, one_word, parse_label, parse_name};
use super::value::{as_words, for_shell, parse_duration, parse_span, whole};
use crate::core::limit::{lane_name, model_name};
use crate::core::plan::{Fate, Priority};
use crate::core::raw::Raw;
use crate::core::task::AfterExit;

/// Further runs in a row after failures, where the file says only that there are any.
const RESTARTS: u32 = 5;
/// The most further runs that may follow by themselves.
pub const MOST_RETRIES: u32 = 1000;
/// What an offered task may say.
pub(super) const KEYS: [&str; 18] = [
    "command",
    "dir",
    "env",
    "name",
    "labels",
    "grace",
    "after_exit",
    "stdin",
    "restart",
    "model",
    "lane",
    "priority",
    "exclusive",
    "timeout",
    "idle_timeout",
    "on_idle",
    "retry",
    "retry_on",
];

/// A task that a project offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of its own in the file"
)]
pub struct Offer {
    /// Program and arguments.
    argv: Vec<String>,
    /// Whether they were written as one line, for the shell.
    shell: bool,
    /// Where it runs.
    pub dir: PathBuf,
    /// Variables it is given.
    pub env: BTreeMap<String, String>,
    /// What the list calls it.
    pub name: Option<String>,
    /// Its labels.
    pub labels: Vec<String>,
    /// Between SIGTERM and SIGKILL.
    pub grace: Option<Duration>,
    /// What becomes of processes it leaves behind.
    pub after_exit: Option<AfterExit>,
    /// Whether its standard input stays open.
    pub stdin: bool,
    /// How many further runs follow failures by themselves, in a row.
    pub restarts: u32,
    /// After which ends; none: the usual ones.
    pub retry_on: Vec<Fate>,
    /// The model it uses.
    pub model: Option<String>,
    /// Whose limit it counts against.
    pub lane: Option<String>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// Whether it wants its directory for itself.
    pub exclusive: bool,
    /// How long it may run.
    pub timeout: Option<Duration>,
    /// How long it may write nothing.
    pub idle_timeout: Option<Duration>,
    /// Whether it is stopped then; else a person is told.
    pub stop_idle: bool,
}

impl Offer {
    /// The command, with further arguments behind it.
    pub fn argv(&self, more: Vec<Raw>) -> Vec<Raw> {
        let mut argv: Vec<Raw> = self.argv.iter().map(|word| word.as_str().into()).collect();
        if self.shell
            && !more.is_empty()
            && let Some(text) = argv.last_mut()
        {
            *text = format!("{} \"$@\"", text.lossy().trim_end()).into();
            argv.push("sh".into());
        }
        argv.extend(more);
        argv
    }

    /// The command as a person reads it.
    pub fn command_line(&self) -> String {
        match self.argv.last() {
            Some(text) if self.shell => text.clone(),
            _ => shlex::try_join(self.argv.iter().map(String::as_str))
                .unwrap_or_else(|_| self.argv.join(" ")),
        }
    }
}

/// A table below `[tasks]`.
pub(super) fn offer(task: &Item, dir: &Path, say: &mut impl FnMut(usize, String)) -> Offer {
    let within = format!("tasks.{}", task.key);
    let mut offer = Offer {
        dir: dir.to_path_buf(),
        ..Offer::default()
    };
    if let Err(why) = parse_name(&task.key).and_then(|_| one_word(&task.key, "a task's name")) {
        say(task.line, format!("{within}: {why}"));
    }
    let keys = match task.table() {
        Ok(keys) => keys,
        Err(why) => {
            say(task.line, format!("{within} {why}"));
            return offer;
        }
    };
    for item in keys {
        if !KEYS.contains(&item.key.as_str()) {
            say(item.line, unknown(&format!("{within}."), &item.key, KEYS));
        } else if let Err(why) = set(&mut offer, item, dir) {
            say(item.line, format!("{within}.{}: {why}", item.key));
        }
    }
    let given = |key: &str| keys.iter().find(|item| item.key == key);
    if given("command").is_none() {
        let line = format!("{within} lacks a command; add command = \"...\"");
        say(task.line, line);
    }
    if let (Some(_), Some(retry)) = (given("restart"), given("retry")) {
        let line = format!("{within}.retry and {within}.restart both say how often; leave one out");
        say(retry.line, line);
    }
    if let (Some(item), None) = (given("on_idle"), given("idle_timeout")) {
        let line = format!("{within}.on_idle lacks an idle_timeout; add idle_timeout = \"10m\"");
        say(item.line, line);
    }
    offer
}

fn set(offer: &mut Offer, item: &Item, dir: &Path) -> Result<(), String> {
    let value = &item.value;
    let text = || match value {
        toml::Value::String(text) => whole(text),
        other => Err(format!("{other} is not a text; write it in quotes")),
    };
    let flag = || {
        let flag = value.as_bool();
        flag.ok_or_else(|| format!("{value} is not true or false"))
    };
    match item.key.as_str() {
        "command" => {
            (offer.argv, offer.shell) = match value {
                toml::Value::String(line) => (for_shell(line)?, true),
                toml::Value::Array(words) => (as_words(words)?, false),
                other => {
                    return Err(format!(
                        "{other} is not a command; write it as \"make test\", run by sh -c, or [\"make\", \"test\"]"
                    ));
                }
            }
        }
        "dir" => offer.dir = dir.join(text()?),
        "env" => {
            let toml::Value::Table(table) = value else {
                return Err("write it as { NAME = \"value\" }".into());
            };
            for (key, value) in table {
                if key.is_empty() || key.contains(['=', '\0']) {
                    return Err(format!("{key:?} is no variable's name"));
                }
                let toml::Value::String(value) = value else {
                    return Err(format!("{key} is not a text; write it in quotes"));
                };
                offer.env.insert(key.clone(), whole(value)?);
            }
        }
        "name" => offer.name = Some(parse_name(&text()?)?),
        "labels" => {
            let toml::Value::Array(list) = value else {
                return Err("write it as [\"one\", \"two\"]".into());
            };
            for label in list {
                let label = label.as_str().ok_or("each label is a text, in quotes")?;
                offer.labels.push(parse_label(label)?);
            }
            offer.labels.sort();
            offer.labels.dedup();
        }
        "grace" => offer.grace = Some(parse_duration(&text()?, MOST_GRACE)?),
        "after_exit" => {
            offer.after_exit = Some(match text()?.as_str() {
                "sweep" => AfterExit::Sweep,
                "keep" => AfterExit::Keep,
                other => return Err(format!("{other:?} is neither \"sweep\" nor \"keep\"")),
            });
        }
        "stdin" => offer.stdin = flag()?,
        "model" => offer.model = Some(model_name(&text()?)?),
        "lane" => offer.lane = Some(lane_name(&text()?)?),
        "priority" => offer.priority = Some(text()?.parse()?),
        "exclusive" => offer.exclusive = flag()?,
        "timeout" => offer.timeout = Some(parse_span(&text()?)?),
        "idle_timeout" => offer.idle_timeout = Some(parse_span(&text()?)?),
        "on_idle" => {
            offer.stop_idle = match text()?.as_str() {
                "tell" => false,
                "stop" => true,
                other => return Err(format!("{other:?} is neither \"tell\" nor \"stop\"")),
            };
        }
        "retry" => {
            let most = value.as_integer().and_then(|most| u32::try_from(most).ok());
            let most = most.filter(|most| *most <= MOST_RETRIES);
            offer.restarts =
                most.ok_or_else(|| format!("{value} is not a number from 0 to {MOST_RETRIES}"))?;
        }
        "retry_on" => offer.retry_on = fates(value)?,
        // `restart`
        _ => {
            offer.restarts = match value {
                toml::Value::String(policy) if policy == "never" => 0,
                toml::Value::String(policy) if policy == "on-failure" => RESTARTS,
                toml::Value::Integer(most) => u32::try_from(*most)
                    .ok()
                    .filter(|most| *most <= MOST_RETRIES)
                    .ok_or_else(|| format!("{most} is not a number from 0 to {MOST_RETRIES}"))?,
                other => {
                    return Err(format!(
                        "{other} is none of \"never\", \"on-failure\", or how often at most after failures"
                    ));
                }
            };
        }
    }
    Ok(())
}

/// A list of ends after which a task is run again.
fn fates(value: &toml::Value) -> Result<Vec<Fate>, String> {
    let words = value.as_array();
    let words = words.ok_or("write it as [\"failed\", \"killed\"]")?;
    let fate = |word: &toml::Value| word.as_str().ok_or("each is a word, in quotes")?.parse();
    words.iter().map(fate).collect()
}
