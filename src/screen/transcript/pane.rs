//! One client's view of a conversation: follow, scroll, fold.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::colours::Colours;
use super::fold::{Only, Step};
use super::lay::{Ink, Page, lay};
use super::seek::Seek;
use super::sight::Sight;
use super::talk::Transcript;
use crate::core::place::Standing;
use crate::output::{Hits, Layout, Pattern};

/// Rows that may be scrolled by between two layouts.
const MAX_SCROLL: i64 = 10_000;

/// Most blocks whose rows are remembered.
const REMEMBERED: usize = 512;

/// Bits of a row's name that say which line of its block it is of.
const LINE_BITS: u32 = 24;

/// A row's place: its block, the line of it, and which row of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) block: u64,
    pub(super) line: usize,
    pub(super) part: usize,
}

/// Instead of a row of a line: the one above the first block, which tells that something is
/// not held any more.
pub(super) const MARKER: usize = usize::MAX;

/// The first row that there is.
pub(super) const TOP: Spot = Spot {
    block: 0,
    line: 0,
    part: MARKER,
};

/// Where a pane stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stand {
    /// At the end, wherever that goes.
    Follow,
    /// Where the end is at the next layout.
    Hold,
    /// This row is the first.
    At(Spot),
}

/// Rows of a block that are remembered.
#[derive(Debug)]
struct Known {
    version: u32,
    open: bool,
    /// How much was known of code then.
    learnt: u64,
    page: Rc<Page>,
}

/// A view of one conversation: it follows the end, or stands at a row and stays there
/// whatever is said. Its rows are named by block and line, which hold while more comes.
#[derive(Debug)]
pub(in crate::screen) struct TalkPane {
    pub(super) cols: u16,
    pub(super) rows: u16,
    pub(super) stand: Stand,
    /// Rows yet to be scrolled by, up where negative.
    pub(super) scroll: i64,
    /// The row to go to.
    pub(super) jump: Option<u64>,
    pub(super) steps: Vec<Step>,
    pub(super) pattern: Option<Arc<Pattern>>,
    /// Blocks that a person folded or unfolded.
    pub(super) folds: HashMap<u64, bool>,
    /// Whether the others are unfolded.
    pub(super) all_open: bool,
    pub(super) chosen: Option<u64>,
    /// What is shown.
    pub(super) only: Only,
    known: HashMap<u64, Known>,
    /// Names of the rows in view by which a block folds.
    pub(super) heads: HashSet<u64>,
    /// The first row that was in view.
    pub(super) top: Option<Spot>,
    /// Whether the end was followed before something was unfolded.
    pub(super) followed: bool,
    seek: Option<Seek>,
}

/// The name of a line.
pub(super) const fn name(block: u64, line: usize) -> u64 {
    (block << LINE_BITS) | line as u64
}

/// Block and line of a name.
pub(super) const fn named(name: u64) -> (u64, usize) {
    (name >> LINE_BITS, (name & ((1 << LINE_BITS) - 1)) as usize)
}

impl TalkPane {
    /// A pane of this size that follows the end.
    pub(in crate::screen) fn new(cols: u16, rows: u16) -> Self {
        Self {
            cols: cols.max(1),
            rows: rows.max(1),
            stand: Stand::Follow,
            scroll: 0,
            jump: None,
            steps: Vec::new(),
            pattern: None,
            folds: HashMap::new(),
            all_open: false,
            chosen: None,
            only: Only::All,
            known: HashMap::new(),
            heads: HashSet::new(),
            top: None,
            followed: false,
            seek: None,
        }
    }

    /// A pane of this size that stands there.
    pub(in crate::screen) fn at(place: Standing, cols: u16, rows: u16) -> Self {
        let mut pane = Self::new(cols, rows);
        let (block, line) = named(place.line);
        let part = usize::try_from(place.part).unwrap_or(MARKER);
        pane.stand = Stand::At(Spot { block, line, part });
        pane
    }

    /// Where it stands; `None` where it follows the end, or is on its way.
    pub(in crate::screen) fn place(&self) -> Option<Standing> {
        match self.stand {
            Stand::At(Spot { block, line, part }) => Some(Standing {
                line: name(block, line),
                part: i32::try_from(part).unwrap_or(-1),
                cols: self.cols,
            }),
            Stand::Follow | Stand::Hold => None,
        }
    }

    /// Gives it another size.
    pub(in crate::screen) fn resize(&mut self, cols: u16, rows: u16) {
        let cols = cols.max(1);
        if cols != self.cols {
            if let Stand::At(spot) = &mut self.stand
                && spot.part != MARKER
            {
                spot.part = spot.part * usize::from(self.cols) / usize::from(cols);
            }
            self.forget();
        }
        (self.cols, self.rows) = (cols, rows.max(1));
    }

    /// Blocks are drawn with something else now.
    pub(in crate::screen) fn forget(&mut self) {
        self.known.clear();
    }

    /// Whether it follows the end.
    pub(in crate::screen) fn following(&self) -> bool {
        self.stand == Stand::Follow && self.scroll >= 0 && self.jump.is_none()
    }

