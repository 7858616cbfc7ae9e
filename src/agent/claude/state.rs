//! What of a run has to be known to understand its next line. Bounded, whatever is read.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::agent::common::{Tellings, hash};
use crate::core::agent::tokens::{Tokens, Usd};
use crate::core::agent::tool::Category;

/// Of each kind of thing that is remembered by a name, so many are.
const MOST: usize = 64;

/// A longer name is not remembered, in bytes.
const LONGEST_NAME: usize = 256;

/// So many answers of the model are told apart.
const COUNTED: usize = 32;

/// So many messages of persons are remembered until they are taken in.
const SENT: usize = 64;

/// Of what is no event, so much is remembered, in characters.
const LAST: usize = 600;

/// See the module.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    pub(super) session: Option<String>,
    pub(super) model: Option<String>,
    /// Counters of a result count from the start of the program, not of the conversation.
    pub(super) per_run: bool,
    /// How many texts there were.
    pub(super) texts: u64,
    /// Texts that are told of in pieces, by the call whose subagent says them.
    pub(super) pending: BTreeMap<String, Pending>,
    /// Calls of tools that go on.
    pub(super) calls: BTreeMap<String, Open>,
    /// Those that were told of.
    pub(super) told: Tellings,
    /// Subagents at work: the title of each, by its task.
    pub(super) agents: BTreeMap<String, String>,
    /// Commands that are waited for: the title of each, by its task.
    pub(super) waited: BTreeMap<String, String>,
    /// What is asked, oldest first.
    pub(super) asks: Vec<Ask>,
    /// What the last answers of the model used, as far as it was told.
    pub(super) counted: VecDeque<Counted>,
    /// What the run used by model, where results say what they add.
    pub(super) used: BTreeMap<String, Figure>,
    /// The last result, so that it is not counted twice.
    pub(super) result: String,
    pub(super) results: u32,
    /// Turns that were over.
    pub(super) turns: u32,
    pub(super) turn: Turn,
    /// What was printed last that is no event.
    pub(super) last: String,
    /// What persons said that was not taken in yet.
    pub(super) sent: Vec<Sent>,
    /// What persons said last that was taken in, known by what it comes to.
    pub(super) heard: VecDeque<u64>,
    /// How many requests were made of the program.
    pub(super) requests: u64,
}

/// The turn that goes on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent facts, not modes: any combination can be seen"
)]
pub(super) struct Turn {
    /// Something happened in it, and its result was not told.
    pub(super) open: bool,
    /// How many it counts as by now.
    pub(super) counts: u32,
    /// The model said something since the last line of the user's side.
    pub(super) answered: bool,
    /// The agent said something in it.
    pub(super) spoke: bool,
    /// It was told that a limit is reached.
    pub(super) limited: bool,
    /// Calls that were not allowed, and told of.
    pub(super) denied: u32,
    /// The error that its last message was about, as the program calls it.
    pub(super) error: String,
}

/// A text that is told of in pieces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) key: String,
    pub(super) thinking: bool,
}

/// A call that goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Open {
    pub(super) category: Category,
    /// When it was told of, in milliseconds since the epoch, where that is told.
    pub(super) at: Option<u64>,
}

/// What an answer of the model used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Counted {
    pub(super) key: String,
    pub(super) tokens: Tokens,
    /// All of it was told.
    #[serde(default)]
    pub(super) whole: bool,
    /// It costs more than its tokens tell.
    #[serde(default)]
    pub(super) more: bool,
}

/// What was used by a model.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Figure {
    pub(super) tokens: Tokens,
    pub(super) cost: Option<Usd>,
}

/// Something that is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Ask {
    pub(super) request: String,
    pub(super) call: String,
    /// What the call would be made with; `Null` where that is too much to remember.
    pub(super) input: Value,
    /// The changes of its rules that would spare the next question like it.
    pub(super) rules: Vec<Value>,
    /// What has to be answered; empty where it is only about leave.
    pub(super) questions: Vec<Wanted>,
    /// It asks what is too long to be remembered: it can be denied, and no more.
    #[serde(default)]
    pub(super) too_long: bool,
    pub(super) answered: bool,
}

/// A question, and the answer that was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Wanted {
    pub(super) text: String,
    pub(super) labels: Vec<String>,
    pub(super) several: bool,
    pub(super) answer: Option<String>,
}

