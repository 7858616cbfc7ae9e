//! What comes in and goes out: the conversation is opened, then one turn follows the other.
//!
//! Whoever only reads along, as the screen does, decodes the same: what a response is to is
//! told by its shape and its number, both of which do not depend on what was said.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ask::{self, Open};
use super::talk::arrived;
use super::update::{self, Turn};
use super::usage;
use crate::agent::Decoder;
use crate::agent::common::{load, object, without_result};
use crate::agent::field::text;
use crate::agent::limit::refusal;
use crate::agent::rpc::{self, Message, Outgoing};
use crate::agent::told::{Begin, Waiting};
use crate::core::agent::event::{AgentEvent, Trouble, Verdict};
use crate::core::agent::say::Say;
use crate::core::task::Exit;

/// Numbers of our requests: those of prompts are above them.
pub(super) const GREETING: u64 = 1;
const OPENING: u64 = 2;
const FENCE: u64 = 90;
const PROMPTS: u64 = 100;

/// What a method is called that no agent knows: its refusal comes after all that was told
/// before. gemini 0.61.0 answers `session/load` before it tells what was said earlier.
const FENCE_METHOD: &str = "_wrangle/fence";

/// What qwen 0.24.4 asks for between its calls of tools: messages that came meanwhile.
const DRAIN: &str = "craft/drainMidTurnQueue";

/// So many messages wait at once for the turn to end.
pub(super) const MOST_WAITING: usize = 64;

/// So many requests are open at once.
const MOST_OPEN: usize = 64;

/// A client of the Agent Client Protocol.
#[derive(Debug, Default)]
pub(in crate::agent) struct Acp {
    state: State,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent facts, not modes: any combination can be seen"
)]
pub(super) struct State {
    /// What is to be asked first, until it is.
    pub(super) begin: Option<Begin>,
    /// What it can do with a conversation.
    skills: Skills,
    /// The conversation, once it is open.
    pub(super) session: Option<String>,
    /// Whether updates are of a turn, and not of what was said in an earlier run.
    pub(super) live: bool,
    /// The number of the prompt that is not answered.
    pub(super) prompt: Option<u64>,
    /// How many there were.
    pub(super) prompts: u64,
    /// Messages that wait for the turn to end, oldest first.
    pub(super) waiting: VecDeque<Waiting>,
    /// The message whose arrival is to be told.
    pub(super) unheard: Option<Waiting>,
    /// Requests that were answered, which is to be told.
    pub(super) gone: Vec<String>,
    /// Requests that wait for an answer.
    pub(super) open: Vec<Open>,
    pub(super) turn: Turn,
    /// Turns that were over.
    turns: u64,
    /// Whether one goes on, be it by a further prompt, and whether that is to be told.
    in_turn: bool,
    pub(super) began: bool,
    /// Whether the last turn ended with a result.
    told: bool,
    /// The last line that was no message.
    last: String,
    /// What is to be written.
    pub(super) out: Outgoing<true>,
}

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Skills {
    load: bool,
    resume: bool,
    fork: bool,
}

impl Acp {
    pub(in crate::agent) fn new(saved: &Value) -> Self {
        Self { state: load(saved) }
    }
}

