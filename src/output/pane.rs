//! One client's view of one run: follow, scroll, wrap.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use bytesize::ByteSize;
use memchr::memrchr;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use super::display::{clean, style_after};
use super::lines::{Bytes, Missing, end_of, start_of};
use super::pattern::Pattern;
use super::ring::Ring;
use super::wrap;

/// As far as colours are looked for above the first row, in bytes.
const LOOK_BACK: u64 = 8 << 10;

/// Bytes read at once when more are needed than are held.
const READ: u64 = 256 << 10;

/// Rows that may be scrolled by between two layouts.
const MAX_SCROLL: i64 = 10_000;

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

/// What a pane shows now.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    /// From top to bottom; fewer than the pane has where there is no more, or not yet.
    pub rows: Vec<Row>,
    /// What must be fetched before this is complete.
    pub missing: Option<Range<u64>>,
    /// How far down the kept log the last row is, 0 to 1.
    pub position: f64,
    /// Bytes of kept output above the first row's line.
    pub above: u64,
    /// Bytes of output below the last row's line.
    pub below: u64,
    /// Bytes dropped from the log's beginning.
    pub dropped: u64,
    /// Whether the end is being followed.
    pub following: bool,
    /// Why what is missing can't be had, where it can't.
    pub trouble: Option<String>,
}

/// A row's place: its line, and which row of it; -1 is the row above the first kept
/// line that tells how much was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spot {
    line: u64,
    part: i64,
}

/// Where a pane stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// At the end, wherever that goes.
    Follow,
    /// Where the end is at the next layout.
    Hold,
    /// This row is the first.
    At(Spot),
}

/// A view of one run's output: it follows the end, or stands at a line and stays
/// there whatever is written or dropped.
#[derive(Debug, Clone)]
pub struct Pane {
    cols: u16,
    rows: u16,
    stand: Stand,
    /// Rows yet to be scrolled by, up where negative: the next layout does it, as far
    /// as bytes are held.
    scroll: i64,
    /// The byte to go to, once enough around it is held.
    jump: Option<u64>,
    pattern: Option<Arc<Pattern>>,
}

impl Pane {
    /// A pane of this size that follows the end.
    pub fn new(cols: u16, rows: u16) -> Self {
        Self {
            cols: cols.max(1),
            rows: rows.max(1),
            stand: Stand::Follow,
            scroll: 0,
            jump: None,
            pattern: None,
        }
    }

