//! What it asks a person, and what is no longer asked.

use serde::Serialize;
use serde_json::{Value, json};

use super::decode::Claude;
use super::said::notice;
use super::state::{Ask, Wanted};
use crate::agent::common::{first, text_at};
use crate::core::agent::event::{AgentEvent, Choice, Grant, Level, Question, Want};

/// So many questions are open at once.
const MOST: usize = 16;

/// What a call would be made with is remembered up to this many bytes of JSON.
const LONGEST: usize = 64 << 10;

/// What is said of questions that can't be remembered.
pub(super) const TOO_LONG: &str = "what it asks is too long to be answered here: deny it, with a reason to ask anew in fewer words";

/// Between a request and the number of a question in it, where it has several.
const NUMBER: char = '#';

impl Claude {
    pub(super) fn control_request(&mut self, mut line: Value) -> Option<Vec<AgentEvent>> {
        let id = text_at(&line, "request_id")?.to_owned();
        let mut request = line.get_mut("request")?.take();
        let kind = text_at(&request, "subtype")?;
        if kind != "can_use_tool" {
            // it would wait for an answer for ever
            let error = format!("{kind} is not supported here");
            let text = format!("it asked for something that is not known here: {kind}");
            self.write(&json!({
                "type": "control_response",
                "response": {"subtype": "error", "request_id": id, "error": error},
            }));
            return Some(vec![notice(Level::Warning, text)]);
        }
        self.state.turn.open = true;
        let tool = text_at(&request, "tool_name").unwrap_or("?").to_owned();
        let call = text_at(&request, "tool_use_id").map(str::to_owned);
        let input = request.get_mut("input").map(Value::take);
        let input = input.unwrap_or_default();
        let questions = if tool == "AskUserQuestion" {
            wanted(&input)
        } else {
            Vec::new()
        };
        let rules = rules(&request);
        let kept = bounded(input.clone());
        let too_long = !questions.is_empty() && (kept.is_null() || questions.len() > MOST);
        let events = if too_long {
            vec![AgentEvent::Asks(to_be_denied(&id, &questions))]
        } else if questions.is_empty() {
            let text = wish(&tool, &input, &request);
            vec![AgentEvent::Asks(Question {
                request: id.clone(),
                text,
                choices: leave(&rules),
                several: false,
                answerable: true,
                want: Want::Permission {
                    tool,
                    input,
                    call: call.clone(),
                },
            })]
        } else {
            answers(&id, &input, &questions)
        };
        self.remember(Ask {
            request: id,
            call: call.unwrap_or_default(),
            input: kept,
            rules: if json_len(&rules) > LONGEST {
                Vec::new()
            } else {
                rules
            },
            questions: if too_long { Vec::new() } else { questions },
            too_long,
            answered: false,
        });
        Some(events)
    }

    fn remember(&mut self, ask: Ask) {
        if ask.request.len() > 256 || ask.call.len() > 256 {
            return;
        }
        let asks = &mut self.state.asks;
        asks.retain(|known| known.request != ask.request);
        if asks.len() >= MOST {
            asks.remove(0);
        }
        asks.push(ask);
    }

    /// What was asked and is no more.
    pub(super) fn taken_back(&mut self, which: impl Fn(&Ask) -> bool) -> Vec<AgentEvent> {
        let (gone, open) = std::mem::take(&mut self.state.asks)
            .into_iter()
            .partition(|ask| which(ask));
        self.state.asks = open;
        let gone: Vec<Ask> = gone;
        let requests = gone.iter().flat_map(|ask| {
            let several = ask.questions.len().max(1);
            (0..several).map(move |at| numbered(&ask.request, at, several))
        });
        requests
            .map(|request| AgentEvent::Answered { request })
            .collect()
    }
}

/// Its answer to a request of ours.
pub(super) fn control_response(line: &Value) -> Option<Vec<AgentEvent>> {
    let response = line.get("response")?;
    if text_at(response, "subtype")? == "success" {
        return Some(Vec::new());
    }
    let error = text_at(response, "error").unwrap_or("no reason given");
    let text = format!("it refused a request: {error}");
    Some(vec![notice(Level::Warning, text)])
}

/// The name of one of several questions of a request.
fn numbered(request: &str, at: usize, of: usize) -> String {
    if of == 1 {
        return request.to_owned();
    }
    format!("{request}{NUMBER}{}", at + 1)
}

/// Which question of which request a name means.
pub(super) fn find(asks: &[Ask], name: &str) -> Option<(usize, usize)> {
    asks.iter().enumerate().find_map(|(index, ask)| {
        let several = ask.questions.len().max(1);
        let at = (0..several).find(|at| numbered(&ask.request, *at, several) == name)?;
        Some((index, at))
    })
}

/// What is small enough to be remembered.
fn bounded(value: Value) -> Value {
    if json_len(&value) > LONGEST {
        return Value::Null;
    }
    value
}

