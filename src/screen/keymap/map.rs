//! The keymap itself.

use std::collections::HashMap;

use crossterm::event::KeyEvent;
use serde::Deserialize;

use super::chord::Chord;
use super::command::{Command, Context};
use crate::config::{Own, similar};

/// The default keys.
pub const DEFAULT: &str = include_str!("../../../assets/keymap.toml");

/// The file's form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    action: Vec<Action>,
}

/// One action as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    name: String,
    group: String,
    #[serde(rename = "in")]
    contexts: Vec<Context>,
    keys: Vec<String>,
    does: String,
}

/// What a person may give an action.
#[derive(Deserialize)]
#[serde(untagged)]
enum Keys {
    One(String),
    Many(Vec<String>),
}

/// An action, for help.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it is called in the configuration.
    pub name: String,
    /// The heading it stands under.
    pub group: String,
    /// What it does, in a few words.
    pub does: String,
    /// Its keys; empty where a person took them away.
    pub keys: Vec<Chord>,
    command: Command,
    contexts: Vec<Context>,
    /// Whether a person chose the keys.
    chosen: bool,
    /// Where they did, as an error begins.
    place: String,
}

/// Which key does what where.
#[derive(Debug, Clone)]
pub struct Keymap {
    entries: Vec<Entry>,
    keys: HashMap<(Context, Chord), Command>,
}

impl Keymap {
    /// The default keys, with a person's own over them: by action, the key or the
    /// list of keys it shall have. Always a whole keymap, with one line for each thing that is wrong with
    /// the person's keys; what is wrong is left out.
    ///
    /// A person's key takes itself away from the action that has it by default; two
    /// actions of a person's on one key in one place are a conflict, and the first has it.
    pub fn new(own: &Own) -> (Self, Vec<String>) {
        let mut trouble = Vec::new();
        // a test holds the asset to its form
        let file: File = toml::from_str(DEFAULT).unwrap_or_else(|error| {
            trouble.push(format!("the default keymap is broken: {error}"));
            File { action: Vec::new() }
        });
        for (name, setting) in own {
            let mut known = file.action.iter().map(|action| action.name.as_str());
            if known.clone().any(|known| known == name) {
                continue;
            }
            let remedy = match similar(name, &mut known) {
                Some(meant) => format!("did you mean {meant}?"),
                None => "wrangle config default keymap lists them".into(),
            };
            let place = &setting.source;
            trouble.push(format!("{place}: [keys] {name}: no such action; {remedy}"));
        }
        let entries: Vec<Entry> = file
            .action
            .into_iter()
            .filter_map(|action| entry(action, own, &mut trouble))
            .collect();
        let mut keymap = Self {
            entries,
            keys: HashMap::new(),
        };
        keymap.index(&mut trouble);
        (keymap, trouble)
    }

    /// Chosen keys first, so that they win over the defaults.
    fn index(&mut self, trouble: &mut Vec<String>) {
        let mut owners: HashMap<(Context, Chord), usize> = HashMap::new();
        let order = {
            let chosen = (0..self.entries.len()).filter(|at| self.entries[*at].chosen);
            let rest = (0..self.entries.len()).filter(|at| !self.entries[*at].chosen);
            chosen.chain(rest).collect::<Vec<_>>()
        };
        for at in order {
            let entry = &self.entries[at];
            let mut lost = Vec::new();
            for chord in &entry.keys {
                for context in &entry.contexts {
                    if chord.writes() && matches!(context, Context::Line | Context::Compose) {
                        trouble.push(format!(
                            "{}[keys] {}: {chord} could not be typed any more where text is; give it a key with Ctrl- or Alt-, or one with a name",
                            entry.place, entry.name
                        ));
                        lost.push(*chord);
                        continue;
                    }
                    match owners.get(&(*context, *chord)) {
                        None => {
                            owners.insert((*context, *chord), at);
                            self.keys.insert((*context, *chord), entry.command);
                        }
                        Some(owner) if *owner != at => {
                            let owner = &self.entries[*owner];
                            if entry.chosen || !owner.chosen {
                                trouble.push(format!(
                                    "{}[keys] {}: {chord} is {}'s already; give one of them another key",
                                    entry.place, entry.name, owner.name
                                ));
                            }
                            lost.push(*chord);
                        }
                        Some(_) => {}
                    }
                }
            }
            let keys = &self.keys;
            let entry = &mut self.entries[at];
            let contexts = &entry.contexts;
            let command = entry.command;
            entry.keys.retain(|chord| {
                !lost.contains(chord)
                    || contexts
                        .iter()
                        .any(|context| keys.get(&(*context, *chord)) == Some(&command))
            });
        }
        trouble.dedup();
    }

    /// What a key does in one place.
    pub fn command(&self, context: Context, key: KeyEvent) -> Option<Command> {
        self.keys.get(&(context, Chord::from(key))).copied()
    }

    /// Every action, in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The first key of an action, as people read it; empty where it has none.
    pub fn key(&self, command: Command) -> String {
        let entry = self.entries.iter().find(|entry| entry.command == command);
        entry
            .and_then(|entry| entry.keys.first())
            .map(Chord::to_string)
            .unwrap_or_default()
    }
}

/// An action with the keys it shall have.
fn entry(action: Action, own: &Own, trouble: &mut Vec<String>) -> Option<Entry> {
    let command = match Command::deserialize(toml::Value::String(action.name.clone())) {
        Ok(command) => command,
        Err(error) => {
            trouble.push(format!("the default keymap is broken: {error}"));
            return None;
        }
    };
    let chosen = own.get(&action.name);
    let place = chosen.map_or_else(String::new, |setting| format!("{}: ", setting.source));
    let wanted = match chosen.map(|setting| setting.value.clone().try_into::<Keys>()) {
        None => action.keys,
        Some(Ok(Keys::One(key))) => vec![key],
        Some(Ok(Keys::Many(keys))) => keys,
        Some(Err(_)) => {
            trouble.push(format!(
                "{place}[keys] {}: write a key or a list of keys, each in quotes",
                action.name
            ));
            action.keys
        }
    };
    let mut keys = Vec::new();
    for key in &wanted {
        match key.parse::<Chord>() {
            Ok(chord) if keys.contains(&chord) => {}
            Ok(chord) => keys.push(chord),
            Err(why) => trouble.push(format!("{place}[keys] {}: {why}", action.name)),
        }
    }
    Some(Entry {
        name: action.name,
        group: action.group,
        does: action.does,
        keys,
        command,
        contexts: action.contexts,
        chosen: chosen.is_some(),
        place,
    })
}
