//! The frame of a dialog.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::symbols::border;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear};

use crate::screen::theme::Theme;

/// Corners and edges where only ASCII arrives.
const ASCII: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// A rectangle of at most this size in the middle of `area`.
pub(in crate::screen) fn place(area: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(area.width);
    let height = height.min(area.height);
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}

/// Clears `area`, frames it, and gives back the room inside.
pub(in crate::screen) fn panel(
    frame: &mut Frame,
    area: Rect,
    title: &str,
    unicode: bool,
    theme: &Theme,
) -> Rect {
    frame.render_widget(Clear, area);
    let title = Line::from(vec![
        Span::raw(" "),
        Span::styled(title.to_owned(), theme.strong),
        Span::raw(" "),
    ]);
    let set = if unicode { border::ROUNDED } else { ASCII };
    let block = Block::bordered()
        .border_set(set)
        .border_style(theme.dim)
        .title(title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner.inner(Margin::new(1, 0))
}
