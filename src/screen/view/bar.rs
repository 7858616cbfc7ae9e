//! The line for the command bar: what is typed, else what there is to say, else hints.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use super::{hint, hints, list};
use crate::core::engine::Engine;
use crate::core::id::TaskId;
use crate::core::task::{State, Task};
use crate::screen::answering::{asked, can_be_interrupted};
use crate::screen::find::Find;
use crate::screen::keymap::Command;
use crate::screen::mode::Mode;
use crate::screen::screen::{Message, Screen};
use crate::screen::text::{cut, left, width};
use crate::screen::theme::Theme;
use crate::screen::widget::Field;

/// Most completions shown at once.
const CANDIDATES: usize = 8;

/// Draws it.
pub(super) fn draw(frame: &mut Frame, engine: &Engine, screen: &mut Screen) {
    let area = screen.areas.bar;
    let theme = screen.theme;
    let found = screen.find.as_ref().map(Find::standing);
    match &mut screen.mode {
        Mode::Bar => typed(frame, area, ":", &mut screen.bar.field, "", &theme),
        Mode::Filter(field) => {
            let found = screen.list.filter();
            let found = found.filter(|filter| !filter.is_empty());
            let found = found.map_or_else(String::new, |filter| list::found(engine, filter));
            typed(frame, area, "/", field, &found, &theme);
        }
        Mode::Search(field) => {
            let found = found.unwrap_or_default();
            typed(frame, area, "/", field, &found, &theme);
        }
        Mode::Send { field, id, fork } => {
            let way = if *fork { "another way, " } else { "" };
            let (prompt, id, fork) = (format!("{way}to {id}> "), *id, *fork);
            let task = engine.task(id);
            let word = if task.is_some_and(can_be_interrupted) {
                let key = screen.keymap.key(Command::Interrupt);
                format!("{key} breaks off its turn")
            } else if fork {
                "from where it was, leaving that as it is".into()
            } else if task.is_some_and(|task| task.spec.agent.is_some() && !task.is_active()) {
                "it goes on with this".into()
            } else {
                String::new()
            };
            typed(frame, area, &prompt, field, &word, &theme);
        }
        Mode::Answer { field, id, .. } => {
            let prompt = format!("answer {id}> ");
            typed(frame, area, &prompt, field, "", &theme);
        }
        Mode::Remove(id) => {
            let id = *id;
            remove(frame, area, engine, screen, id);
        }
        _ => {
            said(frame, area, engine, screen);
            return;
        }
    }
    if let Some(message) = &screen.message {
        let above = Rect {
            y: area.y - 1,
            ..area
        };
        frame.render_widget(Clear, above);
        frame.render_widget(worded(message, above, &theme), above);
    }
}

/// A text being typed, with a word about it at the right.
fn typed(
    frame: &mut Frame,
    area: Rect,
    prompt: &str,
    field: &mut Field,
    word: &str,
    theme: &Theme,
) {
    let lines = match field.line_of() {
        (_, 1) => None,
        (at, of) => Some(format!("line {at} of {of}")),
    };
    let word = lines.as_deref().unwrap_or(word);
    let for_word = width(word).min(usize::from(area.width) * 2 / 3) as u16;
    let [sign, text, _, right] = Layout::horizontal([
        Constraint::Length(width(prompt) as u16),
        Constraint::Min(1),
        Constraint::Length(u16::from(for_word > 0)),
        Constraint::Length(for_word),
    ])
    .areas(area);
    frame.render_widget(Line::styled(prompt.to_owned(), theme.key), sign);
    frame.render_widget(field.widget(theme.plain, true), text);
    let word = cut(word, for_word.into(), theme.signs.more);
    frame.render_widget(Line::styled(word.into_owned(), theme.dim), right);
}

/// The question whether a task is to be removed.
fn remove(frame: &mut Frame, area: Rect, engine: &Engine, screen: &Screen, id: TaskId) {
    let theme = &screen.theme;
    let keys = [(Command::Accept, "yes"), (Command::Cancel, "no")];
    let keys = keys.map(|(command, does)| hint(&screen.keymap.key(command), does, theme));
    let keys = hints(keys, area.width / 3 * 2);
    let name = engine.task(id).map_or("", |task| &task.spec.name);
    let room = usize::from(area.width).saturating_sub(keys.width() + 1);
    let long = format!("remove {id} {name} and its output for good?");
    let short = format!("remove {id} {name}?");
    let text = if width(&long) < room { long } else { short };
    let text = cut(&text, room.saturating_sub(1), theme.signs.more);
    let mut line = Line::from(vec![
        Span::styled(format!(" {text}"), theme.warn),
        Span::raw(" "),
    ]);
    line.spans.extend(keys.spans);
    frame.render_widget(line, area);
}

/// A message, the search that stands, else hints.
fn said(frame: &mut Frame, area: Rect, engine: &Engine, screen: &Screen) {
    let theme = &screen.theme;
    let room = usize::from(area.width).saturating_sub(1);
    let line = match (&screen.message, &screen.find) {
        (Some(message), _) => worded(message, area, theme),
        (None, Some(find)) => {
            let text = format!(" /{}  {}  ", find.text, find.standing());
            let text = cut(&text, room, theme.signs.more).into_owned();
            let for_hints = room.saturating_sub(width(&text)) as u16;
            let all = [
                (Command::NextHit, "next"),
                (Command::PreviousHit, "previous"),
                (Command::EndSearch, "leave"),
            ];
            let mut line = Line::from(text);
            line.spans.extend(offered(screen, &all, for_hints).spans);
            line
        }
        (None, None) => {
            let selected = screen.list.selected().and_then(|id| engine.task(id));
            let all = match selected {
                None if screen.list.filter().is_some() => filtered(),
                None if screen.list.len() > 0 => on_fold(screen),
                Some(task) => offers(task, screen),
                None => vec![
                    (Command::Compose, "new"),
                    (Command::Bar, "command"),
                    (Command::Help, "help"),
                    (Command::Leave, "leave"),
                ],
            };
            let mut line = Line::from(" ");
            line.spans.extend(offered(screen, &all, room as u16).spans);
            line
        }
    };
    frame.render_widget(line, area);
}

