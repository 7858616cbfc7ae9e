//! One client's screen: its state, its terminal's last picture, its pace.

use std::cell::RefCell;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::{Duration, Instant};

use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::widgets::Paragraph;
use ratatui::{Terminal, TerminalOptions, Viewport};

use crate::core::engine::Engine;
use crate::core::place::Place;
use crate::core::time::Now;
use crate::core::wire::FromSupervisor;
use crate::output::Search;
use crate::screen::{Screen, view};

/// Between two frames that no key asked for: at most 60 a second.
const FRAME: Duration = Duration::from_micros(16_600);

/// Most bytes of calls that wait for a frame.
const CALLS: usize = 4096;

/// What a draw that changed nothing writes all the same.
const NOTHING: &[u8] = b"\x1b[?25l";

/// Where the backend writes, within reach of who takes it out.
#[derive(Debug, Clone, Default)]
struct Buffer(Rc<RefCell<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How many events of a client were heeded.
#[derive(Debug, Default)]
struct Count {
    heeded: u64,
    /// What the client knows of.
    told: Option<u64>,
}

/// A screen and its pace.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) screen: Screen,
    terminal: Terminal<CrosstermBackend<Buffer>>,
    buffer: Buffer,
    /// Something may look different.
    dirty: bool,
    /// A frame is on its way; the client says when it is drawn.
    in_flight: bool,
    /// No frame before this, unless a key asked for it.
    earliest: Instant,
    /// When something on it changes by time alone.
    changes_at: Option<Instant>,
    /// The last frame left the cursor visible.
    cursor: bool,
    /// What calls a person, to go with the next frame.
    calls: Vec<u8>,
    /// Where a person is, as the client was last told.
    place: Place,
    /// What the client sent, where it wants to know what of that was heeded.
    count: Option<Count>,
    /// The search under way; dropped, it ends.
    pub(super) search: Option<Search>,
}

/// The largest picture drawn: its cells are held twice, and a size is whatever a
/// terminal claims.
const LARGEST: (u16, u16) = (1000, 400);

/// What of a terminal's size is drawn on.
pub(super) fn bounded(cols: u16, rows: u16) -> (u16, u16) {
    (cols.min(LARGEST.0), rows.min(LARGEST.1))
}

/// A terminal that knows nothing of what is shown, so that all of it is drawn. Its own
/// ways to resize and to clear ask the terminal of this process, which has none, and run
/// `tput` for want of it.
fn blank(buffer: &Buffer, cols: u16, rows: u16) -> io::Result<Terminal<CrosstermBackend<Buffer>>> {
    let viewport = Viewport::Fixed(Rect::new(0, 0, cols, rows));
    Terminal::with_options(
        CrosstermBackend::new(buffer.clone()),
        TerminalOptions { viewport },
    )
}

impl Session {
    pub(super) fn new(screen: Screen, cols: u16, rows: u16, now: Instant) -> io::Result<Self> {
        let buffer = Buffer::default();
        let terminal = blank(&buffer, cols, rows)?;
        Ok(Self {
            screen,
            terminal,
            buffer,
            dirty: true,
            in_flight: false,
            earliest: now,
            changes_at: None,
            cursor: false,
            calls: Vec::new(),
            place: Place::default(),
            count: None,
            search: None,
        })
    }

    /// The terminal's size, or that what it shows is no longer known.
    pub(super) fn resize(&mut self, cols: u16, rows: u16) {
        match blank(&self.buffer, cols, rows) {
            Ok(terminal) => self.terminal = terminal,
            Err(error) => tracing::error!(%error, "a terminal's picture can't be drawn anew"),
        }
        // the terminal still shows what was drawn at its former size
        self.buffer.0.borrow_mut().extend_from_slice(b"\x1b[2J");
        self.touch_now();
    }

    /// Where a person is, where the client knows of another place.
    pub(super) fn moved(&mut self) -> Option<FromSupervisor> {
        let place = self.screen.place();
        if place == self.place {
            return None;
        }
        self.place = place;
        let value = serde_json::to_value(&self.place);
        value.ok().map(FromSupervisor::Place)
    }

    /// Says from now on how many events were heeded.
    pub(super) fn counting(mut self) -> Self {
        self.count = Some(Count::default());
        self
    }

    /// An event of the client has become part of what is shown.
    pub(super) const fn heeded(&mut self) {
        if let Some(count) = &mut self.count {
            count.heeded += 1;
        }
    }

    /// How many events were heeded, where the client is to know and knows another number.
    pub(super) fn counted(&mut self) -> Option<FromSupervisor> {
        let count = self.count.as_mut()?;
        let news = count.told.replace(count.heeded) != Some(count.heeded);
        news.then_some(FromSupervisor::Heeded(count.heeded))
    }

    /// A person is called, with the next frame.
    pub(super) fn call(&mut self, bytes: &[u8]) {
        if self.calls.len() < CALLS {
            self.calls.extend_from_slice(bytes);
        }
        self.touch();
    }

    /// Something may look different.
    pub(super) const fn touch(&mut self) {
        self.dirty = true;
    }

