//! Lines with marks before them, broken into rows of a width.
//!
//! All text passes through [`Lines::push`], which lets nothing through that could drive a
//! terminal.

use std::ops::Range;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::kept::floor;
use crate::output::display::{Clean, clean, shown};
use crate::output::wrap;
use crate::output::{Row, RowKind};
use crate::screen::text::width;

/// How a line is broken where it is wider than a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Break {
    /// Between words.
    Words,
    /// Anywhere.
    Anywhere,
    /// It is cut.
    Cut,
}

/// What stands before a line: once, and before the rows and lines that follow.
#[derive(Debug, Clone)]
struct Mark {
    first: Option<Span<'static>>,
    rest: Span<'static>,
}

/// A line, broken into rows.
#[derive(Debug, Clone)]
pub(super) struct Laid {
    clean: Clean,
    first: Vec<Span<'static>>,
    rest: Vec<Span<'static>>,
    /// Cells of either.
    lead: u16,
    rows: Vec<Range<usize>>,
    /// Cells for the text.
    cols: u16,
}

/// Lines being made for rows of a width.
#[derive(Debug)]
pub(super) struct Lines {
    cols: u16,
    done: Vec<Laid>,
    marks: Vec<Mark>,
    now: Clean,
    /// Whether anything of a line is there.
    open: bool,
    pub(super) breaks: Break,
    /// Whether some of it would look otherwise if more were known.
    pub(super) waits: bool,
}

impl Lines {
    /// For rows of so many cells, at least one.
    pub(super) fn new(cols: u16) -> Self {
        Self {
            cols: cols.max(1),
            done: Vec::new(),
            marks: Vec::new(),
            now: empty(),
            open: false,
            breaks: Break::Words,
            waits: false,
        }
    }

    /// Cells that a line has beside its marks.
    pub(super) fn room(&self) -> u16 {
        self.cols - self.lead()
    }

    /// Cells of the marks, of which some may have no room.
    fn lead(&self) -> u16 {
        let most = usize::from(self.cols / 2);
        let mut lead = 0;
        for mark in &self.marks {
            let wide = mark.rest.width();
            if lead + wide > most {
                break;
            }
            lead += wide;
        }
        lead as u16
    }

    /// From here on lines begin with this.
    pub(super) fn mark(&mut self, sign: impl Into<String>, style: Style) {
        let rest = Span::styled(sign.into(), style);
        self.marks.push(Mark { first: None, rest });
    }

    /// The next line begins with this, those after it with as many blanks.
    pub(super) fn mark_once(&mut self, sign: impl Into<String>, style: Style) {
        let first = Span::styled(sign.into(), style);
        let rest = Span::raw(" ".repeat(first.width()));
        let first = Some(first);
        self.marks.push(Mark { first, rest });
    }

    /// The last such mark no longer holds; one that is to be seen once has been.
    pub(super) fn unmark(&mut self) {
        if self.marks.last().is_some_and(|mark| mark.first.is_some()) {
            self.end();
        }
        self.marks.pop();
    }

    /// Adds text; a line feed in it begins a line.
    pub(super) fn push(&mut self, text: &str, style: Style) {
        for (at, part) in text.split('\n').enumerate() {
            if at > 0 {
                self.end();
            }
            self.open = true;
            set(&mut self.now, style);
            let part = part.strip_suffix('\r').unwrap_or(part);
            self.now.text.extend(part.chars().filter_map(shown));
        }
    }

    /// Adds lines of output, in their own colours over this style.
    pub(super) fn push_output(&mut self, text: &str, style: Style) {
        let mut colours = Style::default();
        for line in text.split('\n') {
            let clean = clean(line.as_bytes(), &mut colours);
            self.close();
            self.now = Clean {
                text: clean.text,
                styles: clean
                    .styles
                    .into_iter()
                    .map(|(from, own)| (from, style.patch(own)))
                    .collect(),
            };
            self.end();
        }
    }

    /// The line ends, where one is begun.
    pub(super) fn close(&mut self) {
        if self.open {
            self.end();
        }
    }

