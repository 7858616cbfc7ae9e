//! What may be set, checked.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::agents::Agents;
use super::budgets;
use super::doc;
use super::layer::{DEFAULT, Layer, Own, Setting, Source};
use super::paths::Paths;
use super::project::MOST_GRACE;
use super::templates::Templates;
use super::value::Value;
use crate::core::agent::plan::Budget;
use crate::core::limit::{Limits, Most};

/// Everything that may be set. `assets/config.toml` holds the defaults and says what each means.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// How much output is kept, and where.
    pub output: Output,
    /// Defaults of a task.
    pub task: Task,
    /// How much runs at once.
    pub limits: Limits,
    /// How long things stay.
    pub supervisor: Supervisor,
    /// Which ended tasks stay.
    pub history: History,
    /// What is run when something happens.
    pub hooks: Hooks,
    /// How the screen looks.
    pub screen: Screen,
    /// How terminals are told of what wants a person.
    pub notify: Notify,
    /// The user's keys, as the screen's keymap reads them: actions and their keys.
    pub keys: Own,
    /// The user's colours, as the screen's theme reads them: roles and their styles.
    pub theme: Own,
    /// Which agents there are.
    pub agents: Arc<Agents>,
    /// Templates of prompts.
    pub templates: Arc<Templates>,
    /// What each lane may use in a day, in UTC.
    pub budgets: BTreeMap<String, Budget>,
    settings: BTreeMap<String, Setting>,
    sources: Sources,
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

/// Which ended tasks stay, with their output. `None`: no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// How long after the end.
    pub keep_age: Option<Duration>,
    /// How many.
    pub keep_count: Option<u32>,
    /// How many bytes of output they have together.
    pub keep_bytes: Option<u64>,
}

/// What is run when something happens to a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hooks {
    /// By the word of what happened: commands with their arguments. Only words that have some.
    pub commands: BTreeMap<String, Vec<Vec<String>>>,
    /// How long each may take.
    pub timeout: Duration,
}

/// How the screen looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// Ages that count up; else times of day.
    pub clock: bool,
}

/// How a terminal is told that a task begins to ask, ends well, or doesn't.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Notify {
    /// By its bell.
    pub bell: bool,
    /// By a desktop notification as iTerm2 has it (OSC 9).
    pub osc9: bool,
    /// By one as rxvt-unicode has it (OSC 777).
    pub osc777: bool,
}

/// Where settings are read from, lowest first: the defaults, the user's file, a
/// project's, the environment, `--set`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// The user's file; need not exist.
    pub file: PathBuf,
    /// The variables that may set something.
    pub env: Vec<(OsString, OsString)>,
    /// What `--set` gave: `section.key` and value.
    pub set: Vec<(String, String)>,
}

impl Sources {
    /// Of this process.
    pub fn here(paths: &Paths, set: Vec<(String, String)>) -> Self {
        Self {
            file: paths.config.clone(),
            env: env::vars_os()
                .filter(|(name, _)| name.as_bytes().starts_with(b"WRANGLE_"))
                .collect(),
            set,
        }
    }
}

impl Config {
    /// All layers but a project's, one over the other. A file that does not exist changes nothing.
    ///
    /// # Errors
    /// A line for each thing that is wrong: the file, the line and the key, and what to write.
    pub fn read(from: &Sources) -> Result<Self, Vec<String>> {
        Self::read_with(from, Layer::default())
    }

    /// The defaults alone, with where the rest would be read from.
    ///
    /// # Errors
    /// When the program was built with wrong ones.
    pub fn default_at(from: &Sources) -> Result<Self, String> {
        let config = Self::parse("", "")?;
        Ok(Self {
            sources: from.clone(),
            ..config
        })
    }

    /// The same, as far as it can be made of what is not wrong, and all that is.
    pub fn examine(from: &Sources) -> (Option<Self>, Vec<String>) {
        Self::over(from, Layer::default())
    }

    /// All layers, `project` being what a project's file sets.
    pub(super) fn read_with(from: &Sources, project: Layer) -> Result<Self, Vec<String>> {
        match Self::over(from, project) {
            (Some(config), problems) if problems.is_empty() => Ok(config),
            (_, problems) => Err(problems),
        }
    }

