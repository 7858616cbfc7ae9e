//! A line's bytes as text that a terminal can be trusted with.
//!
//! Of all controls and escape sequences only colour (SGR) has an effect; every other
//! one, complete or not, is taken out or shown as a sign for itself. Lines stand
//! alone: a sequence that isn't ended by its line's end is ended by it.

use std::borrow::Cow;

use memchr::{memchr, memchr3, memrchr};
use ratatui::style::Style;
use vte::{Params, Parser, Perform};

use super::sgr;

/// A line's text without any control or escape (but tabs), and its colours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clean {
    /// The text.
    pub text: String,
    /// From which byte of the text on which style holds, ascending; the first begins at 0.
    pub styles: Vec<(usize, Style)>,
}

impl Clean {
    fn styled(style: Style) -> Self {
        Self {
            text: String::new(),
            styles: vec![(0, style)],
        }
    }

    fn is_blank(&self) -> bool {
        self.text.bytes().all(|byte| matches!(byte, b' ' | b'\t'))
    }

    /// What comes from here on has this style.
    fn set(&mut self, style: Style) {
        match self.styles.last_mut() {
            Some((from, last)) if *from == self.text.len() => *last = style,
            Some((_, last)) if *last == style => {}
            _ => self.styles.push((self.text.len(), style)),
        }
    }
}

/// A line (its line feed may be included) as clean text. `style` is what holds at its
/// beginning and becomes what holds at its end: colour goes on from line to line.
pub fn clean(line: &[u8], style: &mut Style) -> Clean {
    let line = body(line);
    if memchr(0x1b, line).is_some() {
        // the parser looks for the next ESC anew after each invalid byte: give it none
        let text = String::from_utf8_lossy(line);
        let mut writer = Writer::new(*style);
        Parser::new().advance(&mut writer, text.as_bytes());
        *style = writer.style;
        return writer.finish();
    }
    let text = String::from_utf8_lossy(last_part(line));
    if is_plain(text.as_bytes()) {
        return Clean {
            text: text.into_owned(),
            styles: vec![(0, *style)],
        };
    }
    let mut writer = Writer::new(*style);
    for c in text.chars() {
        writer.put(c);
    }
    writer.finish()
}

/// The line without its end: a line feed and carriage returns before it. A carriage
/// return at the end of a line that goes on is a promise of progress to come.
fn body(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let kept = line.iter().rposition(|byte| *byte != b'\r');
    &line[..kept.map_or(0, |at| at + 1)]
}

/// The style that holds after these bytes, when the default one holds before them.
pub(crate) fn style_after(bytes: &[u8]) -> Style {
    let mut style = Style::default();
    for line in bytes.split(|byte| *byte == b'\n') {
        if memchr(0x1b, line).is_some() {
            clean(line, &mut style);
        }
    }
    style
}

/// A line for a plain stream such as standard output: text, and colour where wanted
/// (reset at the end); never another control or escape. The line feed is not included.
pub fn safe_line(line: &[u8], colour: bool) -> Vec<u8> {
    SafeLines::new(colour).line(line).into_bytes()
}

/// Lines for a plain stream, one after the other, so that colour goes on.
#[derive(Debug, Clone)]
pub struct SafeLines {
    colour: bool,
    style: Style,
}

impl SafeLines {
    /// With colour or without.
    pub fn new(colour: bool) -> Self {
        Self {
            colour,
            style: Style::default(),
        }
    }

    /// The next line, without its line feed: text and, where wanted, colour, reset at its end.
    pub fn line(&mut self, line: &[u8]) -> String {
        let clean = clean(line, &mut self.style);
        if !self.colour || clean.styles == [(0, Style::default())] {
            return clean.text;
        }
        let mut out = String::with_capacity(clean.text.len() + 16 * clean.styles.len());
        for (index, (from, style)) in clean.styles.iter().enumerate() {
            let to = clean
                .styles
                .get(index + 1)
                .map_or(clean.text.len(), |(to, _)| *to);
            if from < &to {
                sgr::write(*style, &mut out);
                out.push_str(&clean.text[*from..to]);
            }
        }
        out.push_str("\x1b[0m");
        out
    }
}

