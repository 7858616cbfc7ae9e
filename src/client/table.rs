//! Tasks as text for people. Text that came from tasks is made harmless first.

use std::time::{Duration, SystemTime};

use unicode_width::UnicodeWidthStr;

use super::out::Out;
use super::trouble::Trouble;
use crate::core::report::TaskReport;

/// The narrowest that a last column is cut to.
const NARROWEST: usize = 12;

/// Text without anything a terminal would obey.
pub(super) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => ' ',
            // what reorders text could make one command read as another
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// `1 process`, `3 processes`, or `processes` where the number is not known.
pub(super) fn processes(count: u32) -> String {
    match count {
        0 => "processes".into(),
        1 => "1 process".into(),
        many => format!("{many} processes"),
    }
}

/// One task in one line.
pub(super) fn sentence(task: &TaskReport) -> String {
    let mut line = format!("task {} ({}) {}", task.id, plain(&task.name), task.state);
    let how = match (&task.outcome, &task.reason) {
        (Some(outcome), None) => Some(match task.exit_code {
            Some(code) if code != 0 => format!("{outcome}, exit code {code}"),
            _ => outcome.replace('_', " "),
        }),
        (_, reason) => reason.as_deref().map(plain),
    };
    if let Some(how) = how {
        line.push_str(": ");
        line.push_str(&how);
    }
    line
}

/// A table with one line per task. On a terminal it fits the width; elsewhere nothing is cut.
pub(super) fn list(out: &mut Out, tasks: &[TaskReport]) -> Result<(), Trouble> {
    let now = SystemTime::now();
    let head = ["ID", "NAME", "STATE", "EXIT", "AGE", "OUTPUT", "COMMAND"].map(String::from);
    let rows: Vec<[String; 7]> = tasks.iter().map(|task| row(task, now)).collect();
    let mut widths = [0; 7];
    for row in rows.iter().chain([&head]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let screen = out.tty.then(columns).flatten();
    let taken: usize = widths[..6].iter().map(|width| width + 2).sum();
    let room = screen.map(|columns| columns.saturating_sub(taken).max(NARROWEST));
    for (index, row) in [&head].into_iter().chain(&rows).enumerate() {
        let mut line = String::new();
        for (column, (cell, width)) in row[..6].iter().zip(widths).enumerate() {
            let pad = " ".repeat(width - cell.width());
            // numbers end where numbers end
            if matches!(column, 0 | 3 | 4 | 5) {
                line.push_str(&pad);
                line.push_str(cell);
            } else {
                line.push_str(cell);
                line.push_str(&pad);
            }
            line.push_str("  ");
        }
        match room {
            Some(room) => line.push_str(&cut(&row[6], room)),
            None => line.push_str(&row[6]),
        }
        let colour = match index.checked_sub(1).and_then(|task| tasks.get(task)) {
            _ if !out.colour => None,
            None => Some("1"),
            Some(task) => colour(task),
        };
        match colour {
            Some(colour) => out.line(&format!("\x1b[{colour}m{line}\x1b[0m"))?,
            None => out.line(&line)?,
        }
    }
    Ok(())
}

fn row(task: &TaskReport, now: SystemTime) -> [String; 7] {
    let state = match &task.outcome {
        Some(outcome) if task.state == "ended" => outcome.replace('_', " "),
        _ => task.state.clone(),
    };
    let exit = match (task.exit_code, task.signal) {
        (Some(code), _) => code.to_string(),
        (None, Some(signal)) => signal_name(signal),
        (None, None) => String::new(),
    };
    [
        task.id.to_string(),
        plain(&task.name),
        state,
        exit,
        age(task, now).map_or_else(String::new, short),
        bytes(task.output_bytes),
        plain(&task.command),
    ]
}

/// The rendition of a task's line: a hint only, the words say it too.
fn colour(task: &TaskReport) -> Option<&'static str> {
    match (task.state.as_str(), task.outcome.as_deref()) {
        ("ended", Some("succeeded")) => Some("2"),
        ("ended", _) => Some("31"),
        ("running", _) => Some("32"),
        ("paused" | "stopping" | "lingering", _) => Some("33"),
        _ => None,
    }
}

/// How long its leader has run, or ran.
fn age(task: &TaskReport, now: SystemTime) -> Option<Duration> {
    let read = |text: &str| humantime::parse_rfc3339(text).ok();
    let start = read(task.started_at.as_deref()?)?;
    let end = task.ended_at.as_deref().and_then(read).unwrap_or(now);
    Some(end.duration_since(start).unwrap_or_default())
}

/// A time in its largest unit and the next.
fn short(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// A size in its largest unit.
pub(super) fn bytes(count: u64) -> String {
    bytesize::ByteSize(count).display().iec().to_string()
}

fn signal_name(number: i32) -> String {
    nix::sys::signal::Signal::try_from(number)
        .map_or_else(|_| format!("SIG{number}"), |signal| signal.to_string())
}

/// The beginning of a text, in so many cells.
fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut width = 0;
    for c in text.chars() {
        let wide = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if width + wide + 1 > room {
            break;
        }
        width += wide;
        cut.push(c);
    }
    cut.push('…');
    cut
}

/// How wide the terminal is, where it says.
pub(super) fn columns() -> Option<usize> {
    match crossterm::terminal::size() {
        Ok((columns, _)) if columns > 0 => Some(columns as usize),
        _ => None,
    }
}

/// Everything worth knowing of one task, a line each.
pub(super) fn one(out: &mut Out, task: &TaskReport) -> Result<(), Trouble> {
    let exit = match (task.exit_code, task.signal) {
        (Some(code), _) => Some(format!("code {code}")),
        (None, Some(signal)) => Some(signal_name(signal)),
        (None, None) => None,
    };
    let dropped = (task.dropped_bytes > 0).then(|| {
        format!(
            ", of them {} dropped to stay within the cap",
            bytes(task.dropped_bytes)
        )
    });
    let output = format!(
        "{}{}",
        bytes(task.output_bytes),
        dropped.unwrap_or_default()
    );
    let lines = [
        ("task", Some(format!("{} {}", task.id, plain(&task.name)))),
        ("state", Some(task.state.clone())),
        ("reason", task.reason.as_deref().map(plain)),
        (
            "outcome",
            task.outcome.as_deref().map(|word| word.replace('_', " ")),
        ),
        ("exit", exit),
        ("command", Some(plain(&task.command))),
        ("directory", Some(plain(&task.dir))),
        ("pid", task.pid.map(|pid| pid.to_string())),
        ("left", (task.left > 0).then(|| processes(task.left))),
        ("run", Some(task.run.to_string())),
        ("created", Some(task.created_at.clone())),
        ("started", task.started_at.clone()),
        ("ended", task.ended_at.clone()),
        ("output", Some(output)),
        ("last output", task.last_output_at.clone()),
        ("log", Some(plain(&task.log))),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            out.line(&format!("{name:<12}{value}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_cuts() {
        assert_eq!(short(Duration::from_secs(7)), "7s");
        assert_eq!(short(Duration::from_secs(125)), "2m05s");
        assert_eq!(short(Duration::from_secs(7_500)), "2h05m");
        assert_eq!(short(Duration::from_secs(200_000)), "2d07h");
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 5), "abcd…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(signal_name(15), "SIGTERM");
    }

    #[test]
    fn nothing_of_a_tasks_text_is_obeyed() {
        assert_eq!(
            plain("a\x1b[2Jb\n\u{9b}c\u{202e}"),
            "a\u{fffd}[2Jb \u{fffd}c\u{fffd}"
        );
    }
}
