//! What a newcomer sees: no task yet.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::screen::keymap::Command;
use crate::screen::screen::Screen;
use crate::screen::widget::place;

/// Draws it.
pub(super) fn draw(frame: &mut Frame, screen: &Screen) {
    let theme = &screen.theme;
    let mut lines = vec![
        Line::from(vec![
            Span::styled("wrangle", theme.strong),
            Span::styled("  nothing runs yet", theme.dim),
        ]),
        Line::default(),
    ];
    let first = [
        (Command::Compose, "write a command and launch it"),
        (Command::Bar, "command bar, such as  run make test"),
        (Command::Help, "all keys"),
        (Command::Leave, "leave"),
    ];
    for (command, does) in first {
        let key = screen.keymap.key(command);
        if !key.is_empty() {
            lines.push(Line::from(vec![
                Span::styled(format!("{key:<6}"), theme.key),
                Span::raw(does),
            ]));
        }
    }
    let width = lines.iter().map(Line::width).max().unwrap_or_default() as u16;
    let area = place(screen.areas.body, width, lines.len() as u16);
    for (line, y) in lines.into_iter().zip(area.top()..area.bottom()) {
        frame.render_widget(
            line,
            Rect {
                y,
                height: 1,
                ..area
            },
        );
    }
}
