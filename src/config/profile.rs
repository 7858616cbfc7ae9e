//! An agent of the registry: its keys, and the command that they come down to.

use std::collections::BTreeMap;
use std::time::Duration;

use super::doc::unknown;
use super::mode::{Mode, mode, text, variable, words};
use super::project::MOST_GRACE;
use super::value::{parse_duration, similar};
use crate::core::agent::plan::{Feed, PROMPT, SESSION, STOP_SIGNALS, Speech};
use crate::core::limit::lane_name;
use crate::core::raw::Raw;

/// What an agent may say of itself. What each means is said in `assets/agents.toml`.
pub(super) const KEYS: [&str; 19] = [
    "about",
    "program",
    "args",
    "resume",
    "fork",
    "forgets_unanswered",
    "model",
    "permissions",
    "permission",
    "speech",
    "feed",
    "env",
    "lane",
    "provider",
    "stop",
    "grace",
    "version",
    "known",
    "install",
];

/// Stands for all the words of `args`.
const ARGS: &str = "{args}";
/// Stands for the words of `model`, and within them for the model's name.
const MODEL: &str = "{model}";
/// Stands for the words of a permission mode.
const PERMISSION: &str = "{permission}";
/// As a program: the command that is given with the prompt.
const COMMAND: &str = "{command}";

const SPEECHES: [(&str, Speech); 9] = [
    ("claude", Speech::Claude),
    ("codex", Speech::Codex),
    ("codex-server", Speech::CodexServer),
    ("gemini", Speech::Gemini),
    ("opencode", Speech::Opencode),
    ("qwen", Speech::Qwen),
    ("aider", Speech::Aider),
    ("acp", Speech::Acp),
    ("plain", Speech::Plain),
];
const FEEDS: [(&str, Feed); 3] = [
    ("argument", Feed::Argument),
    ("stdin", Feed::Stdin),
    ("talk", Feed::Talk),
];

/// An agent as the registry knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// What it is called.
    pub name: String,
    /// What it is, in a few words.
    pub about: String,
    /// What it prints.
    pub speech: Speech,
    /// Variables it is given.
    pub env: BTreeMap<String, String>,
    /// Whose limit it counts against where nothing else is said.
    pub lane: Option<String>,
    /// The same for providers.
    pub provider: Option<String>,
    /// The signal that asks it to end; `None`: SIGTERM.
    pub stop: Option<i32>,
    /// Between that and SIGKILL.
    pub grace: Option<Duration>,
    /// Arguments with which it says its version.
    pub version: Vec<String>,
    /// Versions that it is known to work in.
    pub known: Vec<String>,
    /// How to install it.
    pub install: Option<String>,
    /// Whether it keeps no conversation in which nothing was answered.
    pub forgets_unanswered: bool,
    program: String,
    args: Vec<String>,
    resume: Option<Vec<String>>,
    fork: Option<Vec<String>>,
    model: Option<Vec<String>>,
    modes: BTreeMap<String, Mode>,
    mode: Option<String>,
    feed: Option<Feed>,
}

/// What is run for an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commands {
    /// How it gets its prompt.
    pub feed: Feed,
    /// Program and arguments; the prompt is still to be put in.
    pub fresh: Vec<Raw>,
    /// The same to go on with a conversation, where it can.
    pub resume: Option<Vec<Raw>>,
    /// The same to go another way from there.
    pub fork: Option<Vec<Raw>>,
    /// Variables it is given.
    pub env: Vec<(Raw, Raw)>,
}

/// What is chosen of what an agent can do.
#[derive(Debug, Clone, Copy, Default)]
pub struct Choice<'a> {
    /// The model it uses; else its own choice.
    pub model: Option<&'a str>,
    /// The permission mode; else the usual one.
    pub permission: Option<&'a str>,
    /// The command, for one that has no program of its own.
    pub command: &'a [Raw],
    /// Whether it runs as root.
    pub as_root: bool,
}

