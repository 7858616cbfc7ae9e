//! What an agent asks, in full, and what it was told: above the line where that is answered.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use crate::core::agent::event::{Question, Want};
use crate::core::agent::message::{Delivery, Message};
use crate::core::engine::Engine;
use crate::core::exact::{exact, exact_line};
use crate::core::id::TaskId;
use crate::screen::answering::meant;
use crate::screen::keymap::Command;
use crate::screen::mode::Mode;
use crate::screen::screen::Screen;
use crate::screen::text::{clean, count, cut, wrapped};
use crate::screen::theme::Theme;
use crate::screen::widget::panel;

/// Draws the question that is being answered: all of it can be scrolled to.
pub(super) fn asks(frame: &mut Frame, engine: &Engine, screen: &mut Screen) {
    let Mode::Answer {
        id,
        ref request,
        scroll,
        ..
    } = screen.mode
    else {
        return;
    };
    let Some(question) = engine.task(id).and_then(|task| meant(task, request)) else {
        let line = Line::styled("that is no longer asked", screen.theme.warn);
        above_bar(frame, screen, &format!("task {id}"), vec![line]);
        return;
    };
    let room = usize::from(screen.areas.body.width.saturating_sub(4)).max(1);
    let mut lines = in_full(question, room, &screen.theme);
    let height = usize::from(screen.areas.body.height.saturating_sub(2));
    let mut most = 0;
    if lines.len() > height {
        let foot = foot(question, room, &screen.theme);
        let seen = height.saturating_sub(foot.len() + 1).max(1);
        most = lines.len() - seen;
        let from = scroll.min(most);
        let left = lines.len() - seen - from;
        lines = lines.into_iter().skip(from).take(seen).collect();
        lines.push(more(screen, from, left));
        lines.extend(foot);
    }
    screen.drawn.scroll_most = most;
    if let Mode::Answer { scroll, .. } = &mut screen.mode {
        *scroll = (*scroll).min(most);
    }
    above_bar(frame, screen, &format!("task {id} asks"), lines);
}

/// The whole question, and what can be chosen.
fn in_full(question: &Question, room: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = broken(&question.text, room, theme.strong);
    let mut choices: Vec<String> = Vec::new();
    if let Want::Permission { input, .. } = &question.want {
        lines.extend(broken(&shown(input), room, theme.code));
        choices.push("allow, always, or deny and why".into());
    } else if question.choices.is_empty() {
        choices.push("any text".into());
    }
    for (at, choice) in question.choices.iter().enumerate() {
        choices.push(format!("{}. {}", at + 1, choice.label));
    }
    if question.several {
        choices.push("several can be chosen: 1, 2".into());
    }
    let choices = choices.iter();
    lines.extend(choices.flat_map(|choice| broken(choice, room, theme.key)));
    lines
}

/// What can be chosen in one row, where the question is too long to be seen with it.
fn foot(question: &Question, room: usize, theme: &Theme) -> Vec<Line<'static>> {
    let count = question.choices.len();
    if count == 0 {
        return Vec::new();
    }
    let each = (room / count).saturating_sub(2);
    let choices = question.choices.iter().enumerate().map(|(at, choice)| {
        let label = format!("{}. {}", at + 1, exact_line(&choice.label));
        cut(&label, each, theme.signs.more).into_owned()
    });
    let choices: Vec<String> = choices.collect();
    vec![Line::styled(choices.join("  "), theme.key)]
}

/// How much of the question is out of sight, and how it comes into it.
fn more(screen: &Screen, above: usize, below: usize) -> Line<'static> {
    let key = |command| screen.keymap.key(command);
    let mut parts = Vec::new();
    if below > 0 {
        parts.push(format!(
            "{} below: {}",
            count(below, "row"),
            key(Command::ReadOn)
        ));
    }
    if above > 0 {
        parts.push(format!("{above} above: {}", key(Command::ReadBack)));
    }
    let sign = screen.theme.signs.more;
    Line::styled(
        format!("{sign} {} {sign}", parts.join(", ")),
        screen.theme.warn,
    )
}

/// Draws what a person said to an agent that has not taken it in.
pub(super) fn said(frame: &mut Frame, engine: &Engine, screen: &Screen, id: TaskId) {
    let story = engine.task(id).and_then(|task| task.run.story.as_deref());
    let Some(story) = story else {
        return;
    };
    let theme = &screen.theme;
    let room = usize::from(screen.areas.body.width.saturating_sub(4)).max(1);
    let last = story.messages.iter().rev().take(5);
    let mut lines: Vec<Line> = last.map(|message| told(message, room, theme)).collect();
    lines.reverse();
    if !lines.is_empty() {
        above_bar(frame, screen, &format!("said to task {id}"), lines);
    }
}

/// A message, and how far it came.
fn told(message: &Message, room: usize, theme: &Theme) -> Line<'static> {
    let (style, why) = match &message.state {
        Delivery::Delivered => (theme.dim, String::new()),
        Delivery::Sent | Delivery::Queued => (theme.busy, String::new()),
        Delivery::Refused(why) => (theme.bad, format!(", {why}")),
    };
    let text = message.text.lines().next().unwrap_or_default();
    let line = format!("{}{why}: {text}", message.state.word());
    Line::styled(cut(&line, room, theme.signs.more).into_owned(), style)
}

/// What a tool would be called with.
fn shown(input: &serde_json::Value) -> String {
    let Some(all) = input.as_object() else {
        return input.to_string();
    };
    let lines = all.iter().map(|(name, value)| match value.as_str() {
        Some(text) => format!("{name}: {text}"),
        None => format!("{name}: {value}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn broken(text: &str, room: usize, style: Style) -> Vec<Line<'static>> {
    let text = exact(text);
    let rows = text
        .split('\n')
        .flat_map(|line| wrapped(&clean(line), room));
    rows.map(|row| Line::styled(row, style)).collect()
}

/// A panel as high as it has to be, at the bottom of the body.
fn above_bar(frame: &mut Frame, screen: &Screen, title: &str, lines: Vec<Line<'static>>) {
    let body = screen.areas.body;
    let height = (lines.len() as u16).saturating_add(2).min(body.height);
    let area = Rect {
        y: body.bottom() - height,
        height,
        ..body
    };
    let inner = panel(frame, area, title, screen.look.unicode, &screen.theme);
    for (line, y) in lines.into_iter().zip(inner.top()..inner.bottom()) {
        let row = Rect {
            y,
            height: 1,
            ..inner
        };
        frame.render_widget(line, row);
    }
}
