//! The output in view.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use crate::core::engine::Engine;
use crate::core::task::{Outcome, State};
use crate::output::{Row, RowKind};
use crate::screen::clock::Clock;
use crate::screen::find::Find;
use crate::screen::keymap::Command;
use crate::screen::list::Row as ListRow;
use crate::screen::screen::Screen;
use crate::screen::text::{clean, grouped, width, wrapped};
use crate::screen::words;

/// Draws it.
pub(super) fn draw(frame: &mut Frame, engine: &Engine, screen: &Screen, clock: &Clock) {
    let area = screen.areas.output;
    if area.is_empty() {
        return;
    }
    let theme = &screen.theme;
    let layout = screen.view.laid_out();
    if layout.rows.is_empty() {
        let text = match &layout.trouble {
            Some(trouble) => trouble.clone(),
            None if layout.missing.is_some() => "reading".into(),
            None => nothing(engine, screen, clock),
        };
        let room = usize::from(area.width).saturating_sub(2);
        let rows = wrapped(&clean(&text), room).into_iter();
        for (row, y) in rows.zip(area.top()..area.bottom()) {
            let area = Rect {
                y,
                height: 1,
                ..area
            };
            frame.render_widget(Line::styled(format!(" {row}"), theme.dim), area);
        }
        return;
    }
    let at = screen.find.as_ref().and_then(Find::at);
    for (row, y) in layout.rows.iter().zip(area.top()..area.bottom()) {
        let area = Rect {
            y,
            height: 1,
            ..area
        };
        if row.kind == RowKind::Dropped {
            frame.render_widget(Line::styled(row.text(), theme.dim), area);
            continue;
        }
        frame.render_widget(&row.line, area);
        marks(frame, area, row, at, screen);
    }
}

/// What a search found in a row, and what the mouse selected of it.
fn marks(frame: &mut Frame, area: Rect, row: &Row, at: Option<u64>, screen: &Screen) {
    let theme = &screen.theme;
    let found = if at == Some(row.offset) {
        theme.current
    } else {
        theme.found
    };
    for columns in &row.matches {
        mark(frame, area, columns.clone(), found);
    }
    if let Some(columns) = screen.view.selected(row) {
        let end = columns.end.min(row.line.width() as u16);
        mark(frame, area, columns.start..end, theme.current);
    }
}

fn mark(frame: &mut Frame, area: Rect, columns: Range<u16>, style: Style) {
    let end = columns.end.min(area.width);
    let start = columns.start.min(end);
    let area = Rect {
        x: area.x + start,
        width: end - start,
        ..area
    };
    frame.buffer_mut().set_style(area, style);
}

/// Why there is nothing to see.
fn nothing(engine: &Engine, screen: &Screen, clock: &Clock) -> String {
    let task = screen.view.run().and_then(|run| engine.task(run.task));
    match task {
        Some(task) if task.run.written > 0 => String::new(),
        Some(task) if matches!(task.state(), State::Queued { .. }) => {
            let why = words::because(task, engine, &screen.keymap, clock);
            let room = usize::from(screen.areas.header.width).saturating_sub(1);
            match why.filter(|why| width(why) > room) {
                // in full, where the header has but a line for it
                Some(why) => format!("it has not started yet: {why}"),
                None => "it has not started yet".into(),
            }
        }
        Some(task) if task.is_active() => "no output yet".into(),
        Some(task) => match task.state() {
            // in full, where the header has but a line for it
            State::Ended {
                outcome: Outcome::DidNotStart(why) | Outcome::Lost(why),
                ..
            } => why.clone(),
            _ => "no output".into(),
        },
        None if screen.list.is_selected(ListRow::Fold) => folded(screen),
        None => String::new(),
    }
}

/// What the row that folds the history stands for.
fn folded(screen: &Screen) -> String {
    let (history, unfolded) = screen.list.history();
    let key = |command| screen.keymap.key(command);
    let does = if unfolded { "folds" } else { "unfolds" };
    let ended = if history == 1 { "task" } else { "tasks" };
    format!(
        "{} ended {ended}; {} {does} them, {} finds among them",
        grouped(history),
        key(Command::Fold),
        key(Command::Filter)
    )
}
