//! Layers: what each place sets, and where exactly.

use std::collections::BTreeMap;
use std::fmt;

use super::doc::{self, Item, unknown};
use super::value::{Form, Value, per_name};
use super::{agents, budgets, templates};

/// The defaults, as a file that a person can read.
pub const DEFAULT: &str = include_str!("../../assets/config.toml");

/// Every setting there is, by section. What each means is said in `assets/config.toml`.
pub(super) const SECTIONS: [(&str, &[(&str, Form)]); 8] = [
    (
        "output",
        &[
            ("task_cap", Form::Size),
            ("total_cap", Form::Size),
            ("ring", Form::Size),
        ],
    ),
    ("task", &[("grace", Form::Time)]),
    (
        "limits",
        &[
            ("global", Form::CountOrNone),
            ("agents", Form::CountOrNone),
            ("models", Form::CountOrNone),
            ("memory", Form::SizeOrNone),
            ("lanes", Form::PerName),
            ("providers", Form::PerName),
        ],
    ),
    (
        "supervisor",
        &[
            ("orphan_limit", Form::Time),
            ("idle_exit", Form::TimeOrNever),
        ],
    ),
    (
        "history",
        &[
            ("keep_age", Form::TimeOrNever),
            ("keep_count", Form::CountOrNever),
            ("keep_bytes", Form::SizeOrNever),
        ],
    ),
    (
        "hooks",
        &[
            ("created", Form::Commands),
            ("started", Form::Commands),
            ("ended", Form::Commands),
            ("failed", Form::Commands),
            ("asking", Form::Commands),
            ("attention", Form::Commands),
            ("timeout", Form::Time),
        ],
    ),
    ("screen", &[("clock", Form::Flag)]),
    (
        "notify",
        &[
            ("bell", Form::Flag),
            ("osc9", Form::Flag),
            ("osc777", Form::Flag),
        ],
    ),
];

/// Sections whose keys are judged elsewhere.
const OPEN: [&str; 5] = ["agents", "budgets", "keys", "templates", "theme"];

/// Where something is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nowhere: the default.
    Default,
    /// In a file, on this line.
    File(String, usize),
    /// By a variable of this name.
    Variable(String),
    /// By `--set`.
    Option,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(name, line) => write!(f, "{name}:{line}"),
            Self::Variable(name) => f.write_str(name),
            Self::Option => f.write_str("--set"),
        }
    }
}

/// What something is set to, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting<T = Value> {
    /// What to.
    pub value: T,
    /// Where.
    pub source: Source,
}

/// What a person wrote in a section whose keys are known elsewhere, by key.
pub type Own = BTreeMap<String, Setting<toml::Value>>;

/// What one place sets, by `section.key`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Layer {
    pub(super) settings: BTreeMap<String, Setting>,
    pub(super) keys: Own,
    pub(super) theme: Own,
    /// By `agent.key`.
    pub(super) agents: Own,
    pub(super) templates: Own,
    pub(super) budgets: Own,
}

impl Layer {
    /// Reads a file's text; what is wrong in it is left out and told, a line each.
    pub(super) fn parse(text: &str, name: &str) -> (Self, Vec<String>) {
        let mut layer = Self::default();
        let items = match doc::parse(text, name) {
            Ok(items) => items,
            Err(problems) => return (layer, problems),
        };
        let mut problems = Vec::new();
        for section in &items {
            let at = |line: usize, what: &str| format!("{name}:{line}: {what}");
            if layer.flatten(section, name, &mut problems) {
                continue;
            }
            let keys = match section.table() {
                _ if !names().any(|known| known == section.key) => {
                    let line = match section.key.as_str() {
                        "tasks" => {
                            "unknown key tasks; tasks stand in a project's wrangle.toml".into()
                        }
                        key => unknown("", key, names()),
                    };
                    problems.push(at(section.line, &line));
                    continue;
                }
                Ok(keys) => keys,
                Err(why) => {
                    problems.push(at(section.line, &format!("{} {why}", section.key)));
                    continue;
                }
            };
            for item in keys {
                let source = Source::File(name.to_owned(), item.line);
                let own = match section.key.as_str() {
                    "keys" => Some(&mut layer.keys),
                    "theme" => Some(&mut layer.theme),
                    _ => None,
                };
                if let Some(own) = own {
                    let value = item.value.clone();
                    own.insert(item.key.clone(), Setting { value, source });
                    continue;
                }
                let key = format!("{}.{}", section.key, item.key);
                let form = form(&section.key, &item.key);
                if let (Ok(Form::PerName), Ok(named)) = (&form, item.table()) {
                    let wrong = wrong_names(&key, named);
                    let before = problems.len();
                    problems.extend(wrong.map(|(line, why)| at(line, &why)));
                    if problems.len() > before {
                        continue;
                    }
                }
                let read = form.and_then(|form| {
                    let value = form.read(&item.value);
                    value.map_err(|why| format!("{key}: {why}"))
                });
                match read {
                    Ok(value) => drop(layer.settings.insert(key, Setting { value, source })),
                    Err(why) => problems.push(at(item.line, &why)),
                }
            }
        }
        (layer, problems)
    }

