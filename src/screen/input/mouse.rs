//! The mouse: it selects, scrolls what is under it, and drags to copy.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::Turn;
use crate::screen::action::Action;
use crate::screen::list::Row;
use crate::screen::mode::Mode;
use crate::screen::screen::Screen;
use crate::screen::text::count;

/// Rows that a notch of the wheel moves.
const NOTCH: isize = 3;

impl Screen {
    /// Takes in what the mouse did.
    pub(super) fn mouse(&mut self, turn: &mut Turn, mouse: MouseEvent) {
        let at = Position::new(mouse.column, mouse.row);
        let wheel = match mouse.kind {
            MouseEventKind::ScrollUp => -NOTCH,
            MouseEventKind::ScrollDown => NOTCH,
            _ => 0,
        };
        match &mut self.mode {
            Mode::Kill(menu) => menu.scroll = wheeled(menu.scroll, wheel, self.drawn.scroll_most),
            Mode::Help(scroll) | Mode::Text { scroll, .. } | Mode::Finish { scroll } => {
                *scroll = wheeled(*scroll, wheel, self.drawn.scroll_most);
            }
            // its own panel hides what lies below
            Mode::Answer { scroll, .. } if wheel != 0 && self.drawn.scroll_most > 0 => {
                *scroll = wheeled(*scroll, wheel, self.drawn.scroll_most);
            }
            Mode::Leave | Mode::Compose | Mode::Remove(_) => {}
            Mode::Normal
            | Mode::Bar
            | Mode::Filter(_)
            | Mode::Search(_)
            | Mode::Send { .. }
            | Mode::Answer { .. } => {
                if wheel != 0 {
                    self.wheel(at, wheel);
                } else {
                    self.button(turn, mouse.kind, at);
                }
            }
        }
    }

    fn wheel(&mut self, at: Position, by: isize) {
        if self.areas.list.contains(at) {
            self.list.scroll(by);
        } else if self.areas.output.contains(at) || self.areas.header.contains(at) {
            self.view.scroll(by);
        }
    }

    fn button(&mut self, turn: &mut Turn, kind: MouseEventKind, at: Position) {
        match kind {
            MouseEventKind::Down(MouseButton::Left) if self.areas.list.contains(at) => {
                let row = usize::from(at.y - self.areas.list.y);
                self.reading = false;
                if self.list.select_in_view(row) == Some(Row::Fold) {
                    self.toggle_fold(turn);
                }
            }
            MouseEventKind::Down(MouseButton::Left) if self.areas.output.contains(at) => {
                self.reading = true;
                let (x, y) = inside(self.areas.output, at);
                self.view.press(x, y);
            }
            MouseEventKind::Drag(MouseButton::Left) => {
                let (x, y) = inside(self.areas.output, at);
                self.view.drag(x, y);
            }
            MouseEventKind::Up(MouseButton::Left) => {
                let (_, y) = inside(self.areas.output, at);
                if let Some(text) = self.view.release(y) {
                    self.say(format!("copied {}", count(text.lines().count(), "line")));
                    turn.out.push(Action::Copy(text));
                }
            }
            _ => {}
        }
    }
}

/// A place counted from an area's corner, kept within the area.
fn inside(area: Rect, at: Position) -> (u16, u16) {
    let x = at.x.saturating_sub(area.x);
    let y = at.y.saturating_sub(area.y);
    (
        x.min(area.width.saturating_sub(1)),
        y.min(area.height.saturating_sub(1)),
    )
}

fn wheeled(at: usize, by: isize, most: usize) -> usize {
    at.saturating_add_signed(by).min(most)
}
