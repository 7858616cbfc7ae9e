//! The task list: a row a task, and one that folds the history.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation;

use crate::core::attention::Attention;
use crate::core::engine::Engine;
use crate::core::task::Task;
use crate::screen::clock::Clock;
use crate::screen::keymap::Command;
use crate::screen::list::{Filter, Row};
use crate::screen::screen::Screen;
use crate::screen::text::{clean, cut, grouped, left, right, width};
use crate::screen::words;

/// So many cells of a name are kept while there is a note to cut.
const NAME: usize = 8;
/// So many cells of labels say something.
const LABELS: usize = 4;

/// Draws it, and the rule beside or below it.
pub(super) fn draw(frame: &mut Frame, engine: &Engine, screen: &mut Screen, clock: &Clock) {
    rule(frame, screen);
    title(frame, engine, screen);
    let area = screen.areas.list;
    if area.is_empty() {
        return;
    }
    screen.list.settle(area.height.into());
    let rows: Vec<(Row, Option<&Task>, String)> = screen
        .list
        .in_view()
        .map(|row| match row {
            Row::Task(id) => {
                let task = engine.task(id);
                let age = task.map_or_else(String::new, |task| words::age(task, clock));
                (row, task, age)
            }
            Row::Fold => (row, None, String::new()),
        })
        .collect();
    if rows.is_empty() {
        let key = screen.keymap.key(Command::Back);
        let text = format!(" nothing matches; {key} drops it");
        let text = cut(&text, area.width.into(), screen.theme.signs.more);
        frame.render_widget(Line::styled(text, screen.theme.dim), area);
    }
    let last = rows
        .iter()
        .filter_map(|(_, task, _)| Some(task.as_ref()?.id.0));
    let for_id = last.max().unwrap_or(0).to_string().len();
    let for_age = rows.iter().map(|(.., age)| width(age)).max().unwrap_or(0);
    for ((row, task, age), y) in rows.into_iter().zip(area.top()..area.bottom()) {
        let area = Rect {
            y,
            height: 1,
            ..area
        };
        let line = match task {
            Some(task) => {
                let columns = (for_id, right(&age, for_age, ' '));
                task_line(area.width, (task, engine), columns, clock, screen)
            }
            None => fold_line(area.width, screen),
        };
        frame.render_widget(line, area);
        if screen.list.is_selected(row) {
            let style = if screen.reading {
                screen.theme.marked
            } else {
                screen.theme.selected
            };
            frame.buffer_mut().set_style(area, style);
        }
    }
}

/// A row: what matters in a task's own columns, and the name in what is left of it.
fn task_line(
    cells: u16,
    (task, engine): (&Task, &Engine),
    (for_id, age): (usize, String),
    clock: &Clock,
    screen: &mut Screen,
) -> Line<'static> {
    let theme = screen.theme;
    let more = theme.signs.more;
    let (sign, sign_style) = words::mark(task, &theme);
    let (wants, wants_style) = words::wants(task.attention, &theme);
    let name_style = match (task.attention, task.is_active()) {
        (Attention::None, false) => theme.dim,
        (Attention::None, true) => theme.plain,
        _ => theme.strong,
    };
    let branch = branch(screen.list.depth(task.id), cells, theme.signs.branch);
    // edge, sign, wants and the gaps take seven cells
    let room = usize::from(cells).saturating_sub(7 + for_id + width(&age) + width(&branch));
    let found = screen.list.filter_mut();
    let found = found.and_then(|filter| filter.elsewhere(task, more));
    // why a filter lets it through says more than what its sign says already
    let (note, note_style) = match found {
        Some(found) => (found, theme.dim.patch(theme.met)),
        None => (
            words::note(task, engine, clock),
            match task.attention {
                Attention::None => sign_style,
                _ => wants_style,
            },
        ),
    };
    let name = clean(&task.spec.name);
    // that it is one goes without saying before its numbers
    let fits = width(&note) + 1 + width(&name) <= room;
    let note = note
        .strip_prefix("lane ")
        .filter(|_| !fits)
        .unwrap_or(&note);
    let for_note = room.saturating_sub(NAME.min(width(&name)) + 1);
    let note = cut(note, for_note, more).into_owned();
    let gap = usize::from(!note.is_empty());
    let for_name = room.saturating_sub(width(&note) + gap);
    let id = task.id.to_string();
    let (digits, letters) = match screen.list.filter_mut() {
        Some(filter) => (filter.digits(&id), filter.marks(&name)),
        None => (Vec::new(), Vec::new()),
    };
    let name = cut(&name, for_name, more);
    let labels = labels(task, for_name.saturating_sub(width(&name)), more);
    let fill = for_name.saturating_sub(width(&name) + width(&labels));
    let edge = edge(screen, Row::Task(task.id));
    let mut line = Line::from(vec![
        Span::styled(edge.to_string(), theme.key),
        Span::styled(sign.to_string(), sign_style),
        Span::styled(wants.to_string(), wants_style),
        Span::raw(left("", 1 + for_id.saturating_sub(id.len()), ' ')),
    ]);
    line.spans
        .extend(marked(&id, &digits, theme.dim, theme.met));
    line.push_span(Span::styled(format!(" {branch}"), theme.dim));
    line.spans
        .extend(marked(&name, &letters, name_style, theme.met));
    line.spans.extend([
        Span::styled(format!("{labels}{:fill$}", ""), theme.dim),
        Span::raw(left("", gap, ' ')),
        Span::styled(note, note_style),
        Span::styled(format!(" {age}"), theme.dim),
    ]);
    line
}

