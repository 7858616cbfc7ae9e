//! Texts to be read: the keys, and what a verb says of itself.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::{hint, hints};
use crate::screen::keymap::{Chord, Command};
use crate::screen::mode::Mode;
use crate::screen::screen::Screen;
use crate::screen::text::{clean, left, width, wrapped};
use crate::screen::widget::{panel, place};

/// Cells of an action's keys, where there is room.
const KEYS: usize = 12;

/// Draws every key there is, as the keymap has it.
pub(super) fn keys(frame: &mut Frame, screen: &mut Screen) {
    let theme = &screen.theme;
    let room = usize::from(screen.areas.body.width.saturating_sub(4));
    let wide = KEYS.min(room / 3) + 4;
    let indent = " ".repeat(wide);
    let mut lines = Vec::new();
    let mut group = "";
    for entry in screen.keymap.entries() {
        if entry.keys.is_empty() {
            continue;
        }
        if group != entry.group {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            group = &entry.group;
            lines.push(Line::styled(group.to_owned(), theme.strong));
        }
        let keys: Vec<String> = entry.keys.iter().map(Chord::to_string).collect();
        let mut keys = format!("  {}  ", keys.join(" "));
        if width(&keys) > wide {
            lines.push(Line::styled(keys, theme.key));
            keys = String::new();
        }
        let mut rows = wrapped(&entry.does, room.saturating_sub(wide)).into_iter();
        lines.push(Line::from(vec![
            Span::styled(left(&keys, wide, ' '), theme.key),
            Span::raw(rows.next().unwrap_or_default()),
        ]));
        lines.extend(rows.map(|row| Line::from(format!("{indent}{row}"))));
    }
    scrolled(frame, screen, "keys", lines);
}

/// Draws a text of several lines.
pub(super) fn text(frame: &mut Frame, screen: &mut Screen) {
    let Mode::Text { title, text, .. } = &screen.mode else {
        return;
    };
    let room = usize::from(screen.areas.body.width.saturating_sub(4));
    let rows = text.lines().flat_map(|line| broken(line, room));
    let lines = rows.map(Line::from).collect();
    let title = title.clone();
    scrolled(frame, screen, &title, lines);
}

/// A line of a text as rows that fit, each with the line's indent.
fn broken(line: &str, cells: usize) -> Vec<String> {
    let line = clean(line);
    if width(&line) <= cells {
        return vec![line.into_owned()];
    }
    let text = line.trim_start();
    let indent = " ".repeat((line.len() - text.len()).min(cells / 2));
    wrapped(text, cells - indent.len())
        .into_iter()
        .map(|row| format!("{indent}{row}"))
        .collect()
}

/// Draws as many lines as fit from where it is scrolled to.
fn scrolled(frame: &mut Frame, screen: &mut Screen, title: &str, lines: Vec<Line<'static>>) {
    let (Mode::Help(scroll) | Mode::Text { scroll, .. }) = &mut screen.mode else {
        return;
    };
    let widest = lines.iter().map(Line::width).max().unwrap_or(0) as u16;
    let area = place(
        screen.areas.body,
        widest.saturating_add(4),
        (lines.len() as u16).saturating_add(4),
    );
    let inner = panel(frame, area, title, screen.look.unicode, &screen.theme);
    let [text, _, foot] = Layout::vertical([
        Constraint::Min(1),
        Constraint::Length(u16::from(inner.height > 4)),
        Constraint::Length(u16::from(inner.height > 2)),
    ])
    .areas(inner);
    let most = lines.len().saturating_sub(text.height.into());
    *scroll = (*scroll).min(most);
    screen.drawn.scroll_most = most;
    let from = *scroll;
    for (line, y) in lines.into_iter().skip(from).zip(text.top()..text.bottom()) {
        let row = Rect {
            y,
            height: 1,
            ..text
        };
        frame.render_widget(line, row);
    }
    let mut offers = vec![(Command::Close, "close")];
    if most > 0 {
        offers.push((Command::Down, "down"));
        offers.push((Command::PageDown, "page"));
    }
    let keys = offers
        .into_iter()
        .map(|(command, does)| hint(&screen.keymap.key(command), does, &screen.theme));
    frame.render_widget(hints(keys, foot.width), foot);
}