    /// A key was pressed: what it does is shown at once.
    pub(super) fn touch_now(&mut self) {
        self.dirty = true;
        self.earliest = self.earliest.checked_sub(FRAME).unwrap_or(self.earliest);
    }

    /// The client has drawn the last frame.
    pub(super) const fn drawn(&mut self) {
        self.in_flight = false;
    }

    /// When the next frame is due, where one is wanted and may be sent: at once, or when
    /// an age or a countdown on the screen changes its text.
    pub(super) fn due(&self) -> Option<Instant> {
        if self.in_flight {
            return None;
        }
        if self.dirty {
            return Some(self.earliest);
        }
        self.changes_at.map(|at| at.max(self.earliest))
    }

    /// Draws; the bytes for the terminal, where there are any.
    pub(super) fn draw(&mut self, engine: &Engine, now: Now, at: Instant) -> Option<Vec<u8>> {
        self.dirty = false;
        self.earliest = at + FRAME;
        let screen = &mut self.screen;
        let terminal = &mut self.terminal;
        // a panic in a view is that view's alone: the herd lives
        let drawn = catch_unwind(AssertUnwindSafe(|| {
            terminal
                .draw(|frame| view(frame, engine, screen, now))
                .map(drop)
        }));
        if !matches!(drawn, Ok(Ok(()))) {
            tracing::error!("a view failed to draw");
            let line =
                Paragraph::new("this view failed to draw; ? helps, q leaves; your tasks go on");
            self.terminal
                .draw(|frame| frame.render_widget(line, frame.area()))
                .map(drop)
                .ok();
        }
        self.changes_at = self.screen.next_change(now).map(|after| at + after);
        let mut bytes = std::mem::take(&mut *self.buffer.0.borrow_mut());
        let hidden = bytes == NOTHING;
        let calls = std::mem::take(&mut self.calls);
        if calls.is_empty() && (bytes.is_empty() || (hidden && !self.cursor)) {
            return None;
        }
        self.cursor = !hidden && !bytes.ends_with(NOTHING);
        bytes.extend(calls);
        self.in_flight = true;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;
    use crate::config::{Config, Trust};
    use crate::core::engine::{Keep, Rules};
    use crate::core::wire::Caller;
    use crate::screen::{Keymap, Look};
    use crate::sys::clock::Clock;
    use crate::verb::Context;

    fn session(at: Instant) -> (Session, Engine) {
        let rules = Rules {
            tasks: "/".into(),
            shims: "/".into(),
            boot: String::new(),
            task_cap: 1 << 20,
            total_cap: 1 << 20,
            orphan: Duration::ZERO,
            idle_exit: None,
            keep: Keep::default(),
            limits: crate::core::limit::Limits::default(),
            budgets: std::collections::BTreeMap::new(),
            prices: crate::core::agent::price::Prices::default(),
            given: std::collections::BTreeMap::new(),
            hooked: BTreeSet::new(),
        };
        let engine = Engine::new(rules, 0);
        let caller = Caller {
            dir: "/".into(),
            env: Vec::new(),
        };
        let look = Look::of(&caller, false);
        let (keymap, _) = Keymap::new(&Config::parse("", "").unwrap().keys);
        let context = Context {
            caller,
            grace: Duration::ZERO,
            trust: Trust::at("/none".into()),
            agents: Arc::default(),
            templates: Arc::default(),
            selection: None,
        };
        let screen = Screen::new(80, 24, context, look, Arc::new(keymap), engine.settings());
        let session = Session::new(screen, 80, 24, at).unwrap();
        (session, engine)
    }

    #[test]
    fn what_is_heeded_is_told_of_once_and_of_nothing_too() {
        let (mut session, _) = session(Instant::now());
        let told = |session: &mut Session| {
            let told = session.counted()?;
            Some(serde_json::to_string(&told).unwrap())
        };
        session.heeded();
        assert_eq!(told(&mut session), None);
        let mut session = session.counting();
        assert_eq!(told(&mut session).as_deref(), Some("{\"heeded\":0}"));
        assert_eq!(told(&mut session), None);
        session.heeded();
        session.heeded();
        assert_eq!(told(&mut session).as_deref(), Some("{\"heeded\":2}"));
        assert_eq!(told(&mut session), None);
    }

    #[test]
    fn after_a_resize_all_of_it_is_drawn_again() {
        let (clock, at) = (Clock::start(), Instant::now());
        let (mut session, engine) = session(at);
        let text = |bytes: Option<Vec<u8>>| String::from_utf8(bytes.unwrap()).unwrap();
        let first = text(session.draw(&engine, clock.now(), at));
        assert!(first.contains("nothing runs yet"), "{first:?}");
        session.drawn();
        session.resize(80, 24);
        let again = text(session.draw(&engine, clock.now(), at));
        let cleared = again.find("\x1b[2J").unwrap();
        assert_eq!(&again[cleared + 4..], first);
    }

    #[test]
    fn a_size_is_bounded_whatever_a_terminal_claims() {
        assert_eq!(bounded(u16::MAX, u16::MAX), LARGEST);
        assert_eq!(bounded(0, 24), (0, 24));
    }
}
