//! How an agent is run and spoken to: stored with its task, so that a further run needs no
//! configuration.

use serde::{Deserialize, Serialize};

use super::tokens::Usd;
use crate::core::raw::Raw;

/// The language of an agent's standard output, and of its input where it takes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Speech {
    /// `claude --output-format stream-json`.
    Claude,
    /// `codex exec --json`.
    Codex,
    /// `codex app-server`.
    CodexServer,
    /// `gemini --output-format stream-json`.
    Gemini,
    /// `opencode run --format json`.
    Opencode,
    /// `qwen --output-format stream-json`.
    Qwen,
    /// `aider --message`.
    Aider,
    /// The Agent Client Protocol: JSON-RPC over standard input and output.
    Acp,
    /// Any text.
    Plain,
}

/// How an agent gets its prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feed {
    /// As an argument; standard input is /dev/null.
    Argument,
    /// On standard input, which then ends.
    Stdin,
    /// In its own language on standard input, which stays open: it can be answered.
    Talk,
}

/// An agent, as its task has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// What the registry calls it.
    pub name: String,
    /// What its output is.
    pub speech: Speech,
    /// How it gets its prompt.
    pub feed: Feed,
    /// The first prompt.
    pub prompt: String,
    /// Program and arguments of a run that goes on with a conversation; see [`fill`].
    /// `None`: it can't.
    pub resume: Option<Vec<Raw>>,
    /// The same for one that goes another way from there.
    pub fork: Option<Vec<Raw>>,
    /// Whether it keeps no conversation in which nothing was answered.
    #[serde(default)]
    pub forgets_unanswered: bool,
    /// What it may use.
    #[serde(default)]
    pub budget: Budget,
    /// The permission mode that it was given, where it is not the usual one: what else it
    /// is given in that one is looked up by this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    /// The signal that asks it to end, by its number; `None`: SIGTERM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<i32>,
}

/// Signals that ask a program to end, by name: some agents leave in better order at another
/// than SIGTERM. Numbers as signal(7) has them for x86 and ARM.
pub const STOP_SIGNALS: [(&str, i32); 6] = [
    ("SIGHUP", 1),
    ("SIGINT", 2),
    ("SIGQUIT", 3),
    ("SIGUSR1", 10),
    ("SIGUSR2", 12),
    ("SIGTERM", 15),
];

/// What such a signal is called.
pub fn stop_signal_name(signal: Option<i32>) -> &'static str {
    let known = STOP_SIGNALS.iter().find(|(_, it)| Some(*it) == signal);
    known.map_or("SIGTERM", |(name, _)| name)
}

/// What a task may use; the run during which it is reached is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Budget {
    /// Money.
    pub cost: Option<Usd>,
    /// Tokens of all kinds.
    pub tokens: Option<u64>,
    /// Turns.
    pub turns: Option<u32>,
}

impl Budget {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A message that begins a run in a conversation that there was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// What it is asked.
    pub prompt: String,
    /// The conversation.
    pub session: String,
    /// Whether to go another way from there.
    pub fork: bool,
}

/// What stands in arguments for the prompt and the conversation.
pub const PROMPT: &str = "{prompt}";
/// See [`PROMPT`].
pub const SESSION: &str = "{session}";

impl Agent {
    /// Program and arguments of a run that goes on; `None` where it can't.
    pub fn argv(&self, follow: &FollowUp) -> Option<Vec<Raw>> {
        let template = if follow.fork {
            &self.fork
        } else {
            &self.resume
        };
        let template = template.as_ref()?;
        Some(fill(template, &follow.prompt, &follow.session))
    }
}

/// Why a prompt can't be put into arguments: it begins as an option does, and stands there
/// as a word of its own, with no `--` before it.
pub fn read_as_option(template: &[Raw], prompt: &str, agent: &str) -> Option<String> {
    let at = template
        .iter()
        .position(|word| word.as_bytes() == PROMPT.as_bytes())?;
    let ends = template[..at].iter().any(|word| word.as_bytes() == b"--");
    (prompt.starts_with('-') && !ends).then(|| {
        format!(
            "the prompt begins with -, and {agent} would take it for an option; begin it with a word, or put \"--\" before {{prompt}} in its args"
        )
    })
}

/// Puts prompt and conversation where [`PROMPT`] and [`SESSION`] stand in arguments.
pub fn fill(template: &[Raw], prompt: &str, session: &str) -> Vec<Raw> {
    let each = template.iter().map(|word| {
        let Ok(text) = std::str::from_utf8(word.as_bytes()) else {
            return word.clone();
        };
        // the prompt last: what it says is not looked at
        let mut parts = text
            .split(PROMPT)
            .map(|part| part.replace(SESSION, session));
        let mut filled = parts.next().unwrap_or_default();
        for part in parts {
            filled.push_str(prompt);
            filled.push_str(&part);
        }
        Raw::from(filled)
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_put_in_as_it_is() {
        let template = ["x", "--resume={session}", "a {prompt} b"].map(Raw::from);
        let argv = fill(&template, "say {session} and {prompt}", "S1");
        let words: Vec<String> = argv.iter().map(Raw::lossy).collect();
        assert_eq!(
            words,
            ["x", "--resume=S1", "a say {session} and {prompt} b"]
        );
    }
}
