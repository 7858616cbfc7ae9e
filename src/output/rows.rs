//! Rows of a width, out of what is held of a log.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use bytesize::ByteSize;
use memchr::memrchr;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use super::display::{Clean, clean, style_after};
use super::lines::{Bytes, Missing, end_of, start_of};
use super::pattern::Pattern;
use super::ring::Ring;
use super::wrap;

/// As far as colours are looked for above the first row, in bytes.
const LOOK_BACK: u64 = 8 << 10;

/// At most so many lines are remembered while one layout is made.
const REMEMBERED: usize = 256;

/// What a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// Output.
    Text,
    /// How much was dropped before the first kept line.
    Dropped,
}

/// A row of the pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it shows: at most as wide as the pane, safe to draw, tabs expanded.
    pub line: Line<'static>,
    /// The line's id: the offset of its first byte in the run's output.
    pub offset: u64,
    /// Which row of its line, from 0.
    pub part: u16,
    /// Whether its line goes on in the next row: no line feed lies between them.
    pub wrapped: bool,
    /// Cells at its beginning that only go with its being a later row of its line.
    pub lead: u16,
    /// Columns that the pattern matches.
    pub matches: Vec<Range<u16>>,
    /// What it shows.
    pub kind: RowKind,
}

impl Row {
    /// The row's text.
    pub fn text(&self) -> String {
        self.line.spans.iter().map(|span| &*span.content).collect()
    }
}

/// A row's place: its line, and which row of it; -1 is the row above the first kept
/// line that tells how much was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) line: u64,
    pub(super) part: i64,
}

/// A line, clean and wrapped.
struct Prepared {
    clean: Clean,
    /// The rows, as ranges of the text.
    rows: Vec<Range<usize>>,
    /// The style that holds after it.
    after: Style,
    /// Where it ends.
    end: u64,
    /// Whether it goes on beyond its end: no line feed, and not the last.
    torn: bool,
}

/// A log's held bytes as rows of a width.
pub(super) struct View<'a> {
    ring: &'a Ring,
    bounds: Range<u64>,
    cols: u16,
    rows: usize,
    pattern: Option<Arc<Pattern>>,
    /// Lines that were looked at, by where they begin, as if no colour held before them.
    lines: HashMap<u64, Rc<Prepared>>,
    /// Where the last row's line ends.
    pub(super) reached: u64,
}

impl Bytes for View<'_> {
    fn bounds(&self) -> Range<u64> {
        self.bounds.clone()
    }

    fn chunk(&self, offset: u64) -> Option<(u64, &[u8])> {
        let (start, bytes) = self.ring.chunk(offset)?;
        let length = bytes.len().min((self.bounds.end - start) as usize);
        Some((start, &bytes[..length]))
    }
}

impl<'a> View<'a> {
    pub(super) fn new(
        ring: &'a Ring,
        bounds: Range<u64>,
        cols: u16,
        rows: u16,
        pattern: Option<Arc<Pattern>>,
    ) -> Self {
        Self {
            ring,
            reached: bounds.start,
            bounds,
            cols,
            rows: usize::from(rows),
            pattern,
            lines: HashMap::new(),
        }
    }

    /// The line that begins at `line`, where `style` holds.
    fn line(&mut self, line: u64, style: Style) -> Result<Rc<Prepared>, Missing> {
        let plain = style == Style::default();
        if let Some(known) = self.lines.get(&line).filter(|_| plain) {
            return Ok(Rc::clone(known));
        }
        let end = end_of(self, line)?;
        let mut bytes = Vec::with_capacity((end - line) as usize);
        if !self.ring.copy(line..end, &mut bytes) {
            return Err(Missing(line..end));
        }
        let mut after = style;
        let clean = clean(&bytes, &mut after);
        let prepared = Rc::new(Prepared {
            rows: wrap::rows(&clean.text, self.cols),
            clean,
            after,
            end,
            torn: bytes.last() != Some(&b'\n') && end < self.bounds.end,
        });
        if plain {
            if self.lines.len() == REMEMBERED {
                self.lines.clear();
            }
            self.lines.insert(line, Rc::clone(&prepared));
        }
        Ok(prepared)
    }

    /// The line's first and one past its last row.
    fn parts(&mut self, line: u64) -> Result<Range<i64>, Missing> {
        let marker = line == self.bounds.start && line > 0;
        let rows = self.line(line, Style::default())?.rows.len();
        Ok(if marker { -1 } else { 0 }..rows as i64)
    }