/// Something that a person said, known by what it comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Sent {
    /// 0: the prompt.
    pub(super) number: u64,
    pub(super) hash: u64,
    /// The name that it was said under.
    #[serde(default)]
    pub(super) id: String,
}

/// Remembers something by its name, and forgets another where there are too many.
pub(super) fn put<T>(map: &mut BTreeMap<String, T>, name: &str, value: T) {
    if name.len() > LONGEST_NAME {
        return;
    }
    if map.len() >= MOST && !map.contains_key(name) {
        map.pop_first();
    }
    map.insert(name.to_owned(), value);
}

impl State {
    /// A name for a text.
    pub(super) fn text_key(&mut self) -> String {
        self.texts += 1;
        self.texts.to_string()
    }

    /// What an answer used, as far as it was told by now, and whether that is not all: because
    /// more is to come, or it costs `more` than its tokens tell. `None` where that is no news.
    pub(super) fn count(
        &mut self,
        key: &str,
        tokens: Tokens,
        partial: bool,
        more: bool,
    ) -> Option<(Tokens, bool)> {
        let at = self.counted.iter().position(|counted| counted.key == key);
        let known = at.map_or_else(Tokens::default, |at| self.counted[at].tokens);
        let was_whole = at.is_some_and(|at| self.counted[at].whole);
        let whole = was_whole || !partial;
        let more = more || at.is_some_and(|at| self.counted[at].more);
        // a figure that is told again may be an earlier one
        let most = Tokens {
            input: known.input.max(tokens.input),
            output: known.output.max(tokens.output),
            cache_read: known.cache_read.max(tokens.cache_read),
            cache_write: known.cache_write.max(tokens.cache_write),
            reasoning: known.reasoning.max(tokens.reasoning),
        };
        if most == known && (whole == was_whole || most == Tokens::default()) {
            return None;
        }
        if let Some(at) = at {
            self.counted[at].tokens = most;
            self.counted[at].whole = whole;
            self.counted[at].more = more;
        } else if key.len() <= LONGEST_NAME {
            if self.counted.len() >= COUNTED {
                self.counted.pop_front();
            }
            self.counted.push_back(Counted {
                key: key.to_owned(),
                tokens: most,
                whole,
                more,
            });
        }
        Some((most, !whole || more))
    }

    /// Remembers a line that is no event.
    pub(super) fn no_event(&mut self, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        if !self.last.is_empty() {
            self.last.push('\n');
        }
        self.last.push_str(&super::super::common::first(text, LAST));
        while self.last.chars().count() > LAST {
            match self.last.split_once('\n') {
                Some((_, rest)) => self.last = rest.to_owned(),
                None => break,
            }
        }
    }

    /// Remembers what a person says until it is taken in.
    pub(super) fn sent(&mut self, number: u64, text: &str, id: &str) {
        if self.sent.len() >= SENT {
            self.sent.remove(0);
        }
        self.sent.push(Sent {
            number,
            hash: hash(text),
            id: id.to_owned(),
        });
    }

    /// A person's words are taken in.
    pub(super) fn hear(&mut self, text: &str) {
        if self.heard.len() >= SENT {
            self.heard.pop_front();
        }
        self.heard.push_back(hash(text));
    }

    /// Whether a person's words were taken in lately, and are not known to wait once more.
    pub(super) fn is_heard(&self, text: &str) -> bool {
        let hash = hash(text);
        self.heard.contains(&hash) && self.sent.iter().all(|sent| sent.hash != hash)
    }

    /// Which message of a person this is, where it is one: by its name, else by its text.
    pub(super) fn taken_in(&mut self, id: &str, text: &str) -> Option<u64> {
        self.taken_in_named(id).or_else(|| {
            let hash = hash(text);
            let at = self.sent.iter().position(|sent| sent.hash == hash)?;
            Some(self.sent.remove(at).number)
        })
    }

    /// Which message of a person has this name.
    pub(super) fn taken_in_named(&mut self, id: &str) -> Option<u64> {
        let named = |sent: &Sent| !id.is_empty() && sent.id == id;
        let at = self.sent.iter().position(named)?;
        Some(self.sent.remove(at).number)
    }
}
