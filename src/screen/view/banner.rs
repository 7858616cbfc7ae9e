//! What concerns everything: nothing can be stored.

use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::core::engine::Engine;
use crate::screen::screen::Screen;
use crate::screen::text::{clean, cut, wrapped};
use crate::verb::dated;

/// Most rows of it.
const MOST: u16 = 4;

/// What it says, where it has something to say.
fn text(engine: &Engine, zone: &TimeZone) -> Option<String> {
    let why = engine.store_trouble()?;
    let since = engine
        .store_trouble_since()
        .map_or_else(String::new, |since| {
            format!(" since {}", dated(since, zone))
        });
    Some(format!("NOTHING IS STORED{since}, tasks go on: {why}"))
}

/// How many rows it takes on a screen of this size.
pub(in crate::screen) fn rows(engine: &Engine, zone: &TimeZone, (cols, rows): (u16, u16)) -> u16 {
    let Some(text) = text(engine, zone) else {
        return 0;
    };
    let wanted = wrapped(&clean(&text), room(cols)).len();
    let most = MOST.min(rows.saturating_sub(2) / 2);
    u16::try_from(wanted).unwrap_or(MOST).min(most)
}

/// Draws it.
pub(super) fn draw(frame: &mut Frame, engine: &Engine, screen: &Screen) {
    let area = screen.areas.banner;
    let Some(text) = text(engine, &screen.zone).filter(|_| !area.is_empty()) else {
        return;
    };
    let theme = &screen.theme;
    let mut rows = wrapped(&clean(&text), room(area.width));
    let rest = rows.split_off(rows.len().min(area.height.into()));
    if let (Some(last), false) = (rows.last_mut(), rest.is_empty()) {
        let all = format!("{last} {}", rest.join(" "));
        *last = cut(&all, room(area.width), theme.signs.more).into_owned();
    }
    for (row, y) in rows.iter().zip(area.top()..area.bottom()) {
        let sign = if y == area.top() {
            theme.signs.failed
        } else {
            ' '
        };
        let area = Rect {
            y,
            height: 1,
            ..area
        };
        frame.render_widget(Line::from(format!(" {sign} {row}")), area);
    }
    frame.buffer_mut().set_style(area, theme.alarm);
}

/// Cells of a row for its text.
fn room(cols: u16) -> usize {
    usize::from(cols).saturating_sub(4)
}
