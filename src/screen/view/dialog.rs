//! Dialogs about tasks: the kill menu, how to leave, who still lives.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::{hint, hints};
use crate::core::engine::Engine;
use crate::core::id::TaskId;
use crate::core::task::Task;
use crate::screen::clock::Clock;
use crate::screen::keymap::Command;
use crate::screen::mode::Mode;
use crate::screen::screen::Screen;
use crate::screen::text::{count, cut, left, right, width};
use crate::screen::widget::{panel, place};
use crate::screen::words;

/// Cells of a task's name.
const NAME: usize = 20;
/// Cells of a dialog of tasks.
const WIDTH: u16 = 68;

/// Draws the kill menu.
pub(super) fn kill(frame: &mut Frame, engine: &Engine, screen: &mut Screen, clock: &Clock) {
    let Mode::Kill(menu) = &screen.mode else {
        return;
    };
    let for_id = for_id(menu.entries().map(|(_, id)| id));
    let rows: Vec<(Option<char>, TaskId)> = menu.entries().collect();
    let line = |(label, id): &(Option<char>, TaskId)| {
        let label = label.map_or_else(|| "  ".into(), |label| format!("{label} "));
        let mut line = Line::from(Span::styled(label, screen.theme.key));
        match engine.task(*id) {
            Some(task) => {
                let task = (task, engine);
                line.spans.extend(task_spans(task, for_id, screen, clock));
            }
            None => line.push_span(Span::styled("removed", screen.theme.dim)),
        }
        line
    };
    let scroll = menu.scroll;
    let does = Span::styled("its key revokes, again: kills", screen.theme.dim);
    let close = hint(&screen.keymap.key(Command::Close), "close", &screen.theme);
    let foot = hints(
        [vec![does], close],
        screen.areas.body.width.saturating_sub(4),
    );
    let most = tasks(frame, screen, ("kill", foot), scroll, (&rows, line));
    screen.drawn.scroll_most = most;
    if let Mode::Kill(menu) = &mut screen.mode {
        menu.scroll = menu.scroll.min(most);
    }
}

/// Draws who still lives while all is being revoked.
pub(super) fn finish(frame: &mut Frame, engine: &Engine, screen: &mut Screen, clock: &Clock) {
    let Mode::Finish { scroll } = screen.mode else {
        return;
    };
    let for_id = for_id(engine.active_ids());
    let live: Vec<&Task> = engine
        .active_ids()
        .filter_map(|id| engine.task(id))
        .collect();
    let line = |task: &&Task| Line::from(task_spans((task, engine), for_id, screen, clock));
    let title = format!("stopping all, {} still live", count(live.len(), "task"));
    let keys = [(Command::Finish, "SIGKILL now"), (Command::Close, "stay")];
    let keys = keys.map(|(command, does)| hint(&screen.keymap.key(command), does, &screen.theme));
    let foot = hints(keys, screen.areas.body.width.saturating_sub(4));
    let most = tasks(frame, screen, (&title, foot), scroll, (&live, line));
    screen.drawn.scroll_most = most;
    screen.mode = Mode::Finish {
        scroll: scroll.min(most),
    };
}

/// Draws the question how to leave.
pub(super) fn leave(frame: &mut Frame, engine: &Engine, screen: &Screen) {
    let theme = &screen.theme;
    let title = format!("leave: {} active", count(engine.active(), "task"));
    let choices = [
        (
            Command::Detach,
            "detach: they go on, wrangle comes back to them",
        ),
        (Command::StopAll, "stop all, then quit"),
        (Command::Close, "stay"),
    ];
    let lines: Vec<Line> = choices
        .into_iter()
        .map(|(command, does)| {
            let key = screen.keymap.key(command);
            Line::from(vec![
                Span::styled(format!("{key:<5}"), theme.key),
                Span::raw(does),
            ])
        })
        .collect();
    let area = place(screen.areas.body, 56, 2 + lines.len() as u16);
    let inner = panel(frame, area, &title, screen.look.unicode, theme);
    for (line, y) in lines.into_iter().zip(inner.top()..inner.bottom()) {
        frame.render_widget(
            line,
            Rect {
                y,
                height: 1,
                ..inner
            },
        );
    }
}

/// Cells that the longest of these numbers takes.
fn for_id(ids: impl Iterator<Item = TaskId>) -> usize {
    ids.max().map_or(0, |id| id.to_string().len())
}

/// A task in a dialog: sign, number in so many cells, name, where it stands.
fn task_spans(
    (task, engine): (&Task, &Engine),
    for_id: usize,
    screen: &Screen,
    clock: &Clock,
) -> Vec<Span<'static>> {
    let theme = &screen.theme;
    let more = theme.signs.more;
    let (sign, style) = words::mark(task, theme);
    // frame, key, sign and gaps take ten cells of a dialog
    let room = usize::from(screen.areas.body.width.min(WIDTH)).saturating_sub(10 + for_id);
    let for_name = NAME.min(room / 2);
    let standing = words::standing(task, clock);
    let standing = if width(&standing) + for_name + 1 > room {
        words::note(task, engine, clock)
    } else {
        standing
    };
    vec![
        Span::styled(format!("{sign} "), style),
        Span::styled(
            format!("{} ", right(&task.id.to_string(), for_id, ' ')),
            theme.dim,
        ),
        Span::raw(left(&task.spec.name, for_name, more)),
        Span::styled(
            format!(" {}", cut(&standing, room.saturating_sub(for_name), more)),
            style,
        ),
    ]
}

/// Draws a dialog of tasks, of which only those in view are made into lines; how far it can
/// be scrolled.
fn tasks<T>(
    frame: &mut Frame,
    screen: &Screen,
    (title, foot): (&str, Line<'static>),
    scroll: usize,
    (rows, line): (&[T], impl Fn(&T) -> Line<'static>),
) -> usize {
    let height = u16::try_from(rows.len())
        .unwrap_or(u16::MAX)
        .saturating_add(4);
    let area = place(screen.areas.body, WIDTH, height);
    let inner = panel(frame, area, title, screen.look.unicode, &screen.theme);
    let [list, between, bottom] = Layout::vertical([
        Constraint::Min(1),
        Constraint::Length(u16::from(inner.height > 4)),
        Constraint::Length(u16::from(inner.height > 1)),
    ])
    .areas(inner);
    let most = rows.len().saturating_sub(list.height.into());
    let above = scroll.min(most);
    let shown = rows.iter().skip(above);
    for (row, y) in shown.zip(list.top()..list.bottom()) {
        frame.render_widget(
            line(row),
            Rect {
                y,
                height: 1,
                ..list
            },
        );
    }
    let hidden = Line::styled(hidden(above, most - above), screen.theme.dim);
    frame.render_widget(hidden, between);
    frame.render_widget(foot, bottom);
    most
}

/// How many rows of a dialog are out of view.
fn hidden(above: usize, below: usize) -> String {
    match (above, below) {
        (0, 0) => String::new(),
        (0, below) => format!("{below} more below"),
        (above, 0) => format!("{above} more above"),
        (above, below) => format!("{above} more above, {below} below"),
    }
}
