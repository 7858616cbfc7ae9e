//! What all that was heard of a run comes to. Bounded, whatever an agent says.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::asked::{Answered, Asked};
use super::bill::Bill;
use super::event::{AgentEvent, LimitState, Limited, Meter, Trouble, Verdict};
use super::ledger::{Figures, Ledger};
use super::mask::{bounded, decisive, file_of};
use super::message::Message;
use super::outbox::Outbox;
use super::tool::{Category, Fault, FaultKind, ToolCall};
use crate::core::attention::Attention;
use crate::core::time::Timestamp;

/// So many calls of tools that have not ended are followed at once.
const MOST_OPEN: usize = 1024;

/// Of the last word of a run so many bytes are kept.
const LONGEST_WORD: usize = 4096;

/// What is known of an agent's run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent facts, not modes: any combination can be seen"
)]
pub struct Story {
    /// How far its log was decoded, in bytes: the beginning of a line.
    pub heard: u64,
    /// The decoder's state there.
    pub decoder: Value,
    /// How far the talk with it came.
    pub stage: Stage,
    /// The conversation.
    pub session: Option<String>,
    /// The model that answered last.
    pub model: Option<String>,
    /// What it used.
    pub ledger: Ledger,
    /// Whether it answered anything, by words or by calls.
    pub answered: bool,
    /// Whether it did since its last word: some go on by themselves.
    pub went_on: bool,
    /// Whether it did since it told what it used.
    pub untold: bool,
    /// Turns that it took, the one that goes on included.
    pub turns: u32,
    /// Whether the turn that ends next is among them already.
    pub in_turn: bool,
    /// Calls of tools that began.
    pub tools_called: u32,
    /// Those of them that failed.
    pub tools_failed: u32,
    /// Those that go on.
    pub open: Vec<ToolCall>,
    /// Questions that wait for an answer, oldest first.
    pub asks: Vec<Asked>,
    /// How many it asked so far.
    pub questions: u64,
    /// What persons answered, the last ones, oldest first.
    pub answers: Vec<Answered>,
    /// The agent tries again after an error of its provider.
    pub retrying: Option<Retry>,
    /// A limit of the provider's that is used up.
    pub limit: Option<Reached>,
    /// One that soon will be, in one line.
    pub near: Option<String>,
    /// Its last word.
    pub verdict: Option<Verdict>,
    /// What persons said while it ran.
    pub messages: Vec<Message>,
    /// The number of the last of them.
    pub said: u64,
    /// What of all that it is told is on its way to it.
    pub outbox: Outbox,
    /// What it used too much of, where it is stopped for that.
    pub spent: Option<String>,
    /// Whether it was said that it soon will have used too much.
    pub warned: bool,
    /// Whether it was said that it used too much with its last word, which nobody stops.
    pub overspent: bool,
    /// Whether it was said that its budget of money holds only for what is known to have
    /// cost so much.
    pub unpriced: bool,
    /// What its leader left behind when it ended, in one line.
    pub left_behind: Option<String>,
    /// The signal that asked it to end, where that is another than SIGTERM.
    pub stop_signal: Option<i32>,
    /// When a person broke off its turn, until they say what comes next.
    pub interrupted: Option<Timestamp>,
    /// The last day on which it used anything, in days since the epoch (UTC), and what all
    /// runs of its task had used before that: what is used in a day outlives a supervisor.
    pub dawn: Option<(u64, Bill)>,
    /// How many turns it had taken by then.
    pub dawn_turns: u32,
}

/// How far the talk with an agent came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It was started.
    #[default]
    Begun,
    /// It was told what it is to do, where that is not among its arguments.
    Prompted,
    /// It was told that nothing more will be said.
    Closed,
    /// It has said its last.
    Over,
}

/// A further try after an error of the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Why, in one line.
    pub why: String,
    /// Which it is, from 1, where that is told.
    pub attempt: Option<u32>,
    /// Of how many.
    pub most: Option<u32>,
    /// Since when it tries.
    pub since: Timestamp,
}

/// A limit that is used up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Which, for people.
    pub which: String,
    /// When it is reset, where that was told.
    pub resets: Option<Timestamp>,
    /// When that was told.
    pub since: Timestamp,
}

/// What of an event is more than a change of the story.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heard {
    /// Calls of tools that began or ended, as they stand now.
    pub calls: Vec<ToolCall>,
    /// Whether a turn came to its end.
    pub turn_ended: bool,
    /// Questions that are new and can be answered.
    pub asked: Vec<String>,
}

impl Story {
    /// That of a run which goes on with a conversation that had used so much, counted and
    /// not.
    pub fn going_on(base: Figures, dead: Figures) -> Self {
        Self {
            ledger: Ledger::after(base, dead),
            ..Self::default()
        }
    }

