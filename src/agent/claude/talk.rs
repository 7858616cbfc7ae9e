//! What it is told: lines of `--input-format stream-json`.

use serde_json::{Map, Value, json};

use super::asks::{TOO_LONG, find};
use super::decode::Claude;
use super::state::{Ask, Wanted};
use crate::agent::common::text_at;
use crate::core::agent::say::{Reply, Say};

/// What a refusal says that has no reason.
const NO: &str = "The user did not allow this.";

impl Claude {
    pub(super) fn tell(&mut self, say: &Say) -> Result<(), String> {
        match say {
            // the conversation it goes on with is among its arguments
            Say::Prompt { text, id, .. } => self.person(0, text, id),
            Say::Message { number, text, id } => self.person(*number, text, id),
            Say::Answer { request, answer } => return self.answer(request, answer),
            Say::Interrupt => {
                self.state.requests += 1;
                let id = format!("wrangle-{}", self.state.requests);
                self.write(&json!({
                    "type": "control_request",
                    "request_id": id,
                    "request": {"subtype": "interrupt"},
                }));
            }
            // the end of its input is what tells it
            Say::Close => {}
        }
        Ok(())
    }

    pub(super) fn write(&mut self, line: &Value) {
        self.replies.extend_from_slice(line.to_string().as_bytes());
        self.replies.push(b'\n');
    }

    fn person(&mut self, number: u64, text: &str, id: &str) {
        self.state.sent(number, text, id);
        let mut line = json!({
            "type": "user",
            "message": {"role": "user", "content": [{"type": "text", "text": text}]},
        });
        // with its name it is told of by that, whatever becomes of its text
        if !id.is_empty() {
            line["uuid"] = id.into();
        }
        self.write(&line);
    }

    fn answer(&mut self, request: &str, reply: &Reply) -> Result<(), String> {
        let (index, at) = find(&self.state.asks, request)
            .ok_or("it asks nothing of that name, or has its answer")?;
        let ask = &mut self.state.asks[index];
        if ask.answered {
            return Err("it has its answer already".into());
        }
        let response = if ask.too_long {
            match reply {
                Reply::Deny { why } => deny(why),
                Reply::Text { text } if text == "deny" => deny(""),
                _ => return Err(TOO_LONG.into()),
            }
        } else if ask.questions.is_empty() {
            leave(ask, reply)
        } else {
            match answered(ask, at, reply)? {
                Some(response) => response,
                None => return Ok(()),
            }
        };
        ask.answered = true;
        let id = ask.request.clone();
        self.write(&json!({
            "type": "control_response",
            "response": {"subtype": "success", "request_id": id, "response": response},
        }));
        Ok(())
    }
}

/// The answer to a question about leave.
fn leave(ask: &Ask, reply: &Reply) -> Value {
    let known = |text: &str| match text.trim().to_lowercase().as_str() {
        "allow" | "yes" => Some(Reply::Allow),
        "always" => Some(Reply::AllowAlways),
        "deny" | "no" => Some(Reply::Deny { why: String::new() }),
        _ => None,
    };
    let chosen = match reply {
        // anything else is what to do instead
        Reply::Text { text } => known(text).unwrap_or(Reply::Deny { why: text.clone() }),
        reply => reply.clone(),
    };
    match chosen {
        Reply::Deny { why } => deny(&why),
        chosen => {
            let mut allowed = Map::new();
            allowed.insert("behavior".into(), "allow".into());
            // 2.1.329 does without where it is too long to be remembered
            if !ask.input.is_null() {
                allowed.insert("updatedInput".into(), ask.input.clone());
            }
            if chosen == Reply::AllowAlways {
                let rules = ask.rules.iter().filter(|rule| !rule.is_null());
                allowed.insert("updatedPermissions".into(), rules.cloned().collect());
            }
            allowed.into()
        }
    }
}

fn deny(why: &str) -> Value {
    let why = if why.trim().is_empty() { NO } else { why };
    json!({"behavior": "deny", "message": why})
}

/// The answer to a request with questions, once all of them have theirs.
fn answered(ask: &mut Ask, at: usize, reply: &Reply) -> Result<Option<Value>, String> {
    let wanted = &mut ask.questions[at];
    let text = match reply {
        Reply::Deny { why } => return Ok(Some(deny(why))),
        Reply::Text { text } if !text.trim().is_empty() => choose(wanted, text),
        Reply::Text { .. } => return Err("an answer has to say something".into()),
        Reply::Allow | Reply::AllowAlways => {
            return Err("it asks for an answer, not for leave".into());
        }
    };
    wanted.answer = Some(text);
    let answers: Option<Map<String, Value>> = ask
        .questions
        .iter()
        .map(|wanted| Some((wanted.text.clone(), Value::from(wanted.answer.clone()?))))
        .collect();
    let Some(answers) = answers else {
        return Ok(None);
    };
    let mut input = match &ask.input {
        Value::Object(input) => input.clone(),
        _ => return Err(TOO_LONG.into()),
    };
    // by the question as it was asked, not as it was shortened
    let asked = input.get("questions").and_then(Value::as_array);
    let full = asked
        .into_iter()
        .flatten()
        .filter_map(|question| text_at(question, "question"));
    let answers: Map<String, Value> = full
        .zip(ask.questions.iter())
        .filter_map(|(question, wanted)| {
            let answer = answers.get(&wanted.text)?.clone();
            Some((question.to_owned(), answer))
        })
        .collect();
    input.insert("answers".into(), answers.into());
    Ok(Some(json!({"behavior": "allow", "updatedInput": input})))
}

/// The labels that a text names, else the text.
fn choose(wanted: &Wanted, text: &str) -> String {
    let label = |text: &str| {
        let text = text.trim();
        let same = |label: &&String| label.as_str() == text;
        let alike = |label: &&String| label.to_lowercase() == text.to_lowercase();
        let mut labels = wanted.labels.iter();
        let found = labels.clone().find(same).or_else(|| labels.find(alike));
        found.cloned()
    };
    if let Some(label) = label(text) {
        return label;
    }
    if wanted.several {
        let each: Option<Vec<String>> = text.split(',').map(label).collect();
        if let Some(labels) = each {
            return labels.join(", ");
        }
    }
    text.trim().to_owned()
}
