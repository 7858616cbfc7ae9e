//! What a person is asked, and how that is answered.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::item::files;
use crate::agent::field::text;
use crate::core::agent::event::{Choice, Grant, Question, Want};
use crate::core::agent::say::Reply;

/// A request that waits for an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Open {
    /// What the agent numbers it by.
    pub(super) id: Value,
    about: About,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum About {
    /// Leave to run a command, or to change files.
    Leave,
    /// More permissions: those.
    More(Value),
    /// Questions, by name, with the answers that are offered.
    Questions(Vec<(String, Vec<String>)>),
}

/// What a command or a change can be answered with, version 0.169.
const DECISIONS: [(&str, &str, Grant); 4] = [
    ("accept", "Allow", Grant::Once),
    ("acceptForSession", "Allow for this session", Grant::Always),
    ("decline", "Deny", Grant::Deny),
    ("cancel", "Deny, and stop the turn", Grant::Deny),
];

/// Names a request as [`Question::request`] has it.
pub(super) fn name(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

/// A request, and what a person is to be shown of it; `None` for one that nobody is asked.
/// `change` is what the call that it is about would change.
pub(super) fn read(
    method: &str,
    id: &Value,
    params: &Value,
    change: Option<&Value>,
) -> Option<(Open, Question)> {
    let call = text(params, "itemId").to_owned();
    let reason = text(params, "reason");
    let wish;
    let (about, want, lines) = match method {
        "item/commandExecution/requestApproval" => {
            let command = text(params, "command");
            let input = json!({"command": command, "cwd": params.get("cwd")});
            let want = permission("command_execution", input, call);
            (About::Leave, want, vec![command, reason])
        }
        "item/fileChange/requestApproval" => {
            let mut input = change.cloned().unwrap_or_else(|| json!({}));
            if let Some(root) = params.get("grantRoot").filter(|root| !root.is_null()) {
                input["root"] = root.clone();
            }
            wish = match files(&input).as_slice() {
                [] => "change files".to_owned(),
                files => format!("change {}", files.join(", ")),
            };
            let want = permission("file_change", input, call);
            (About::Leave, want, vec![&wish, reason])
        }
        "item/permissions/requestApproval" => {
            let more = params.get("permissions").cloned().unwrap_or_default();
            let want = permission("permissions", more.clone(), call);
            (About::More(more), want, vec!["more permissions", reason])
        }
        "item/tool/requestUserInput" => {
            let asked = params.get("questions")?.as_array()?.iter();
            let lines = asked.clone().map(|it| text(it, "question")).collect();
            let questions = asked.map(|it| (text(it, "id").to_owned(), labels(it)));
            (About::Questions(questions.collect()), Want::Answer, lines)
        }
        _ => return None,
    };
    let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    let question = Question {
        request: name(id),
        want,
        text: lines.join("\n"),
        choices: choices(&about),
        several: false,
        answerable: true,
    };
    let open = Open {
        id: id.clone(),
        about,
    };
    Some((open, question))
}

fn permission(tool: &str, input: Value, call: String) -> Want {
    Want::Permission {
        tool: tool.to_owned(),
        input,
        call: Some(call).filter(|call| !call.is_empty()),
    }
}

fn labels(question: &Value) -> Vec<String> {
    let options = question.get("options").and_then(Value::as_array);
    let options = options.into_iter().flatten();
    options.map(|it| text(it, "label").to_owned()).collect()
}

fn choices(about: &About) -> Vec<Choice> {
    let of = |id: &str, label: &str, grants| Choice {
        id: id.to_owned(),
        label: label.to_owned(),
        grants,
    };
    match about {
        About::Leave => DECISIONS
            .iter()
            .map(|(id, label, grant)| of(id, label, Some(*grant)))
            .collect(),
        About::More(_) => DECISIONS[..3]
            .iter()
            .map(|(id, label, grant)| of(id, label, Some(*grant)))
            .collect(),
        About::Questions(questions) => match questions.as_slice() {
            [(_, labels)] => labels.iter().map(|label| of(label, label, None)).collect(),
            _ => Vec::new(),
        },
    }
}

impl Open {
    /// The result that answers it so.
    ///
    /// # Errors
    /// What can be chosen instead.
    pub(super) fn answer(&self, reply: &Reply) -> Result<Value, String> {
        if let About::Questions(questions) = &self.about {
            return answers(questions, reply);
        }
        let grant = |grant| {
            choices(&self.about)
                .into_iter()
                .find(|it| it.grants == Some(grant))
        };
        let chosen = match reply {
            Reply::Allow => grant(Grant::Once),
            Reply::AllowAlways => grant(Grant::Always),
            Reply::Deny { .. } => grant(Grant::Deny),
            Reply::Text { text } => choices(&self.about).into_iter().find(|it| {
                let same = |word: &str| word.eq_ignore_ascii_case(text.trim());
                same(&it.id) || same(&it.label)
            }),
        };
        let chosen = chosen.ok_or_else(|| {
            let labels: Vec<String> = choices(&self.about)
                .into_iter()
                .map(|it| it.label)
                .collect();
            format!("it offers no such answer, but: {}", labels.join(", "))
        })?;
        Ok(match (&self.about, chosen.grants) {
            (About::More(_), Some(Grant::Deny)) => json!({"permissions": {}}),
            (About::More(more), Some(Grant::Always)) => {
                json!({"permissions": more, "scope": "session"})
            }
            (About::More(more), _) => json!({"permissions": more, "scope": "turn"}),
            _ => json!({"decision": chosen.id}),
        })
    }
}

/// A line each, where it asks several things.
fn answers(questions: &[(String, Vec<String>)], reply: &Reply) -> Result<Value, String> {
    let said = match reply {
        Reply::Text { text } => text.trim(),
        Reply::Deny { .. } => return Ok(json!({"answers": {}})),
        Reply::Allow | Reply::AllowAlways => {
            return Err("it asks a question: answer it with a text".into());
        }
    };
    let lines: Vec<&str> = if questions.len() == 1 {
        vec![said]
    } else {
        said.lines().collect()
    };
    if lines.len() != questions.len() {
        let many = questions.len();
        return Err(format!("it asks {many} things: answer each on a line"));
    }
    let each = questions.iter().zip(lines).map(|((id, labels), line)| {
        let offered = labels.iter().find(|label| label.eq_ignore_ascii_case(line));
        let answer = offered.map_or(line, String::as_str);
        (id.clone(), json!({"answers": [answer]}))
    });
    Ok(json!({"answers": each.collect::<Map<_, _>>()}))
}
