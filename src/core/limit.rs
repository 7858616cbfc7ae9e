//! Limits on what runs at once.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::id::TaskId;

/// How many may run at once; `None`: as many as there are.
pub type Most = Option<u32>;

/// The longest name of a lane or a provider, in characters.
const MOST_NAME: usize = 100;

/// The shortest name that is taken for a slip in another, in characters.
const LEAST_LIKE: usize = 4;

/// What a limit is on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Everything.
    Global,
    /// All agents.
    Agents,
    /// Everything that uses one provider, whatever the model.
    Provider(String),
    /// Everything in one lane: a model, or a name that a person gave.
    Lane(String),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Agents => f.write_str("agents"),
            Self::Provider(name) => write!(f, "provider:{name}"),
            Self::Lane(name) => f.write_str(name),
        }
    }
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "global" => Self::Global,
            "agents" => Self::Agents,
            _ => match text.strip_prefix("provider:") {
                Some(name) => Self::Provider(lane_name(name)?),
                None => Self::Lane(lane_name(text)?),
            },
        })
    }
}

/// The name of a lane or a provider.
///
/// # Errors
/// One line that says what a name may be.
pub fn lane_name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_alphanumeric() || "._:/@+-[]".contains(c);
    if text.is_empty() || text.chars().count() > MOST_NAME || !text.chars().all(plain) {
        return Err(format!(
            "{text:?} is no lane; use up to {MOST_NAME} letters, digits and . _ : / @ + - [ ]"
        ));
    }
    let whose = provider_of(text);
    for name in whose.as_deref().into_iter().chain([text]) {
        let is_limit = matches!(name, "global" | "agents" | "memory" | "models");
        if is_limit || name.starts_with("provider:") {
            return Err(format!(
                "{text:?} can't be a lane: {name} is the name of a limit"
            ));
        }
    }
    Ok(text.to_owned())
}

/// The name of a model, which is the name of a lane too.
///
/// # Errors
/// One line that says what a name may be.
pub fn model_name(text: &str) -> Result<String, String> {
    lane_name(text).map_err(|why| why.replacen("is no lane", "is no model", 1))
}

/// Whose a model or a lane is, where it is written as `provider/name`.
pub fn provider_of(name: &str) -> Option<String> {
    let (provider, _) = name.split_once('/')?;
    (!provider.is_empty()).then(|| provider.to_owned())
}

/// The one of `known` that was most likely meant by a name: it differs by one slip. Names
/// that differ in their digits alone are no slip: `gpt-5` is not `gpt-4`, `b2` is not `b1`.
pub fn meant<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let bare = |name: &str| -> String {
        let is_digit = |c: &char| c.is_ascii_digit();
        name.chars().filter(|c| !is_digit(c)).collect()
    };
    // so few letters make another name with each of them
    let is_long = name.chars().count() >= LEAST_LIKE;
    let slip = |known: &&str| {
        is_long && strsim::damerau_levenshtein(name, known) == 1 && bare(name) != bare(known)
    };
    known.into_iter().find(slip)
}

/// The limits that the configuration sets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// On everything.
    pub global: Most,
    /// On all agents.
    pub agents: Most,
    /// On each lane that is a model and has no limit of its own.
    pub models: Most,
    /// On lanes by name.
    pub lanes: BTreeMap<String, Most>,
    /// On providers by name.
    pub providers: BTreeMap<String, Most>,
    /// Bytes of free memory below which no agent starts.
    pub memory: Option<u64>,
}

/// What a limit is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetTo {
    /// So many, whatever the configuration says.
    Most(Most),
    /// What the configuration says.
    Default,
}

/// Where a limit comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitSource {
    /// A person said so by `wrangle limit`; it stays until they say otherwise.
    Said,
    /// The configuration, or its defaults.
    Config,
}

/// A limit as `wrangle limit --json` shows it. Fields are added, never renamed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LimitReport {
    /// `global`, `agents`, `provider:NAME`, or a lane's name.
    pub name: String,
    /// How many at once; null: no limit.
    pub most: Most,
    /// How many run now.
    pub running: u32,
    /// Which.
    pub tasks: Vec<TaskId>,
    /// How many queued tasks need it.
    pub queued: u32,
    /// Who set it.
    pub source: LimitSource,
    /// What a lane may use in a day, where that is bounded.
    #[serde(default)]
    pub budget: Option<BudgetReport>,
}

/// What a lane may use in a day (UTC), and what it has used today; null: not bounded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BudgetReport {
    /// Dollars it may cost.
    pub cost_usd: Option<f64>,
    /// Tokens it may use.
    pub tokens: Option<u64>,
    /// Turns it may take.
    pub turns: Option<u32>,
    /// Whether it used and cost so much at least: a run of it was broken off before it told
    /// all, or a price is not known.
    #[serde(default)]
    pub at_least: bool,
    /// What it is known to have cost.
    pub used_cost_usd: f64,
    /// Tokens it has used.
    pub used_tokens: u64,
    /// Turns it has taken.
    pub used_turns: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_and_what_is_configured_are_told_apart_on_the_wire() {
        for to in [SetTo::Most(Some(3)), SetTo::Most(None), SetTo::Default] {
            let line = serde_json::to_string(&to).unwrap();
            assert_eq!(serde_json::from_str::<SetTo>(&line).unwrap(), to, "{line}");
        }
    }

    #[test]
    fn names_of_limits_are_read_as_they_are_written() {
        for text in [
            "global",
            "agents",
            "provider:anthropic",
            "sonnet",
            "a/b-4.5",
        ] {
            assert_eq!(text.parse::<Limit>().unwrap().to_string(), text);
        }
        assert_eq!(meant("sonet", ["opus", "sonnet"]), Some("sonnet"));
        assert_eq!(meant("b2", ["b1", "b3"]), None);
        assert_eq!(meant("ab", ["a"]), None);
        assert_eq!(provider_of("a/b/c").as_deref(), Some("a"));
        assert_eq!(provider_of("/b"), None);
        let wrong = model_name("a b").unwrap_err();
        assert!(wrong.contains("is no model; use"), "{wrong}");
        for text in [
            "",
            "a b",
            "memory",
            "provider:",
            "x\ny",
            "provider:global",
            "agents/x",
        ] {
            assert!(text.parse::<Limit>().is_err(), "{text:?}");
        }
    }
}