impl Profile {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            about: String::new(),
            speech: Speech::Plain,
            env: BTreeMap::new(),
            lane: None,
            provider: None,
            stop: None,
            grace: None,
            version: vec!["--version".into()],
            known: Vec::new(),
            install: None,
            forgets_unanswered: false,
            program: String::new(),
            args: Vec::new(),
            resume: None,
            fork: None,
            model: None,
            modes: BTreeMap::new(),
            mode: None,
            feed: None,
        }
    }

    /// What is run; `None`: the command that is given with the prompt.
    pub fn program(&self) -> Option<&str> {
        (self.program != COMMAND).then_some(&self.program)
    }

    /// The names of what it may be allowed.
    pub fn permissions(&self) -> impl Iterator<Item = &str> {
        self.modes.keys().map(String::as_str)
    }

    /// The one of them that is taken where none is named.
    pub fn permission(&self) -> Option<&str> {
        self.mode.as_deref()
    }

    /// What is run for it.
    ///
    /// # Errors
    /// One line: it can't do that, and what it can.
    pub fn commands(&self, choice: Choice<'_>) -> Result<Commands, String> {
        let name = &self.name;
        let model = match (choice.model, &self.model) {
            (Some(_), None) => {
                return Err(format!(
                    "agent {name} can't be told its model; leave out --model, or add model = [\"--model\", \"{{model}}\"] to [agents.{name}]"
                ));
            }
            (Some(model), Some(words)) => words.iter().map(|it| it.replace(MODEL, model)).collect(),
            (None, _) => Vec::new(),
        };
        let none = Mode::default();
        let mode = match choice.permission.or(self.mode.as_deref()) {
            Some(wanted) => self.mode_of(wanted)?,
            None => &none,
        };
        let expand = |words: &[String]| -> Vec<Raw> {
            let args = |word: &String| match word.as_str() {
                ARGS => self.args.clone(),
                _ => vec![word.clone()],
            };
            let each = |word: String| match word.as_str() {
                MODEL => model.clone(),
                PERMISSION => mode.args.clone(),
                _ => vec![word],
            };
            let words = words.iter().flat_map(args).flat_map(each);
            words.map(Raw::from).collect()
        };
        let program = match (self.program(), choice.command) {
            (Some(_), [_, ..]) => {
                return Err(format!(
                    "agent {name} has a program of its own; leave out the command, or say --agent generic"
                ));
            }
            (Some(program), []) => vec![Raw::from(program)],
            (None, []) => {
                return Err(format!(
                    "agent {name} runs any command: give it behind --, and the prompt by --prompt, as in --agent {name} --prompt TEXT -- COMMAND {{prompt}}"
                ));
            }
            (None, command) => command.to_vec(),
        };
        let whole = |words: &[String]| [program.clone(), expand(words)].concat();
        let fresh = whole(&self.args);
        let takes = fresh.iter().any(|word| word.lossy().contains(PROMPT));
        let usual = if takes { Feed::Argument } else { Feed::Stdin };
        Ok(Commands {
            feed: self.feed.unwrap_or(usual),
            resume: self.resume.as_deref().map(whole),
            fork: self.fork.as_deref().map(whole),
            fresh,
            env: self.variables(choice.permission, choice.as_root),
        })
    }

    /// Variables that it is given in a permission mode, else in the usual one; of one that
    /// there is not, those of every mode.
    pub fn variables(&self, permission: Option<&str>, as_root: bool) -> Vec<(Raw, Raw)> {
        let mode = permission.or(self.permission());
        let mode = mode.and_then(|name| self.modes.get(name));
        let of_mode = mode.map(|mode| &mode.env);
        let of_root = mode.map(|mode| &mode.env_as_root).filter(|_| as_root);
        let mut env = self.env.clone();
        env.extend(
            of_mode
                .into_iter()
                .chain(of_root)
                .flatten()
                .map(|(key, value)| (key.clone(), value.clone())),
        );
        let each = env.into_iter();
        each.map(|(key, value)| (key.into(), value.into()))
            .collect()
    }

    fn mode_of(&self, wanted: &str) -> Result<&Mode, String> {
        if let Some(mode) = self.modes.get(wanted) {
            return Ok(mode);
        }
        let name = &self.name;
        let all: Vec<&str> = self.permissions().collect();
        if all.is_empty() {
            return Err(format!(
                "agent {name} has no permission modes; leave out --permission"
            ));
        }
        let meant = similar(wanted, all.iter().copied())
            .map_or_else(String::new, |meant| format!(" (did you mean {meant}?)"));
        let all = all.join(", ");
        Err(format!(
            "agent {name} has no permission mode {wanted}{meant}; it has {all}"
        ))
    }

    /// Whether a version is one that it is known to work in.
    pub fn knows(&self, version: &str) -> bool {
        let begins = |known: &String| {
            let rest = version.strip_prefix(known.as_str());
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        self.known.iter().any(begins)
    }
}

