//! `answer`: what an agent asks is answered.

use clap::Args;

use super::command::{Ask, Command, Context};
use crate::core::agent::asked::Which;
use crate::core::agent::say::Reply;
use crate::core::id::Target;
use crate::core::wire::Request;

/// Answer an agent's question.
#[derive(Debug, Clone, Args)]
#[command(
    override_usage = "wrangle answer [--question <N>] <ID> allow|always|deny [WHY]|<TEXT>...",
    after_help = "The oldest question that waits is answered, or the one that is named: never another that took its place. Where it can be chosen, a choice is given by its number or its name, as wrangle show lists them; several, where that is asked for, with commas between. A choice whose name is a number goes by its name. A number that no choice has is refused where leave is asked for; to a question it is text, and the reply says so."
)]
pub struct Answer {
    /// Its number, its name, or @ for the newest
    #[arg(value_name = "ID")]
    target: Target,
    /// Which question, by its number or name as wrangle show lists them
    #[arg(long, value_name = "N")]
    question: Option<Which>,
    /// allow, always, or deny and why; else the answer: a choice, or any text
    #[arg(
        value_name = "TEXT",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    text: Vec<String>,
}

impl Ask for Answer {
    fn ask(self, _: &Context) -> Result<Command, String> {
        let option = |word: &String| word == "--question" || word.starts_with("--question=");
        if self.text.iter().any(option) {
            return Err("--question has to stand before the answer".into());
        }
        Ok(Request::Answer {
            target: self.target,
            reply: reply(&self.text)?,
            question: self.question,
        }
        .into())
    }
}

/// What words come to, wherever they are typed.
///
/// # Errors
/// They say nothing.
pub fn reply(words: &[String]) -> Result<Reply, String> {
    let text = words.join(" ");
    if text.trim().is_empty() {
        return Err("an answer can't be empty; say allow, always, deny or a text".into());
    }
    let (first, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    Ok(match (first.to_lowercase().as_str(), rest.trim()) {
        ("allow", "") => Reply::Allow,
        ("always", "") => Reply::AllowAlways,
        ("deny", why) => Reply::Deny { why: why.into() },
        _ => Reply::Text { text },
    })
}
