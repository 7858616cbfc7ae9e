//! A project's file, `wrangle.toml`: tasks that a directory offers by name, and defaults
//! for tasks in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::agents::Agents;
use super::doc::{self, Item, unknown};
use super::layer::{Layer, SECTIONS, Setting, Source};
use super::offer::{Offer, offer};
use super::settings::{Config, Sources};
use super::templates::Templates;
use super::value::Value;

/// What a project's file is called.
pub const PROJECT: &str = "wrangle.toml";

/// What may stand in it, as a file that a person can read.
pub const EXAMPLE: &str = include_str!("../../assets/project.toml");

/// The longest name, in characters.
const MOST_NAME: usize = 100;
/// The longest label, in characters.
const MOST_LABEL: usize = 64;
/// The longest grace period that a task may have.
pub const MOST_GRACE: Duration = Duration::from_secs(86_400);
/// What a project's file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// The file.
    pub file: PathBuf,
    /// Where it lies; whoever trusts this trusts the file.
    pub dir: PathBuf,
    /// The tasks it offers, by name.
    pub tasks: BTreeMap<String, Offer>,
    layer: Layer,
}

impl Project {
    /// The project's file that holds in a directory: the nearest upwards.
    pub fn find(from: &Path) -> Option<PathBuf> {
        from.ancestors()
            .map(|dir| dir.join(PROJECT))
            .find(|file| file.is_file())
    }

    /// Reads a project's file.
    ///
    /// # Errors
    /// A line for each thing that is wrong: the file, the line and the key, and what to write.
    pub fn read(file: &Path) -> Result<Self, Vec<String>> {
        let name = file.display().to_string();
        let text = match doc::text(file) {
            Ok(Some(text)) => text,
            Ok(None) => return Err(vec![format!("{name} is gone")]),
            Err(why) => return Err(vec![why]),
        };
        let dir = file.parent().unwrap_or(Path::new("/"));
        let (project, problems) = Self::parse(&text, dir);
        if problems.is_empty() {
            return Ok(project);
        }
        Err(problems)
    }

    /// Reads the text of the file in `dir`; what is wrong is left out and told, a line each.
    pub(super) fn parse(text: &str, dir: &Path) -> (Self, Vec<String>) {
        let file = dir.join(PROJECT);
        let name = file.display().to_string();
        let mut project = Self {
            file,
            dir: dir.to_path_buf(),
            tasks: BTreeMap::new(),
            layer: Layer::default(),
        };
        let items = match doc::parse(text, &name) {
            Ok(items) => items,
            Err(problems) => return (project, problems),
        };
        let mut problems = Vec::new();
        for section in &items {
            let mut say =
                |line: usize, what: String| problems.push(format!("{name}:{line}: {what}"));
            match (section.key.as_str(), section.table()) {
                ("task" | "tasks", Err(why)) => {
                    say(section.line, format!("{} {why}", section.key));
                }
                ("task", Ok(keys)) => {
                    for item in keys {
                        match task_setting(item) {
                            Ok((key, value)) => {
                                let source = Source::File(name.clone(), item.line);
                                let setting = Setting { value, source };
                                project.layer.settings.insert(key, setting);
                            }
                            Err(why) => say(item.line, why),
                        }
                    }
                }
                ("tasks", Ok(tasks)) => {
                    for item in tasks {
                        let offer = offer(item, dir, &mut say);
                        project.tasks.insert(item.key.clone(), offer);
                    }
                }
                ("agents" | "templates", _) => {
                    project.layer.flatten(section, &name, &mut problems);
                }
                (key, _) => say(section.line, not_a_projects(key)),
            }
        }
        // whether an agent is whole depends on what it is laid over
        problems.extend(Agents::wrong_keys(&project.layer.agents));
        problems.extend(Templates::of(&project.layer.templates).1);
        (project, problems)
    }

    /// The agents that there are in this project.
    ///
    /// # Errors
    /// What the file makes of one can't be: the file, the line and the key.
    pub fn agents(&self, below: &Agents) -> Result<Agents, String> {
        below.with(&self.layer.agents)
    }

    /// The templates of prompts that there are in this project.
    pub fn templates(&self, below: &Templates) -> Templates {
        below.with(&self.layer.templates)
    }

    /// Between SIGTERM and SIGKILL for tasks in this project, where the file says.
    pub fn grace(&self) -> Option<Duration> {
        match self.layer.settings.get("task.grace")?.value {
            Value::Time(grace) => Some(grace),
            _ => None,
        }
    }

    /// Whether the file sets anything by itself, without being asked for a task.
    pub fn sets_anything(&self) -> bool {
        self.layer != Layer::default()
    }

    /// All layers, this file's among them.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn config(&self, from: &Sources) -> Result<Config, Vec<String>> {
        Config::read_with(from, self.layer.clone())
    }
}

/// A key below `[task]`.
fn task_setting(item: &Item) -> Result<(String, Value), String> {
    let keys = SECTIONS.iter().find(|(section, _)| *section == "task");
    let keys = keys.map_or(&[][..], |(_, keys)| keys);
    let Some((_, form)) = keys.iter().find(|(key, _)| *key == item.key) else {
        let line = unknown("task.", &item.key, keys.iter().map(|(key, _)| *key));
        return Err(line);
    };
    let key = format!("task.{}", item.key);
    match form.read(&item.value) {
        Ok(Value::Time(grace)) if item.key == "grace" && grace > MOST_GRACE => {
            Err(format!("{key} is too long; the most is \"1day\""))
        }
        Ok(value) => Ok((key, value)),
        Err(why) => Err(format!("{key}: {why}")),
    }
}

fn not_a_projects(key: &str) -> String {
    let users = SECTIONS.iter().any(|(section, _)| *section == key);
    if users || matches!(key, "keys" | "theme" | "budgets") {
        return format!(
            "{key} can't be set by a project: what holds for all tasks is the user's to say; write it in config.toml"
        );
    }
    unknown("", key, ["agents", "task", "tasks", "templates"])
}

/// A task's name as a person may give it: it cannot be taken for a number or for `@`.
///
/// # Errors
/// A line that says what a name is.
pub fn parse_name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("a name needs at least one character".into());
    }
    if text.chars().any(char::is_control) || text.chars().count() > MOST_NAME {
        return Err(format!(
            "a name is one line of at most {MOST_NAME} characters"
        ));
    }
    let digits = text.strip_prefix('#').unwrap_or(text);
    if text == "@" || digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!(
            "{text:?} would be taken for a task's number; add a letter"
        ));
    }
    Ok(text.to_owned())
}

/// A label as a person may give it: one word that a table and a list with commas can hold.
///
/// # Errors
/// A line that says what a label is.
pub fn parse_label(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("a label needs at least one character".into());
    }
    if text.chars().count() > MOST_LABEL {
        return Err(format!("a label has at most {MOST_LABEL} characters"));
    }
    if text
        .chars()
        .any(|c| c == ',' || c.is_whitespace() || c.is_control())
    {
        return Err(format!(
            "{text:?} is not a label; write each as one word without commas"
        ));
    }
    Ok(text.to_owned())
}

pub(super) fn one_word(text: &str, what: &str) -> Result<(), String> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!("{text:?} is not {what}: write it as one word"));
    }
    Ok(())
}
