//! Values as people write them: times, sizes, numbers, commands.

use std::collections::BTreeMap;
use std::time::Duration;

use bytesize::ByteSize;

use crate::core::limit::{Most, lane_name};

/// A time as people write it (`10s`, `30m`, `1h 30m`), at most `most`.
///
/// # Errors
/// A line that says what is wrong and how to write it.
pub fn parse_duration(text: &str, most: Duration) -> Result<Duration, String> {
    let time = humantime::parse_duration(text.trim())
        .map_err(|_| format!("{text:?} is not a time; write it as 10s, 30m or 2h"))?;
    if time > most {
        let most = humantime::format_duration(most);
        return Err(format!("{text:?} is too long; the most is {most}"));
    }
    Ok(time)
}

/// The shortest time that a task can be given for anything.
const LEAST: Duration = Duration::from_millis(1);

/// A time that a task is given for something, as people write it: neither none at all nor
/// more than a year.
///
/// # Errors
/// As [`parse_duration`].
pub fn parse_span(text: &str) -> Result<Duration, String> {
    let time = parse_duration(text, MOST)?;
    if time < LEAST {
        return Err(format!("{text:?} is no time at all; the least is 1ms"));
    }
    Ok(time)
}

/// The one of `words` that was most likely meant by `word`.
pub fn similar<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    words
        .into_iter()
        .map(|known| (strsim::jaro_winkler(word, known), known))
        // swapped letters weigh too much in a short word: one slip is always forgiven
        .filter(|(likeness, known)| {
            *likeness > 0.8 || strsim::damerau_levenshtein(word, known) == 1
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// The longest time that any setting may have: a year, as long as `1y` is.
const MOST: Duration = Duration::from_secs(31_557_600);

/// What may be written for a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Bytes.
    Size,
    /// Bytes, or `never`.
    SizeOrNever,
    /// A time.
    Time,
    /// A time, or `never`.
    TimeOrNever,
    /// A number, or `never`.
    CountOrNever,
    /// Bytes, or `none`.
    SizeOrNone,
    /// A number, or `none`.
    CountOrNone,
    /// Lanes or providers by name, each with a number or `none`.
    PerName,
    /// Yes or no.
    Flag,
    /// Commands: a string is the shell's, a list of words is taken as it is.
    Commands,
}

/// What a setting is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Bytes.
    Size(u64),
    /// A time.
    Time(Duration),
    /// A number.
    Count(u32),
    /// Yes or no.
    Flag(bool),
    /// Commands with their arguments.
    Commands(Vec<Vec<String>>),
    /// By name, how many at once; none: as many as there are.
    PerName(BTreeMap<String, Most>),
    /// No limit.
    Never,
    /// The same, of what is no time.
    None,
}

impl Form {
    /// Reads what a file says.
    ///
    /// # Errors
    /// A fragment that says what is wrong and how to write it.
    pub(super) fn read(self, value: &toml::Value) -> Result<Value, String> {
        match (self, value) {
            (Self::Flag, toml::Value::Boolean(flag)) => Ok(Value::Flag(*flag)),
            (Self::CountOrNever | Self::CountOrNone, toml::Value::Integer(count)) => {
                u32::try_from(*count)
                    .map(Value::Count)
                    .map_err(|_| self.refuse(value))
            }
            (Self::PerName, toml::Value::Table(table)) => {
                let named = table.iter().map(|(name, value)| {
                    let most = per_name(name, value).map_err(|why| format!("{name}: {why}"));
                    most.map(|most| (name.clone(), most))
                });
                named.collect::<Result<_, _>>().map(Value::PerName)
            }
            (Self::Commands, toml::Value::String(line)) => {
                Ok(Value::Commands(vec![for_shell(line)?]))
            }
            (Self::Commands, toml::Value::Array(list)) => {
                let all: Result<_, String> = list.iter().map(command).collect();
                all.map(Value::Commands)
            }
            (Self::Flag | Self::Commands | Self::PerName, _) => Err(self.refuse(value)),
            (_, toml::Value::String(text)) => self.read_text(text),
            (_, value) => Err(self.refuse(value)),
        }
    }

