//! A text that a person types: one line, or many.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::{Modifier, Style};
use tui_textarea::{CursorMove, TextArea};

use crate::core::place::{LONGEST, Text};
use crate::screen::text::clean;

/// Most bytes taken from one paste: what a single argument may hold.
const PASTE: usize = LONGEST;

/// A text being typed.
#[derive(Debug, Clone)]
pub(in crate::screen) struct Field {
    area: TextArea<'static>,
    lines: bool,
}

impl Field {
    /// A text of one line.
    pub(in crate::screen) fn line(text: &str) -> Self {
        Self::new(text, false)
    }

    /// A text of as many lines as it takes.
    pub(in crate::screen) fn lines(text: &str) -> Self {
        Self::new(text, true)
    }

    fn new(text: &str, lines: bool) -> Self {
        let mut field = Self {
            area: TextArea::default(),
            lines,
        };
        field.set(text);
        field
    }

    /// Replaces the text, the cursor at its end.
    pub(in crate::screen) fn set(&mut self, text: &str) {
        let lines = if self.lines {
            text.split('\n').map(ToOwned::to_owned).collect()
        } else {
            vec![text.to_owned()]
        };
        self.area = TextArea::new(lines);
        self.area.set_cursor_line_style(Style::new());
        self.area.set_tab_length(4);
        self.area.move_cursor(CursorMove::Bottom);
        self.area.move_cursor(CursorMove::End);
    }

    /// What is typed and where; nothing of what is longer than anything may be.
    pub(in crate::screen) fn place(&self) -> Text {
        let lines = self.area.lines();
        let len: usize = lines.iter().map(|line| line.len() + 1).sum();
        if len > LONGEST + 1 {
            return Text::default();
        }
        let cursor = self.area.cursor();
        Text {
            text: self.text(),
            line: u16::try_from(cursor.0).unwrap_or(u16::MAX),
            column: u16::try_from(cursor.1).unwrap_or(u16::MAX),
        }
    }

    /// Takes that up again.
    pub(in crate::screen) fn resume(&mut self, place: &Text) {
        self.set(&place.text);
        self.area
            .move_cursor(CursorMove::Jump(place.line, place.column));
    }

    /// A text of one line that was being typed.
    pub(in crate::screen) fn resumed_line(place: &Text) -> Self {
        let mut field = Self::line("");
        field.resume(place);
        field
    }

    /// A text of as many lines as it takes that was being typed.
    pub(in crate::screen) fn resumed_lines(place: &Text) -> Self {
        let mut field = Self::lines("");
        field.resume(place);
        field
    }

    /// Puts the cursor before the character at `column` of the first line.
    pub(in crate::screen) fn jump(&mut self, column: usize) {
        let column = u16::try_from(column).unwrap_or(u16::MAX);
        self.area.move_cursor(CursorMove::Jump(0, column));
    }

    /// The text as it stands.
    pub(in crate::screen) fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Whether nothing is typed.
    pub(in crate::screen) fn is_empty(&self) -> bool {
        self.area.lines().iter().all(String::is_empty)
    }

    /// On which of how many lines the cursor stands, from 1.
    pub(in crate::screen) fn line_of(&self) -> (usize, usize) {
        (self.area.cursor().0 + 1, self.area.lines().len())
    }

    /// How many characters stand before the cursor on its line.
    pub(in crate::screen) fn cursor(&self) -> usize {
        self.area.cursor().1
    }

    /// A key that is bound to nothing else.
    pub(in crate::screen) fn key(&mut self, key: KeyEvent) {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let breaks = matches!(key.code, KeyCode::Enter | KeyCode::Char('\n' | '\r'))
            || (ctrl && matches!(key.code, KeyCode::Char('m' | 'j')));
        if breaks {
            if self.lines {
                self.area.insert_newline();
            }
        } else if ctrl && key.code == KeyCode::Char('u') {
            // as in a shell; the editor itself undoes with it
            self.area.delete_line_by_head();
        } else {
            self.area.input(key);
        }
    }

    /// Takes in what was pasted; where there is one line only, line breaks become spaces.
    pub(in crate::screen) fn paste(&mut self, text: &str) {
        let end = (0..=text.len().min(PASTE)).rfind(|at| text.is_char_boundary(*at));
        let text = &text[..end.unwrap_or(0)];
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text = text.trim_end_matches('\n');
        let lines: Vec<_> = text.split('\n').map(clean).collect();
        let joined = lines.join(if self.lines { "\n" } else { " " });
        self.area.insert_str(joined);
    }

    /// For drawing: with a cursor where the keys go here.
    pub(in crate::screen) fn widget(&mut self, style: Style, focused: bool) -> &TextArea<'static> {
        self.area.set_style(style);
        self.area.set_cursor_style(if focused {
            style.add_modifier(Modifier::REVERSED)
        } else {
            style
        });
        &self.area
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one() {
        let mut field = Field::line("a");
        field.paste("b\r\nc\x1b[2J\n");
        field.key(KeyEvent::from(KeyCode::Enter));
        assert_eq!(field.text(), "ab c [2J");
        field.key(KeyEvent::new(KeyCode::Char('j'), KeyModifiers::CONTROL));
        assert_eq!(field.text(), "ab c [2J");
    }

    #[test]
    fn lines_break() {
        let mut field = Field::lines("a");
        field.key(KeyEvent::from(KeyCode::Enter));
        field.paste("b\nc");
        assert_eq!(field.text(), "a\nb\nc");
        assert_eq!(field.cursor(), 1);
    }
}
