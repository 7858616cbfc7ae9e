//! A block as lines.

use std::time::Duration;

use jiff::tz::TimeZone;
use ratatui::style::Style;

use super::call::{Call, End, Input};
use super::colours::Colours;
use super::diff::{Change, Sign, is_patch, sign};
use super::ends::Stands;
use super::item::Open;
use super::kept::Kept;
use super::lines::{Break, Laid, Lines};
use super::markdown;
use super::talk::{Block, Body};
use crate::core::agent::event::{Choice, Level, Trouble};
use crate::core::exact::exact;
use crate::screen::clock::span;
use crate::screen::text::{cut, width};
use crate::screen::theme::Theme;
use crate::verb::dated;

/// What blocks are drawn with.
#[derive(Debug, Clone, Copy)]
pub(in crate::screen) struct Ink<'a> {
    pub(in crate::screen) theme: &'a Theme,
    /// Whether signs outside ASCII arrive whole.
    pub(in crate::screen) unicode: bool,
    /// The key that shows the raw output, as people read it.
    pub(in crate::screen) raw: &'a str,
    /// Whether blank rows part what is of several kinds.
    pub(in crate::screen) gaps: bool,
    /// Where whoever reads is.
    pub(in crate::screen) zone: &'a TimeZone,
    /// What is known of code; `None`: its text alone matters.
    pub(in crate::screen) colours: Option<&'a Colours>,
}

/// A block, laid out.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) lines: Vec<Laid>,
    /// The line by which it is folded and unfolded, where it can be: lines after it are
    /// those that a fold hides.
    pub(super) head: Option<usize>,
    /// Whether the words of some code in it are not known yet.
    pub(super) waits: bool,
}

impl Page {
    /// How many rows it takes.
    pub(super) fn height(&self) -> usize {
        self.lines.iter().map(Laid::height).sum()
    }
}

/// Lays a block out, in full or folded, in rows of so many cells.
pub(super) fn lay(block: &Block, open: bool, cols: u16, ink: &Ink) -> Page {
    let mut lines = Lines::new(cols);
    let gap = block.gap && ink.gaps;
    if gap {
        lines.end();
    }
    for _ in 0..block.depth {
        lines.mark(format!("{} ", ink.theme.signs.rule), ink.theme.dim);
    }
    let theme = ink.theme;
    let mut head = None;
    match &block.body {
        Body::Said(text) => said(&mut lines, text, ink),
        Body::Thought(text) => head = Some(thought(&mut lines, text, open, ink)),
        Body::Person(text) => {
            lines.mark_once(format!("{} ", theme.signs.prompt), theme.person);
            kept(&mut lines, text, theme.person, ink);
            lines.unmark();
        }
        Body::Call(call) => head = tool(&mut lines, call, open, ink),
        Body::Subagent(title, stands) => {
            let (sign, style, word) = match stands {
                Stands::Works => (theme.signs.running, theme.busy, ""),
                Stands::Through => (theme.signs.succeeded, theme.dim, ""),
                Stands::BrokenOff => (theme.signs.failed, theme.bad, ", cancelled"),
            };
            lines.push(&format!("{sign} subagent {title}{word}"), style);
        }
        Body::Notice(level, text) => notice(&mut lines, *level, text, ink),
        Body::Limit(level, text, resets) => {
            let resets = resets.map(|at| format!(", resets at {}", dated(at, ink.zone)));
            let text = format!("{text}{}", resets.unwrap_or_default());
            notice(&mut lines, *level, &Kept::new(&text), ink);
        }
        Body::Retry(text) => {
            lines.mark_once(format!("{} ", theme.signs.again), theme.warn);
            lines.push(text, theme.warn);
            lines.close();
            lines.unmark();
        }
        Body::Asks(asked) => question(&mut lines, asked, ink),
        Body::Verdict(ok, trouble, text) => verdict(&mut lines, *ok, *trouble, text, ink),
        Body::Raw(text) => {
            lines.breaks = Break::Anywhere;
            kept(&mut lines, text, theme.dim, ink);
        }
    }
    if lines.count() == usize::from(gap) {
        lines.end();
    }
    Page {
        waits: lines.waits,
        lines: lines.finish(),
        head,
    }
}

/// A text as it is, in one style under its own colours.
fn kept(lines: &mut Lines, text: &Kept, style: Style, ink: &Ink) {
    let (head, rest) = text.parts();
    lines.push_output(&head, style);
    if let Some((bytes, tail)) = rest {
        left_out(lines, &bytes, ink);
        lines.push_output(tail, style);
    }
}

fn left_out(lines: &mut Lines, bytes: &str, ink: &Ink) {
    let more = ink.theme.signs.more;
    let shows = match ink.raw {
        "" => String::new(),
        key => format!("; {key} shows the raw output"),
    };
    lines.close();
    lines.push(
        &format!("{more} {bytes} left out{shows} {more}"),
        ink.theme.dim,
    );
    lines.end();
}