    /// Reads a section of agents, templates or budgets; whether it is one.
    pub(super) fn flatten(
        &mut self,
        section: &Item,
        name: &str,
        problems: &mut Vec<String>,
    ) -> bool {
        let mut say = |line: usize, what: String| problems.push(format!("{name}:{line}: {what}"));
        match section.key.as_str() {
            "agents" => agents::flatten(section, name, &mut self.agents, &mut say),
            "templates" => templates::flatten(section, name, &mut self.templates, &mut say),
            "budgets" => budgets::flatten(section, name, &mut self.budgets, &mut say),
            _ => return false,
        }
        true
    }

    /// Reads `WRANGLE_<SECTION>_<KEY>`. Others of that beginning are not ours.
    pub(super) fn from_env<'a>(
        env: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
    ) -> (Self, Vec<String>) {
        let mut layer = Self::default();
        let mut problems = Vec::new();
        for (variable, text) in env {
            let Some((section, word)) = setting_named(variable) else {
                continue;
            };
            let name = String::from_utf8_lossy(variable).into_owned();
            let read = String::from_utf8(text.to_vec())
                .map_err(|_| "not UTF-8; write it as plain text".to_owned())
                .and_then(|text| {
                    let key = word.to_ascii_lowercase();
                    let form = form(section, &key).map_err(|_| unknown_variable(section, &word))?;
                    let value = form.read_text(&text)?;
                    Ok((format!("{section}.{key}"), value))
                });
            match read {
                Ok((key, value)) => {
                    let source = Source::Variable(name);
                    layer.settings.insert(key, Setting { value, source });
                }
                Err(why) => problems.push(format!("{name}: {why}")),
            }
        }
        problems.sort();
        (layer, problems)
    }

    /// Reads what `--set` gave, as pairs of `section.key` and value.
    pub(super) fn from_options(set: &[(String, String)]) -> (Self, Vec<String>) {
        let mut layer = Self::default();
        let mut problems = Vec::new();
        for (key, text) in set {
            let read = key
                .split_once('.')
                .ok_or_else(|| format!("{key} is not a setting; write it as task.grace=5s"))
                .and_then(|(section, name)| form(section, name))
                .and_then(|form| form.read_text(text).map_err(|why| format!("{key}: {why}")));
            match read {
                Ok(value) => {
                    let source = Source::Option;
                    layer
                        .settings
                        .insert(key.clone(), Setting { value, source });
                }
                Err(why) => problems.push(format!("--set: {why}")),
            }
        }
        (layer, problems)
    }

    /// What this one sets goes before what `below` does.
    pub(super) fn over(self, mut below: Self) -> Self {
        below.settings.extend(self.settings);
        below.keys.extend(self.keys);
        below.theme.extend(self.theme);
        below.agents.extend(self.agents);
        below.templates.extend(self.templates);
        below.budgets.extend(self.budgets);
        below
    }
}

/// The names of all sections.
fn names() -> impl Iterator<Item = &'static str> + Clone {
    SECTIONS.iter().map(|(name, _)| *name).chain(OPEN)
}

/// How a setting is written.
fn form(section: &str, key: &str) -> Result<Form, String> {
    let Some((_, keys)) = SECTIONS.iter().find(|(name, _)| *name == section) else {
        return Err(unknown("", section, SECTIONS.iter().map(|(name, _)| *name)));
    };
    if let Some((_, form)) = keys.iter().find(|(name, _)| *name == key) {
        return Ok(*form);
    }
    let within = format!("{section}.");
    Err(unknown(&within, key, keys.iter().map(|(name, _)| *name)))
}

/// What is wrong in a table of names, by lines.
fn wrong_names(key: &str, named: &[Item]) -> impl Iterator<Item = (usize, String)> {
    named.iter().filter_map(move |item| {
        let why = per_name(&item.key, &item.value).err()?;
        Some((item.line, format!("{key}.{}: {why}", item.key)))
    })
}

/// The section and the rest of a variable's name, where it looks like a setting.
fn setting_named(variable: &[u8]) -> Option<(&'static str, String)> {
    let rest = variable.strip_prefix(b"WRANGLE_")?;
    names().find_map(|section| {
        let word = rest
            .strip_prefix(section.to_ascii_uppercase().as_bytes())?
            .strip_prefix(b"_")?;
        Some((section, String::from_utf8_lossy(word).into_owned()))
    })
}

/// Says that there is no such variable, and which was meant.
fn unknown_variable(section: &str, word: &str) -> String {
    let Some((_, keys)) = SECTIONS.iter().find(|(name, _)| *name == section) else {
        return format!(
            "[{section}] can't be set by variables; write it in the configuration file"
        );
    };
    let within = format!("WRANGLE_{}_", section.to_ascii_uppercase());
    let keys: Vec<String> = keys
        .iter()
        .map(|(key, _)| key.to_ascii_uppercase())
        .collect();
    let line = unknown(&within, word, keys.iter().map(String::as_str));
    line.replacen("unknown key", "unknown variable", 1)
}
