//! What a person says to it, how that is written, and what becomes of it.

use serde_json::{Value, json};

use super::ask;
use super::client::{OPENING, State};
use crate::agent::told::{Begin, Waiting};
use crate::core::agent::event::AgentEvent;
use crate::core::agent::say::{Reply, Say};

/// So many messages wait at once.
const MOST_WAITING: usize = 64;

/// What names our messages among the items of a turn.
const MARK: &str = "wrangle-";

impl State {
    pub(super) fn say(&mut self, say: &Say) -> Result<(), String> {
        match say {
            Say::Prompt {
                text,
                session,
                fork,
                dir,
                ..
            } => {
                if self.begin.is_some() || self.thread.is_some() {
                    return Err("it was told already what it is to do".into());
                }
                self.begin = Some(Begin {
                    text: text.clone(),
                    session: session.clone(),
                    fork: *fork,
                    dir: dir.clone(),
                });
                let version = env!("CARGO_PKG_VERSION");
                let client = json!({"name": "wrangle", "title": "wrangle", "version": version});
                self.out
                    .ask("initialize", "initialize", &json!({"clientInfo": client}));
                Ok(())
            }
            Say::Message { number, text, .. } => self.wait(Some(*number), text),
            Say::Answer { request, answer } => self.answer(request, answer),
            Say::Interrupt => {
                let turn = self.turn.clone();
                let turn = turn.ok_or("no turn goes on that could be broken off")?;
                let params = json!({"threadId": self.thread, "turnId": turn});
                self.out.ask("interrupt", "turn/interrupt", &params);
                Ok(())
            }
            Say::Close => Ok(()),
        }
    }

    /// It knows who we are: now the thread is opened.
    pub(super) fn open(&mut self) {
        let Some(begin) = &self.begin else { return };
        let cwd = &begin.dir;
        let (method, params) = match &begin.session {
            None => ("thread/start", json!({"cwd": cwd})),
            Some(session) => (
                if begin.fork {
                    "thread/fork"
                } else {
                    "thread/resume"
                },
                json!({"threadId": session, "cwd": cwd, "excludeTurns": true}),
            ),
        };
        self.inherits = begin.session.is_some();
        self.out.tell("initialized", None);
        self.out.ask(OPENING, method, &params);
    }

    fn wait(&mut self, number: Option<u64>, text: &str) -> Result<(), String> {
        if self.waiting.len() == MOST_WAITING {
            return Err("too many messages wait for it to take one in: interrupt it".into());
        }
        self.waiting.push_back(Waiting {
            number,
            text: text.to_owned(),
        });
        self.next();
        Ok(())
    }

    /// Says what waits, as far as it can be said now: into the turn that goes on, or as one
    /// of its own.
    pub(super) fn next(&mut self) {
        if self.thread.is_none() || self.starting || self.begin.is_some() {
            return;
        }
        while let Some(message) = self.waiting.pop_front() {
            let id = message.number.map(|number| format!("{MARK}{number}"));
            let input = json!([{"type": "text", "text": message.text}]);
            let mut params = json!({"threadId": self.thread, "input": input});
            if let Some(id) = &id {
                params["clientUserMessageId"] = id.as_str().into();
            }
            let steers = self.turn.clone();
            if let Some(turn) = &steers {
                params["expectedTurnId"] = turn.as_str().into();
                let id = id.unwrap_or_else(|| "reason".into());
                self.out.ask(id, "turn/steer", &params);
            } else {
                self.start(&params);
            }
            // a turn that is broken off does not take in what it was told
            if message.number.is_some() {
                self.under_way.push(message);
            }
            if steers.is_none() {
                return;
            }
        }
    }

    pub(super) fn start(&mut self, params: &Value) {
        self.starting = true;
        self.told = false;
        self.out.ask("turn", "turn/start", params);
    }

    /// An item shows that something that was said has arrived.
    pub(super) fn arrived(&mut self, client_id: &str, over: bool) -> Vec<AgentEvent> {
        let number = client_id.strip_prefix(MARK).and_then(|it| it.parse().ok());
        let Some(number) = number.filter(|_| !over) else {
            return Vec::new();
        };
        let at = self
            .under_way
            .iter()
            .position(|it| it.number == Some(number));
        let known = at.map(|at| self.under_way.remove(at).text);
        vec![AgentEvent::Heard {
            message: Some(number),
            text: known.unwrap_or_default(),
        }]
    }

    /// What was said and did not arrive is said once more.
    pub(super) fn again(&mut self) {
        let lost = std::mem::take(&mut self.under_way);
        for message in lost.into_iter().rev() {
            self.waiting.push_front(message);
        }
    }

    fn answer(&mut self, request: &str, answer: &Reply) -> Result<(), String> {
        let at = self
            .asks
            .iter()
            .position(|open| ask::name(&open.id) == request);
        let at = at.ok_or("that is no longer asked")?;
        let result = self.asks[at].answer(answer)?;
        let id = self.asks.remove(at).id;
        self.out.reply(&id, &result);
        self.gone.push(ask::name(&id));
        match answer {
            Reply::Deny { why } if !why.trim().is_empty() => self.wait(None, why),
            _ => Ok(()),
        }
    }
}