/// How long something is as JSON, in bytes.
fn json_len(value: &impl Serialize) -> usize {
    serde_json::to_string(value).map_or(usize::MAX, |json| json.len())
}

/// The questions of a call of `AskUserQuestion`.
fn wanted(input: &Value) -> Vec<Wanted> {
    let all = input.get("questions").and_then(Value::as_array);
    let wanted = all
        .into_iter()
        .flatten()
        .take(MOST + 1)
        .filter_map(|question| {
            let options = question.get("options").and_then(Value::as_array);
            let labels = options.into_iter().flatten().take(64);
            Some(Wanted {
                text: first(text_at(question, "question")?, 4000),
                labels: labels
                    .filter_map(|option| text_at(option, "label"))
                    .map(|label| first(label, 1000))
                    .collect(),
                several: question.get("multiSelect").and_then(Value::as_bool) == Some(true),
                answer: None,
            })
        });
    wanted.collect()
}

fn answers(id: &str, input: &Value, questions: &[Wanted]) -> Vec<AgentEvent> {
    let events = questions.iter().enumerate().map(|(at, wanted)| {
        let options = input
            .get("questions")
            .and_then(|all| all.get(at)?.get("options")?.as_array());
        let about = |label: &str| {
            let mut options = options?.iter();
            let option = options.find(|option| text_at(option, "label") == Some(label))?;
            text_at(option, "description").filter(|about| !about.is_empty())
        };
        let choices = wanted.labels.iter().map(|label| Choice {
            id: label.clone(),
            label: match about(label) {
                Some(about) => format!("{label}: {about}"),
                None => label.clone(),
            },
            grants: None,
        });
        AgentEvent::Asks(Question {
            request: numbered(id, at, questions.len()),
            want: Want::Answer,
            text: wanted.text.clone(),
            choices: choices.collect(),
            several: wanted.several,
            answerable: true,
        })
    });
    events.collect()
}

/// Questions that are too long, or too many, to be remembered until they are answered: a
/// person can see that they are asked, and let it ask anew.
fn to_be_denied(id: &str, questions: &[Wanted]) -> Question {
    let text = questions.first().map_or("", |wanted| wanted.text.as_str());
    Question {
        request: id.to_owned(),
        want: Want::Answer,
        text: format!("{}\n({TOO_LONG})", first(text, 1000)),
        choices: vec![Choice {
            id: "deny".into(),
            label: "deny".into(),
            grants: Some(Grant::Deny),
        }],
        several: false,
        answerable: true,
    }
}

/// The changes of rules that it proposes itself. That of the whole mode counts only where
/// there is no narrower one.
fn rules(request: &Value) -> Vec<Value> {
    let all = request.get("permission_suggestions");
    let all = all.and_then(Value::as_array).into_iter().flatten().take(16);
    let (mode, narrow): (Vec<Value>, Vec<Value>) = all
        .cloned()
        .partition(|rule| text_at(rule, "type") == Some("setMode"));
    if narrow.is_empty() { mode } else { narrow }
}

fn leave(rules: &[Value]) -> Vec<Choice> {
    let choice = |id: &str, label: String, grants| Choice {
        id: id.into(),
        label,
        grants: Some(grants),
    };
    let mut choices = vec![choice("allow", "allow".into(), Grant::Once)];
    if !rules.is_empty() {
        let what: Vec<String> = rules.iter().map(rule).collect();
        let label = format!("always allow {}", what.join(", "));
        choices.push(choice("always", first(&label, 400), Grant::Always));
    }
    choices.push(choice("deny", "deny".into(), Grant::Deny));
    choices
}

/// A change of its rules, for people.
fn rule(rule: &Value) -> String {
    let list = |name| {
        rule.get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let each: Vec<String> = list("rules")
        .map(|rule| {
            let tool = text_at(rule, "toolName").unwrap_or("?");
            match text_at(rule, "ruleContent") {
                Some(content) => format!("{tool}({content})"),
                None => tool.to_owned(),
            }
        })
        .chain(
            list("directories")
                .filter_map(Value::as_str)
                .map(str::to_owned),
        )
        .chain(text_at(rule, "mode").map(|mode| format!("all that mode {mode} does")))
        .collect();
    each.join(", ")
}

/// What it wants to do, in words.
fn wish(tool: &str, input: &Value, request: &Value) -> String {
    let names = [
        "command",
        "file_path",
        "notebook_path",
        "path",
        "url",
        "query",
        "pattern",
        "plan",
    ];
    let decisive = names.iter().find_map(|name| text_at(input, name));
    let what = match (decisive, text_at(request, "description")) {
        (Some(what), _) => what.to_owned(),
        (None, Some(about)) => about.to_owned(),
        (None, None) => first(&input.to_string(), 2000),
    };
    let mut text = format!("{tool}: {what}");
    let more = [("outside", "blocked_path"), ("because", "decision_reason")];
    for (word, name) in more {
        if let Some(value) = text_at(request, name) {
            for part in ["\n", word, ": ", value] {
                text.push_str(part);
            }
        }
    }
    text
}
