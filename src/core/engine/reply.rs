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
        let aside = mistyped(&asked.question, &answer).unwrap_or_default();
        let request = asked.question.request.clone();
        let line = self.tasks.update(id, |task| {
            let story = task.run.story.get_or_insert_default();
            story.answered(&request, &answer, now.wall)
        });
        let line = line.flatten().ok_or_else(nothing)?;
        let noted = bounded(&line, LONGEST_NOTE);
        self.note(now, id, What::Notice, By::Person, Some(noted));
        self.mind_attention(now, id);
        self.mind_time(now, id, out);
        let mut then = Vec::new();
        self.say(run, Say::Answer { request, answer }, &mut then);
        self.store(id, then, out);
        self.tell_watchers(id, out);
        Ok(format!("task {id}: {line}{aside}"))
    }
}

/// An answer in the words of the question.
fn fitting(question: &Question, reply: Reply) -> Result<Reply, String> {
    let Reply::Text { text } = reply else {
        if question.want == Want::Answer {
            let word = match &reply {
                Reply::Allow => "allow",
                Reply::AllowAlways => "always",
                Reply::Deny { why } if why.trim().is_empty() => "deny",
                // to a question that is: it gets no answer
                reply => return Ok(reply.clone()),
            };
            let no_answer = || match &reply {
                Reply::Deny { .. } => Ok(reply.clone()),
                _ => Err("it asks for an answer: a choice by its number or name, or text".into()),
            };
            let named = choice(question, word).map(|it| Reply::Text {
                text: it.id.clone(),
            });
            return named.map_or_else(no_answer, Ok);
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
    match (chosen(question, &text)?, &question.want) {
        (Some(text), _) => Ok(Reply::Text { text }),
        (None, Want::Answer) => Ok(Reply::Text { text }),
        // words in answer to whether it may: it may not, and they say why
        (None, Want::Permission { .. }) => Ok(Reply::Deny { why: text }),
    }
}

/// What to say of a number that was taken as text: it may have been meant as a choice.
fn mistyped(question: &Question, answer: &Reply) -> Option<String> {
    let Reply::Text { text } = answer else {
        return None;
    };
    let text = text.trim();
    let number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let meant = number && !question.choices.is_empty() && choice(question, text).is_none();
    meant.then(|| {
        let offered = offered(question);
        format!("; that was taken as text: there is no choice {text}, {offered}")
    })
}

/// The choice that a text names, or all of them where several may be chosen; `None` where it
/// names none.
fn chosen(question: &Question, text: &str) -> Result<Option<String>, String> {
    if let Some(choice) = choice(question, text) {
        return Ok(Some(choice.id.clone()));
    }
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let number = |part: &&&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let found: Vec<Option<&Choice>> = parts.iter().map(|part| choice(question, part)).collect();
    // no number says why it may not
    let leave = matches!(question.want, Want::Permission { .. });
    if found.len() == 1 && leave && number(&&text) {
        return Err(format!("there is no choice {text}; {}", offered(question)));
    }
    if found.len() == 1 || found.iter().all(Option::is_none) {
        return Ok(None);
    }
    let all: Option<Vec<&Choice>> = found.iter().copied().collect();
    let Some(all) = all else {
        // beside one that there is, another number is no text
        let mut wrong = parts
            .iter()
            .zip(&found)
            .filter(|(_, found)| found.is_none());
        return match wrong.find(|(part, _)| number(part)) {
            Some((part, _)) => Err(format!("there is no choice {part}; {}", offered(question))),
            None => Ok(None),
        };
    };
    if !question.several {
        return Err(format!("it takes one choice; {}", offered(question)));
    }
    let mut ids: Vec<&str> = Vec::new();
    for choice in all {
        if !ids.contains(&choice.id.as_str()) {
            ids.push(&choice.id);
        }
    }
    Ok(Some(ids.join(", ")))
}

/// A choice by its id, its label or its number.
fn choice<'a>(question: &'a Question, named: &str) -> Option<&'a Choice> {
    let named = named.trim();
    let mut all = question.choices.iter();
    let same = |choice: &&Choice| choice.id == named || choice.label.eq_ignore_ascii_case(named);
    all.find(same).or_else(|| {
        let number: usize = named.parse().ok()?;
        question.choices.get(number.checked_sub(1)?)
    })
}

/// What can be chosen, in one line.
fn offered(question: &Question) -> String {
    let choices = (1..).zip(&question.choices);
    let choices = choices.map(|(number, choice)| format!("{number} {}", exact_line(&choice.label)));
    let choices: Vec<String> = choices.collect();
    format!("it offers: {}", bounded(&choices.join(", "), LONGEST_NOTE))
}
