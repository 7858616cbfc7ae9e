//! What comes in.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ask::{self, Open};
use super::item::words;
use super::usage::{Meters, at};
use crate::agent::Decoder;
use crate::agent::codex::{retrying, trouble};
use crate::agent::common::{
    Tellings, first, load, object, one_line, trouble_by_status, without_result,
};
use crate::agent::field::text;
use crate::agent::limit::reached;
use crate::agent::rpc::{self, Message, Outgoing};
use crate::agent::told::{Begin, Waiting};
use crate::core::agent::event::{AgentEvent, Level, Part, Trouble, Verdict};
use crate::core::agent::say::Say;
use crate::core::agent::tool::{Fault, FaultKind};
use crate::core::task::Exit;

/// Names the request that opens the thread.
pub(super) const OPENING: &str = "open";

/// What is kept of a message, in characters.
const KEPT: usize = 2000;

/// So many requests are open at once.
const MOST_OPEN: usize = 64;

/// A client of `codex app-server`.
#[derive(Debug, Default)]
pub(in crate::agent) struct CodexServer {
    state: State,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    /// What is to be asked first, until it is.
    pub(super) begin: Option<Begin>,
    /// The conversation, once it is open.
    pub(super) thread: Option<String>,
    /// Whether it began in an earlier run.
    pub(super) inherits: bool,
    /// The turn that goes on.
    pub(super) turn: Option<String>,
    /// One was asked for, and its name is not told yet.
    pub(super) starting: bool,
    /// Messages that could not be said yet, oldest first.
    pub(super) waiting: VecDeque<Waiting>,
    /// Those that were said and have not arrived.
    pub(super) under_way: Vec<Waiting>,
    /// Requests that wait for an answer.
    pub(super) asks: Vec<Open>,
    /// Requests that were answered, which is to be told.
    pub(super) gone: Vec<String>,
    /// Calls that began and did not end.
    pub(super) calls: Vec<String>,
    /// Those that ended.
    pub(super) over: Tellings,
    /// What those would change that change files: what leave is asked for does not say it.
    pub(super) changes: BTreeMap<String, Value>,
    /// Which call began a subagent, by its thread.
    pub(super) agents: BTreeMap<String, String>,
    meters: Meters,
    /// The last text of the turn.
    pub(super) word: String,
    /// Whether the last turn ended with a result.
    pub(super) told: bool,
    /// The last line that was no message.
    last: String,
    /// What is to be written.
    pub(super) out: Outgoing<false>,
}

impl CodexServer {
    pub(in crate::agent) fn new(saved: &Value) -> Self {
        Self { state: load(saved) }
    }
}

impl Decoder for CodexServer {
    fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        let message = object(line);
        let events = message.and_then(|message| self.state.message(rpc::message(&message)?));
        events.unwrap_or_else(|| vec![rpc::aside(line, &mut self.state.last)])
    }

    fn end(&mut self, exit: Option<Exit>) -> Vec<AgentEvent> {
        let mut events = self.state.close();
        if self.state.turn.is_some() || !self.state.told {
            let verdict = without_result(exit, &self.state.last);
            events.push(AgentEvent::Result(verdict));
        }
        events
    }

    fn say(&mut self, say: &Say) -> Result<(), String> {
        self.state.say(say)
    }

    fn replies(&mut self) -> Vec<u8> {
        self.state.out.take()
    }

    fn save(&self) -> Value {
        serde_json::to_value(&self.state).unwrap_or_default()
    }
}

impl State {
    /// One message; `None` where it means nothing.
    fn message(&mut self, message: Message<'_>) -> Option<Vec<AgentEvent>> {
        match message {
            Message::Request { method, id, params } => self.request(method, id, params),
            Message::Notice { method, params } => self.told_of(method, params),
            Message::Response { id, result } => {
                Some(self.response(id.as_str().unwrap_or_default(), result))
            }
            Message::Refusal { id, error } => {
                Some(self.refused(id.as_str().unwrap_or_default(), error))
            }
        }
    }

    /// What it asks of us. What no person is asked is refused: it does without.
    fn request(&mut self, method: &str, id: &Value, params: &Value) -> Option<Vec<AgentEvent>> {
        let change = self.changes.get(text(params, "itemId"));
        let Some((open, question)) = ask::read(method, id, params, change) else {
            self.out.refuse(id, method);
            return None;
        };
        if self.asks.len() == MOST_OPEN {
            self.asks.remove(0);
        }
        self.asks.push(open);
        Some(vec![AgentEvent::Asks(question)])
    }