/// Sets what a file says; `key` of a table's part is `table.part`.
pub(super) fn set(profile: &mut Profile, key: &str, value: &toml::Value) -> Result<(), String> {
    let (key, part) = key
        .split_once('.')
        .map_or((key, None), |(key, part)| (key, Some(part)));
    match (key, part) {
        ("env", Some(part)) => {
            let (key, value) = variable(part, value)?;
            profile.env.insert(key, value);
        }
        ("permissions", Some(part)) => {
            profile.modes.insert(part.to_owned(), mode(value)?);
        }
        ("env", None) => return Err("write it as { NAME = \"value\" }".into()),
        ("permissions", None) => return Err("write it as { NAME = [\"--word\"] }".into()),
        ("about", _) => profile.about = text(value)?,
        ("program", _) => profile.program = text(value)?,
        ("args", _) => profile.args = words(value, &[MODEL, PERMISSION, PROMPT])?,
        ("resume" | "fork", _) => {
            let words = words(value, &[ARGS, MODEL, PERMISSION, PROMPT, SESSION])?;
            match key {
                "resume" => profile.resume = Some(words),
                _ => profile.fork = Some(words),
            }
        }
        ("forgets_unanswered", _) => {
            let wrong = || format!("{value} is neither true nor false");
            profile.forgets_unanswered = value.as_bool().ok_or_else(wrong)?;
        }
        ("model", _) => {
            let words = words(value, &[MODEL])?;
            if !words.iter().any(|word| word.contains(MODEL)) {
                return Err("lacks {model}, which stands for the model's name".into());
            }
            profile.model = Some(words);
        }
        ("permission", _) => profile.mode = Some(text(value)?),
        ("speech", _) => profile.speech = one_of(value, &SPEECHES)?,
        ("feed", _) => profile.feed = Some(one_of(value, &FEEDS)?),
        ("lane", _) => profile.lane = Some(lane_name(&text(value)?)?),
        ("provider", _) => {
            let why = |why: String| why.replacen("is no lane", "is no provider", 1);
            profile.provider = Some(lane_name(&text(value)?).map_err(why)?);
        }
        ("stop", _) => profile.stop = Some(one_of(value, &STOP_SIGNALS)?),
        ("grace", _) => profile.grace = Some(parse_duration(&text(value)?, MOST_GRACE)?),
        ("version", _) => profile.version = words(value, &[])?,
        ("known", _) => profile.known = words(value, &[])?,
        ("install", _) => profile.install = Some(text(value)?),
        _ => return Err(unknown("", key, KEYS)),
    }
    Ok(())
}

/// What by itself may be right, and beside the rest is not.
pub(super) fn complete(profile: &Profile) -> Result<(), String> {
    if profile.program.trim().is_empty() {
        return Err("lacks a program; add program = \"...\"".into());
    }
    let argument = |words: &[String]| words.iter().any(|word| word.contains(PROMPT));
    let json_rpc = matches!(profile.speech, Speech::CodexServer | Speech::Acp);
    match profile.feed {
        Some(Feed::Argument) if !argument(&profile.args) && profile.program().is_some() => {
            return Err("has its prompt as an argument, but args lacks {prompt}".into());
        }
        Some(Feed::Stdin | Feed::Talk) if argument(&profile.args) => {
            return Err(
                "has its prompt on standard input, but {prompt} stands in args; leave one out"
                    .into(),
            );
        }
        Some(Feed::Talk) if !json_rpc && profile.speech != Speech::Claude => {
            return Err(
                "can't talk in its speech: \"claude\", \"codex-server\" and \"acp\" can; give another feed"
                    .into(),
            );
        }
        Some(Feed::Argument | Feed::Stdin) | None if json_rpc => {
            return Err("has a speech that needs feed = \"talk\"".into());
        }
        _ => {}
    }
    for (key, words) in [("resume", &profile.resume), ("fork", &profile.fork)] {
        let Some(words) = words else { continue };
        if !json_rpc && !words.iter().any(|word| word.contains(SESSION)) {
            return Err(format!(
                "lacks {{session}} in {key}: which conversation goes on?"
            ));
        }
        let args = words.iter().any(|word| word == ARGS) && argument(&profile.args);
        if (args || argument(words)) != argument(&profile.args) {
            return Err(format!("has {{prompt}} in one of args and {key} alone"));
        }
    }
    match &profile.mode {
        Some(mode) if !profile.modes.contains_key(mode) => {
            let all: Vec<&str> = profile.permissions().collect();
            Err(format!(
                "has permission {mode:?}, which permissions lacks; there are {}",
                all.join(", ")
            ))
        }
        _ => Ok(()),
    }
}

fn one_of<T: Copy>(value: &toml::Value, all: &[(&str, T)]) -> Result<T, String> {
    let word = text(value)?;
    if let Some((_, found)) = all.iter().find(|(known, _)| *known == word) {
        return Ok(*found);
    }
    let names: Vec<String> = all.iter().map(|(known, _)| format!("{known:?}")).collect();
    Err(format!("{word:?} is none of {}", names.join(", ")))
}
