//! What a person is asked, and how that is answered.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::update;
use crate::agent::field::text;
use crate::core::agent::event::{Choice, Grant, Question, Want};
use crate::core::agent::say::Reply;

/// A request that waits for an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Open {
    /// What the agent numbers it by.
    pub(super) id: Value,
    /// The call that it is about.
    pub(super) call: String,
    options: Vec<Choice>,
    /// Questions that it puts, of each the answers that it offers; empty for a permission.
    questions: Vec<Vec<String>>,
}

/// Names a request as [`Question::request`] has it.
pub(super) fn name(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

/// A `session/request_permission`, and what a person is to be shown of it.
pub(super) fn read(id: &Value, params: &Value) -> Option<(Open, Question)> {
    let call = params.get("toolCall")?;
    let options = params.get("options")?.as_array()?.iter();
    let options: Vec<Choice> = options.filter_map(choice).collect();
    let (asked, questions) = questions(call);
    let open = Open {
        id: id.clone(),
        call: text(call, "toolCallId").to_owned(),
        options,
        questions,
    };
    let question = Question {
        request: name(id),
        want: if open.questions.is_empty() {
            Want::Permission {
                tool: update::tool(call),
                input: update::input(call),
                call: Some(open.call.clone()),
            }
        } else {
            Want::Answer
        },
        text: if asked.is_empty() {
            title(call)
        } else {
            asked.join("\n")
        },
        choices: match open.questions.as_slice() {
            [] => open.options.clone(),
            [one] => one.iter().map(|label| answer(label)).collect(),
            _ => Vec::new(),
        },
        several: false,
        answerable: true,
    };
    Some((open, question))
}

fn title(call: &Value) -> String {
    // beneath it qwen says why it asks, gemini where the command is run
    let lines = std::iter::once(text(call, "title")).chain(update::texts(call));
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

fn choice(option: &Value) -> Option<Choice> {
    let id = option.get("optionId")?.as_str()?.to_owned();
    let grants = match option.get("kind").and_then(Value::as_str) {
        Some("allow_once") => Some(Grant::Once),
        Some("allow_always") => Some(Grant::Always),
        Some("reject_once" | "reject_always") => Some(Grant::Deny),
        _ => None,
    };
    let label = option.get("name").and_then(Value::as_str).unwrap_or(&id);
    Some(Choice {
        label: label.to_owned(),
        grants,
        id,
    })
}

fn answer(label: &str) -> Choice {
    Choice {
        id: label.to_owned(),
        label: label.to_owned(),
        grants: None,
    }
}

/// What qwen's `ask_user_question` asks: the questions, and the answers offered to each.
fn questions(call: &Value) -> (Vec<String>, Vec<Vec<String>>) {
    let all = call
        .pointer("/rawInput/questions")
        .and_then(Value::as_array);
    let each = all.into_iter().flatten().filter_map(|question| {
        let asked = question.get("question")?.as_str()?.to_owned();
        let options = question.get("options").and_then(Value::as_array);
        let labels = options
            .into_iter()
            .flatten()
            .map(|option| text(option, "label").to_owned());
        Some((asked, labels.collect()))
    });
    each.unzip()
}

impl Open {
    /// The result that answers it so.
    ///
    /// # Errors
    /// What can be chosen instead.
    pub(super) fn answer(&self, reply: &Reply) -> Result<Value, String> {
        if !self.questions.is_empty() {
            return self.answer_questions(reply);
        }
        let found = match reply {
            Reply::Allow => self.granting(Grant::Once),
            Reply::AllowAlways => self.granting(Grant::Always),
            Reply::Deny { .. } => {
                return Ok(self.granting(Grant::Deny).map_or_else(cancelled, selected));
            }
            Reply::Text { text } => self.options.iter().find(|option| {
                let same = |word: &str| word.eq_ignore_ascii_case(text.trim());
                same(&option.id) || same(&option.label)
            }),
        };
        found.map(selected).ok_or_else(|| {
            let labels: Vec<&str> = self.options.iter().map(|it| it.label.as_str()).collect();
            format!("it offers no such answer, but: {}", labels.join(", "))
        })
    }

    fn granting(&self, grant: Grant) -> Option<&Choice> {
        self.options
            .iter()
            .find(|option| option.grants == Some(grant))
    }

    /// A line each, where it asks several things.
    fn answer_questions(&self, reply: &Reply) -> Result<Value, String> {
        let text = match reply {
            Reply::Text { text } => text.trim(),
            Reply::Deny { .. } => {
                return Ok(self.granting(Grant::Deny).map_or_else(cancelled, selected));
            }
            Reply::Allow | Reply::AllowAlways => {
                return Err("it asks a question: answer it with a text".into());
            }
        };
        let lines: Vec<&str> = if self.questions.len() == 1 {
            vec![text]
        } else {
            text.lines().collect()
        };
        if lines.len() != self.questions.len() {
            let many = self.questions.len();
            return Err(format!("it asks {many} things: answer each on a line"));
        }
        let submit = self.granting(Grant::Once).or(self.options.first());
        let mut result = submit.map_or_else(cancelled, selected);
        let answers = lines.iter().zip(&self.questions).enumerate();
        let answers = answers.map(|(number, (line, labels))| {
            let offered = labels.iter().find(|label| label.eq_ignore_ascii_case(line));
            let answer = offered.map_or(*line, String::as_str);
            (number.to_string(), Value::from(answer))
        });
        result["answers"] = Value::Object(answers.collect());
        Ok(result)
    }
}

fn selected(option: &Choice) -> Value {
    json!({"outcome": {"outcome": "selected", "optionId": option.id}})
}

/// Nobody answers it any more.
pub(super) fn cancelled() -> Value {
    json!({"outcome": {"outcome": "cancelled"}})
}
