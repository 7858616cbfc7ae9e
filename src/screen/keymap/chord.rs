//! A key with its modifiers, as people write it.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers: "x", "Ctrl-D", "Alt-Enter", "Shift-Tab".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Chord {
    /// Terminals differ in how they report the same key; here it has one form: a
    /// character says by itself whether it is shifted, Ctrl goes with lower case, and what
    /// no terminal tells apart is one key.
    pub fn new(code: KeyCode, modifiers: KeyModifiers) -> Self {
        let mut modifiers =
            modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match code {
            KeyCode::BackTab => {
                modifiers |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => {
                modifiers -= KeyModifiers::SHIFT;
                let same = SAME
                    .iter()
                    .find(|(with, _)| *with == c.to_ascii_lowercase());
                if same.is_some() {
                    modifiers -= KeyModifiers::CONTROL;
                }
                same.map_or(KeyCode::Char(c.to_ascii_lowercase()), |(_, key)| *key)
            }
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::SHIFT) => {
                modifiers -= KeyModifiers::SHIFT;
                KeyCode::Char(c.to_ascii_uppercase())
            }
            code => code,
        };
        Self { code, modifiers }
    }
}

impl Chord {
    /// Whether it is a character where text is typed.
    pub(super) fn writes(self) -> bool {
        let held = self.modifiers - KeyModifiers::SHIFT;
        matches!(self.code, KeyCode::Char(_)) && held.is_empty()
    }
}

#[cfg(test)]
impl Chord {
    /// The event a terminal sends for it.
    pub(in crate::screen) const fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.modifiers)
    }
}

impl From<KeyEvent> for Chord {
    fn from(key: KeyEvent) -> Self {
        Self::new(key.code, key.modifiers)
    }
}

/// With Ctrl these are the same byte as a key of their own.
const SAME: [(char, KeyCode); 3] = [
    ('i', KeyCode::Tab),
    ('m', KeyCode::Enter),
    ('[', KeyCode::Esc),
];

/// Keys with names, as written.
const NAMED: [(&str, KeyCode); 15] = [
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("Enter", KeyCode::Enter),
    ("Tab", KeyCode::Tab),
    ("Esc", KeyCode::Esc),
    ("Space", KeyCode::Char(' ')),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Insert", KeyCode::Insert),
];

/// Modifiers, as written.
const MODIFIERS: [(&str, KeyModifiers); 3] = [
    ("Ctrl-", KeyModifiers::CONTROL),
    ("Alt-", KeyModifiers::ALT),
    ("Shift-", KeyModifiers::SHIFT),
];

impl FromStr for Chord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || {
            format!(
                "{text:?} is no key; write a character or a name such as Ctrl-D, Enter, PgUp, F5"
            )
        };
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        while let Some((prefix, modifier)) = MODIFIERS.iter().find(|(prefix, _)| {
            rest.get(..prefix.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
        }) {
            modifiers |= *modifier;
            rest = &rest[prefix.len()..];
        }
        let named = NAMED
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(rest));
        let mut chars = rest.chars();
        let code = match (named, chars.next(), chars.as_str()) {
            (Some((_, code)), ..) => *code,
            (None, Some(c), "") if !c.is_control() => KeyCode::Char(c),
            (None, Some('F' | 'f'), number) => match number.parse() {
                Ok(number @ 1..=12) => KeyCode::F(number),
                _ => return Err(unknown()),
            },
            _ => return Err(unknown()),
        };
        Ok(Self::new(code, modifiers))
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (prefix, modifier) in MODIFIERS {
            if self.modifiers.contains(modifier) {
                f.write_str(prefix)?;
            }
        }
        if let Some((name, _)) = NAMED.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(c) if self.modifiers.contains(KeyModifiers::CONTROL) => {
                write!(f, "{}", c.to_ascii_uppercase())
            }
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(number) => write!(f, "F{number}"),
            other => write!(f, "{other}"),
        }
    }
}