impl Decoder for Acp {
    fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        let message = object(line);
        let events = message.and_then(|message| self.state.message(rpc::message(&message)?));
        events.unwrap_or_else(|| vec![rpc::aside(line, &mut self.state.last)])
    }

    fn end(&mut self, exit: Option<Exit>) -> Vec<AgentEvent> {
        let mut events = self.state.due();
        events.extend(self.state.turn.over());
        events.extend(self.state.answered_all());
        if self.state.prompt.is_some() || !self.state.told {
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
            Message::Notice {
                method: "session/update",
                params,
            } => {
                let update = params.get("update")?;
                if !self.live {
                    let session = params.get("sessionId")?.as_str()?;
                    return Some(self.named(session).into_iter().collect());
                }
                let told = self.turn.update(update)?;
                let mut events = self.due();
                events.extend(told);
                // opencode tells once more that a call goes on after it asked for leave
                let over = matches!(text(update, "status"), "completed" | "failed");
                let call = update.get("toolCallId").and_then(Value::as_str);
                if let Some(call) = call.filter(|_| over) {
                    events.extend(self.answered(call));
                }
                Some(events)
            }
            Message::Notice { .. } => None,
            Message::Response { id, result } => self.response(id.as_u64(), result),
            Message::Refusal { id, error } => Some(self.refused(id.as_u64(), error)),
        }
    }

    /// What the agent asks of us. All but leave and answers is refused: it does without.
    fn request(&mut self, method: &str, id: &Value, params: &Value) -> Option<Vec<AgentEvent>> {
        match method {
            "session/request_permission" => {
                let Some((open, question)) = ask::read(id, params) else {
                    self.out.reply(id, &ask::cancelled());
                    return None;
                };
                let mut events = self.due();
                let call = params.get("toolCall");
                events.extend(call.and_then(|call| self.turn.begun(call)));
                if self.open.len() == MOST_OPEN {
                    let oldest = self.open.remove(0);
                    self.out.reply(&oldest.id, &ask::cancelled());
                    let request = ask::name(&oldest.id);
                    events.push(AgentEvent::Answered { request });
                }
                self.open.push(open);
                events.push(AgentEvent::Asks(question));
                Some(events)
            }
            DRAIN => {
                let messages: Vec<Waiting> = self.waiting.drain(..).collect();
                let texts: Vec<&str> = messages.iter().map(|it| it.text.as_str()).collect();
                let result = json!({"messages": texts, "hasQueuedPrompt": false});
                self.out.reply(id, &result);
                let mut events = self.due();
                events.extend(messages.into_iter().filter_map(arrived));
                Some(events)
            }
            _ => {
                self.out.refuse(id, method);
                None
            }
        }
    }

    fn response(&mut self, id: Option<u64>, result: &Value) -> Option<Vec<AgentEvent>> {
        if result.get("protocolVersion").is_some() {
            return Some(self.greeted(result));
        }
        if let Some(reason) = result.get("stopReason").and_then(Value::as_str) {
            return Some(self.turn_over(result, reason));
        }
        let named = result.get("sessionId").and_then(Value::as_str);
        match (named, id) {
            (Some(session), _) => {
                let events = self.opened(Some(session), result);
                self.ready();
                Some(events)
            }
            // it goes on with a conversation: what was said there may still be told
            (None, Some(OPENING)) => {
                let known = self.begin.as_ref().and_then(|begin| begin.session.clone());
                self.out.ask(FENCE, FENCE_METHOD, &json!({}));
                Some(self.opened(known.as_deref(), result))
            }
            (None, Some(FENCE)) => {
                self.ready();
                Some(Vec::new())
            }
            _ => None,
        }
    }

    /// An error in place of a response.
    fn refused(&mut self, id: Option<u64>, error: &Value) -> Vec<AgentEvent> {
        if id == Some(FENCE) {
            self.ready();
            return Vec::new();
        }
        let said = text(error, "message").to_owned();
        let details = error
            .pointer("/data/details")
            .or_else(|| error.pointer("/data/message"));
        let text = match details.and_then(Value::as_str) {
            Some(details) if said == "Internal error" => details.to_owned(),
            Some(details) => format!("{said}: {details}"),
            None => said,
        };
        let code = error.get("code").and_then(Value::as_i64);
        let (trouble, limit) = if code == Some(-32000) {
            (Trouble::Auth, None)
        } else {
            let (trouble, limit) = refusal(&text);
            (trouble.unwrap_or(Trouble::Other), limit)
        };
        let limit = limit.map(AgentEvent::Limit);
        let verdict = Verdict {
            ok: false,
            text,
            trouble: Some(trouble),
            turns: None,
        };
        let rest = if matches!(id, Some(GREETING | OPENING)) {
            self.not_begun(verdict)
        } else {
            self.close_turn(verdict)
        };
        limit.into_iter().chain(rest).collect()
    }

    /// No conversation can be had.
    fn not_begun(&mut self, verdict: Verdict) -> Vec<AgentEvent> {
        self.begin = None;
        self.told = true;
        vec![AgentEvent::Result(verdict)]
    }

    /// It says what it can do: now the conversation is opened.
    fn greeted(&mut self, result: &Value) -> Vec<AgentEvent> {
        let can = |name: &str| result.pointer(name).is_some_and(|it| !it.is_null());
        self.skills = Skills {
            load: result.pointer("/agentCapabilities/loadSession") == Some(&Value::Bool(true)),
            resume: can("/agentCapabilities/sessionCapabilities/resume"),
            fork: can("/agentCapabilities/sessionCapabilities/fork"),
        };
        let Some(begin) = &self.begin else {
            return Vec::new();
        };
        let mut params = json!({"cwd": begin.dir, "mcpServers": []});
        if let Some(session) = &begin.session {
            params["sessionId"] = session.as_str().into();
        }
        let method = match (&begin.session, begin.fork) {
            (None, _) => "session/new",
            (Some(_), true) if self.skills.fork => "session/fork",
            (Some(_), false) if self.skills.resume => "session/resume",
            (Some(_), false) if self.skills.load => "session/load",
            (Some(_), fork) => {
                let what = if fork {
                    "go another way from"
                } else {
                    "go on with"
                };
                return self.not_begun(Verdict {
                    ok: false,
                    text: format!("it can't {what} a conversation"),
                    trouble: Some(Trouble::Request),
                    turns: None,
                });
            }
        };
        self.out.ask(OPENING, method, &params);
        Vec::new()
    }

    fn opened(&mut self, session: Option<&str>, result: &Value) -> Vec<AgentEvent> {
        let named = session.and_then(|session| self.named(session));
        named.into_iter().chain(update::model(result)).collect()
    }

    /// The conversation is called that.
    fn named(&mut self, session: &str) -> Option<AgentEvent> {
        if self.session.as_deref() == Some(session) {
            return None;
        }
        self.session = Some(session.to_owned());
        Some(AgentEvent::Session {
            id: session.to_owned(),
        })
    }

    /// The conversation is open: what it was begun for is asked.
    fn ready(&mut self) {
        self.live = true;
        if let Some(begin) = self.begin.take() {
            self.prompt(&begin.text);
        } else {
            self.next();
        }
    }

    /// The response to a prompt.
    fn turn_over(&mut self, result: &Value, reason: &str) -> Vec<AgentEvent> {
        let mut events = self.due();
        if !self.turn.counted {
            events.extend(usage::of_turn(result, self.turns + 1));
        }
        let (ok, text, trouble) = match reason {
            "end_turn" => (true, std::mem::take(&mut self.turn.word), None),
            "cancelled" => (false, "broken off".into(), Some(Trouble::Interrupted)),
            "max_tokens" => (
                false,
                "its answer was longer than it may be".into(),
                Some(Trouble::Bound),
            ),
            "max_turn_requests" => (
                false,
                "it asked the model as often as it may".into(),
                Some(Trouble::Bound),
            ),
            "refusal" => (
                false,
                "the model refused to answer".into(),
                Some(Trouble::Other),
            ),
            other => (false, format!("it stopped: {other}"), Some(Trouble::Other)),
        };
        events.extend(self.close_turn(Verdict {
            ok,
            text,
            trouble,
            turns: None,
        }));
        events
    }

    /// The turn is over; what waits comes next.
    fn close_turn(&mut self, verdict: Verdict) -> Vec<AgentEvent> {
        let mut events = self.due();
        self.prompt = None;
        self.told = true;
        self.turns += 1;
        events.extend(self.turn.over());
        events.extend(self.answered_all());
        self.turn.word.clear();
        // a reason that is still to be said goes on with it, and nobody else knows of that
        if !self.waiting.iter().any(Waiting::is_reason) {
            self.in_turn = false;
            events.push(AgentEvent::TurnEnded {
                complete: verdict.ok,
            });
            events.push(AgentEvent::Result(verdict));
        }
        self.next();
        events
    }

    /// Asks what waits, where nothing goes on.
    pub(super) fn next(&mut self) {
        if !self.live || self.prompt.is_some() {
            return;
        }
        if let Some(message) = self.waiting.pop_front() {
            self.prompt(&message.text);
            self.unheard = Some(message);
        }
    }

    fn prompt(&mut self, text: &str) {
        self.prompts += 1;
        let number = PROMPTS + self.prompts;
        self.prompt = Some(number);
        self.told = false;
        self.began |= !std::mem::replace(&mut self.in_turn, true);
        let prompt = [json!({"type": "text", "text": text})];
        let params = json!({"sessionId": self.session, "prompt": prompt});
        self.out.ask(number, "session/prompt", &params);
    }
}
