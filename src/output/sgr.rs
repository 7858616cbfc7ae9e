//! Colour sequences (SGR, ECMA-48 8.3.117 and ITU T.416 colours) to styles and back.

use std::fmt::Write;

use ratatui::style::{Color, Modifier, Style};
use vte::Params;

/// Modifiers that have an effect, their codes to set and to unset. Concealed text and
/// blinking have none: output may not hide, nor call.
const MODIFIERS: [(Modifier, u16, u16); 6] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::REVERSED, 7, 27),
    (Modifier::CROSSED_OUT, 9, 29),
];

const NAMED: [Color; 16] = [
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

/// Changes `style` as the parameters of one sequence say; what is not known is passed over.
pub(crate) fn apply(style: &mut Style, params: &Params) {
    let mut rest = params.iter();
    while let Some(param) = rest.next() {
        let Some(&code) = param.first() else { continue };
        match code {
            0 => *style = Style::default(),
            4 if param.get(1) == Some(&0) => style.add_modifier.remove(Modifier::UNDERLINED),
            21 => style.add_modifier.insert(Modifier::UNDERLINED),
            30..=37 => style.fg = Some(NAMED[usize::from(code - 30)]),
            90..=97 => style.fg = Some(NAMED[usize::from(code - 90 + 8)]),
            40..=47 => style.bg = Some(NAMED[usize::from(code - 40)]),
            100..=107 => style.bg = Some(NAMED[usize::from(code - 100 + 8)]),
            39 => style.fg = None,
            49 => style.bg = None,
            38 | 48 | 58 => {
                let color = if param.len() > 1 {
                    colon_color(&param[1..])
                } else {
                    let mut next = || rest.next().and_then(|param| param.first().copied());
                    semicolon_color(&mut next)
                };
                match (code, color) {
                    (38, Some(color)) => style.fg = Some(color),
                    (48, Some(color)) => style.bg = Some(color),
                    _ => {}
                }
            }
            _ => {
                for (modifier, set, unset) in MODIFIERS {
                    if code == set {
                        style.add_modifier.insert(modifier);
                    } else if code == unset {
                        style.add_modifier.remove(modifier);
                    }
                }
            }
        }
    }
}

fn semicolon_color(next: &mut impl FnMut() -> Option<u16>) -> Option<Color> {
    match next()? {
        5 => indexed(next()?),
        2 => rgb(next()?, next()?, next()?),
        _ => None,
    }
}

/// `5:n`, `2:r:g:b`, or `2:colour space:r:g:b`.
fn colon_color(params: &[u16]) -> Option<Color> {
    match params {
        [5, index, ..] => indexed(*index),
        [2, r, g, b] | [2, _, r, g, b, ..] => rgb(*r, *g, *b),
        _ => None,
    }
}

fn indexed(index: u16) -> Option<Color> {
    let index = u8::try_from(index).ok()?;
    Some(
        *NAMED
            .get(usize::from(index))
            .unwrap_or(&Color::Indexed(index)),
    )
}

fn rgb(r: u16, g: u16, b: u16) -> Option<Color> {
    let byte = |value| u8::try_from(value).ok();
    Some(Color::Rgb(byte(r)?, byte(g)?, byte(b)?))
}

/// The sequence that sets exactly this style, whatever held before.
pub(crate) fn write(style: Style, out: &mut String) {
    out.push_str("\x1b[0");
    for (modifier, set, _) in MODIFIERS {
        if style.add_modifier.contains(modifier) {
            push(out, format_args!(";{set}"));
        }
    }
    if let Some(color) = style.fg {
        write_color(color, 30, out);
    }
    if let Some(color) = style.bg {
        write_color(color, 40, out);
    }
    out.push('m');
}

fn write_color(color: Color, base: u8, out: &mut String) {
    match color {
        Color::Indexed(index) => push(out, format_args!(";{};5;{index}", base + 8)),
        Color::Rgb(r, g, b) => push(out, format_args!(";{};2;{r};{g};{b}", base + 8)),
        named => match NAMED.iter().position(|known| *known == named) {
            Some(index @ 0..8) => push(out, format_args!(";{}", usize::from(base) + index)),
            Some(index) => push(out, format_args!(";{}", usize::from(base) + 52 + index)),
            None => push(out, format_args!(";{}", base + 9)),
        },
    }
}

fn push(out: &mut String, code: std::fmt::Arguments<'_>) {
    // writing to a string cannot fail
    let _ = out.write_fmt(code);
}