    /// Reads what stands in the environment or on the command line, without quotes.
    ///
    /// # Errors
    /// As [`Form::read`].
    pub(super) fn read_text(self, text: &str) -> Result<Value, String> {
        let word = text.trim();
        match self {
            Self::SizeOrNever | Self::TimeOrNever | Self::CountOrNever if word == "never" => {
                Ok(Value::Never)
            }
            Self::SizeOrNone | Self::CountOrNone if word == "none" => Ok(Value::None),
            Self::Size | Self::SizeOrNever | Self::SizeOrNone => text
                .parse::<ByteSize>()
                .map(|size| Value::Size(size.as_u64()))
                .map_err(|_| self.refuse(&text.into())),
            Self::Time => parse_duration(text, MOST).map(Value::Time),
            Self::TimeOrNever => match parse_duration(text, MOST) {
                Ok(time) => Ok(Value::Time(time)),
                Err(line) => Err(format!("{line}, or never")),
            },
            Self::CountOrNever | Self::CountOrNone => word
                .parse()
                .map(Value::Count)
                .map_err(|_| self.refuse(&text.into())),
            Self::PerName => match toml::from_str::<toml::Table>(&format!("it = {word}")) {
                Ok(table) => self.read(table.get("it").unwrap_or(&text.into())),
                Err(_) => Err(self.refuse(&text.into())),
            },
            Self::Flag => word
                .parse()
                .map(Value::Flag)
                .map_err(|_| self.refuse(&text.into())),
            Self::Commands => Ok(Value::Commands(vec![for_shell(text)?])),
        }
    }

    fn refuse(self, value: &toml::Value) -> String {
        let what = match self {
            Self::Size => "a size; write it as \"256 MiB\" or \"4 GiB\"",
            Self::SizeOrNever => "a size; write it as \"256 MiB\" or \"4 GiB\", or \"never\"",
            Self::Time => "a time; write it as \"10s\", \"30m\" or \"2h\"",
            Self::TimeOrNever => "a time; write it as \"10s\", \"30m\" or \"2h\", or \"never\"",
            Self::CountOrNever => "a number; write it as 10000, or \"never\"",
            Self::SizeOrNone => "a size; write it as \"256 MiB\" or \"4 GiB\", or \"none\"",
            Self::CountOrNone => "a number; write it as 8, or \"none\"",
            Self::PerName => "a table; write it as { NAME = 3, OTHER = \"none\" }",
            Self::Flag => "true or false",
            Self::Commands => COMMANDS,
        };
        format!("{value} is not {what}")
    }
}

/// How many may be at once in the lane, or of the provider, of this name.
pub(super) fn per_name(name: &str, value: &toml::Value) -> Result<Most, String> {
    lane_name(name)?;
    match Form::CountOrNone.read(value)? {
        Value::Count(most) => Ok(Some(most)),
        _ => Ok(None),
    }
}

const COMMANDS: &str = "a command; write it as \"make test\", [[\"make\", \"test\"]] or a list of such, where a string is run by sh -c";

/// One command of a list of them.
fn command(value: &toml::Value) -> Result<Vec<String>, String> {
    match value {
        toml::Value::String(line) => for_shell(line),
        toml::Value::Array(words) => as_words(words),
        other => Err(format!("{other} is not {COMMANDS}")),
    }
}

/// A line of shell as what is run for it.
pub(super) fn for_shell(line: &str) -> Result<Vec<String>, String> {
    if line.trim().is_empty() {
        return Err("an empty command; write what is to be run".into());
    }
    Ok(vec!["sh".into(), "-c".into(), whole(line)?])
}

/// A list of words as what is run for it.
pub(super) fn as_words(list: &[toml::Value]) -> Result<Vec<String>, String> {
    let words: Result<Vec<String>, String> = list
        .iter()
        .map(|word| match word {
            toml::Value::String(word) => whole(word),
            other => Err(format!("{other} is not a word; write it in quotes")),
        })
        .collect();
    match words {
        Ok(words) if words.first().is_none_or(String::is_empty) => {
            Err("an empty command; write what is to be run".into())
        }
        words => words,
    }
}

/// No process can be given more than what stands before a NUL.
pub(super) fn whole(text: &str) -> Result<String, String> {
    if text.contains('\0') {
        return Err(format!("{text:?} holds a NUL; leave it out"));
    }
    Ok(text.to_owned())
}

impl Value {
    /// As a file would have it.
    pub fn to_toml(&self) -> toml::Value {
        match self {
            Self::Size(bytes) => {
                let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
                let fits = |shift: u32| *bytes > 0 && bytes.trailing_zeros() >= shift;
                match units.into_iter().find(|(shift, _)| fits(*shift)) {
                    Some((shift, unit)) => format!("{} {unit}", bytes >> shift).into(),
                    None => format!("{bytes} B").into(),
                }
            }
            Self::Time(time) => humantime::format_duration(*time).to_string().into(),
            Self::Count(count) => i64::from(*count).into(),
            Self::Flag(flag) => (*flag).into(),
            Self::Commands(all) => all.clone().into(),
            Self::PerName(named) => {
                let value =
                    |most: &Most| most.map_or_else(|| "none".into(), |most| i64::from(most).into());
                let named = named.iter().map(|(name, most)| (name.clone(), value(most)));
                toml::Value::Table(named.collect())
            }
            Self::Never => "never".into(),
            Self::None => "none".into(),
        }
    }
}
