//! One client's view of one run: follow, scroll, wrap.

use std::ops::Range;
use std::sync::Arc;

use super::lines::{Missing, start_of};
use super::pattern::Pattern;
use super::ring::Ring;
use super::rows::{Row, Spot, View};
use crate::core::place::Standing;

/// Bytes read at once when more are needed than are held.
const READ: u64 = 256 << 10;

/// Rows that may be scrolled by between two layouts.
const MAX_SCROLL: i64 = 10_000;

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

    /// A pane of this size that stands there.
    pub fn at(place: Standing, cols: u16, rows: u16) -> Self {
        let mut pane = Self::new(place.cols, rows);
        pane.stand = Stand::At(Spot {
            line: place.line,
            part: i64::from(place.part.max(-1)),
        });
        pane.resize(cols, rows);
        pane
    }

    /// Where it stands; `None` where it follows the end, or is on its way.
    pub fn place(&self) -> Option<Standing> {
        match self.stand {
            Stand::At(Spot { line, part }) => Some(Standing {
                line,
                part: i32::try_from(part).unwrap_or(i32::MAX),
                cols: self.cols,
            }),
            Stand::Follow | Stand::Hold => None,
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
            let mut view = self.view(ring, bounds.clone());
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
        let mut view = self.view(ring, bounds.start..end);
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
        let mut view = self.view(ring, bounds.clone());
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
                let top = self.view(ring, shown).last_page(&mut lacking);
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

    fn view<'a>(&self, ring: &'a Ring, bounds: Range<u64>) -> View<'a> {
        View::new(ring, bounds, self.cols, self.rows, self.pattern.clone())
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

/// The end of what can be shown of the log's end.
fn held_end(ring: &Ring) -> u64 {
    let bounds = ring.bounds();
    ring.held_end().clamp(bounds.start, bounds.end)
}