    /// Takes in one event of run number `run`; adds to `heard` what comes of it.
    pub fn take(&mut self, event: &AgentEvent, run: u32, now: Timestamp, heard: &mut Heard) {
        // whatever it says but this: it has got through
        if !matches!(
            event,
            AgentEvent::Retrying { .. } | AgentEvent::Raw { .. } | AgentEvent::Notice { .. }
        ) {
            self.retrying = None;
        }
        match event {
            AgentEvent::Session { id } => {
                let other = |known: &String| known != id;
                if self.session.as_ref().is_some_and(other) {
                    self.ledger.leave_conversation();
                }
                self.session = Some(id.clone());
            }
            AgentEvent::Model { name } => self.model = Some(name.clone()),
            AgentEvent::ToolStarted { .. } => self.tool_started(event, run, now, heard),
            AgentEvent::ToolEnded { .. } => self.tool_ended(event, now, heard),
            AgentEvent::Used(used) => {
                self.untold &= matches!(used.meter, Meter::Call { partial: true, .. });
                self.ledger.take(used);
            }
            AgentEvent::Retrying {
                attempt, most, why, ..
            } => {
                self.retrying = Some(Retry {
                    why: bounded(why, LONGEST_WORD),
                    attempt: *attempt,
                    most: *most,
                    since: self.retrying.as_ref().map_or(now, |retry| retry.since),
                });
            }
            AgentEvent::Limit(limited) => self.limited(limited, now),
            AgentEvent::Asks(question) => self.asked(question, now, heard),
            AgentEvent::Answered { request } => {
                self.asks.retain(|asked| asked.question.request != *request);
            }
            AgentEvent::Heard { message, .. } => {
                if self.interrupted.is_some() && self.verdict.is_some() {
                    // said before the turn was broken off, it begins the next one
                    self.goes_on();
                }
                self.delivered(*message);
            }
            AgentEvent::TurnBegan => {
                self.turns = self.turns.saturating_add(1);
                self.in_turn = true;
            }
            AgentEvent::TurnEnded { .. } => {
                let counted = std::mem::take(&mut self.in_turn);
                self.turns = self.turns.saturating_add(u32::from(!counted));
                heard.turn_ended = true;
            }
            AgentEvent::Result(verdict) => {
                self.went_on = false;
                self.verdict = Some(Verdict {
                    text: bounded(&verdict.text, LONGEST_WORD),
                    ..verdict.clone()
                });
                self.turns = verdict.turns.unwrap_or(self.turns);
                self.in_turn = false;
                heard.turn_ended = true;
            }
            AgentEvent::Text(_) => {
                (self.answered, self.went_on, self.untold) = (true, true, true);
                // it answers: the limit it had reached is reset
                self.limit = None;
            }
            AgentEvent::Thinking(_)
            | AgentEvent::Subagent { .. }
            | AgentEvent::Notice { .. }
            | AgentEvent::Raw { .. } => {}
        }
    }

    fn tool_started(&mut self, event: &AgentEvent, run: u32, now: Timestamp, heard: &mut Heard) {
        let AgentEvent::ToolStarted {
            id,
            name,
            category,
            input,
            within,
        } = event
        else {
            return;
        };
        let told = decisive(input);
        let same = |call: &&mut ToolCall| {
            let is = call.id == *id && call.name == *name && call.session == self.session;
            is && (*category == Category::Plan || goes_with(&call.input, &told))
        };
        if let Some(call) = self.open.iter_mut().find(same) {
            // told of once more, by now with what it is called with
            call.input = told;
            call.file = file_of(*category, input);
            heard.calls.push(call.clone());
            return;
        }
        (self.answered, self.went_on, self.untold) = (true, true, true);
        self.tools_called = self.tools_called.saturating_add(1);
        let call = ToolCall {
            run,
            number: self.tools_called,
            id: id.clone(),
            session: self.session.clone(),
            name: name.clone(),
            category: *category,
            within: within.clone(),
            started: now,
            ended: None,
            duration_ms: None,
            fault: None,
            exit_code: None,
            input: told,
            file: file_of(*category, input),
            output_bytes: 0,
        };
        heard.calls.push(call.clone());
        if self.open.len() == MOST_OPEN {
            let oldest = self.open.remove(0);
            let why = "too many calls went on at once for this one to be followed";
            self.give_up_call(oldest, why, now, heard);
        }
        self.open.push(call);
    }

    fn tool_ended(&mut self, event: &AgentEvent, now: Timestamp, heard: &mut Heard) {
        let AgentEvent::ToolEnded {
            id,
            fault,
            output,
            duration_ms,
            exit_code,
        } = event
        else {
            return;
        };
        let Some(at) = self.open.iter().position(|call| call.id == *id) else {
            return;
        };
        let mut call = self.open.remove(at);
        call.ended = Some(now);
        let lasted = call.started.until(now).as_millis();
        call.duration_ms = duration_ms.or_else(|| u64::try_from(lasted).ok());
        call.fault.clone_from(fault);
        call.exit_code = *exit_code;
        call.output_bytes = output.len() as u64;
        self.tools_failed = self
            .tools_failed
            .saturating_add(u32::from(call.fault.is_some()));
        heard.calls.push(call);
    }