    fn response(&mut self, id: &str, result: &Value) -> Vec<AgentEvent> {
        if let Some(thread) = result.pointer("/thread/id").and_then(Value::as_str) {
            self.thread = Some(thread.to_owned());
            let id = thread.to_owned();
            let model = result.get("model").and_then(Value::as_str);
            let name = model.map(str::to_owned);
            let model = name.map(|name| AgentEvent::Model { name });
            if let Some(begin) = self.begin.take() {
                let input = json!([{"type": "text", "text": begin.text}]);
                self.start(&json!({"threadId": thread, "input": input}));
            }
            return std::iter::once(AgentEvent::Session { id })
                .chain(model)
                .collect();
        }
        if let Some(turn) = result.pointer("/turn/id").and_then(Value::as_str) {
            return self.begun(turn).into_iter().collect();
        }
        if id == "initialize" {
            self.open();
        }
        Vec::new()
    }

    /// An error in place of a response.
    fn refused(&mut self, id: &str, error: &Value) -> Vec<AgentEvent> {
        let why = text(error, "message").to_owned();
        match id {
            "initialize" | OPENING => {
                self.begin = None;
                self.told = true;
                vec![AgentEvent::Result(failed(&why, error))]
            }
            "turn" => {
                self.starting = false;
                self.turn_over(failed(&why, error))
            }
            // the turn was over, or takes in nothing: what was said is said anew after it
            _ if id.starts_with("wrangle-") => {
                if self.turn.is_none() {
                    self.again();
                    self.next();
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// A turn goes on: told of twice, by the response and by itself.
    fn begun(&mut self, turn: &str) -> Option<AgentEvent> {
        self.starting = false;
        self.told = false;
        let new = self.turn.as_deref() != Some(turn);
        if new {
            self.turn = Some(turn.to_owned());
            self.word.clear();
        }
        self.next();
        new.then_some(AgentEvent::TurnBegan)
    }

    fn told_of(&mut self, method: &str, params: &Value) -> Option<Vec<AgentEvent>> {
        let thread = text(params, "threadId");
        let ours = self.thread.as_deref().is_none_or(|it| it == thread);
        let within = (!ours).then(|| {
            let call = self.agents.get(thread);
            call.map_or(thread, String::as_str).to_owned()
        });
        let mut events = Vec::new();
        match method {
            "turn/started" if ours => {
                events.extend(self.begun(params.pointer("/turn/id")?.as_str()?));
            }
            "turn/completed" if ours => {
                events.extend(self.completed(params.get("turn")?));
            }
            "turn/completed" => {
                let id = self.agents.get(thread)?.clone();
                events.push(AgentEvent::Subagent {
                    id,
                    title: String::new(),
                    ended: true,
                });
            }
            "item/started" => events.extend(self.item(params.get("item")?, false, within)?),
            "item/completed" => events.extend(self.item(params.get("item")?, true, within)?),
            "item/agentMessage/delta" | "item/reasoning/summaryTextDelta" => {
                let said = params.get("delta")?.as_str()?;
                let piece = words(text(params, "itemId"), said, Part::Piece, within);
                events.push(if method == "item/agentMessage/delta" {
                    AgentEvent::Text(piece)
                } else {
                    AgentEvent::Thinking(piece)
                });
            }
            "thread/tokenUsage/updated" => {
                let turn = params.get("turnId").and_then(Value::as_str);
                let now = !ours || turn == self.turn.as_deref();
                let inherits = ours && self.inherits;
                let usage = params.get("tokenUsage")?;
                events.extend(self.meters.told(thread, usage, now, inherits));
            }
            "account/rateLimits/updated" => {
                events.extend(self.meters.limits(params.get("rateLimits")?));
            }
            "error" => events.extend(error(params)),
            "warning" | "guardianWarning" | "configWarning" | "deprecationNotice" => {
                let told = params.get("message").or_else(|| params.get("summary"))?;
                events.push(AgentEvent::Notice {
                    level: Level::Warning,
                    text: first(told.as_str()?, KEPT),
                });
            }
            "thread/compacted" => events.push(AgentEvent::Notice {
                level: Level::Info,
                text: "the conversation was made shorter".into(),
            }),
            "turn/plan/updated" => events.push(AgentEvent::Notice {
                level: Level::Info,
                text: plan(params)?,
            }),
            "serverRequest/resolved" => {
                let request = ask::name(params.get("requestId")?);
                self.asks.retain(|open| ask::name(&open.id) != request);
                self.gone.retain(|gone| *gone != request);
                events.push(AgentEvent::Answered { request });
            }
            _ if is_of_no_concern(method) => {}
            _ => return None,
        }
        let mut all = self.due();
        all.extend(events);
        Some(all)
    }

    fn completed(&mut self, turn: &Value) -> Vec<AgentEvent> {
        let nothing = Value::Null;
        let error = turn.get("error").unwrap_or(&nothing);
        let verdict = match text(turn, "status") {
            "completed" => Verdict {
                ok: true,
                text: first(&self.word, KEPT),
                trouble: None,
                turns: None,
            },
            "interrupted" => Verdict {
                ok: false,
                text: "broken off".into(),
                trouble: Some(Trouble::Interrupted),
                turns: None,
            },
            _ => failed(text(error, "message"), error),
        };
        let limit = (verdict.trouble == Some(Trouble::Limit)).then(|| reached(&verdict.text));
        let limit = limit.flatten().map(|mut limit| {
            if limit.clock.is_none() && limit.resets_in_ms.is_none() {
                limit.resets = self.meters.resets.map(at);
            }
            AgentEvent::Limit(limit)
        });
        let rest = self.turn_over(verdict);
        limit.into_iter().chain(rest).collect()
    }

    fn turn_over(&mut self, verdict: Verdict) -> Vec<AgentEvent> {
        self.turn = None;
        self.told = true;
        let mut events = self.close();
        events.push(AgentEvent::TurnEnded {
            complete: verdict.ok,
        });
        events.push(AgentEvent::Result(verdict));
        self.again();
        self.next();
        events
    }

    /// Calls that were not told to have ended did not, and nothing is asked any more.
    fn close(&mut self) -> Vec<AgentEvent> {
        let mut events = self.due();
        let calls = std::mem::take(&mut self.calls).into_iter();
        events.extend(calls.map(|id| AgentEvent::ToolEnded {
            id,
            fault: Some(Fault {
                kind: FaultKind::Cancelled,
                text: "the turn ended before the call did".into(),
            }),
            output: String::new(),
            duration_ms: None,
            exit_code: None,
        }));
        let asks = std::mem::take(&mut self.asks).into_iter();
        events.extend(asks.map(|open| AgentEvent::Answered {
            request: ask::name(&open.id),
        }));
        events
    }

    /// What was answered, it says by going on.
    fn due(&mut self) -> Vec<AgentEvent> {
        let gone = std::mem::take(&mut self.gone).into_iter();
        gone.map(|request| AgentEvent::Answered { request })
            .collect()
    }
}

/// That it tries again after an error; one that is final comes with the turn's end.
fn error(params: &Value) -> Option<AgentEvent> {
    let error = params.get("error")?;
    if params.get("willRetry") != Some(&Value::Bool(true)) {
        return None;
    }
    let message = text(error, "message");
    let details = one_line(text(error, "additionalDetails"));
    let why = if details.is_empty() {
        one_line(message)
    } else {
        details
    };
    let (attempt, most, delay_ms) = match retrying(message) {
        Some(AgentEvent::Retrying {
            attempt,
            most,
            delay_ms,
            ..
        }) => (attempt, most, delay_ms),
        _ => (None, None, None),
    };
    Some(AgentEvent::Retrying {
        attempt,
        most,
        delay_ms,
        status: status(error),
        why,
    })
}

/// What tells nothing that is not told elsewhere.
fn is_of_no_concern(method: &str) -> bool {
    const METHODS: [&str; 14] = [
        "thread/started",
        "thread/status/changed",
        "thread/readState/changed",
        "thread/closed",
        "thread/goal/cleared",
        "thread/name/updated",
        "thread/settings/updated",
        "remoteControl/status/changed",
        "turn/diff/updated",
        "item/reasoning/summaryPartAdded",
        "item/fileChange/patchUpdated",
        "mcpServer/startupStatus/updated",
        "account/updated",
        "skills/changed",
    ];
    METHODS.contains(&method) || method.ends_with("/outputDelta") || method.starts_with("hook/")
}

fn plan(params: &Value) -> Option<String> {
    let steps = params.get("plan")?.as_array()?.iter().map(|step| {
        let mark = match text(step, "status") {
            "completed" => "✓",
            "inProgress" => "▸",
            _ => "·",
        };
        format!("{mark} {}", text(step, "step"))
    });
    Some(steps.collect::<Vec<_>>().join("\n"))
}

/// The HTTP status that an error came of.
fn status(error: &Value) -> Option<u16> {
    let info = error.get("codexErrorInfo")?.as_object()?;
    let told = info
        .values()
        .find_map(|it| it.get("httpStatusCode")?.as_u64());
    told?.try_into().ok()
}

/// A turn that failed, or none that could be had.
fn failed(why: &str, error: &Value) -> Verdict {
    let named = match error.get("codexErrorInfo").and_then(Value::as_str) {
        Some("usageLimitExceeded" | "rateLimitExceeded") => Some(Trouble::Limit),
        Some("unauthorized") => Some(Trouble::Auth),
        Some("contextWindowExceeded" | "badRequest" | "modelNotFound") => Some(Trouble::Request),
        Some("serverOverloaded" | "internalServerError") => Some(Trouble::Provider),
        Some("sessionBudgetExceeded") => Some(Trouble::Bound),
        _ => status(error).and_then(trouble_by_status),
    };
    let by_words = trouble(why);
    let trouble = if by_words == Some(Trouble::Quota) {
        by_words
    } else {
        named.or(by_words)
    };
    Verdict {
        ok: false,
        text: first(why, KEPT),
        trouble: Some(trouble.unwrap_or(Trouble::Other)),
        turns: None,
    }
}