    /// Gives it another size.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        let cols = cols.max(1);
        if let Stand::At(spot) = &mut self.stand
            && spot.part > 0
        {
            spot.part = spot.part * i64::from(self.cols) / i64::from(cols);
        }
        (self.cols, self.rows) = (cols, rows.max(1));
    }

    /// Whether it follows the end.
    pub fn following(&self) -> bool {
        self.stand == Stand::Follow && self.scroll >= 0 && self.jump.is_none()
    }

    /// Scrolls by rows, up where negative. Beyond the last row it follows again.
    pub fn scroll(&mut self, rows: i64) {
        self.scroll = (self.scroll.saturating_add(rows)).clamp(-MAX_SCROLL, MAX_SCROLL);
    }

    /// Scrolls by pages of all rows but one, up where negative.
    pub fn page(&mut self, pages: i64) {
        self.scroll(pages.saturating_mul(i64::from(self.rows.max(2) - 1)));
    }

    /// Goes to the first kept line.
    pub fn to_top(&mut self) {
        self.go(Stand::At(Spot { line: 0, part: -1 }));
    }

    /// Follows the end.
    pub fn to_end(&mut self) {
        self.go(Stand::Follow);
    }

    fn go(&mut self, stand: Stand) {
        (self.stand, self.scroll, self.jump) = (stand, 0, None);
    }

    /// Stays where it is, though it followed.
    pub fn hold(&mut self) {
        if self.stand == Stand::Follow {
            self.stand = Stand::Hold;
        }
    }

    /// Shows the line that holds this byte, a third down the pane.
    pub fn jump(&mut self, offset: u64) {
        (self.jump, self.scroll) = (Some(offset), 0);
    }

    /// Marks what matches in the rows, or nothing.
    pub fn highlight(&mut self, pattern: Option<Arc<Pattern>>) {
        self.pattern = pattern;
    }

    /// What to show, and what must be fetched to show it all. To be asked again when
    /// that has been fetched; until then what is held is shown.
    pub fn layout(&mut self, ring: &Ring) -> Layout {
        let bounds = ring.bounds();
        let mut missing = None;
        let down = self.scroll > 0;
        if let Some(spot) = self.settle(ring, &mut missing) {
            let mut view = View::new(ring, bounds.clone(), self);
            let (rows, ends) = view.fill(spot, &mut missing);
            let full = rows.len() == usize::from(self.rows);
            if !ends || missing.is_some() || (full && !down) {
                return self.finish(ring, rows, view.reached, missing);
            }
            // who scrolls to the end wants to see what comes
            if down {
                self.stand = Stand::Follow;
            } else {
                let top = view.last_page(&mut missing);
                if missing.is_none() {
                    self.stand = Stand::At(top);
                }
                let (rows, _) = view.fill(top, &mut None);
                return self.finish(ring, rows, view.reached, missing);
            }
        }
        // of a log that grows faster than it is read, what was read last is shown
        let end = held_end(ring);
        let mut view = View::new(ring, bounds.start..end, self);
        let top = view.last_page(&mut missing);
        let (rows, _) = view.fill(top, &mut None);
        if end < bounds.end && (self.following() || end == bounds.start) {
            let from = end.max(bounds.end.saturating_sub(READ));
            missing = Some(Missing(from..bounds.end));
        }
        self.finish(ring, rows, view.reached, missing)
    }

    /// Where to stand, after jumping and scrolling as far as bytes are held; `None` to follow.
    fn settle(&mut self, ring: &Ring, missing: &mut Option<Missing>) -> Option<Spot> {
        let bounds = ring.bounds();
        if bounds.is_empty() {
            return None;
        }
        let mut view = View::new(ring, bounds.clone(), self);
        if let Some(offset) = self.jump {
            match start_of(&view, offset.clamp(bounds.start, bounds.end - 1)) {
                Ok(line) => {
                    self.go(Stand::At(Spot { line, part: 0 }));
                    self.scroll = -i64::from(self.rows / 3);
                }
                Err(lacking) => *missing = Some(lacking),
            }
        }
        let mut spot = match self.stand {
            Stand::At(spot) if spot.line >= bounds.start => spot,
            Stand::At(_) => Spot {
                line: bounds.start,
                part: -1,
            },
            Stand::Follow if self.scroll >= 0 => {
                self.scroll = 0;
                return None;
            }
            // what is on the screen is what was read
            Stand::Follow | Stand::Hold => {
                let mut lacking = None;
                let shown = bounds.start..held_end(ring);
                if shown.is_empty() {
                    return None;
                }
                let top = View::new(ring, shown, self).last_page(&mut lacking);
                if lacking.is_some() {
                    *missing = missing.take().or(lacking);
                    return None;
                }
                top
            }
        };
        match view.walk(&mut spot, &mut self.scroll) {
            Ok(()) => self.scroll = 0,
            Err(lacking) => *missing = missing.take().or(Some(lacking)),
        }
        self.stand = Stand::At(spot);
        Some(spot)
    }

    fn finish(
        &self,
        ring: &Ring,
        rows: Vec<Row>,
        reached: u64,
        missing: Option<Missing>,
    ) -> Layout {
        let Range { start: first, end } = ring.bounds();
        let top = rows.first().map_or(first, |row| row.offset);
        let kept = end - first;
        let wanted = missing.and_then(|Missing(range)| {
            ring.wants(range.clone())?;
            let around = range.start.saturating_sub(READ / 2)..range.end.saturating_add(READ / 2);
            ring.wants(around)
        });
        Layout {
            missing: wanted,
            position: if kept == 0 {
                1.0
            } else {
                (reached - first) as f64 / kept as f64
            },
            above: top.saturating_sub(first),
            below: end - reached,
            dropped: first,
            following: self.following(),
            trouble: ring.trouble().map(str::to_owned),
            rows,
        }
    }
}

