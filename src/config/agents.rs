//! The registry of agents: what is run for each, and how it is spoken to.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::doc::{self, Item, unknown};
use super::layer::{Own, Setting, Source};
use super::profile::{KEYS, Profile, complete, set as set_key};
use super::value::similar;

/// The agents that are known without anybody's doing, as a file that a person can read.
pub const AGENTS: &str = include_str!("../../assets/agents.toml");

/// The keys of agents that are tables, and are laid over each other key by key.
const TABLES: [&str; 2] = ["env", "permissions"];

/// What [`AGENTS`] says, by `agent.key`, and what is wrong with it.
static BUILT_IN: LazyLock<(Own, Vec<String>)> = LazyLock::new(|| {
    let (mut own, mut problems) = (Own::new(), Vec::new());
    match doc::parse(AGENTS, "the registry of agents") {
        Ok(items) => {
            for section in items {
                let mut say = |line: usize, what: String| problems.push(format!("{line}: {what}"));
                flatten(&section, "", &mut own, &mut say);
            }
        }
        Err(wrong) => problems.extend(wrong),
    }
    for setting in own.values_mut() {
        setting.source = Source::Default;
    }
    (own, problems)
});

/// All agents that there are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Agents {
    profiles: BTreeMap<String, Profile>,
    /// What they were made of, to be laid under a project's.
    own: Own,
}

impl Agents {
    /// Those that are built in, and what is set over them; what is wrong is left out and
    /// told, a line each.
    pub(super) fn of(own: &Own) -> (Self, Vec<String>) {
        let (built_in, wrong) = &*BUILT_IN;
        let (agents, problems) = Self::over(built_in, own);
        (agents, wrong.iter().cloned().chain(problems).collect())
    }

    /// These with what a project sets over them.
    ///
    /// # Errors
    /// The first line of what is wrong: the file, the line and the key, and what to write.
    pub(super) fn with(&self, project: &Own) -> Result<Self, String> {
        let (agents, problems) = Self::over(&self.own, project);
        problems.into_iter().next().map_or(Ok(agents), Err)
    }

    fn over(below: &Own, above: &Own) -> (Self, Vec<String>) {
        let mut own = below.clone();
        own.extend(above.iter().map(|(key, set)| (key.clone(), set.clone())));
        let mut problems = Vec::new();
        let mut profiles: BTreeMap<String, (Profile, Source)> = BTreeMap::new();
        for (key, Setting { value, source }) in &own {
            let Some((name, key)) = key.split_once('.') else {
                continue;
            };
            let (profile, _) = profiles
                .entry(name.to_owned())
                .or_insert_with(|| (Profile::new(name), source.clone()));
            if let Err(why) = set_key(profile, key, value) {
                problems.push(format!("{source}: agents.{name}.{key}: {why}"));
            }
        }
        if problems.is_empty() {
            for (name, (profile, source)) in &profiles {
                if let Err(why) = complete(profile) {
                    problems.push(format!("{source}: agents.{name} {why}"));
                }
            }
        }
        let profiles = profiles
            .into_iter()
            .map(|(name, (profile, _))| (name, profile))
            .collect();
        (Self { profiles, own }, problems)
    }

    /// What is wrong with what a file says of agents, whatever it is laid over.
    pub(super) fn wrong_keys(own: &Own) -> Vec<String> {
        let wrong = |(key, set): (&String, &Setting<toml::Value>)| {
            let (name, rest) = key.split_once('.')?;
            let why = set_key(&mut Profile::new(name), rest, &set.value).err()?;
            Some(format!("{}: agents.{key}: {why}", set.source))
        };
        own.iter().filter_map(wrong).collect()
    }

    /// The agent of this name.
    ///
    /// # Errors
    /// One line: there is none, and which was meant.
    pub fn get(&self, name: &str) -> Result<&Profile, String> {
        if let Some(profile) = self.profiles.get(name) {
            return Ok(profile);
        }
        let names = self.profiles.keys().map(String::as_str);
        let meant = similar(name, names.clone())
            .map_or_else(String::new, |meant| format!(" (did you mean {meant}?)"));
        let all: Vec<&str> = names.collect();
        Err(format!(
            "there is no agent {name}{meant}; there are {}, and [agents.{}] in the configuration adds one",
            all.join(", "),
            if is_name(name) { name } else { "NAME" },
        ))
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.profiles.values()
    }

    /// What was set by persons, by `agent.key`.
    pub fn set(&self) -> impl Iterator<Item = (&str, &Setting<toml::Value>)> {
        let own = self.own.iter().map(|(key, set)| (key.as_str(), set));
        own.filter(|(_, set)| set.source != Source::Default)
    }
}

/// Whether agents, and variables in templates, may be called so.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c))
}

/// What a section `[agents]` of a file says, by `agent.key`; `name` is the file.
pub(super) fn flatten(
    section: &Item,
    name: &str,
    own: &mut Own,
    say: &mut impl FnMut(usize, String),
) {
    let agents = match section.table() {
        Ok(agents) => agents,
        Err(why) => return say(section.line, format!("agents {why}")),
    };
    for agent in agents {
        let within = format!("agents.{}", agent.key);
        let keys = match agent.table() {
            _ if !is_name(&agent.key) => {
                let line = format!(
                    "{within}: {:?} is no agent's name; write it in small letters, digits, - and _",
                    agent.key
                );
                say(agent.line, line);
                continue;
            }
            Ok([]) => {
                let line = format!("{within} says nothing; add program = \"...\"");
                say(agent.line, line);
                continue;
            }
            Ok(keys) => keys,
            Err(why) => {
                say(agent.line, format!("{within} {why}"));
                continue;
            }
        };
        for item in keys {
            if !KEYS.contains(&item.key.as_str()) {
                say(item.line, unknown(&format!("{within}."), &item.key, KEYS));
                continue;
            }
            let table = TABLES.contains(&item.key.as_str());
            let parts = item.table().ok().filter(|_| table);
            for part in parts.unwrap_or_default() {
                let key = format!("{}.{}.{}", agent.key, item.key, part.key);
                own.insert(key, setting(part, name));
            }
            if parts.is_none() {
                own.insert(format!("{}.{}", agent.key, item.key), setting(item, name));
            }
        }
    }
}

pub(super) fn setting(item: &Item, name: &str) -> Setting<toml::Value> {
    Setting {
        value: item.value.clone(),
        source: Source::File(name.to_owned(), item.line),
    }
}
