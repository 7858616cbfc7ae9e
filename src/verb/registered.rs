//! What a completion knows of agents: the registry, and the configuration's templates.

use std::collections::BTreeSet;

use clap::Arg;

use super::command::Context;
use super::complete::Candidate;
use crate::config::Profile;

/// What an argument may be that the configuration has to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Registered {
    Agent,
    Mode,
    Template,
}

impl Registered {
    /// By what the argument's value is called.
    pub(super) fn of(arg: &Arg) -> Option<Self> {
        let name = arg.get_value_names()?.first()?;
        match name.as_str() {
            "AGENT" => Some(Self::Agent),
            "MODE" => Some(Self::Mode),
            "TEMPLATE" => Some(Self::Template),
            _ => None,
        }
    }

    /// What of it begins with a word; `given` are the words before. Texts are as they are.
    pub(super) fn known(self, word: &str, given: &[String], context: &Context) -> Vec<Candidate> {
        let all: Vec<(&str, &str)> = match self {
            Self::Agent => {
                let all = context.agents.iter();
                all.map(|profile| (profile.name.as_str(), profile.about.as_str()))
                    .collect()
            }
            Self::Template => context.templates.iter().collect(),
            Self::Mode => {
                let agent = agent_of(given);
                let meant = |name: &str| agent.is_none_or(|agent| agent == name);
                let profiles = context.agents.iter().filter(|it| meant(&it.name));
                let modes: BTreeSet<&str> = profiles.flat_map(Profile::permissions).collect();
                modes.into_iter().map(|mode| (mode, "")).collect()
            }
        };
        let begins = all.into_iter().filter(|(name, _)| name.starts_with(word));
        begins
            .map(|(name, help)| Candidate {
                text: name.to_owned(),
                help: help.lines().next().unwrap_or_default().to_owned(),
                whole: true,
            })
            .collect()
    }
}

/// The agent that the words before name.
fn agent_of(given: &[String]) -> Option<&str> {
    given.iter().enumerate().rev().find_map(|(at, word)| {
        let joined = word.strip_prefix("--agent=");
        let apart = || given.get(at + 1).filter(|_| word == "--agent");
        joined.or_else(|| apart().map(String::as_str))
    })
}
