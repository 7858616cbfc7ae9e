//! The status line: how many are active, and who needs a person.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::core::agent::tokens::Usd;
use crate::core::attention::Attention;
use crate::core::engine::Engine;
use crate::core::task::State;
use crate::screen::keymap::Command;
use crate::screen::screen::Screen;
use crate::screen::text::{count, cut, grouped, money, tokens, width};
use crate::screen::words;

/// So many cells of who needs a person say something.
const NEEDS: usize = 12;

/// Draws it.
pub(super) fn draw(frame: &mut Frame, engine: &Engine, screen: &Screen) {
    let theme = &screen.theme;
    let area = screen.areas.status;
    if engine.shutting_down() {
        let live = count(engine.active(), "task");
        let text = format!(" {} shutting down, {live} left", theme.signs.stopping);
        let text = cut(&text, area.width.into(), theme.signs.more);
        frame.render_widget(Line::styled(text, theme.warn), area);
    } else {
        counts(frame, area, engine, screen);
    }
}

/// How many there are of what, as far as who needs a person leaves room.
fn counts(frame: &mut Frame, area: Rect, engine: &Engine, screen: &Screen) {
    let theme = &screen.theme;
    let active = format!(" {} active", engine.under_way().len());
    let mut left = Line::from(Span::styled(active, theme.strong));
    if engine.queue_paused().is_some() {
        let text = format!(" {} queue paused", theme.signs.paused);
        left.push_span(Span::styled(text, theme.warn));
    }
    let room = usize::from(area.width).saturating_sub(3);
    let push = |left: &mut Line, (number, word): (usize, &str), room: usize| {
        let text = format!(" {} {} {word}", theme.signs.dot, grouped(number));
        let style = match word {
            "ask" | "auth" => theme.bad,
            "limit" | "stalled" | "retry" => theme.warn,
            _ => theme.dim,
        };
        if number > 0 && left.width() + width(&text) <= room {
            left.push_span(Span::styled(text, style));
        }
    };
    // who needs a person gives way to these, but not altogether
    for (what, word) in [
        (Attention::Asking, "ask"),
        (Attention::AuthBroken, "auth"),
        (Attention::LimitReached, "limit"),
        (Attention::Stalled, "stalled"),
        (Attention::Retrying, "retry"),
    ] {
        let number = engine.wanting(what);
        push(&mut left, (number, word), room.saturating_sub(NEEDS));
    }
    if let Some(cost) = cost(engine) {
        let text = format!(" {} {cost} today", theme.signs.dot);
        if left.width() + width(&text) + NEEDS <= room {
            left.push_span(Span::styled(text, theme.dim));
        }
    }
    push(
        &mut left,
        (engine.in_line(), "queued"),
        room.saturating_sub(NEEDS),
    );
    let (needs, style) = needs(engine, screen).unwrap_or_default();
    let needs = cut(&needs, room.saturating_sub(left.width()), theme.signs.more);
    let room = room.saturating_sub(width(&needs));
    let of = |wanted: fn(&State) -> bool| {
        let under_way = engine.under_way();
        under_way.filter(|task| wanted(task.state())).count()
    };
    let kinds = [
        (
            of(|state| matches!(state, State::Stopping { .. })),
            "stopping",
        ),
        (
            of(|state| matches!(state, State::Lingering { .. })),
            "lingering",
        ),
        (of(|state| matches!(state, State::Paused { .. })), "paused"),
        (engine.tasks().len() - engine.active(), "ended"),
    ];
    for kind in kinds {
        push(&mut left, kind, room);
    }
    frame.render_widget(left, area);
    let wide = (width(&needs) as u16 + 1).min(area.width);
    let place = Rect {
        x: area.right() - wide,
        width: wide,
        ..area
    };
    if !needs.is_empty() {
        frame.render_widget(Line::styled(needs.into_owned(), style), place);
    }
}

/// What agents used today: money, or tokens where that is not known.
fn cost(engine: &Engine) -> Option<String> {
    let bill = engine.today();
    let in_part = bill.at_least || bill.cost.is_none();
    match bill.known {
        known if known > Usd::default() => Some(money(known, in_part)),
        _ if bill.tokens.is_zero() => None,
        _ => Some(tokens(bill.tokens.total())),
    }
}

/// Who needs a person most, and how many more do.
fn needs(engine: &Engine, screen: &Screen) -> Option<(String, Style)> {
    let most = engine.task(engine.waiting_ids().next()?)?;
    let wanting = engine.attention_ids().len();
    let (_, style) = words::wants(most.attention, &screen.theme);
    let more = match wanting.saturating_sub(1) {
        0 => String::new(),
        more => format!(" and {} more", grouped(more)),
    };
    let key = screen.keymap.key(Command::Attention);
    let word = words::wants_word(most.attention);
    let text = format!("{key} {} {} {word}{more}", most.id, most.spec.name);
    Some((text, style))
}
