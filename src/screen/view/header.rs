//! Who the output is of.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::engine::Engine;
use crate::core::raw::Raw;
use crate::core::task::Task;
use crate::screen::clock::Clock;
use crate::screen::keymap::Command;
use crate::screen::screen::Screen;
use crate::screen::terms;
use crate::screen::text::{cut, cut_left, grouped, home, money, tokens, width};
use crate::screen::words;

/// From this width on there is room for what is seldom asked.
const SPACIOUS: u16 = 70;

/// Draws it.
pub(super) fn draw(frame: &mut Frame, engine: &Engine, screen: &Screen, clock: &Clock) {
    let area = screen.areas.header;
    let task = screen.view.run().and_then(|run| engine.task(run.task));
    let Some(task) = task.filter(|_| !area.is_empty()) else {
        return;
    };
    let theme = &screen.theme;
    let because = words::because(task, engine, &screen.keymap, clock);
    let mut rows = (area.top()..area.bottom()).map(|y| Rect {
        y,
        height: 1,
        ..area
    });
    if let Some(row) = rows.next() {
        title(frame, row, task, screen, clock);
    }
    let roomy = usize::from(area.height).saturating_sub(1 + usize::from(because.is_some()));
    let home_dir = screen.context.caller.var("HOME").map(Raw::lossy);
    if roomy > 0
        && let Some(row) = rows.next()
    {
        command(frame, row, (task, engine), screen, home_dir.as_deref());
    }
    if roomy > 1
        && let Some(facts) = terms::facts(task, engine, (clock, theme), home_dir.as_deref())
        && let Some(row) = rows.next()
    {
        let room = usize::from(row.width).saturating_sub(3);
        let text = cut(&facts, room, theme.signs.more);
        frame.render_widget(Line::styled(format!("   {text}"), theme.dim), row);
    }
    if let (Some(because), Some(row)) = (because, rows.next()) {
        let (_, style) = words::mark(task, theme);
        let text = cut(
            &because,
            usize::from(row.width).saturating_sub(1),
            theme.signs.more,
        );
        frame.render_widget(Line::from(Span::styled(format!(" {text}"), style)), row);
    }
}

/// Sign, number, name, where it stands; at the right how much of the output is in view.
fn title(frame: &mut Frame, area: Rect, task: &Task, screen: &Screen, clock: &Clock) {
    let theme = &screen.theme;
    let (sign, style) = words::mark(task, theme);
    let edge = if screen.reading {
        theme.signs.cursor
    } else {
        ' '
    };
    let side = side(task, area.width, screen);
    let side_width = if area.width > 40 { width(&side) + 1 } else { 0 };
    let mut standing = words::standing(task, clock);
    if let Some((at, of)) = screen.list.place_in_line(task.id) {
        let at = terms::ordinal(at);
        standing = format!("{standing}, {at} of {}", grouped(of));
    }
    let room = usize::from(area.width).saturating_sub(side_width);
    // the state says more than the end of a long name
    let id = task.id.to_string();
    let for_name = room.saturating_sub(6 + id.len() + width(&standing)).max(8);
    let name = cut(&task.spec.name, for_name, theme.signs.more);
    let for_standing = room.saturating_sub(6 + id.len() + width(&name));
    let standing = cut(&standing, for_standing, theme.signs.more);
    let line = Line::from(vec![
        Span::styled(edge.to_string(), theme.key),
        Span::styled(format!("{sign} "), style),
        Span::styled(format!("{id} "), theme.dim),
        Span::styled(name.into_owned(), theme.strong),
        Span::raw("  "),
        Span::styled(standing.into_owned(), style),
    ]);
    let left = Rect {
        width: room as u16,
        ..area
    };
    frame.render_widget(line, left);
    if screen.reading {
        frame.buffer_mut().set_style(area, theme.selected);
    }
    if side_width > 0 {
        let side = Line::styled(side, theme.dim).right_aligned();
        frame.render_widget(side, area);
    }
}

/// Where it comes from, its labels, which attempt it is, what was dropped, where the pane
/// stands.
fn side(task: &Task, cells: u16, screen: &Screen) -> String {
    let mut facts = Vec::new();
    if cells >= SPACIOUS {
        if let Some(parent) = task.parent {
            facts.push(format!("from {parent}"));
        }
        if !task.spec.labels.is_empty() {
            let labels = words::labels(task);
            let room = usize::from(cells / 3);
            facts.push(cut(&labels, room, screen.theme.signs.more).into_owned());
        }
    }
    facts.extend(screen.view.only().word().map(str::to_owned));
    let layout = screen.view.laid_out();
    if !screen.view.following() {
        let key = screen.keymap.key(Command::Follow);
        let percent = (layout.position.clamp(0.0, 1.0) * 100.0).round();
        facts.push(format!("{percent}%, {key} follows"));
    }
    if task.run.number > 1 {
        facts.push(format!("run {}", task.run.number));
    }
    if task.run.dropped > 0 {
        facts.push(format!("{} dropped", bytesize::ByteSize(task.run.dropped)));
    }
    facts.join("  ")
}

/// An agent, its model, and what it used.
fn used(task: &Task, agent: &str, engine: &Engine, dot: char) -> String {
    let story = task.run.story.as_deref();
    let mut facts = vec![agent.to_owned()];
    let model = story.and_then(|story| story.model.as_ref());
    facts.extend(model.or(task.spec.model.as_ref()).cloned());
    let bill = engine.bill(task);
    facts.extend(bill.cost.map(|cost| money(cost, bill.at_least)));
    if !bill.tokens.is_zero() {
        facts.push(tokens(bill.tokens.total()));
    }
    // of all runs, as what they used is
    let runs = task.past.iter().chain([&task.run]);
    let calls = runs.filter_map(|run| run.story.as_deref());
    let (failed, all) = calls.fold((0, 0), |(failed, all), story| {
        (failed + story.tools_failed, all + story.tools_called)
    });
    if failed > 0 {
        facts.push(format!("{failed} of {all} calls failed"));
    }
    facts.extend(story.and_then(|story| story.near.clone()));
    facts.join(&format!(" {dot} "))
}

/// What it runs and where.
fn command(
    frame: &mut Frame,
    area: Rect,
    (task, engine): (&Task, &Engine),
    screen: &Screen,
    home_dir: Option<&str>,
) {
    let theme = &screen.theme;
    let more = theme.signs.more;
    let room = usize::from(area.width).saturating_sub(3);
    let dir = task.spec.dir.lossy();
    let dir = home(&dir, home_dir);
    let command = match task.spec.agent.as_deref() {
        Some(agent) => used(task, &agent.name, engine, theme.signs.dot),
        None => task.spec.command_line(),
    };
    let for_dir = room.saturating_sub(width(&command) + 2).max(room / 3);
    let dir = cut_left(&dir, for_dir, more);
    let command = cut(&command, room.saturating_sub(width(&dir) + 2), more);
    frame.render_widget(Line::styled(format!("   {command}"), theme.dim), area);
    frame.render_widget(
        Line::styled(dir.into_owned(), theme.dim).right_aligned(),
        area,
    );
}