    fn over(from: &Sources, project: Layer) -> (Option<Self>, Vec<String>) {
        let (user, mut problems) = match doc::text(&from.file) {
            Ok(text) => Layer::parse(&text.unwrap_or_default(), &from.file.display().to_string()),
            Err(why) => (Layer::default(), vec![why]),
        };
        let env = from.env.iter();
        let env = env.map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let (env, wrong) = Layer::from_env(env);
        problems.extend(wrong);
        let (set, wrong) = Layer::from_options(&from.set);
        problems.extend(wrong);
        let (config, wrong) = Self::of(set.over(env).over(project).over(user));
        problems.extend(wrong);
        let config = config.map(|config| Self {
            sources: from.clone(),
            ..config
        });
        (config, problems)
    }

    /// `text` over the defaults; `name` is what errors call it.
    ///
    /// # Errors
    /// The first line of those of [`Config::read`].
    pub fn parse(text: &str, name: &str) -> Result<Self, String> {
        let (layer, mut problems) = Layer::parse(text, name);
        let (config, wrong) = Self::of(layer);
        problems.extend(wrong);
        match (config, problems.into_iter().next()) {
            (Some(config), None) => Ok(config),
            (_, problem) => Err(problem.unwrap_or_default()),
        }
    }

    /// Where it was read from, to be read again.
    pub const fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Every setting by `section.key`, with its place.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.settings
            .iter()
            .map(|(key, setting)| (key.as_str(), setting))
    }

    /// The configuration that a layer over the defaults makes, and what is wrong with it.
    fn of(layer: Layer) -> (Option<Self>, Vec<String>) {
        let (mut defaults, mut problems) = Layer::parse(DEFAULT, "the default configuration");
        for setting in defaults.settings.values_mut() {
            setting.source = Source::Default;
        }
        let whole = layer.over(defaults);
        let all = All(&whole.settings);
        let (agents, wrong) = Agents::of(&whole.agents);
        problems.extend(wrong);
        let (templates, wrong) = Templates::of(&whole.templates);
        problems.extend(wrong);
        let (budgets, wrong) = budgets::of(&whole.budgets);
        problems.extend(wrong);
        let config = match all.config() {
            Ok(config) => Self {
                agents: agents.into(),
                templates: templates.into(),
                budgets,
                keys: whole.keys,
                theme: whole.theme,
                settings: whole.settings.clone(),
                ..config
            },
            Err(key) => {
                problems.push(format!("the default configuration lacks {key}"));
                return (None, problems);
            }
        };
        problems.extend(config.check());
        (Some(config), problems)
    }

    /// What a value by itself, or beside another, can't be.
    fn check(&self) -> Vec<String> {
        let second = Duration::from_secs(1);
        let day = Duration::from_secs(86_400);
        let Output {
            task_cap,
            total_cap,
            ring,
        } = self.output;
        let rules = [
            // a log is kept in segments of 4 KiB or more, and needs some to drop from
            (
                task_cap < 64 << 10,
                "output.task_cap",
                "is too small; at least \"64 KiB\"",
            ),
            (
                total_cap < task_cap,
                "output.total_cap",
                "is smaller than output.task_cap; make it as large at least",
            ),
            (
                ring < 256 << 10,
                "output.ring",
                "is too small; at least \"256 KiB\"",
            ),
            (
                self.task.grace > MOST_GRACE,
                "task.grace",
                "is too long; the most is \"1day\"",
            ),
            (
                self.supervisor.orphan_limit < second,
                "supervisor.orphan_limit",
                "is too short; at least \"1s\", or no task outlives a restart",
            ),
            (
                self.supervisor.idle_exit.is_some_and(|time| time < second),
                "supervisor.idle_exit",
                "is too short; at least \"1s\", or it is gone before it is called",
            ),
            (
                self.hooks.timeout < second || self.hooks.timeout > day,
                "hooks.timeout",
                "is out of bounds; between \"1s\" and \"1day\"",
            ),
        ];
        let broken = rules.into_iter().filter(|(broken, ..)| *broken);
        broken
            .map(|(_, key, what)| match self.settings.get(key) {
                Some(setting) => format!("{}: {key} {what}", setting.source),
                None => format!("{key} {what}"),
            })
            .collect()
    }
}

