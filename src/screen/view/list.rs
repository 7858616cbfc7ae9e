//! The task list: a row a task.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::attention::Attention;
use crate::core::engine::Engine;
use crate::core::task::Task;
use crate::screen::clock::Clock;
use crate::screen::screen::Screen;
use crate::screen::text::{cut, left, right, width};
use crate::screen::words;

/// A name keeps at least so many cells while there is a note to cut.
const NAME: usize = 8;

/// Draws it, and the rule beside or below it.
pub(super) fn draw(frame: &mut Frame, engine: &Engine, screen: &mut Screen, clock: &Clock) {
    rule(frame, screen);
    let area = screen.areas.list;
    if area.is_empty() {
        return;
    }
    screen.list.settle(engine, area.height.into());
    let rows: Vec<(&Task, String)> = engine
        .tasks()
        .skip(screen.list.top)
        .take(area.height.into())
        .map(|task| (task, words::age(task, clock)))
        .collect();
    let last = rows.last().map_or(0, |(task, _)| task.id.0);
    let for_id = last.to_string().len();
    let for_age = rows.iter().map(|(_, age)| width(age)).max().unwrap_or(0);
    for ((task, age), y) in rows.iter().zip(area.top()..area.bottom()) {
        let area = Rect {
            y,
            height: 1,
            ..area
        };
        let id = right(&task.id.to_string(), for_id, ' ');
        let age = right(age, for_age, ' ');
        row(frame, area, task, (&id, &age), clock, screen);
    }
}

/// A row: what matters in a task's own columns, and the name in what is left of it.
fn row(
    frame: &mut Frame,
    area: Rect,
    task: &Task,
    (id, age): (&str, &str),
    clock: &Clock,
    screen: &Screen,
) {
    let theme = &screen.theme;
    let more = theme.signs.more;
    let selected = screen.list.selected() == Some(task.id);
    let (sign, sign_style) = words::mark(task, theme);
    let (wants, wants_style) = words::wants(task.attention, theme);
    let name_style = match (task.attention, task.is_active()) {
        (Attention::None, false) => theme.dim,
        (Attention::None, true) => theme.plain,
        _ => theme.strong,
    };
    // edge, sign, wants and the gaps take seven cells
    let room = usize::from(area.width).saturating_sub(7 + width(id) + width(age));
    let note = words::note(task, clock);
    let note = cut(&note, room.saturating_sub(NAME + 1), more);
    let gap = usize::from(!note.is_empty());
    let for_name = room.saturating_sub(width(&note) + gap);
    let edge = if selected { theme.signs.cursor } else { ' ' };
    let line = Line::from(vec![
        Span::styled(edge.to_string(), theme.key),
        Span::styled(sign.to_string(), sign_style),
        Span::styled(wants.to_string(), wants_style),
        Span::styled(format!(" {id} "), theme.dim),
        Span::styled(left(&task.spec.name, for_name, more), name_style),
        Span::styled(format!("{:gap$}{note}", ""), sign_style),
        Span::styled(format!(" {age}"), theme.dim),
    ]);
    frame.render_widget(line, area);
    if selected {
        let style = if screen.reading {
            theme.marked
        } else {
            theme.selected
        };
        frame.buffer_mut().set_style(area, style);
    }
}

fn rule(frame: &mut Frame, screen: &Screen) {
    let area = screen.areas.rule.intersection(frame.area());
    let signs = &screen.theme.signs;
    let sign = if area.width > 1 {
        signs.across
    } else {
        signs.rule
    };
    for position in area.positions() {
        let cell = &mut frame.buffer_mut()[position];
        cell.set_char(sign).set_style(screen.theme.dim);
    }
}