    /// The line ends; an empty one where none began.
    pub(super) fn end(&mut self) {
        let clean = std::mem::replace(&mut self.now, empty());
        self.open = false;
        let lead = self.lead();
        let (mut first, mut rest, mut used) = (Vec::new(), Vec::new(), 0);
        for mark in &mut self.marks {
            let sign = mark.first.take().unwrap_or_else(|| mark.rest.clone());
            used += mark.rest.width();
            if used <= usize::from(lead) {
                first.push(sign);
                rest.push(mark.rest.clone());
            }
        }
        let cols = self.cols - lead;
        let rows = match self.breaks {
            Break::Words => rows_of(&clean.text, cols),
            Break::Anywhere => wrap::rows(&clean.text, cols),
            Break::Cut => wrap::rows(&clean.text, cols).into_iter().take(1).collect(),
        };
        self.done.push(Laid {
            clean,
            first,
            rest,
            lead,
            rows,
            cols,
        });
    }

    /// A blank line, where one is not there already.
    pub(super) fn blank(&mut self) {
        self.close();
        if self.done.last().is_some_and(|last| !last.is_blank()) {
            self.end();
        }
    }

    /// How many lines there are.
    pub(super) const fn count(&self) -> usize {
        self.done.len() + self.open as usize
    }

    /// All lines.
    pub(super) fn finish(mut self) -> Vec<Laid> {
        self.close();
        self.done
    }
}

fn empty() -> Clean {
    Clean {
        text: String::new(),
        styles: vec![(0, Style::default())],
    }
}

/// What comes from here on has this style.
fn set(clean: &mut Clean, style: Style) {
    match clean.styles.last_mut() {
        Some((from, last)) if *from == clean.text.len() => *last = style,
        Some((_, last)) if *last == style => {}
        _ => clean.styles.push((clean.text.len(), style)),
    }
}

impl Laid {
    fn is_blank(&self) -> bool {
        self.clean.text.trim().is_empty()
    }

    /// Its text.
    pub(super) fn text(&self) -> &str {
        &self.clean.text
    }

    /// How many rows it takes, at least one.
    pub(super) const fn height(&self) -> usize {
        self.rows.len()
    }

    /// One of its rows, under the line's name.
    pub(super) fn row(&self, part: usize, offset: u64, matches: &[Range<usize>]) -> Row {
        let range = self.rows[part].clone();
        let (line, found) = wrap::draw(&self.clean, range, self.cols, matches);
        let marks = if part == 0 { &self.first } else { &self.rest };
        let mut spans = marks.clone();
        spans.extend(line.spans);
        let shift = |columns: &Range<u16>| columns.start + self.lead..columns.end + self.lead;
        Row {
            line: Line::from(spans),
            offset,
            part: part as u16,
            wrapped: part + 1 < self.rows.len(),
            lead: if part == 0 { 0 } else { self.lead },
            matches: found.iter().map(shift).collect(),
            kind: RowKind::Text,
        }
    }
}

/// The byte ranges of `text` that fill rows of `cols` cells, broken after blanks where there
/// are any: what is copied of them is the text again.
pub(super) fn rows_of(text: &str, cols: u16) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let mut from = 0;
    loop {
        let mut end = row_end(&text[from..], cols) + from;
        if end < text.len() {
            let row = &text[from..end];
            let blank = row.rfind(' ').map(|blank| blank + 1);
            let breaks = blank.filter(|next| !row[..*next].trim().is_empty());
            end = breaks.map_or(end, |next| from + next);
        }
        rows.push(from..end);
        if end >= text.len() {
            return rows;
        }
        from = end;
    }
}

/// Where the first row of a text ends.
fn row_end(text: &str, cols: u16) -> usize {
    // a look at what most rows take; at more where that is not enough
    let mut look = usize::from(cols) * 8;
    loop {
        let near = &text[..floor(text, look)];
        let rows = wrap::rows(near, cols);
        if rows.len() > 1 || near.len() == text.len() {
            return rows[0].end;
        }
        look *= 4;
    }
}

/// A text in rows between words, as strings no wider than `cols`.
pub(super) fn broken(text: &str, cols: u16) -> Vec<String> {
    let rows = rows_of(text, cols).into_iter();
    let rows = rows.map(|range| text[range].trim_end().to_owned());
    rows.map(|row| {
        if width(&row) > usize::from(cols) {
            String::new()
        } else {
            row
        }
    })
    .collect()
}