/// Settings to be taken by their kinds. An error is the key that is missing.
struct All<'a>(&'a BTreeMap<String, Setting>);

impl All<'_> {
    fn config(&self) -> Result<Config, String> {
        Ok(Config {
            output: Output {
                task_cap: self.size("output.task_cap")?,
                total_cap: self.size("output.total_cap")?,
                ring: self.size("output.ring")?,
            },
            task: Task {
                grace: self.time("task.grace")?,
            },
            limits: Limits {
                global: self.unless("limits.global", Self::count)?,
                agents: self.unless("limits.agents", Self::count)?,
                models: self.unless("limits.models", Self::count)?,
                lanes: self.per_name("limits.lanes")?,
                providers: self.per_name("limits.providers")?,
                memory: self.unless("limits.memory", Self::size)?,
            },
            supervisor: Supervisor {
                orphan_limit: self.time("supervisor.orphan_limit")?,
                idle_exit: self.unless("supervisor.idle_exit", Self::time)?,
            },
            history: History {
                keep_age: self.unless("history.keep_age", Self::time)?,
                keep_count: self.unless("history.keep_count", Self::count)?,
                keep_bytes: self.unless("history.keep_bytes", Self::size)?,
            },
            hooks: Hooks {
                commands: self.commands(),
                timeout: self.time("hooks.timeout")?,
            },
            screen: Screen {
                clock: self.flag("screen.clock")?,
            },
            notify: Notify {
                bell: self.flag("notify.bell")?,
                osc9: self.flag("notify.osc9")?,
                osc777: self.flag("notify.osc777")?,
            },
            keys: Own::new(),
            theme: Own::new(),
            agents: Arc::default(),
            templates: Arc::default(),
            budgets: BTreeMap::new(),
            settings: BTreeMap::new(),
            sources: Sources::default(),
        })
    }

    fn value(&self, key: &str) -> Result<&Value, String> {
        let setting = self.0.get(key).ok_or(key)?;
        Ok(&setting.value)
    }

    fn size(&self, key: &str) -> Result<u64, String> {
        match self.value(key)? {
            Value::Size(bytes) => Ok(*bytes),
            _ => Err(key.into()),
        }
    }

    fn time(&self, key: &str) -> Result<Duration, String> {
        match self.value(key)? {
            Value::Time(time) => Ok(*time),
            _ => Err(key.into()),
        }
    }

    fn flag(&self, key: &str) -> Result<bool, String> {
        match self.value(key)? {
            Value::Flag(flag) => Ok(*flag),
            _ => Err(key.into()),
        }
    }

    fn count(&self, key: &str) -> Result<u32, String> {
        match self.value(key)? {
            Value::Count(count) => Ok(*count),
            _ => Err(key.into()),
        }
    }

    /// `None` where no limit is set.
    fn unless<T>(
        &self,
        key: &str,
        take: impl Fn(&Self, &str) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        match self.value(key)? {
            Value::Never | Value::None => Ok(None),
            _ => take(self, key).map(Some),
        }
    }

    fn per_name(&self, key: &str) -> Result<BTreeMap<String, Most>, String> {
        match self.value(key)? {
            Value::PerName(named) => Ok(named.clone()),
            _ => Err(key.into()),
        }
    }

    fn commands(&self) -> BTreeMap<String, Vec<Vec<String>>> {
        let mut commands = BTreeMap::new();
        for (key, setting) in self.0 {
            if let (Some(event), Value::Commands(all)) =
                (key.strip_prefix("hooks."), &setting.value)
                && !all.is_empty()
            {
                commands.insert(event.to_owned(), all.clone());
            }
        }
        commands
    }
}

/// What is wrong with a configuration, in one line.
pub fn in_short(problems: &[String]) -> String {
    match problems {
        [] => String::new(),
        [one] => one.clone(),
        [one, rest @ ..] => format!(
            "{one} (and {} more: wrangle config check lists all)",
            rest.len()
        ),
    }
}
