//! What a client's terminal can show, as its environment tells.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

use crate::core::raw::Raw;
use crate::core::wire::Caller;

/// How many colours a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None, or none wanted (`NO_COLOR`, no-color.org).
    None,
    /// The sixteen of the terminal's own palette.
    Ansi,
    /// 256.
    Indexed,
    /// 24 bits.
    True,
}

/// What the screen may use on one client's terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Colours.
    pub depth: Depth,
    /// Whether signs outside ASCII arrive whole.
    pub unicode: bool,
    /// Whether ages run; else times of day stand still and nothing changes by time alone.
    pub clock: bool,
}

impl Look {
    /// The look that a caller's environment asks for.
    pub fn of(caller: &Caller, clock: bool) -> Self {
        let var = |name: &str| {
            let value = caller.var(name).map(Raw::lossy);
            value.filter(|value| !value.is_empty())
        };
        Self {
            depth: depth(&var),
            unicode: unicode(&var),
            clock,
        }
    }

    /// Brings what was drawn in `area` down to what the terminal shows: output keeps
    /// its colours where there are as many, and never its letters where they would
    /// arrive as rubbish.
    pub fn limit(self, area: Rect, buffer: &mut Buffer) {
        if self.depth == Depth::True && self.unicode {
            return;
        }
        let area = area.intersection(buffer.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                let cell = &mut buffer[(x, y)];
                cell.fg = self.color(cell.fg);
                cell.bg = self.color(cell.bg);
                if !self.unicode && !cell.symbol().is_ascii() {
                    cell.set_char('?');
                }
            }
        }
    }

    fn color(self, color: Color) -> Color {
        match (self.depth, color) {
            (Depth::None, _) => Color::Reset,
            (Depth::Indexed, Color::Rgb(r, g, b)) => Color::Indexed(cube(r, g, b)),
            (Depth::Ansi, Color::Rgb(r, g, b)) => ansi(r, g, b),
            (Depth::Ansi, Color::Indexed(index)) => {
                let (r, g, b) = rgb(index);
                if index < 16 {
                    NAMED[usize::from(index)]
                } else {
                    ansi(r, g, b)
                }
            }
            (_, color) => color,
        }
    }
}

fn depth(var: &dyn Fn(&str) -> Option<String>) -> Depth {
    let term = var("TERM").unwrap_or_default();
    if var("NO_COLOR").is_some()
        || term == "dumb"
        || term.starts_with("vt1")
        || term.starts_with("vt2")
    {
        return Depth::None;
    }
    let color_term = var("COLORTERM").unwrap_or_default();
    if color_term == "truecolor" || color_term == "24bit" || term.ends_with("-direct") {
        Depth::True
    } else if term.contains("256color") {
        Depth::Indexed
    } else {
        Depth::Ansi
    }
}

/// The locale as setlocale(3) finds it; where none is named, today's terminals read UTF-8.
fn unicode(var: &dyn Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(var);
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// The sixteen in their order.
pub(super) const NAMED: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

/// Levels of xterm's 6×6×6 cube.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The nearest of the cube and of the grey ramp.
fn cube(r: u8, g: u8, b: u8) -> u8 {
    if r.abs_diff(g) < 8 && g.abs_diff(b) < 8 && (8..=238).contains(&r) {
        return 232 + ((u16::from(r) - 8) / 10).min(23) as u8;
    }
    let level = |value: u8| {
        let nearest = (0..6u8).min_by_key(|at| LEVELS[usize::from(*at)].abs_diff(value));
        nearest.unwrap_or(0)
    };
    16 + 36 * level(r) + 6 * level(g) + level(b)
}

/// What xterm shows for an index from 16 on.
fn rgb(index: u8) -> (u8, u8, u8) {
    match index {
        0..16 => (0, 0, 0),
        16..232 => {
            let at = usize::from(index - 16);
            (LEVELS[at / 36], LEVELS[at / 6 % 6], LEVELS[at % 6])
        }
        232.. => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}

/// The nearest of the sixteen: which channels shine, and how bright.
fn ansi(r: u8, g: u8, b: u8) -> Color {
    let most = r.max(g).max(b);
    let least = r.min(g).min(b);
    if most - least < 32 {
        return match most {
            0..48 => Color::Black,
            48..128 => Color::DarkGray,
            128..208 => Color::Gray,
            208.. => Color::White,
        };
    }
    let middle = least + (most - least) / 2;
    let bit = |value: u8, bit: usize| if value > middle { bit } else { 0 };
    let bright = if most > 208 && least > 64 { 8 } else { 0 };
    NAMED[bit(r, 1) + bit(g, 2) + bit(b, 4) + bright]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(vars: &[(&str, &str)]) -> Look {
        let env = vars.iter().map(|(k, v)| (Raw::from(*k), Raw::from(*v)));
        let caller = Caller {
            dir: "/".into(),
            env: env.collect(),
        };
        Look::of(&caller, true)
    }

    #[test]
    fn the_environment_decides() {
        assert_eq!(look(&[]).depth, Depth::Ansi);
        assert!(look(&[]).unicode);
        assert_eq!(look(&[("TERM", "xterm-256color")]).depth, Depth::Indexed);
        assert_eq!(look(&[("COLORTERM", "truecolor")]).depth, Depth::True);
        let muted = look(&[("COLORTERM", "truecolor"), ("NO_COLOR", "1")]);
        assert_eq!(muted.depth, Depth::None);
        assert_eq!(look(&[("NO_COLOR", "")]).depth, Depth::Ansi);
        assert!(!look(&[("LANG", "C")]).unicode);
        assert!(look(&[("LANG", "C"), ("LC_ALL", "de_DE.UTF-8")]).unicode);
    }

    #[test]
    fn every_colour_has_a_place_in_the_sixteen() {
        let look = Look {
            depth: Depth::Ansi,
            unicode: true,
            clock: true,
        };
        for index in 0..=255 {
            assert!(NAMED.contains(&look.color(Color::Indexed(index))));
        }
        assert_eq!(look.color(Color::Rgb(250, 10, 10)), Color::Red);
        assert_eq!(look.color(Color::Rgb(255, 255, 255)), Color::White);
    }

    #[test]
    fn rubbish_becomes_question_marks() {
        let mut buffer = Buffer::with_lines(["aé●b"]);
        let look = Look {
            depth: Depth::None,
            unicode: false,
            clock: true,
        };
        look.limit(buffer.area, &mut buffer);
        assert_eq!(buffer, Buffer::with_lines(["a??b"]));
    }
}
