//! What a person says to it, how that is written, and what becomes of it.

use serde_json::json;

use super::ask::{self, Open};
use super::client::{GREETING, MOST_WAITING, State};
use crate::agent::told::{Begin, Waiting};
use crate::core::agent::event::AgentEvent;
use crate::core::agent::say::{Reply, Say};

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
                if self.begin.is_some() || self.prompts > 0 {
                    return Err("it was told already what it is to do".into());
                }
                self.begin = Some(Begin {
                    text: text.clone(),
                    session: session.clone(),
                    fork: *fork,
                    dir: dir.clone(),
                });
                self.greet();
                Ok(())
            }
            Say::Message { number, text, .. } => self.wait(Some(*number), text),
            Say::Answer { request, answer } => self.answer(request, answer),
            Say::Interrupt => self.interrupt(),
            Say::Close => Ok(()),
        }
    }

    fn greet(&mut self) {
        let client = json!({"name": "wrangle", "version": env!("CARGO_PKG_VERSION")});
        let none =
            json!({"fs": {"readTextFile": false, "writeTextFile": false}, "terminal": false});
        let params = json!({
            "protocolVersion": 1,
            "clientCapabilities": none,
            "clientInfo": client,
        });
        self.out.ask(GREETING, "initialize", &params);
    }

    fn wait(&mut self, number: Option<u64>, text: &str) -> Result<(), String> {
        if self.waiting.len() == MOST_WAITING {
            return Err("too many messages wait for the turn to end: interrupt it".into());
        }
        self.waiting.push_back(Waiting {
            number,
            text: text.to_owned(),
        });
        self.next();
        Ok(())
    }

    fn answer(&mut self, request: &str, answer: &Reply) -> Result<(), String> {
        let same = |open: &Open| ask::name(&open.id) == request;
        let at = self.open.iter().position(same);
        let at = at.ok_or_else(|| "that is no longer asked".to_owned())?;
        let result = self.open[at].answer(answer)?;
        let open = self.open.remove(at);
        self.out.reply(&open.id, &result);
        self.gone.push(ask::name(&open.id));
        if let Reply::Deny { why } = answer {
            self.turn.refuse(&open.call);
            if !why.trim().is_empty() {
                self.wait(None, why)?;
            }
        }
        Ok(())
    }

    fn interrupt(&mut self) -> Result<(), String> {
        if self.prompt.is_none() {
            return Err("no turn goes on that could be broken off".into());
        }
        let params = json!({"sessionId": self.session});
        self.out.tell("session/cancel", Some(&params));
        for open in std::mem::take(&mut self.open) {
            self.out.reply(&open.id, &ask::cancelled());
            self.gone.push(ask::name(&open.id));
        }
        Ok(())
    }

    /// It says something: by now it has taken in what it was told.
    pub(super) fn due(&mut self) -> Vec<AgentEvent> {
        let gone = std::mem::take(&mut self.gone).into_iter();
        let gone = gone.map(|request| AgentEvent::Answered { request });
        let began = std::mem::take(&mut self.began).then_some(AgentEvent::TurnBegan);
        let heard = self.unheard.take().and_then(arrived);
        gone.chain(began).chain(heard).collect()
    }

    /// What was asked about a call is no longer open.
    pub(super) fn answered(&mut self, call: &str) -> Vec<AgentEvent> {
        let about = self.open.extract_if(.., |open| open.call == call);
        about
            .map(|open| AgentEvent::Answered {
                request: ask::name(&open.id),
            })
            .collect()
    }

    pub(super) fn answered_all(&mut self) -> Vec<AgentEvent> {
        let all = std::mem::take(&mut self.open).into_iter();
        all.map(|open| AgentEvent::Answered {
            request: ask::name(&open.id),
        })
        .collect()
    }
}

/// What a person said has arrived.
pub(super) fn arrived(message: Waiting) -> Option<AgentEvent> {
    let number = message.number?;
    Some(AgentEvent::Heard {
        message: Some(number),
        text: message.text,
    })
}
