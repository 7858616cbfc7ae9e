//! Tasks as text for people. Text that came from tasks is made harmless first.

use std::time::{Duration, SystemTime};

use unicode_width::UnicodeWidthStr;

use super::local::reason;
use super::out::Out;
use super::trouble::Trouble;
use crate::core::plan::Priority;
use crate::core::report::TaskReport;

/// The narrowest that a column is cut to.
const NARROWEST: usize = 12;
/// The table's columns.
const HEAD: [&str; COLUMNS] = [
    "ID", "NAME", "STATE", "EXIT", "AGE", "OUTPUT", "LANE", "PRIORITY", "LABELS", "COMMAND",
];
const COLUMNS: usize = 10;
const NAME: usize = 1;
const LANE: usize = 6;
const PRIORITY: usize = 7;
const LABELS: usize = 8;
const COMMAND: usize = 9;
/// Those that are cut on a narrow terminal, the first first.
const CUT: [usize; 3] = [COMMAND, NAME, LABELS];
/// Those that go on a narrower one: the last are exit, command, age and output.
const GIVEN_UP: [usize; 7] = [LABELS, PRIORITY, LANE, 5, 4, COMMAND, 3];
/// Those that hold numbers.
const NUMBERS: [usize; 4] = [0, 3, 4, 5];
/// What stands between two.
const GAP: &str = "  ";

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

/// What a task wants of a person, in one line.
pub(super) fn wish(task: &TaskReport) -> String {
    let since = task.attention_since.as_deref();
    let since = since.and_then(|since| humantime::parse_rfc3339(since).ok());
    let age = since.and_then(|since| SystemTime::now().duration_since(since).ok());
    let age = age.map_or_else(String::new, |age| format!(" {}", short(age)));
    let word = task.attention.word().replace('_', " ");
    let text = task.attention_text.as_deref().map(plain);
    let text = text.or_else(|| reason(task));
    let text = text.map_or_else(String::new, |text| format!(": {text}"));
    format!("{} {}  {word}{age}{text}", task.id, plain(&task.name))
}

/// One task in one line.
pub(super) fn sentence(task: &TaskReport) -> String {
    let mut line = format!("task {} ({}) {}", task.id, plain(&task.name), task.state);
    let how = reason(task).or_else(|| how(task.outcome.as_deref(), task.exit_code, task.signal));
    if let Some(how) = how {
        line.push_str(": ");
        line.push_str(&how);
    }
    line
}

/// How a run ended, in words: the outcome, with the code or the signal that it does not tell.
pub(super) fn how(
    outcome: Option<&str>,
    exit_code: Option<i32>,
    signal: Option<i32>,
) -> Option<String> {
    let outcome = outcome?.replace('_', " ");
    Some(match (exit_code, signal) {
        (Some(code), _) if code != 0 => format!("{outcome}, exit code {code}"),
        (None, Some(signal)) => format!("{outcome}, {}", signal_name(signal)),
        _ => outcome,
    })
}

/// A table with one line per task. On a terminal it fits the width; elsewhere nothing is cut.
pub(super) fn list(out: &mut Out, tasks: &[TaskReport]) -> Result<(), Trouble> {
    let screen = out.tty.then(columns).flatten();
    let lines = lines(tasks, SystemTime::now(), screen);
    for (index, line) in lines.iter().enumerate() {
        let colour = match index.checked_sub(1).and_then(|task| tasks.get(task)) {
            _ if !out.colour => None,
            None => Some("1"),
            Some(task) => colour(task),
        };
        match colour {
            Some(colour) => out.line(&format!("\x1b[{colour}m{line}\x1b[0m"))?,
            None => out.line(line)?,
        }
    }
    Ok(())
}

/// The table's head and its rows, each at most so wide.
fn lines(tasks: &[TaskReport], now: SystemTime, columns: Option<usize>) -> Vec<String> {
    let mut rows = vec![HEAD.map(String::from)];
    rows.extend(tasks.iter().map(|task| row(task, now)));
    let mut widths = [0; COLUMNS];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    // what is as usual for all of them need not be said of each
    let usual = [
        (LANE, tasks.iter().all(|task| task.lane.is_none())),
        (PRIORITY, tasks.iter().all(has_usual_priority)),
        (LABELS, tasks.iter().all(|task| task.labels.is_empty())),
    ];
    for (column, _) in usual.into_iter().filter(|(_, usual)| *usual) {
        widths[column] = 0;
    }
    if let Some(columns) = columns {
        fit(&mut widths, columns);
    }
    let lines = rows.iter().map(|row| line(row, &widths));
    match columns {
        Some(columns) => lines.map(|line| cut(&line, columns)).collect(),
        None => lines.collect(),
    }
}

