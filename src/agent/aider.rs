//! `aider --message`, version 0.86: text for people.
//!
//! It exits with code 0 whatever happens: its error lines alone say that it failed. What it
//! used it rounds to two digits or so, and what it prints beside the answer looks like one.

use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Decoder;
use super::common::{first, load, one_line, raw, trouble_of, without_result};
use super::limit::{duration, reached};
use super::pattern::{pattern, uncoloured};
use crate::core::agent::event::{AgentEvent, Level, Meter, Part, Trouble, Used, Verdict, Words};
use crate::core::agent::tokens::{Tokens, Usd};
use crate::core::task::Exit;

/// What is kept of a message, in characters.
const KEPT: usize = 2000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Aider {
    state: State,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// Whether what it says of itself at the start is over.
    talks: bool,
    /// Answers so far: what names one.
    answers: u64,
    /// The beginning of the text of this one.
    last: String,
    /// The same of the last one that was paid for.
    answer: String,
    model: Option<String>,
    /// What was used for the last answer, whose cost may stand on a line of its own.
    used: Option<Tokens>,
    /// The last error, which no answer has followed; and which trouble it is.
    error: String,
    trouble: Option<Trouble>,
    /// Whether that error goes on in the next line.
    amid: bool,
    told: bool,
}

impl Aider {
    pub(super) fn new(saved: &Value) -> Self {
        Self { state: load(saved) }
    }

    /// The events of a line that is more than text.
    fn event(&mut self, line: &str) -> Option<Vec<AgentEvent>> {
        if let Some(found) = MODEL.captures(line).filter(|_| !self.state.talks) {
            let name = found[1].to_owned();
            self.state.model = Some(name.clone());
            return Some(vec![AgentEvent::Model { name }]);
        }
        if let Some(found) = TOKENS.captures(line) {
            let tokens = tokens(&found[1]);
            if self.state.used.is_some() {
                self.state.answers += 1;
            }
            let used = self.used(tokens, cost(line));
            self.state.used = Some(tokens);
            self.state.answer = std::mem::take(&mut self.state.last);
            (self.state.talks, self.state.amid) = (true, false);
            self.state.error.clear();
            self.state.trouble = None;
            return Some(vec![used]);
        }
        if let Some((tokens, cost)) = self.state.used.zip(cost(line)) {
            return Some(vec![self.used(tokens, Some(cost))]);
        }
        if let Some(found) = RETRY.captures(line) {
            // what follows is no more of the error
            self.state.amid = false;
            return Some(vec![AgentEvent::Retrying {
                attempt: None,
                most: None,
                delay_ms: duration(&found[1]),
                status: None,
                why: one_line(&self.state.error),
            }]);
        }
        if let Some(trouble) = failed(line) {
            self.state.talks = true;
            if self.state.error.is_empty() || line.starts_with("litellm.") {
                self.state.error = first(line, KEPT);
            } else {
                self.more(line);
            }
            // what it says below an error is the same in other words
            let known = self.state.trouble.filter(|known| *known != Trouble::Other);
            self.state.trouble = known.or(Some(trouble));
            self.state.amid = line.starts_with("litellm.");
            let limit = reached(line).map(AgentEvent::Limit);
            let notice = AgentEvent::Notice {
                level: Level::Error,
                text: line.to_owned(),
            };
            return Some(limit.into_iter().chain([notice]).collect());
        }
        let level = if WARNING.is_match(line) {
            Level::Warning
        } else if DONE.is_match(line) {
            Level::Info
        } else {
            return None;
        };
        Some(vec![AgentEvent::Notice {
            level,
            text: line.to_owned(),
        }])
    }

    fn used(&self, tokens: Tokens, cost: Option<Usd>) -> AgentEvent {
        AgentEvent::Used(Used {
            model: self.state.model.clone(),
            tokens,
            cost,
            meter: Meter::Call {
                key: format!("answer_{}", self.state.answers),
                partial: false,
            },
        })
    }

    /// The error goes on.
    fn more(&mut self, line: &str) {
        let error = [self.state.error.trim(), line.trim()].join(" ");
        self.state.error = first(&error, KEPT);
    }

    /// Text: of the answer, or what looks like it.
    fn said(&mut self, line: &str) -> AgentEvent {
        if self.state.used.take().is_some() {
            self.state.answers += 1;
        }
        let room = KEPT.saturating_sub(self.state.last.len());
        self.state
            .last
            .extend(line.chars().chain(['\n']).take(room));
        AgentEvent::Text(Words {
            key: format!("answer_{}", self.state.answers),
            text: format!("{line}\n"),
            part: Part::Piece,
            within: None,
        })
    }
}