/// The agent's text.
fn said(lines: &mut Lines, text: &Kept, ink: &Ink) {
    let (head, rest) = text.parts();
    markdown::push(lines, &plain(&head), ink);
    if let Some((bytes, tail)) = rest {
        left_out(lines, &bytes, ink);
        markdown::push(lines, &plain(tail), ink);
    }
}

/// Without the sequences of terminals, which mean nothing in such a text.
fn plain(text: &str) -> String {
    if !text.contains('\x1b') {
        return text.to_owned();
    }
    let lines = text.split('\n').map(|line| {
        let mut style = Style::default();
        crate::output::display::clean(line.as_bytes(), &mut style).text
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn thought(lines: &mut Lines, text: &Kept, open: bool, ink: &Ink) -> usize {
    let theme = ink.theme;
    let head = lines.count();
    let sign = fold_sign(open, ink);
    let title = format!("{sign} thought: ");
    let room = usize::from(lines.room()).saturating_sub(width(&title));
    let first = cut(text.first_line(), room, theme.signs.more).into_owned();
    title_line(lines, |lines| {
        lines.push(&title, theme.dim);
        lines.push(if open { "" } else { &first }, theme.dim);
    });
    if open {
        lines.mark("  ", Style::default());
        kept(lines, text, theme.dim, ink);
        lines.unmark();
    }
    head
}

/// A line that is cut and not broken.
fn title_line(lines: &mut Lines, push: impl FnOnce(&mut Lines)) {
    let breaks = std::mem::replace(&mut lines.breaks, Break::Cut);
    push(lines);
    lines.close();
    lines.breaks = breaks;
}

const fn fold_sign(open: bool, ink: &Ink) -> char {
    if open {
        ink.theme.signs.unfolded
    } else {
        ink.theme.signs.folded
    }
}

/// A call: a line, and what it was called with and gave back where it is unfolded.
fn tool(lines: &mut Lines, call: &Call, open: bool, ink: &Ink) -> Option<usize> {
    let theme = ink.theme;
    let (sign, style) = match &call.end {
        None => (theme.signs.running, theme.busy),
        Some(End { fault: None, .. }) => (theme.signs.succeeded, theme.good),
        Some(_) => (theme.signs.failed, theme.bad),
    };
    let output = call.end.as_ref().filter(|end| !end.output.is_empty());
    let fault = call.end.as_ref().and_then(|end| end.fault.as_ref());
    let has_more = call.input != Input::Nothing || output.is_some() || fault.is_some();
    let fold = if has_more { fold_sign(open, ink) } else { ' ' };
    let facts = facts(call, ink);
    let room = usize::from(lines.room());
    let for_facts = width(&facts).min(room / 3 * 2);
    let start = format!("{fold}{sign} ");
    let name = cut(&call.name, room / 3, theme.signs.more);
    let used = width(&start) + width(&name) + 1 + for_facts;
    let argument = call.title.as_ref().unwrap_or(&call.argument);
    let argument = cut(argument, room.saturating_sub(used), theme.signs.more);
    let head = lines.count();
    title_line(lines, |lines| {
        lines.push(&start, style);
        lines.push(&name, theme.strong);
        lines.push(&format!(" {argument}"), theme.plain);
        let facts = cut(&facts, for_facts, theme.signs.more);
        lines.push(
            &facts,
            if fault.is_some() {
                theme.bad
            } else {
                theme.dim
            },
        );
    });
    if open && has_more {
        lines.mark(format!("  {} ", theme.signs.rule), theme.dim);
        lines.breaks = Break::Anywhere;
        input(lines, &call.input, ink);
        if let Some(fault) = fault.filter(|fault| !repeats(&fault.text, output)) {
            lines.push(&fault.text, theme.bad);
            lines.close();
        }
        if let Some(end) = output {
            if call.input != Input::Nothing {
                lines.end();
            }
            output_of(lines, &end.output, ink);
        }
        lines.breaks = Break::Words;
        lines.unmark();
    }
    has_more.then_some(head)
}

/// Whether what a call gave back says already why it failed.
fn repeats(fault: &str, output: Option<&End>) -> bool {
    let text = output.and_then(|end| end.output.whole());
    fault.is_empty() || text.is_some_and(|text| text.contains(fault))
}

/// What there is to say of a call in a few words, two blanks before it.
fn facts(call: &Call, ink: &Ink) -> String {
    let mut facts = Vec::new();
    if let Input::Change(Change { added, removed, .. }) = &call.input {
        facts.push(format!("+{added} -{removed}"));
    }
    if let Some(end) = &call.end {
        match (end.exit_code, &end.fault) {
            (Some(code), Some(_)) => facts.push(format!("exit {code}")),
            (None, Some(fault)) => facts.push(fault.kind.word().replace('_', " ")),
            _ => {}
        }
        if let Some(ms) = end.duration {
            facts.push(took(ms));
        }
    }
    let dot = ink.theme.signs.dot;
    if facts.is_empty() {
        return String::new();
    }
    format!("  {}", facts.join(&format!(" {dot} ")))
}

/// A duration: `340ms`, `1.2s`, `12s`, `3m`.
fn took(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms}ms"),
        1_000..10_000 => format!("{:.1}s", ms as f64 / 1_000.0),
        _ => span(Duration::from_millis(ms)),
    }
}

fn input(lines: &mut Lines, input: &Input, ink: &Ink) {
    match input {
        Input::Nothing => {}
        Input::Command(text) => {
            lines.mark_once("$ ", ink.theme.dim);
            kept(lines, text, ink.theme.code, ink);
            lines.unmark();
        }
        Input::Change(change) => {
            for (sign, text) in &change.lines {
                changed(lines, *sign, text, ink);
            }
        }
        Input::Text(text) => kept(lines, text, ink.theme.plain, ink),
    }
}

/// A line of a change.
fn changed(lines: &mut Lines, sign: Sign, text: &str, ink: &Ink) {
    let theme = ink.theme;
    let style = match sign {
        Sign::Same => theme.plain,
        Sign::Added => theme.added,
        Sign::Removed => theme.removed,
        Sign::Place => theme.dim,
    };
    let text = &*exact(text);
    match sign {
        Sign::Place if text.is_empty() => lines.push(&theme.signs.more.to_string(), style),
        Sign::Place => lines.push(text, style),
        _ => lines.push(&format!("{}{text}", sign.mark()), style),
    }
    lines.close();
}

/// What a call gave back: a patch as a change, else as it is.
fn output_of(lines: &mut Lines, output: &Kept, ink: &Ink) {
    match output.whole() {
        Some(text) if !text.contains('\x1b') && is_patch(&text) => {
            for line in text.lines() {
                let (sign, text) = sign(line);
                let text = if sign == Sign::Same { line } else { text };
                if sign == Sign::Same {
                    lines.push(text, ink.theme.plain);
                    lines.end();
                } else {
                    changed(lines, sign, text, ink);
                }
            }
        }
        _ => kept(lines, output, ink.theme.plain, ink),
    }
}

fn notice(lines: &mut Lines, level: Level, text: &Kept, ink: &Ink) {
    let theme = ink.theme;
    let (sign, style) = match level {
        Level::Info => (theme.signs.dot, theme.dim),
        Level::Warning => ('!', theme.warn),
        Level::Error => (theme.signs.failed, theme.bad),
    };
    lines.mark_once(format!("{sign} "), style);
    kept(lines, text, style, ink);
    lines.unmark();
}

/// A question with all that can be chosen.
fn question(lines: &mut Lines, asked: &Open, ink: &Ink) {
    let theme = ink.theme;
    let style = if asked.answered {
        theme.dim
    } else {
        theme.warn
    };
    lines.mark_once("? ", style);
    lines.push(&exact(&asked.text), style);
    lines.close();
    lines.unmark();
    lines.mark("  ", Style::default());
    if let Some(call) = &asked.call {
        // broken, not cut: it may be all that is shown of what it would do
        lines.push(&exact(&call.name), theme.strong);
        lines.push(&format!(" {}", call.argument), theme.plain);
        lines.close();
        if !asked.answered {
            lines.breaks = Break::Anywhere;
            input(lines, &call.input, ink);
            lines.breaks = Break::Words;
        }
    }
    if asked.answered {
        let how = asked.answer.as_deref().unwrap_or("no longer open");
        let style = asked.answer.as_ref().map_or(theme.dim, |_| theme.person);
        lines.mark_once(format!("{} ", theme.signs.prompt), style);
        lines.push(&exact(how), style);
        lines.close();
        lines.unmark();
    } else {
        for (at, Choice { label, .. }) in asked.choices.iter().enumerate() {
            lines.mark_once(format!("{}. ", at + 1), theme.key);
            lines.push(&exact(label), theme.plain);
            lines.close();
            lines.unmark();
        }
        if !asked.answerable {
            lines.push("it can't be answered while it runs like this", theme.dim);
            lines.close();
        }
    }
    lines.unmark();
}

fn verdict(lines: &mut Lines, ok: bool, trouble: Option<Trouble>, text: &Kept, ink: &Ink) {
    let theme = ink.theme;
    let (sign, style) = if ok {
        (theme.signs.succeeded, theme.good)
    } else {
        (theme.signs.failed, theme.bad)
    };
    let word = match (ok, trouble) {
        (true, _) => "done".to_owned(),
        (false, Some(trouble)) => format!("failed: {}", trouble.word()),
        (false, None) => "failed".to_owned(),
    };
    lines.mark_once(format!("{sign} "), style);
    lines.push(&word, style);
    lines.close();
    if !text.is_empty() {
        if ok {
            said(lines, text, ink);
        } else {
            kept(lines, text, style, ink);
        }
    }
    lines.unmark();
}