/// Of text that carriage returns part, the last part that isn't blank: how a line of
/// progress looked in the end.
fn last_part(line: &[u8]) -> &[u8] {
    let mut rest = line;
    while let Some(at) = memrchr(b'\r', rest) {
        let part = &rest[at + 1..];
        if part.iter().any(|byte| !matches!(byte, b' ' | b'\t')) {
            return part;
        }
        rest = &rest[..at];
    }
    rest
}

/// Whether the text can be shown as it is; a quick look that may say no too often.
fn is_plain(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, 0x20..=0x7e | b'\t'))
}

/// Makes clean text of characters and parsed sequences.
struct Writer {
    style: Style,
    now: Clean,
    /// What the last carriage return left behind.
    before: Option<Clean>,
}

impl Writer {
    fn new(style: Style) -> Self {
        Self {
            style,
            now: Clean::styled(style),
            before: None,
        }
    }

    fn finish(self) -> Clean {
        match self.before {
            Some(before) if self.now.is_blank() => before,
            _ => self.now,
        }
    }

    fn put(&mut self, c: char) {
        match c {
            '\r' => {
                let now = std::mem::replace(&mut self.now, Clean::styled(self.style));
                if !now.is_blank() || self.before.is_none() {
                    self.before = Some(now);
                }
            }
            '\u{8}' => {
                self.now.text.pop();
                let length = self.now.text.len();
                self.now.styles.retain(|(from, _)| *from <= length);
                self.now.set(self.style);
            }
            _ => {
                if let Some(c) = shown(c) {
                    self.now.text.push(c);
                }
            }
        }
    }
}

impl Perform for Writer {
    fn print(&mut self, c: char) {
        self.put(c);
    }

    fn execute(&mut self, byte: u8) {
        self.put(char::from(byte));
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        if action == 'm' && intermediates.is_empty() && !ignore {
            sgr::apply(&mut self.style, params);
            self.now.set(self.style);
        }
    }
}

/// The character to show for one: itself, a sign for it, or nothing.
pub(crate) fn shown(c: char) -> Option<char> {
    match c {
        ' '..='~' | '\t' => Some(c),
        // bell and shifts; marks of no width that can only deceive: direction marks,
        // zero-width spaces, invisible operators, tags
        '\u{7}'
        | '\u{e}'
        | '\u{f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{feff}'
        | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => None,
        '\0'..'\u{20}' => char::from_u32(0x2400 + u32::from(c)),
        '\u{7f}' => Some('\u{2421}'),
        // C1 controls; line and paragraph separators; what turns the direction of text
        '\u{80}'..='\u{9f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Some(char::REPLACEMENT_CHARACTER)
        }
        _ => Some(c),
    }
}

/// A line as search sees it: borrowed where nothing in it needs cleaning.
pub(crate) fn searchable(line: &[u8]) -> Cow<'_, [u8]> {
    let body = body(line);
    let Some(escape) = memchr3(0x1b, b'\r', 0x8, body) else {
        return Cow::Borrowed(body);
    };
    let text = (body[escape] == 0x1b).then(|| without_csi(body)).flatten();
    Cow::Owned(text.unwrap_or_else(|| {
        let clean = clean(line, &mut Style::default());
        clean.text.into_bytes()
    }))
}

/// The line without its control sequences, where it holds whole ones of that kind
/// (ECMA-48 5.4) and nothing else to clean: the usual coloured line, at the price of
/// copying it.
fn without_csi(line: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = memchr3(0x1b, b'\r', 0x8, rest) {
        out.extend_from_slice(&rest[..at]);
        let sequence = rest[at..].strip_prefix(b"\x1b[")?;
        let end = sequence
            .iter()
            .position(|byte| !matches!(byte, 0x20..=0x3f))?;
        if !matches!(sequence[end], 0x40..=0x7e) {
            return None;
        }
        rest = &sequence[end + 1..];
    }
    out.extend_from_slice(rest);
    Some(out)
}