/// What stands before the name of a task that stands under another in the tree: at most a
/// quarter of the row.
fn branch(depth: u16, cells: u16, sign: char) -> String {
    let deep = depth.saturating_sub(1).min(cells / 8);
    match depth {
        0 => String::new(),
        _ => format!("{}{sign} ", "  ".repeat(deep.into())),
    }
}

/// A task's labels in what its name has left of its column.
fn labels(task: &Task, room: usize, more: char) -> String {
    if task.spec.labels.is_empty() || room < LABELS + 2 {
        return String::new();
    }
    let all = words::labels(task);
    format!("  {}", cut(&all, room - 2, more))
}

/// A text with some of its graphemes marked.
fn marked(text: &str, marks: &[u32], style: Style, mark: Style) -> Vec<Span<'static>> {
    if marks.is_empty() {
        return vec![Span::styled(text.to_owned(), style)];
    }
    let graphemes = (0_u32..).zip(text.graphemes(true));
    graphemes
        .map(|(at, grapheme)| {
            let is_marked = marks.binary_search(&at).is_ok();
            let style = if is_marked { style.patch(mark) } else { style };
            Span::styled(grapheme.to_owned(), style)
        })
        .collect()
}

/// The row that folds: how much there is below it, and by which key it comes to light.
fn fold_line(cells: u16, screen: &Screen) -> Line<'static> {
    let theme = &screen.theme;
    let (history, unfolded) = screen.list.history();
    let (sign, does) = if unfolded {
        (theme.signs.unfolded, "folds")
    } else {
        (theme.signs.folded, "unfolds")
    };
    let unread = match screen.list.unread() {
        0 => String::new(),
        unread => format!(", {} unread", grouped(unread)),
    };
    let text = format!("{sign} history {}{unread}", grouped(history));
    let text = cut(
        &text,
        usize::from(cells).saturating_sub(1),
        theme.signs.more,
    );
    let key = screen.keymap.key(Command::Fold);
    let hint = format!("{key} {does}");
    let fill = usize::from(cells).saturating_sub(2 + width(&text) + width(&hint));
    let edge = edge(screen, Row::Fold);
    let mut line = Line::from(vec![
        Span::styled(edge.to_string(), theme.key),
        Span::styled(text.into_owned(), theme.plain),
    ]);
    if fill > 1 && !key.is_empty() {
        line.push_span(Span::styled(format!("{:fill$}{hint}", ""), theme.dim));
    }
    line
}

fn edge(screen: &Screen, row: Row) -> char {
    if screen.list.is_selected(row) {
        screen.theme.signs.cursor
    } else {
        ' '
    }
}

/// What the list is filtered by, and how much of it that leaves.
fn title(frame: &mut Frame, engine: &Engine, screen: &Screen) {
    let area = screen.areas.title;
    let Some(filter) = screen.list.filter().filter(|_| !area.is_empty()) else {
        return;
    };
    let theme = &screen.theme;
    let of = found(engine, filter);
    let room = usize::from(area.width).saturating_sub(width(" filter: , ") + width(&of));
    let text = cut(filter.text().trim(), room, theme.signs.more);
    let line = Line::from(vec![
        Span::styled(" filter: ", theme.dim),
        Span::styled(text.into_owned(), theme.strong),
        Span::styled(format!(", {of}"), theme.dim),
    ]);
    frame.render_widget(line, area);
}

/// "12 of 10,003".
pub(super) fn found(engine: &Engine, filter: &Filter) -> String {
    let all = grouped(engine.tasks().len());
    format!("{} of {all}", grouped(filter.matches()))
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
