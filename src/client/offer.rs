//! No supervisor can be had: a person says whether another try is made.

use crossterm::cursor::MoveTo;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::queue;
use crossterm::style::Print;
use crossterm::terminal::{DisableLineWrap, EnableLineWrap};

use super::table::plain;
use super::trouble::Trouble;

/// What a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Again,
    Leave,
}

impl Said {
    /// What a key says, where it says anything.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let Event::Key(KeyEvent {
            code,
            modifiers,
            kind: KeyEventKind::Press,
            ..
        }) = event
        else {
            return None;
        };
        let ctrl = modifiers.contains(KeyModifiers::CONTROL);
        match code {
            KeyCode::Enter => Some(Self::Again),
            KeyCode::Char('c' | 'd') if ctrl => Some(Self::Leave),
            KeyCode::Char('q') | KeyCode::Esc => Some(Self::Leave),
            _ => None,
        }
    }
}

/// The question, for a terminal that shows nothing yet.
pub(super) fn text(why: &Trouble) -> Vec<u8> {
    let mut bytes = Vec::new();
    let line = plain(&why.to_string());
    let asked = "Enter tries again, q leaves";
    // what goes to a vector can't fail
    queue!(
        bytes,
        MoveTo(0, 0),
        EnableLineWrap,
        Print(line),
        Print("\r\n\r\n"),
        Print(asked),
        DisableLineWrap
    )
    .ok();
    bytes
}
