//! Persons answer what agents ask.

use super::hear::LONGEST_NOTE;
use super::herd::Engine;
use crate::core::agent::asked::Which;
use crate::core::agent::event::{Choice, Grant, Question, Want};
use crate::core::agent::mask::bounded;
use crate::core::agent::say::{Reply, Say};
use crate::core::agent::story::Story;
use crate::core::effect::Effect;
use crate::core::event::{By, What};
use crate::core::exact::exact_line;
use crate::core::id::TaskId;
use crate::core::task::State;
use crate::core::time::Now;

impl Engine {
    /// A person answers a question of an agent's, the oldest where they don't say which; what
    /// there is to say of it.
    pub(super) fn reply(
        &mut self,
        now: Now,
        id: TaskId,
        reply: Reply,
        which: Option<&Which>,
        out: &mut Vec<Effect>,
    ) -> Result<String, String> {
        let nothing = || format!("task {id} asks nothing");
        let task = self.tasks.get(id).ok_or_else(nothing)?;
        let run = task.run_id();
        let live = matches!(task.state(), State::Running { .. } | State::Paused { .. });
        let story = task.run.story.as_deref().filter(|_| live);
        let oldest = story.and_then(Story::oldest);
        let Some(asked) = story.and_then(|story| story.meant(which)) else {
            let now = oldest.map(|it| (it.number, exact_line(&it.question.text)));
            return Err(match (which, now) {
                (None, _) => nothing(),
                (Some(_), None) => {
                    format!("that question is no longer open: task {id} asks nothing now")
                }
                (Some(_), Some((number, text))) => format!(
                    "that question is no longer open: task {id} now asks question {number}: {}",
                    bounded(&text, LONGEST_NOTE)
                ),
            });
        };
        let answer = fitting(&asked.question, reply)?;
        let request = asked.question.request.clone();
        let line = self.tasks.update(id, |task| {
            let story = task.run.story.get_or_insert_default();
            story.answered(&request, &answer, now.wall)
        });
        let line = line.flatten().ok_or_else(nothing)?;
        let noted = bounded(&line, LONGEST_NOTE);
        self.note(now, id, What::Notice, By::Person, Some(noted));
        self.mind_attention(now, id);
        let mut then = Vec::new();
        self.say(run, Say::Answer { request, answer }, &mut then);
        self.store(id, then, out);
        self.tell_watchers(id, out);
        Ok(format!("task {id}: {line}"))
    }
}

/// An answer in the words of the question.
fn fitting(question: &Question, reply: Reply) -> Result<Reply, String> {
    let Reply::Text { text } = reply else {
        if question.want == Want::Answer {
            return Err("it asks for an answer: a choice by its number or name, or text".into());
        }
        let grant = match reply {
            Reply::Allow => Some(Grant::Once),
            Reply::AllowAlways => Some(Grant::Always),
            Reply::Deny { .. } | Reply::Text { .. } => None,
        };
        let grants = |choice: &Choice| grant.is_none_or(|grant| choice.grants == Some(grant));
        // less than what was asked for would be given in silence, or more
        if !question.choices.is_empty() && !question.choices.iter().any(grants) {
            let what = match reply {
                Reply::AllowAlways => "always",
                _ => "allow",
            };
            return Err(format!("it does not offer {what}; {}", offered(question)));
        }
        return Ok(reply);
    };
    let named = text.trim();
    let numbered = named.parse::<usize>().ok().and_then(|number| {
        let choice = question.choices.get(number.checked_sub(1)?)?;
        Some(choice.id.clone())
    });
    let chosen = question
        .choices
        .iter()
        .find(|choice| choice.id == named || choice.label.eq_ignore_ascii_case(named));
    let chosen = chosen.map(|choice| choice.id.clone()).or(numbered);
    match (chosen, &question.want) {
        (Some(text), _) => Ok(Reply::Text { text }),
        (None, Want::Answer) => Ok(Reply::Text { text }),
        // words in answer to whether it may: it may not, and they say why
        (None, Want::Permission { .. }) => Ok(Reply::Deny { why: text }),
    }
}

/// What can be chosen, in one line.
fn offered(question: &Question) -> String {
    let choices = (1..).zip(&question.choices);
    let choices = choices.map(|(number, choice)| format!("{number} {}", exact_line(&choice.label)));
    let choices: Vec<String> = choices.collect();
    format!("it offers: {}", bounded(&choices.join(", "), LONGEST_NOTE))
}
