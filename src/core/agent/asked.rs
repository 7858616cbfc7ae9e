//! Questions of an agent to persons, and what they were answered.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::event::{Question, Want};
use super::mask::{bounded, masked};
use super::say::{Reply, Say};
use super::story::{Heard, Story};
use crate::core::exact::exact_line;
use crate::core::time::Timestamp;

/// So many questions are open at once.
const MOST_ASKED: usize = 32;

/// So many answers are kept: the last ones.
const MOST_ANSWERED: usize = 32;

/// Of a question and of its answer so many bytes are kept.
const LONGEST: usize = 1000;

/// A question that waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// What is asked.
    pub question: Question,
    /// Since when.
    pub since: Timestamp,
    /// Counts up within the run, from 1, and is never given twice; 0 where it was asked
    /// before they were counted.
    #[serde(default)]
    pub number: u64,
}

/// Which question of a run is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// That of this number.
    Number(u64),
    /// That of this name.
    Request(String),
}

impl FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("a question is named by its number or its name".into());
        }
        Ok(match text.parse() {
            Ok(number) => Self::Number(number),
            Err(_) => Self::Request(text.into()),
        })
    }
}

impl Which {
    fn is(&self, asked: &Asked) -> bool {
        match self {
            Self::Number(number) => *number == asked.number,
            Self::Request(request) => *request == asked.question.request,
        }
    }
}

/// A question that a person answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The question's number.
    pub number: u64,
    /// Its name.
    pub request: String,
    /// Its beginning, in one line.
    pub text: String,
    /// What it was answered: `allowed`, `always allowed`, `denied`, each with what was said,
    /// or `answered` with the answer.
    pub how: String,
    /// When.
    pub at: Timestamp,
    /// The question itself, until it is sure that the agent's language has words for the
    /// answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Box<Asked>>,
}

impl Answered {
    /// What there is to say of it in one line.
    pub fn line(&self) -> String {
        let Self {
            how, number, text, ..
        } = self;
        format!("{how}, question {number}: {text}")
    }
}

impl Story {
    /// The question that is answered where nobody says which: the oldest.
    pub fn oldest(&self) -> Option<&Asked> {
        self.meant(None)
    }

    /// The question that is meant, where it is open: a person who saw one never answers
    /// another.
    pub fn meant(&self, which: Option<&Which>) -> Option<&Asked> {
        let mut open = self.asks.iter().filter(|it| it.question.answerable);
        open.find(|asked| which.is_none_or(|which| which.is(asked)))
    }

    /// It asks something; one that is told again keeps its number.
    pub(super) fn asked(&mut self, question: &Question, now: Timestamp, heard: &mut Heard) {
        if self.asks.iter().any(|asked| asked.question == *question) {
            return;
        }
        let same = |request: &str| request == question.request;
        self.asks.retain(|asked| !same(&asked.question.request));
        self.answers.retain(|answered| !same(&answered.request));
        if self.asks.len() == MOST_ASKED {
            self.asks.remove(0);
        }
        self.questions += 1;
        self.asks.push(Asked {
            question: question.clone(),
            since: now,
            number: self.questions,
        });
        if question.answerable {
            heard.asked.push(question.text.clone());
        }
    }

    /// A person answers a question, which no longer is open; what there is to say of it.
    pub fn answered(&mut self, request: &str, reply: &Reply, now: Timestamp) -> Option<String> {
        let same = |asked: &Asked| asked.question.request == request;
        let at = self.asks.iter().position(same)?;
        let asked = self.asks.remove(at);
        if self.answers.len() == MOST_ANSWERED {
            self.answers.remove(0);
        }
        let answered = Answered {
            number: asked.number,
            text: bounded(&exact_line(&asked.question.text), LONGEST),
            how: bounded(&how(&asked.question, reply), LONGEST),
            request: asked.question.request.clone(),
            at: now,
            asked: Some(Box::new(asked)),
        };
        let line = answered.line();
        self.answers.push(answered);
        Some(line)
    }

    /// What was said to the agent first is in its language: an answer holds.
    pub fn said_first(&mut self) {
        if let Some(Say::Answer { request, .. }) = self.outbox.said() {
            let mut given = self.answers.iter_mut();
            if let Some(answered) = given.find(|it| it.request == request) {
                answered.asked = None;
            }
        }
    }

    /// An answer could not be said: what it answered is open still. Its number, where it is.
    pub fn open_again(&mut self, request: &str) -> Option<u64> {
        let at = self.answers.iter().position(|it| it.request == request)?;
        let asked = *self.answers.remove(at).asked?;
        let number = asked.number;
        let place = self.asks.partition_point(|it| it.number < number);
        self.asks.insert(place, asked);
        Some(number)
    }
}

/// An answer in words. What is said to an agent may be a secret.
fn how(question: &Question, reply: &Reply) -> String {
    let said = |text: &str| masked(&exact_line(&bounded(text.trim(), LONGEST)));
    match reply {
        Reply::Allow => "allowed".into(),
        Reply::AllowAlways => "always allowed".into(),
        Reply::Deny { why } if why.trim().is_empty() => "denied".into(),
        Reply::Deny { why } => format!("denied ({})", said(why)),
        Reply::Text { text } => {
            let chosen = question.choices.iter().find(|choice| choice.id == *text);
            format!("answered {}", said(chosen.map_or(text, |it| &it.label)))
        }
    }
}

/// A question of an agent's for scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskReport {
    /// Counts up within the run, from 1.
    #[serde(default)]
    pub number: u64,
    /// Its name, as the agent has it.
    #[serde(default)]
    pub request: String,
    /// `permission` or `answer`.
    pub kind: String,
    /// The question, in full.
    pub text: String,
    /// What can be chosen, by number from 1.
    pub choices: Vec<String>,
    /// Whether several may be chosen.
    #[serde(default)]
    pub several: bool,
    /// Since when it is asked.
    pub since: String,
}

impl From<&Asked> for AskReport {
    fn from(asked: &Asked) -> Self {
        let question = &asked.question;
        Self {
            number: asked.number,
            request: question.request.clone(),
            kind: match question.want {
                Want::Permission { .. } => "permission".into(),
                Want::Answer => "answer".into(),
            },
            text: question.text.clone(),
            choices: question.choices.iter().map(|it| it.label.clone()).collect(),
            several: question.several,
            since: asked.since.to_string(),
        }
    }
}

/// A question that was answered, for scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerReport {
    /// The question's number.
    pub number: u64,
    /// Its beginning, in one line.
    pub text: String,
    /// What it was answered.
    pub answer: String,
    /// When.
    pub at: String,
}

impl From<&Answered> for AnswerReport {
    fn from(answered: &Answered) -> Self {
        Self {
            number: answered.number,
            text: answered.text.clone(),
            answer: answered.how.clone(),
            at: answered.at.to_string(),
        }
    }
}
