//! The rows in view: where to begin, and which follow.

use std::rc::Rc;

use bytesize::ByteSize;
use ratatui::text::Line;

use super::lay::{Ink, Page};
use super::lines::Laid;
use super::pane::{MARKER, Spot, Stand, TOP, TalkPane, name, named};
use super::talk::Transcript;
use crate::output::{Layout, Row, RowKind};

/// A pane before a conversation that is not empty.
pub(super) struct Sight<'a> {
    pane: &'a mut TalkPane,
    talk: &'a Transcript,
    ink: &'a Ink<'a>,
    first: u64,
    end: u64,
}

/// A row, counted within its block; -1 is the one above the first block that tells that
/// something is not held any more.
#[derive(Debug, Clone, Copy)]
struct Place {
    block: u64,
    row: i64,
}

impl<'a> Sight<'a> {
    /// `None`: there is nothing to be seen.
    pub(super) fn new(
        pane: &'a mut TalkPane,
        talk: &'a Transcript,
        ink: &'a Ink<'a>,
    ) -> Option<Self> {
        let (first, end) = talk.bounds();
        let is_shown = |number: &u64| talk.block(*number).is_some_and(|it| pane.only.shows(it));
        let last = (first..end).rev().find(is_shown)?;
        let first = (first..end).find(is_shown)?;
        Some(Self {
            pane,
            talk,
            ink,
            first,
            end: last + 1,
        })
    }

    fn is_shown(&self, number: u64) -> bool {
        let block = self.talk.block(number);
        block.is_some_and(|block| self.pane.only.shows(block))
    }

    /// The next block that is shown, from this one on; the end where there is none.
    fn shown_from(&self, number: u64) -> u64 {
        let mut rest = number..self.end;
        rest.find(|number| self.is_shown(*number))
            .unwrap_or(self.end)
    }

    /// The last that is shown before this one; the first where there is none.
    fn shown_before(&self, number: u64) -> u64 {
        let mut rest = (self.first..number).rev();
        rest.find(|number| self.is_shown(*number))
            .unwrap_or(self.first)
    }

    fn page(&mut self, block: u64) -> Rc<Page> {
        self.pane.page_of(block, self.talk, self.ink)
    }

    /// The block's first row.
    fn least(&self, block: u64) -> i64 {
        if block == self.first && self.talk.has_lost() {
            -1
        } else {
            0
        }
    }

    fn height(&mut self, block: u64) -> i64 {
        self.page(block).height() as i64
    }

    fn place(&mut self, spot: Spot) -> Place {
        if spot.block < self.first || (spot.block == self.first && spot.part == MARKER) {
            let block = self.first;
            let row = self.least(block);
            return Place { block, row };
        }
        let block = spot.block.min(self.end - 1);
        if !self.is_shown(block) {
            let block = self.shown_from(block);
            return Place { block, row: 0 };
        }
        let page = self.page(block);
        let before: usize = page.lines.iter().take(spot.line).map(Laid::height).sum();
        let here = page.lines.get(spot.line).map_or(0, Laid::height);
        let row = before + spot.part.min(here.saturating_sub(1));
        let row = (row as i64).min(page.height() as i64 - 1);
        Place { block, row }
    }

    fn spot(&mut self, place: Place) -> Spot {
        let Place { block, row } = place;
        let page = self.page(block);
        let mut part = row.max(0) as usize;
        for (line, laid) in page.lines.iter().enumerate() {
            if part < laid.height() {
                return Spot { block, line, part };
            }
            part -= laid.height();
        }
        Spot {
            block,
            line: 0,
            part: 0,
        }
    }

    /// Moves by rows, up where negative, as far as there are any.
    fn walk(&mut self, mut place: Place, mut rows: i64) -> Place {
        while rows < 0 {
            let step = (place.row - self.least(place.block)).min(-rows);
            place.row -= step;
            rows += step;
            if rows == 0 || place.block == self.first {
                break;
            }
            place.block = self.shown_before(place.block);
            place.row = self.height(place.block) - 1;
            rows += 1;
        }
        while rows > 0 {
            let step = (self.height(place.block) - 1 - place.row).min(rows);
            place.row += step;
            rows -= step;
            if rows == 0 || place.block + 1 == self.end {
                break;
            }
            place.block = self.shown_from(place.block + 1);
            place.row = 0;
            rows -= 1;
        }
        place
    }