/// Makes columns fit a terminal: text is cut, and where that is not enough a column goes.
fn fit(widths: &mut [usize; COLUMNS], columns: usize) {
    for column in GIVEN_UP {
        let mut least = *widths;
        for column in CUT {
            least[column] = least[column].min(NARROWEST);
        }
        if over(&least, columns) > 0 {
            widths[column] = 0;
        }
    }
    for column in CUT {
        let most = widths[column].saturating_sub(NARROWEST);
        widths[column] -= over(widths, columns).min(most);
    }
}

/// How much wider than a terminal a row is.
fn over(widths: &[usize; COLUMNS], columns: usize) -> usize {
    let shown = widths.iter().filter(|width| **width > 0);
    let row: usize = shown.map(|width| width + GAP.len()).sum();
    row.saturating_sub(columns + GAP.len())
}

fn line(row: &[String; COLUMNS], widths: &[usize; COLUMNS]) -> String {
    let mut line = String::new();
    for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
        if *width == 0 {
            continue;
        }
        let cell = cut(cell, *width);
        let pad = " ".repeat(width - cell.width());
        // numbers end where numbers end
        if NUMBERS.contains(&column) {
            line.push_str(&pad);
            line.push_str(&cell);
        } else {
            line.push_str(&cell);
            line.push_str(&pad);
        }
        line.push_str(GAP);
    }
    line.truncate(line.trim_end().len());
    line
}

fn row(task: &TaskReport, now: SystemTime) -> [String; COLUMNS] {
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
        plain(task.lane.as_deref().unwrap_or_default()),
        task.priority.clone().unwrap_or_default(),
        plain(&task.labels.join(",")),
        plain(&task.command),
    ]
}

fn has_usual_priority(task: &TaskReport) -> bool {
    let usual = Priority::default().word();
    task.priority.as_deref().is_none_or(|word| word == usual)
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
pub(super) fn short(time: Duration) -> String {
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

pub(super) fn signal_name(number: i32) -> String {
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
    fn a_table_fits_and_shows_labels_where_there_are_any() {
        let mut task = crate::client::detail::tests::report("running");
        task.name = "a-name-of-some-length".into();
        task.command = "make all of it ".repeat(9);
        let now = SystemTime::now();
        for columns in [64, 80, 200] {
            for line in lines(std::slice::from_ref(&task), now, Some(columns)) {
                assert!(line.width() <= columns, "{columns}: {line:?}");
                assert!(!line.contains("LABELS"));
            }
        }
        task.labels = vec!["ci".into(), "nightly".into()];
        for columns in [1, 10, 20, 30, 40, 50, 60, 70, 80, 100] {
            for line in lines(std::slice::from_ref(&task), now, Some(columns)) {
                assert!(line.width() <= columns, "{columns}: {line:?}");
            }
        }
        let small = lines(std::slice::from_ref(&task), now, Some(40));
        assert_eq!(
            small[0], "ID  NAME                   STATE    EXIT",
            "{small:?}"
        );
        let labelled = lines(std::slice::from_ref(&task), now, None);
        assert!(labelled[0].contains("LABELS"), "{labelled:?}");
        assert!(
            labelled[1].contains("  ci,nightly  make all"),
            "{labelled:?}"
        );
        assert!(labelled[1].ends_with("make all of it"), "{labelled:?}");
        assert!(!labelled[0].contains("LANE") && !labelled[0].contains("PRIORITY"));
        let mut other = task.clone();
        other.lane = Some("sonnet".into());
        task.priority = Some("low".into());
        let both = lines(&[task, other], now, None);
        assert!(both[0].contains("LANE    PRIORITY  LABELS"), "{both:?}");
        assert!(both[1].contains("        low       ci,"), "{both:?}");
        assert!(both[2].contains("sonnet            ci,"), "{both:?}");
    }

    #[test]
    fn nothing_of_a_tasks_text_is_obeyed() {
        assert_eq!(
            plain("a\x1b[2Jb\n\u{9b}c\u{202e}"),
            "a\u{fffd}[2Jb \u{fffd}c\u{fffd}"
        );
    }
}
