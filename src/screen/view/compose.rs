//! A task being composed.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::{hint, hints};
use crate::screen::keymap::Command;
use crate::screen::screen::Screen;
use crate::screen::widget::{Field, panel, place};

/// Rows of the command's text.
const COMMAND: u16 = 8;

/// Draws it.
pub(super) fn draw(frame: &mut Frame, screen: &mut Screen) {
    let theme = screen.theme;
    let height = 2 + 1 + COMMAND + 1 + 2 + 1 + 1;
    let area = place(screen.areas.body, 76, height);
    let inner = panel(frame, area, "new task", screen.look.unicode, &theme);
    let [head, command, _, name, dir, _, foot] = Layout::vertical([
        Constraint::Length(u16::from(inner.height > 5)),
        Constraint::Min(1),
        Constraint::Length(u16::from(inner.height > 9)),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(u16::from(inner.height > 7)),
        Constraint::Length(1),
    ])
    .areas(inner);
    let key = screen.keymap.key(Command::NextAgent);
    let what = match &screen.draft.agent {
        Some(agent) => format!("prompt for {agent}"),
        None => "command, run by sh -c".into(),
    };
    let mut title = Line::styled(what, theme.strong);
    title.push_span(Span::raw("  "));
    title.spans.extend(hint(&key, "next agent", &theme));
    frame.render_widget(title, head);
    let at = screen.draft.field;
    let mut labelled = |label: &'static str, area: Rect, field: &mut Field, focused: bool| {
        let [name, text] =
            Layout::horizontal([Constraint::Length(label.len() as u16), Constraint::Min(1)])
                .areas(area);
        let style = if focused { theme.key } else { theme.dim };
        let edge = if focused { theme.signs.cursor } else { ' ' };
        let mut label = label.to_owned();
        label.replace_range(..1, &edge.to_string());
        frame.render_widget(Line::styled(label, style), name);
        frame.render_widget(field.widget(theme.plain, focused), text);
    };
    labelled("  ", command, &mut screen.draft.command, at == 0);
    labelled(" name  ", name, &mut screen.draft.name, at == 1);
    labelled(" dir   ", dir, &mut screen.draft.dir, at == 2);
    let keys = [
        (Command::Launch, "launch"),
        (Command::NextField, "next field"),
        (Command::Cancel, "keep as draft"),
    ];
    let keys = keys.map(|(command, does)| hint(&screen.keymap.key(command), does, &theme));
    frame.render_widget(hints(keys, foot.width), foot);
}