    /// Scrolls by rows, up where negative. Beyond the last row it follows again.
    pub(in crate::screen) fn scroll(&mut self, rows: i64) {
        self.scroll = self
            .scroll
            .saturating_add(rows)
            .clamp(-MAX_SCROLL, MAX_SCROLL);
    }

    /// Scrolls by pages of all rows but one, up where negative.
    pub(in crate::screen) fn page(&mut self, pages: i64) {
        self.scroll(pages.saturating_mul(i64::from(self.rows.max(2) - 1)));
    }

    /// Goes to the first block held.
    pub(in crate::screen) fn go_top(&mut self) {
        self.go(Stand::At(TOP));
    }

    /// Follows the end.
    pub(in crate::screen) fn go_end(&mut self) {
        self.go(Stand::Follow);
    }

    fn go(&mut self, stand: Stand) {
        (self.stand, self.scroll, self.jump) = (stand, 0, None);
        self.followed = false;
    }

    /// Stays where it is, though it followed.
    pub(in crate::screen) fn hold(&mut self) {
        if self.stand == Stand::Follow {
            self.stand = Stand::Hold;
        }
    }

    /// Shows the line of this name, a third down the pane, whatever is folded around it.
    pub(in crate::screen) const fn jump(&mut self, name: u64) {
        (self.jump, self.scroll) = (Some(name), 0);
    }

    /// Marks what matches in the rows, or nothing.
    pub(in crate::screen) fn highlight(&mut self, pattern: Option<Arc<Pattern>>) {
        self.pattern = pattern;
    }

    /// Seeks a pattern in all of the conversation, or nothing any more; each layout then
    /// goes on with it.
    pub(in crate::screen) fn seek(&mut self, what: Option<(u64, Arc<Pattern>)>) {
        self.seek = what.map(|(generation, pattern)| Seek::new(generation, pattern));
    }

    /// Goes on seeking; what was found since, and whether there is more to be looked at.
    pub(in crate::screen) fn sought(
        &mut self,
        talk: &Transcript,
        ink: &Ink,
    ) -> Option<(Hits, bool)> {
        let cols = self.cols;
        let ink = &Ink {
            colours: None,
            ..*ink
        };
        self.seek.as_mut()?.step(talk, |block, number| {
            let page = lay(block, true, cols, ink);
            let lines = page.lines.into_iter().enumerate();
            lines
                .map(|(line, laid)| (name(number, line), laid))
                .collect()
        })
    }

    /// What to show.
    pub(in crate::screen) fn layout(&mut self, talk: &Transcript, ink: &Ink) -> Layout {
        let (first, end) = talk.bounds();
        if first == end || !talk.is_whole() {
            return Layout {
                missing: None,
                trouble: talk.trouble(),
                position: 1.0,
                following: self.following(),
                ..Layout::default()
            };
        }
        // who is led to something sees it
        let led = self.jump.and_then(|to| talk.block(named(to).0));
        if led.is_some_and(|block| !self.only.shows(block)) {
            self.show_only(Only::All);
        }
        if self.chosen.is_some_and(|chosen| chosen < first) {
            self.chosen = None;
        }
        for step in std::mem::take(&mut self.steps) {
            self.step(step, talk, ink);
        }
        let down = self.scroll > 0;
        let most = usize::from(self.rows);
        let only = self.only;
        let Some(mut sight) = Sight::new(self, talk, ink) else {
            return Layout {
                trouble: Some(only.none().to_owned()),
                position: 1.0,
                following: self.following(),
                ..Layout::default()
            };
        };
        let (mut stand, top) = match sight.settle() {
            None => (Stand::Follow, sight.last_page()),
            Some(spot) => {
                let (rows, ends) = sight.fill(spot);
                if !ends || (rows.len() == most && !down) {
                    return sight.finish(rows);
                }
                let top = sight.last_page();
                // who scrolls to the end wants to see what comes
                let stand = if down { Stand::Follow } else { Stand::At(top) };
                (stand, top)
            }
        };
        let (rows, _) = sight.fill(top);
        let layout = sight.finish(rows);
        if self.followed && self.stand != Stand::Follow && self.folds.values().all(|open| !open) {
            stand = Stand::Follow;
        }
        self.stand = stand;
        Layout {
            following: self.following(),
            ..layout
        }
    }

    /// A block's rows.
    pub(super) fn page_of(&mut self, number: u64, talk: &Transcript, ink: &Ink) -> Rc<Page> {
        let Some(block) = talk.block(number) else {
            return Rc::new(Page {
                lines: Vec::new(),
                head: None,
                waits: false,
            });
        };
        let open = self.is_open(number, block);
        let learnt = ink.colours.map_or(0, Colours::learnt);
        if let Some(known) = self.known.get(&number)
            && known.version == block.version
            && known.open == open
            && (known.learnt == learnt || !known.page.waits)
        {
            return Rc::clone(&known.page);
        }
        let gaps = self.only == Only::All;
        let page = Rc::new(lay(block, open, self.cols, &Ink { gaps, ..*ink }));
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        let known = Known {
            version: block.version,
            open,
            learnt,
            page: Rc::clone(&page),
        };
        self.known.insert(number, known);
        page
    }
}