    /// The first row of the last full page; as far up as bytes are held.
    pub(super) fn last_page(&mut self, missing: &mut Option<Missing>) -> Spot {
        let mut spot = Spot {
            line: self.bounds.end,
            part: 0,
        };
        let mut up = -(self.rows as i64);
        if let Err(lacking) = self.walk(&mut spot, &mut up) {
            *missing = Some(lacking);
        }
        spot
    }

    /// Moves `spot` by `rows`, up where negative, as far as there are lines; counts
    /// `rows` down to what could not be done because bytes are missing.
    pub(super) fn walk(&mut self, spot: &mut Spot, rows: &mut i64) -> Result<(), Missing> {
        let Range { start: first, end } = self.bounds.clone();
        if spot.line < end {
            let parts = self.parts(spot.line)?;
            spot.part = spot.part.clamp(parts.start, parts.end - 1);
        }
        while *rows < 0 {
            let room = if spot.line >= end {
                0
            } else {
                spot.part - self.parts(spot.line)?.start
            };
            let step = room.min(-*rows);
            spot.part -= step;
            *rows += step;
            if *rows == 0 || spot.line <= first {
                break;
            }
            let line = start_of(self, spot.line.min(end) - 1)?;
            let part = self.parts(line)?.end - 1;
            *spot = Spot { line, part };
            *rows += 1;
        }
        while *rows > 0 && spot.line < end {
            let room = self.parts(spot.line)?.end - 1 - spot.part;
            let step = room.min(*rows);
            spot.part += step;
            *rows -= step;
            let line = self.line(spot.line, Style::default())?.end;
            if *rows == 0 || line >= end {
                break;
            }
            *spot = Spot { line, part: 0 };
            *rows -= 1;
        }
        Ok(())
    }

    /// A page of rows from `spot` on, as far as bytes are held, and whether the log's
    /// last row is among them.
    pub(super) fn fill(&mut self, spot: Spot, missing: &mut Option<Missing>) -> (Vec<Row>, bool) {
        let Range { start: first, end } = self.bounds.clone();
        let mut rows = Vec::with_capacity(self.rows);
        let mut from = spot.part;
        if from < 0 || (first == end && first > 0) {
            rows.push(dropped(first, self.cols));
            from = 0;
        }
        let mut line = spot.line;
        let mut style = self.style_before(line);
        self.reached = line;
        while rows.len() < self.rows && line < end {
            let prepared = match self.line(line, style) {
                Ok(prepared) => prepared,
                Err(lacking) => {
                    missing.get_or_insert(lacking);
                    break;
                }
            };
            style = prepared.after;
            self.reached = prepared.end;
            let Prepared { clean, .. } = &*prepared;
            let pattern = self.pattern.as_ref();
            let matches = pattern.map_or_else(Vec::new, |pattern| pattern.matches(&clean.text));
            let last = prepared.rows.len() - 1;
            for (part, range) in prepared.rows.iter().enumerate().skip(from as usize) {
                if rows.len() == self.rows {
                    return (rows, false);
                }
                let (drawn, matches) = wrap::draw(clean, range.clone(), self.cols, &matches);
                rows.push(Row {
                    line: drawn,
                    offset: line,
                    part: part as u16,
                    wrapped: part < last || prepared.torn,
                    lead: 0,
                    matches,
                    kind: RowKind::Text,
                });
            }
            from = 0;
            line = prepared.end;
        }
        (rows, line >= end)
    }

    /// The colours that lines above leave on, as far as they are near and held.
    fn style_before(&self, line: u64) -> Style {
        let first = self.bounds.start;
        let mut from = line;
        while from > first && line - from < LOOK_BACK {
            match self.chunk(from - 1) {
                Some((start, _)) => from = start.max(first).max(line.saturating_sub(LOOK_BACK)),
                None => break,
            }
        }
        let mut bytes = Vec::new();
        if !self.ring.copy(from..line, &mut bytes) || memrchr(0x1b, &bytes).is_none() {
            return Style::default();
        }
        style_after(&bytes)
    }
}

/// The row that tells what is no longer kept.
fn dropped(bytes: u64, cols: u16) -> Row {
    let mut text = format!("— {} dropped —", ByteSize(bytes).display().iec());
    text.truncate(
        text.char_indices()
            .nth(usize::from(cols))
            .map_or(text.len(), |(at, _)| at),
    );
    Row {
        line: Line::styled(text, Style::new().add_modifier(Modifier::DIM)),
        offset: bytes,
        part: 0,
        wrapped: false,
        lead: 0,
        matches: Vec::new(),
        kind: RowKind::Dropped,
    }
}
