//! `tools`: which tools an agent called.

use std::iter::once;

use clap::Args;
use unicode_width::UnicodeWidthStr;

use super::columns::columns;
use super::command::{Ask, Call, Command, Context};
use crate::core::agent::tool::ToolCall;
use crate::core::exact::exact_line;
use crate::core::id::Target;
use crate::core::wire::Request;

/// What a call was called with is cut at so many columns.
const WIDEST: usize = 60;

/// Show which tools an agent called, and what became of it.
#[derive(Debug, Clone, Args)]
pub struct Tools {
    /// Its number, its name, or @ for the newest
    #[arg(value_name = "ID")]
    target: Target,
    /// One JSON object per line and call
    #[arg(long)]
    json: bool,
}

impl Ask for Tools {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Command::Call(Call {
            json: self.json,
            ..Request::Tools(self.target).into()
        }))
    }
}

/// Calls of tools, a line each.
pub fn tools_table(calls: &[ToolCall]) -> Vec<String> {
    let head = ["RUN", "CALL", "TOOL", "TOOK", "RESULT", "WITH"].map(String::from);
    let rows = calls.iter().map(|call| {
        let took = call.duration_ms.map_or_else(|| "-".into(), took);
        let result = match (&call.fault, call.ended, call.exit_code) {
            (Some(fault), _, Some(code)) => format!("{} ({code})", fault.kind.word()),
            (Some(fault), ..) => fault.kind.word().into(),
            (None, Some(_), _) => "ok".into(),
            (None, None, _) => "running".into(),
        };
        [
            call.run.to_string(),
            call.number.to_string(),
            exact_line(&call.name).into_owned(),
            took,
            result,
            cut(&exact_line(&call.decisive())),
        ]
    });
    let rows: Vec<[String; 6]> = once(head).chain(rows).collect();
    columns(&rows)
}

fn took(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        _ => format!("{:.1} s", ms as f64 / 1000.0),
    }
}

fn cut(text: &str) -> String {
    if text.width() <= WIDEST {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if kept.width() + 2 > WIDEST {
            break;
        }
        kept.push(c);
    }
    kept + "…"
}