/// A message, with a sign where it says what went wrong.
fn worded(message: &Message, area: Rect, theme: &Theme) -> Line<'static> {
    let (style, sign) = if message.error {
        (theme.bad, format!(" {} ", theme.signs.failed))
    } else {
        (theme.plain, " ".into())
    };
    let room = usize::from(area.width).saturating_sub(width(&sign));
    let text = cut(&message.text, room, theme.signs.more);
    Line::styled(format!("{sign}{text}"), style)
}

/// The same where a filter lets nothing through.
fn filtered() -> Vec<(Command, &'static str)> {
    vec![(Command::Filter, "change"), (Command::Back, "drop filter")]
}

/// The same on the row that folds the history.
fn on_fold(screen: &Screen) -> Vec<(Command, &'static str)> {
    let (_, unfolded) = screen.list.history();
    let does = if unfolded { "fold" } else { "unfold" };
    vec![
        (Command::Help, "help"),
        (Command::Compose, "new"),
        (Command::Bar, "command"),
        (Command::Zoom, does),
        (Command::Filter, "filter"),
        (Command::Leave, "leave"),
    ]
}

/// What a person will most likely want to press next.
fn offers(task: &Task, screen: &Screen) -> Vec<(Command, &'static str)> {
    let mut all = vec![(Command::Help, "help")];
    if !screen.reading && screen.list.filter().is_some() {
        all.extend(filtered());
    } else if !screen.reading {
        all.extend([(Command::Compose, "new"), (Command::Bar, "command")]);
    }
    all.extend(
        match task.state() {
            State::Ended { .. } => [Some((Command::Retry, "retry")), None],
            State::Queued { .. } => [
                Some((Command::Revoke, "take out")),
                Some((Command::QueueUp, "sooner")),
            ],
            State::Paused { .. } => [
                Some((Command::Revoke, "revoke")),
                Some((Command::Pause, "go on")),
            ],
            State::Stopping { .. } => [Some((Command::Revoke, "kill now")), None],
            _ => [
                Some((Command::Revoke, "revoke")),
                match asked(task) {
                    Some(_) => Some((Command::Answer, "answer")),
                    None => task.spec.stdin.then_some((Command::Send, "send")),
                },
            ],
        }
        .into_iter()
        .flatten(),
    );
    let zoom = if screen.zoom { "unzoom" } else { "zoom" };
    let follow = if screen.view.following() {
        "hold"
    } else {
        "follow"
    };
    if screen.reading {
        all.extend([
            (Command::Search, "search"),
            (Command::Follow, follow),
            (Command::Copy, "copy"),
            (Command::Pager, "pager"),
            (Command::Zoom, zoom),
            (Command::Switch, "list"),
        ]);
    } else {
        all.extend([(Command::KillMenu, "kill"), (Command::Zoom, zoom)]);
        if screen.list.filter().is_none() {
            all.push((Command::Filter, "filter"));
        }
        all.extend([
            (Command::Leave, "leave"),
            (Command::Switch, "output"),
            (Command::Finish, "stop all"),
        ]);
    }
    all
}

fn offered(screen: &Screen, all: &[(Command, &str)], room: u16) -> Line<'static> {
    let all = all
        .iter()
        .map(|(command, does)| hint(&screen.keymap.key(*command), does, &screen.theme));
    hints(all, room)
}

/// Completions, above the bar.
pub(super) fn candidates(frame: &mut Frame, screen: &Screen) {
    let Some(completing) = &screen.bar.completing else {
        return;
    };
    let theme = &screen.theme;
    let (all, at) = completing.candidates();
    let body = screen.areas.body;
    let rows = all.len().min(CANDIDATES).min(body.height.into());
    let first = at.map_or(0, |at| (at + 1).saturating_sub(rows));
    let shown = &all[first..first + rows];
    let texts = shown.iter().map(|candidate| width(&candidate.text)).max();
    let for_text = texts.unwrap_or(0).min(usize::from(body.width) / 2);
    let helps = shown.iter().map(|candidate| width(&candidate.help)).max();
    let wide = 4 + for_text + helps.unwrap_or(0);
    let area = Rect {
        y: body.bottom() - rows as u16,
        height: rows as u16,
        width: body.width.min(wide as u16),
        ..body
    };
    frame.render_widget(Clear, area);
    for (number, (candidate, y)) in shown.iter().zip(area.top()..).enumerate() {
        let row = Rect {
            y,
            height: 1,
            ..area
        };
        let chosen = at == Some(first + number);
        let edge = if chosen {
            theme.signs.cursor
        } else {
            theme.signs.rule
        };
        let for_help = usize::from(area.width).saturating_sub(for_text + 3);
        let line = Line::from(vec![
            Span::styled(edge.to_string(), theme.key),
            Span::raw(left(&candidate.text, for_text, theme.signs.more)),
            Span::raw("  "),
            Span::styled(left(&candidate.help, for_help, theme.signs.more), theme.dim),
        ]);
        frame.render_widget(line, row);
        if chosen {
            frame.buffer_mut().set_style(row, theme.selected);
        }
    }
}