    /// Nothing follows: what goes on was broken off, nobody waits for an answer any more.
    /// What is said and not yet written begins the next run.
    pub fn end(&mut self, now: Timestamp, heard: &mut Heard) {
        self.stage = Stage::Over;
        self.asks.clear();
        self.retrying = None;
        for call in std::mem::take(&mut self.open) {
            let why = "the run ended before the call did";
            self.give_up_call(call, why, now, heard);
        }
        self.outbox = Outbox::default();
        self.give_up_queued();
    }

    /// Nobody will tell what came of a call.
    fn give_up_call(&mut self, mut call: ToolCall, why: &str, now: Timestamp, heard: &mut Heard) {
        call.ended = Some(now);
        call.duration_ms = u64::try_from(call.started.until(now).as_millis()).ok();
        call.fault = Some(Fault {
            kind: FaultKind::Cancelled,
            text: why.into(),
        });
        self.tools_failed = self.tools_failed.saturating_add(1);
        heard.calls.push(call);
    }

    fn limited(&mut self, limited: &Limited, now: Timestamp) {
        match limited.state {
            LimitState::Open => (self.limit, self.near) = (None, None),
            LimitState::Near => {
                let used = limited
                    .used
                    .map_or_else(String::new, |used| format!(" at {:.0} %", used * 100.0));
                self.near = Some(format!("{}{used}", limited.which));
            }
            LimitState::Reached => {
                let resets = limited.resets.or_else(|| {
                    let left = Duration::from_millis(limited.resets_in_ms?);
                    Some(now.plus(left))
                });
                // who tells of it once more and not when leaves what is known
                let resets = resets.or_else(|| self.limit.as_ref()?.resets);
                self.limit = Some(Reached {
                    which: bounded(&limited.which, 200),
                    resets,
                    since: self.limit.as_ref().map_or(now, |limit| limit.since),
                });
            }
        }
    }

    /// A further turn begins in this run: its last word is yet to come.
    pub fn goes_on(&mut self) {
        (self.interrupted, self.verdict) = (None, None);
    }

    /// Whether it does something, though it may write nothing: no silence of it is strange.
    pub const fn is_busy(&self) -> bool {
        !self.open.is_empty() || !self.asks.is_empty()
    }

    /// What it wants of a person while it runs, and since when.
    pub fn wants(&self) -> Option<(Attention, Timestamp)> {
        let asks = self.oldest();
        let since = self.interrupted.filter(|_| self.verdict.is_some());
        asks.map(|asked| asked.since)
            .or(since)
            .map(|since| (Attention::Asking, since))
            .or_else(|| Some((Attention::LimitReached, self.limit.as_ref()?.since)))
            .or_else(|| Some((Attention::Retrying, self.retrying.as_ref()?.since)))
    }

    /// Whether its own last word is that what was asked for was done.
    pub fn is_well(&self) -> bool {
        self.verdict.as_ref().is_some_and(|verdict| verdict.ok)
    }

    /// Whether it has done what was asked for, and does nothing since.
    pub fn is_through(&self) -> bool {
        self.is_well() && !self.went_on && !self.is_busy() && !self.is_owed_an_answer()
    }

    /// Whether it used more than it told: it was broken off before it could.
    pub fn is_partly_told(&self) -> bool {
        self.ledger.is_partial() || (self.untold && !self.is_well())
    }

    /// Why it failed, where it says so.
    pub fn trouble(&self) -> Option<Trouble> {
        let verdict = self.verdict.as_ref().filter(|verdict| !verdict.ok)?;
        verdict.trouble
    }

    /// Until when nothing is to be had of the provider, where its run failed for a limit
    /// that is reset then.
    pub fn parks_until(&self) -> Option<(&str, Timestamp)> {
        let failed = self.verdict.as_ref().is_none_or(|verdict| !verdict.ok);
        let limit = self.limit.as_ref().filter(|_| failed)?;
        Some((&limit.which, limit.resets?))
    }
}

/// Whether a call that was said to be made with the one may be the same that now is said to
/// be made with the other: of what is told in pieces no piece is taken back.
fn goes_with(before: &Value, now: &Value) -> bool {
    match (before, now) {
        (Value::Object(before), Value::Object(now)) => before
            .iter()
            .all(|(key, value)| now.get(key).is_none_or(|now| goes_with(value, now))),
        (Value::String(before), Value::String(now)) => now.starts_with(before.as_str()),
        (Value::Null, _) => true,
        (before, now) => before == now,
    }
}