    /// The first row of the last full page.
    pub(super) fn last_page(&mut self) -> Spot {
        let block = self.end - 1;
        let row = self.height(block) - 1;
        let top = self.walk(Place { block, row }, 1 - i64::from(self.pane.rows));
        self.keep(top)
    }

    /// A place as the pane remembers it.
    fn keep(&mut self, place: Place) -> Spot {
        if place.row < 0 {
            return TOP;
        }
        self.spot(place)
    }

    /// Where to stand, after jumping and scrolling; `None` to follow.
    pub(super) fn settle(&mut self) -> Option<Spot> {
        if let Some(to) = self.pane.jump.take() {
            let (block, line) = named(to);
            let head = self.page(block).lines.len();
            if line >= head && block >= self.first && block < self.end {
                self.pane.unfold(block);
            }
            let part = 0;
            self.pane.stand = Stand::At(Spot { block, line, part });
            self.pane.scroll = -i64::from(self.pane.rows / 3);
        }
        let from = match self.pane.stand {
            Stand::At(spot) => spot,
            Stand::Follow if self.pane.scroll >= 0 => {
                self.pane.scroll = 0;
                return None;
            }
            Stand::Follow | Stand::Hold => self.last_page(),
        };
        let place = self.place(from);
        let rows = std::mem::take(&mut self.pane.scroll);
        let place = self.walk(place, rows);
        let spot = self.keep(place);
        self.pane.stand = Stand::At(spot);
        Some(spot)
    }

    /// A page of rows from there on, and whether the last is among them.
    pub(super) fn fill(&mut self, from: Spot) -> (Vec<Row>, bool) {
        let most = usize::from(self.pane.rows);
        let mut rows = Vec::with_capacity(most);
        self.pane.heads.clear();
        self.pane.top = Some(from);
        let Place { mut block, mut row } = self.place(from);
        if row < 0 {
            rows.push(self.lost());
            row = 0;
        }
        while block < self.end {
            let page = self.page(block);
            let mut skip = row as usize;
            for (line, laid) in page.lines.iter().enumerate() {
                if skip >= laid.height() {
                    skip -= laid.height();
                    continue;
                }
                let pattern = self.pane.pattern.as_ref();
                let found = pattern.map_or_else(Vec::new, |pattern| pattern.matches(laid.text()));
                for part in skip..laid.height() {
                    if rows.len() == most {
                        return (rows, false);
                    }
                    let mut row = laid.row(part, name(block, line), &found);
                    if page.head == Some(line) {
                        self.pane.heads.insert(row.offset);
                        if self.pane.chosen == Some(block) {
                            row.line.style = self.ink.theme.marked;
                        }
                    }
                    rows.push(row);
                }
                skip = 0;
            }
            row = 0;
            block = self.shown_from(block + 1);
        }
        (rows, true)
    }

    /// The row that tells that something is not held any more.
    fn lost(&self) -> Row {
        let dropped = self.talk.progress().dropped;
        let what = match dropped {
            0 => "earlier".to_owned(),
            bytes => format!("{} dropped", ByteSize(bytes).display().iec()),
        };
        let dash = self.ink.theme.signs.across;
        let shows = match (dropped, self.ink.raw) {
            (1.., _) | (_, "") => String::new(),
            (_, key) => format!(": {key} shows the raw output"),
        };
        let text = format!("{dash} {what}{shows} {dash}");
        let cut = crate::screen::text::cut(&text, self.pane.cols.into(), self.ink.theme.signs.more);
        Row {
            line: Line::styled(cut.into_owned(), self.ink.theme.dim),
            offset: 0,
            part: 0,
            wrapped: false,
            lead: 0,
            matches: Vec::new(),
            kind: RowKind::Dropped,
        }
    }

    pub(super) fn finish(self, rows: Vec<Row>) -> Layout {
        let last = rows.last().map_or(self.end, |row| named(row.offset).0 + 1);
        let top = rows.first().map_or(self.first, |row| named(row.offset).0);
        let count = (self.end - self.first).max(1) as f64;
        Layout {
            missing: None,
            position: last.saturating_sub(self.first) as f64 / count,
            above: top.saturating_sub(self.first),
            below: self.end.saturating_sub(last),
            dropped: self.talk.progress().dropped,
            following: self.pane.following(),
            trouble: None,
            rows,
        }
    }
}