impl Decoder for Aider {
    fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        let whole = String::from_utf8_lossy(line);
        let text = uncoloured(whole.trim_end_matches('\r'));
        // what it says in other lines than its own is not looked at
        let event = (text.len() <= 8 * KEPT)
            .then(|| self.event(&text))
            .flatten();
        if let Some(events) = event {
            return events;
        }
        if self.state.amid && !text.trim().is_empty() {
            self.more(&text);
            self.state.trouble = self.state.trouble.or_else(|| trouble_of(&text));
            return vec![raw(line)];
        }
        self.state.amid = false;
        if self.state.used.is_some() && text.trim().is_empty() {
            return vec![raw(line)];
        }
        if !self.state.talks {
            self.state.talks = BEGUN.is_match(&text);
            let began = self.state.talks.then_some(AgentEvent::TurnBegan);
            return began.into_iter().chain([raw(line)]).collect();
        }
        vec![self.said(&text)]
    }

    fn end(&mut self, exit: Option<Exit>) -> Vec<AgentEvent> {
        if std::mem::replace(&mut self.state.told, true) {
            return Vec::new();
        }
        let state = &self.state;
        let verdict = if state.error.is_empty() && exit == Some(Exit::Code(0)) {
            Verdict {
                ok: true,
                text: if state.answer.is_empty() {
                    state.last.trim().to_owned()
                } else {
                    state.answer.trim().to_owned()
                },
                trouble: None,
                turns: None,
            }
        } else {
            let mut verdict = without_result(exit, &state.error);
            if verdict.trouble != Some(Trouble::Interrupted) {
                verdict.trouble = state.trouble.or(verdict.trouble);
            }
            verdict
        };
        vec![
            AgentEvent::TurnEnded {
                complete: verdict.ok,
            },
            AgentEvent::Result(verdict),
        ]
    }

    fn save(&self) -> Value {
        json!(self.state)
    }
}

/// `2.5k sent, 1.2k cache write, 300 cache hit, 62 received`. What is from and into a cache
/// is among what was sent.
fn tokens(told: &str) -> Tokens {
    let mut tokens = Tokens::default();
    for found in COUNT.captures_iter(told) {
        let Ok(number) = found[1].parse::<f64>() else {
            continue;
        };
        let scale = match found.get(2).map(|scale| scale.as_str()) {
            Some("k") => 1e3,
            Some("M") => 1e6,
            _ => 1.0,
        };
        let number = (number * scale).round() as u64;
        match &found[3] {
            "sent" => tokens.input = number,
            "received" => tokens.output = number,
            "cache write" => tokens.cache_write = number,
            _ => tokens.cache_read = number,
        }
    }
    tokens.input = tokens
        .input
        .saturating_sub(tokens.cache_read)
        .saturating_sub(tokens.cache_write);
    tokens
}

/// What the last message cost.
fn cost(line: &str) -> Option<Usd> {
    Usd::of(COST.captures(line)?[1].parse().ok()?)
}

/// Which trouble a line tells of, where it says that something failed.
fn failed(line: &str) -> Option<Trouble> {
    let Some(found) = LITELLM.captures(line) else {
        let told = PROVIDER.is_match(line) || GAVE_UP.is_match(line);
        return told.then(|| trouble_of(line).unwrap_or(Trouble::Other));
    };
    let by_words = trouble_of(line)
        .filter(|trouble| matches!(trouble, Trouble::Quota | Trouble::Auth | Trouble::Limit));
    Some(by_words.unwrap_or(match &found[1] {
        "AuthenticationError" | "PermissionDeniedError" => Trouble::Auth,
        "RateLimitError" => Trouble::Limit,
        "BudgetExceededError" => Trouble::Quota,
        "NotFoundError"
        | "BadRequestError"
        | "ContextWindowExceededError"
        | "ContentPolicyViolationError"
        | "InvalidRequestError"
        | "UnprocessableEntityError"
        | "UnsupportedParamsError" => Trouble::Request,
        _ => Trouble::Provider,
    }))
}

static MODEL: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:Main m|M)odel: (\S+) with .* edit format"));

static TOKENS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^Tokens: ([\d.kM]+ sent,.*[\d.kM]+ received\.)"));

static COUNT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"([\d.]+)([kM])? (sent|received|cache write|cache hit)"));

static COST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:^|\. )Cost: \$([\d.]+) message, \$[\d.]+ session\."));

static RETRY: LazyLock<Regex> = LazyLock::new(|| pattern(r"^Retrying in ([\d.]+ seconds)\.\.\.$"));

static LITELLM: LazyLock<Regex> = LazyLock::new(|| pattern(r"^litellm\.(\w+): "));

/// What it says of an error of the provider's in its own words.
static PROVIDER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:The API provider(?:'s servers are| is not able| has r| timed out)|Insufficient credits)",
    )
});

static GAVE_UP: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:Only \d+ reflections allowed, stopping\.|Model .* has hit a token limit!|Unable to proceed|Unknown model |No git repo|Error: |aider: error: )",
    )
});

static WARNING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:The LLM did not conform to the edit format\.|# \d+ SEARCH/REPLACE blocks? failed to match!|Warning for |Warning: )",
    )
});

static DONE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?:Applied edit to \S|Commit [0-9a-f]{7,} |Added .* to the chat\.?$|Running \S)")
});

/// The last line of what it says of itself at the start.
static BEGUN: LazyLock<Regex> = LazyLock::new(|| pattern(r"^Repo-map: "));