/// A log's held bytes as rows of a width.
struct View<'a> {
    ring: &'a Ring,
    bounds: Range<u64>,
    cols: u16,
    rows: usize,
    pattern: Option<Arc<Pattern>>,
    /// How many rows a line fills.
    counts: HashMap<u64, i64>,
    /// Where the last row's line ends.
    reached: u64,
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
    fn new(ring: &'a Ring, bounds: Range<u64>, pane: &Pane) -> Self {
        Self {
            ring,
            reached: bounds.start,
            bounds,
            cols: pane.cols,
            rows: usize::from(pane.rows),
            pattern: pane.pattern.clone(),
            counts: HashMap::new(),
        }
    }

    /// The line's bytes, and where it ends.
    fn line(&self, line: u64) -> Result<(Vec<u8>, u64), Missing> {
        let end = end_of(self, line)?;
        let mut bytes = Vec::with_capacity((end - line) as usize);
        if self.ring.copy(line..end, &mut bytes) {
            Ok((bytes, end))
        } else {
            Err(Missing(line..end))
        }
    }

    /// The line's first and one past its last row.
    fn parts(&mut self, line: u64) -> Result<Range<i64>, Missing> {
        let marker = line == self.bounds.start && line > 0;
        let count = if let Some(count) = self.counts.get(&line) {
            *count
        } else {
            let (bytes, _) = self.line(line)?;
            let clean = clean(&bytes, &mut Style::default());
            let count = wrap::rows(&clean.text, self.cols).len() as i64;
            self.counts.insert(line, count);
            count
        };
        Ok(if marker { -1 } else { 0 }..count)
    }

    /// The first row of the last full page; as far up as bytes are held.
    fn last_page(&mut self, missing: &mut Option<Missing>) -> Spot {
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
    fn walk(&mut self, spot: &mut Spot, rows: &mut i64) -> Result<(), Missing> {
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
            let line = end_of(self, spot.line)?;
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
    fn fill(&mut self, spot: Spot, missing: &mut Option<Missing>) -> (Vec<Row>, bool) {
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
            let (bytes, next) = match self.line(line) {
                Ok(line) => line,
                Err(lacking) => {
                    missing.get_or_insert(lacking);
                    break;
                }
            };
            let clean = clean(&bytes, &mut style);
            let matches = self.pattern.as_ref();
            let matches = matches.map_or_else(Vec::new, |pattern| pattern.matches(&clean.text));
            let ranges = wrap::rows(&clean.text, self.cols);
            let torn = bytes.last() != Some(&b'\n') && next < end;
            let last = ranges.len() - 1;
            self.reached = next;
            for (part, range) in ranges.into_iter().enumerate().skip(from as usize) {
                if rows.len() == self.rows {
                    return (rows, false);
                }
                let (drawn, matches) = wrap::draw(&clean, range, self.cols, &matches);
                rows.push(Row {
                    line: drawn,
                    offset: line,
                    part: part as u16,
                    wrapped: part < last || torn,
                    matches,
                    kind: RowKind::Text,
                });
            }
            from = 0;
            line = next;
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

/// The end of what can be shown of the log's end.
fn held_end(ring: &Ring) -> u64 {
    let bounds = ring.bounds();
    ring.held_end().clamp(bounds.start, bounds.end)
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
        matches: Vec::new(),
        kind: RowKind::Dropped,
    }
}
