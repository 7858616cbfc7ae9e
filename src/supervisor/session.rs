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
use crate::core::time::Now;
use crate::output::Search;
use crate::screen::{Screen, view};

/// Between two frames that no key asked for: at most 60 a second.
const FRAME: Duration = Duration::from_micros(16_600);

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
    /// The search under way; dropped, it ends.
    pub(super) search: Option<Search>,
}

impl Session {
    pub(super) fn new(screen: Screen, cols: u16, rows: u16, now: Instant) -> io::Result<Self> {
        let buffer = Buffer::default();
        let viewport = Viewport::Fixed(Rect::new(0, 0, cols, rows));
        let terminal = Terminal::with_options(
            CrosstermBackend::new(buffer.clone()),
            TerminalOptions { viewport },
        )?;
        Ok(Self {
            screen,
            terminal,
            buffer,
            dirty: true,
            in_flight: false,
            earliest: now,
            changes_at: None,
            cursor: false,
            search: None,
        })
    }

    /// The terminal's size, or that what it shows is no longer known.
    pub(super) fn resize(&mut self, cols: u16, rows: u16) {
        let resized = self
            .terminal
            .resize(Rect::new(0, 0, cols, rows))
            .and_then(|()| self.terminal.clear());
        if let Err(error) = resized {
            tracing::error!(%error, "a terminal's picture can't be cleared");
        }
        // `clear` of a fixed viewport leaves what lies outside it
        self.buffer.0.borrow_mut().extend_from_slice(b"\x1b[2J");
        self.touch_now();
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
        let bytes = std::mem::take(&mut *self.buffer.0.borrow_mut());
        let hidden = bytes == NOTHING;
        if bytes.is_empty() || (hidden && !self.cursor) {
            return None;
        }
        self.cursor = !hidden && !bytes.ends_with(NOTHING);
        self.in_flight = true;
        Some(bytes)
    }
}
