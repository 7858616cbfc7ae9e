//! What agents did and used, as text for people.

use unicode_width::UnicodeWidthStr;

use super::out::Out;
use super::table::plain;
use super::trouble::Trouble;
use crate::core::agent::tokens::{Tokens, Usd};
use crate::core::agent::tool::ToolCall;
use crate::core::report::StatsReport;

/// What a call was called with is cut at so many columns.
const WIDEST: usize = 60;

/// Calls of tools, a row each.
pub(super) fn tools(out: &mut Out, calls: &[ToolCall]) -> Result<(), Trouble> {
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
            plain(&call.name),
            took,
            result,
            cut(&plain(&call.decisive())),
        ]
    });
    print(out, std::iter::once(head).chain(rows).collect())
}

/// What was used, a row for each.
pub(super) fn stats(out: &mut Out, lines: &[StatsReport]) -> Result<(), Trouble> {
    let head = [
        "OF", "RUNS", "OK", "TURNS", "TOOLS", "FAILED", "INPUT", "CACHED", "OUTPUT", "COST",
    ];
    let mut rows = vec![head.map(String::from)];
    for line in lines {
        let Tokens {
            input,
            output,
            cache_read,
            cache_write,
            ..
        } = line.tokens;
        let cost = Usd::of(line.cost_usd).unwrap_or_default();
        let least = if line.at_least_runs > 0 {
            "at least "
        } else {
            ""
        };
        let unknown = match line.unknown_cost_runs {
            0 => String::new(),
            runs => format!(" + {runs} unknown"),
        };
        rows.push([
            plain(line.key.as_deref().unwrap_or("-")),
            line.runs.to_string(),
            line.succeeded.to_string(),
            line.turns.to_string(),
            line.tools_called.to_string(),
            line.tools_failed.to_string(),
            (input + cache_write).to_string(),
            cache_read.to_string(),
            output.to_string(),
            format!("{least}{cost}{unknown}"),
        ]);
    }
    print(out, rows)
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

fn print<const N: usize>(out: &mut Out, rows: Vec<[String; N]>) -> Result<(), Trouble> {
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - cell.width() + 2));
        }
        out.line(line.trim_end())?;
    }
    Ok(())
}
