//! How a screen looks: a file per part.

pub(super) mod banner;
mod bar;
mod compose;
mod dialog;
mod empty;
mod header;
mod help;
mod list;
mod output;
mod question;
mod status;

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::clock::Clock;
use super::mode::Mode;
use super::screen::Screen;
use super::text::cut;
use super::theme::Theme;
use crate::core::attention::Attention;
use crate::core::engine::Engine;
use crate::core::time::Now;

/// Draws a screen into a frame. Changes nothing of the screen but what it remembers of
/// the drawing: where things are, and when a text next changes by time alone.
pub fn view(frame: &mut Frame, engine: &Engine, screen: &mut Screen, now: Now) {
    let area = frame.area();
    if screen.areas.whole != area {
        // drawn at another size than it was told: never outside the frame
        screen.size = (area.width, area.height);
        drop(screen.refresh(engine));
    }
    let clock = Clock::new(now.wall, screen.look.clock, screen.zone.clone());
    if screen.areas.bar.is_empty() {
        frame.render_widget(
            Line::from(cut("terminal too small", area.width.into(), ' ')),
            area,
        );
    } else {
        parts(frame, engine, screen, &clock);
    }
    screen.look.limit(area, frame.buffer_mut());
    screen.drawn.changes = clock.next().map(|after| now.wall.plus(after));
    let read = screen.shown().and_then(|run| engine.task(run.task));
    screen.drawn.unread = read
        .filter(|task| {
            let unread = !matches!(task.attention, Attention::None | Attention::Stalled);
            unread && !screen.areas.bar.is_empty()
        })
        .map(|task| task.id);
}

fn parts(frame: &mut Frame, engine: &Engine, screen: &mut Screen, clock: &Clock) {
    banner::draw(frame, engine, screen);
    if engine.tasks().len() == 0 {
        empty::draw(frame, screen);
    } else {
        list::draw(frame, engine, screen, clock);
        header::draw(frame, engine, screen, clock);
        output::draw(frame, engine, screen, clock);
    }
    bar::draw(frame, engine, screen);
    status::draw(frame, engine, screen);
    match screen.mode {
        Mode::Normal | Mode::Filter(_) | Mode::Search(_) | Mode::Remove(_) => {}
        Mode::Send { id, .. } => question::said(frame, engine, screen, id),
        Mode::Answer { .. } => question::asks(frame, engine, screen),
        Mode::Bar => bar::candidates(frame, screen),
        Mode::Compose => compose::draw(frame, screen),
        Mode::Kill(_) => dialog::kill(frame, engine, screen, clock),
        Mode::Leave => dialog::leave(frame, engine, screen),
        Mode::Finish { .. } => dialog::finish(frame, engine, screen, clock),
        Mode::Help(_) => help::keys(frame, screen),
        Mode::Text { .. } => help::text(frame, screen),
    }
}

/// A key and what it does, as hints show it; nothing where the key is taken away.
fn hint(key: &str, does: &str, theme: &Theme) -> Vec<Span<'static>> {
    if key.is_empty() {
        return Vec::new();
    }
    vec![
        Span::styled(key.to_owned(), theme.key),
        Span::styled(format!(" {does}"), theme.dim),
    ]
}

/// As many hints as fit, two cells apart.
fn hints(all: impl IntoIterator<Item = Vec<Span<'static>>>, room: u16) -> Line<'static> {
    let mut line = Line::default();
    for spans in all {
        let width: usize = spans.iter().map(Span::width).sum();
        let gap = if line.spans.is_empty() { 0 } else { 2 };
        if width == 0 {
            continue;
        }
        if line.width() + gap + width > usize::from(room) {
            break;
        }
        line.spans.push(Span::raw(" ".repeat(gap)));
        line.spans.extend(spans);
    }
    line
}
