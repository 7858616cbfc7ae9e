//! The styles of all roles: the default asset, and a person's own over it.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use super::look::{Depth, NAMED};
use crate::config::{Own, similar};

/// The default styles.
pub const DEFAULT: &str = include_str!("../../assets/theme.toml");

/// The file's form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    role: Vec<Entry>,
}

/// One role as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    #[serde(rename = "does")]
    _does: String,
    ansi: String,
    full: String,
    none: String,
}

/// What a person may give a role.
#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    One(String),
    Each(Each),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Each {
    ansi: Option<String>,
    full: Option<String>,
    none: Option<String>,
}

/// A role's styles by what terminals show.
#[derive(Debug, Clone, Copy, Default)]
struct Styles {
    ansi: Style,
    full: Style,
    none: Style,
}

/// The styles of all roles.
#[derive(Debug, Clone, Default)]
pub struct Palette {
    roles: BTreeMap<String, Styles>,
}

impl Palette {
    /// The default styles, with a person's own over them. Always a whole palette, with
    /// one line for each thing that is wrong with the person's; what is wrong is left out.
    pub fn new(own: &Own) -> (Self, Vec<String>) {
        let mut trouble = Vec::new();
        // a test holds the asset to its form
        let file: File = toml::from_str(DEFAULT).unwrap_or_else(|error| {
            trouble.push(format!("the default theme is broken: {error}"));
            File { role: Vec::new() }
        });
        let mut palette = Self::default();
        for entry in file.role {
            let each = Each {
                ansi: Some(entry.ansi),
                full: Some(entry.full),
                none: Some(entry.none),
            };
            let mut styles = Styles::default();
            if let Err(why) = styles.give(&each) {
                trouble.push(format!(
                    "the default theme is broken: {}: {why}",
                    entry.name
                ));
            }
            palette.roles.insert(entry.name, styles);
        }
        for (name, setting) in own {
            if let Err(why) = palette.set(name, &setting.value) {
                trouble.push(format!("{}: [theme] {name}: {why}", setting.source));
            }
        }
        (palette, trouble)
    }

    /// A role's style where so many colours are shown; plain where there is no such role.
    pub(super) fn style(&self, role: &str, depth: Depth) -> Style {
        let styles = self.roles.get(role).copied().unwrap_or_default();
        match depth {
            Depth::None => styles.none,
            Depth::Ansi => styles.ansi,
            Depth::Indexed | Depth::True => styles.full,
        }
    }

    fn set(&mut self, name: &str, value: &toml::Value) -> Result<(), String> {
        let Some(styles) = self.roles.get_mut(name) else {
            let known = self.roles.keys().map(String::as_str);
            return Err(match similar(name, known.clone()) {
                Some(meant) => format!("no such role; did you mean {meant}?"),
                None => format!(
                    "no such role; there are {}",
                    known.collect::<Vec<_>>().join(", ")
                ),
            });
        };
        let each = match value.clone().try_into::<Given>() {
            Ok(Given::One(style)) => Each {
                ansi: Some(style.clone()),
                full: Some(style),
                none: None,
            },
            Ok(Given::Each(each)) => each,
            Err(_) => {
                return Err(
                    "write a style in quotes, or { ansi = \"...\", full = \"...\", none = \"...\" }"
                        .into(),
                );
            }
        };
        styles.give(&each)
    }
}

impl Styles {
    /// Takes what is given; nothing where something of it is wrong.
    fn give(&mut self, each: &Each) -> Result<(), String> {
        let read = |text: &Option<String>, or: Style| text.as_deref().map_or(Ok(or), style);
        let given = Self {
            ansi: read(&each.ansi, self.ansi)?,
            full: read(&each.full, self.full)?,
            none: read(&each.none, self.none)?,
        };
        if given.none.fg.is_some() || given.none.bg.is_some() {
            return Err("none is for terminals without colours; leave the colour out".into());
        }
        *self = given;
        Ok(())
    }
}

/// Reads a style.
fn style(text: &str) -> Result<Style, String> {
    let mut style = Style::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        let modifier = MODIFIERS.iter().find(|(name, _)| *name == word);
        if let Some((_, modifier)) = modifier {
            style = style.add_modifier(*modifier);
        } else if word == "on" {
            let ground = words.next().ok_or("`on` wants a colour behind it")?;
            if style.bg.replace(color(ground)?).is_some() {
                return Err(format!("a second ground, {ground}; give one"));
            }
        } else if style.fg.replace(color(word)?).is_some() {
            return Err(format!(
                "a second colour, {word}; `on` goes before that of the ground"
            ));
        }
    }
    Ok(style)
}

const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
];

/// The names of [`NAMED`], in the same order.
const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "gray",
    "dark-gray",
    "light-red",
    "light-green",
    "light-yellow",
    "light-blue",
    "light-magenta",
    "light-cyan",
    "white",
];

fn color(word: &str) -> Result<Color, String> {
    if let Some(at) = NAMES.iter().position(|name| *name == word) {
        return Ok(NAMED[at]);
    }
    if let Ok(index) = word.parse() {
        return Ok(Color::Indexed(index));
    }
    if let Some(digits) = word.strip_prefix('#')
        && digits.len() == 6
        && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        && let Ok(rgb) = u32::from_str_radix(digits, 16)
    {
        return Ok(Color::from_u32(rgb));
    }
    let known = NAMES.into_iter().chain(MODIFIERS.map(|(name, _)| name));
    Err(match similar(word, known) {
        Some(meant) => format!("no such colour, {word}; did you mean {meant}?"),
        None => format!("no such colour, {word}; write a name, 0 to 255 or #rrggbb"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Setting, Source};

    fn own(theme: &str) -> Own {
        let table: toml::Table = toml::from_str(theme).unwrap();
        let entries = table.into_iter().map(|(name, value)| {
            let source = Source::File("f".into(), 7);
            (name, Setting { value, source })
        });
        entries.collect()
    }

    #[test]
    fn the_default_is_whole() {
        let (palette, trouble) = Palette::new(&Own::new());
        assert_eq!(trouble, Vec::<String>::new());
        let alarm = palette.style("alarm", Depth::Ansi);
        assert_eq!((alarm.fg, alarm.bg), (Some(Color::White), Some(Color::Red)));
        assert!(alarm.add_modifier.contains(Modifier::BOLD));
        let dim = |depth| palette.style("dim", depth);
        assert_eq!(dim(Depth::True), Style::new().fg(Color::Indexed(244)));
        assert_eq!(dim(Depth::None), Style::new().add_modifier(Modifier::DIM));
    }

    #[test]
    fn a_persons_styles_lie_over_the_default() {
        let (palette, trouble) = Palette::new(&own(
            "bad = \"italic #102030 on 7\"\ndim = { full = \"light-blue\" }",
        ));
        assert_eq!(trouble, Vec::<String>::new());
        let bad = palette.style("bad", Depth::True);
        assert_eq!(bad.fg, Some(Color::Rgb(0x10, 0x20, 0x30)));
        assert_eq!(bad.bg, Some(Color::Indexed(7)));
        // meaning that rested on the sign and on bold still does
        let plain = palette.style("bad", Depth::None);
        assert_eq!(plain, Style::new().add_modifier(Modifier::BOLD));
        assert_eq!(palette.style("dim", Depth::Ansi).fg, Some(Color::DarkGray));
        assert_eq!(palette.style("dim", Depth::True).fg, Some(Color::LightBlue));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_left_out() {
        for (theme, what) in [
            ("alrm = \"red\"", "no such role; did you mean alarm?"),
            ("xyzzy = \"red\"", "no such role; there are added, alarm, "),
            ("bad = \"redd\"", "no such colour, redd; did you mean red?"),
            ("bad = \"#12345\"", "no such colour, #12345"),
            ("bad = \"256\"", "no such colour, 256"),
            ("bad = \"red blue\"", "a second colour, blue"),
            ("bad = \"red on\"", "`on` wants a colour"),
            ("bad = 7", "write a style in quotes"),
            ("bad = { anis = \"red\" }", "write a style in quotes"),
            ("bad = { none = \"red\" }", "leave the colour out"),
        ] {
            let (palette, trouble) = Palette::new(&own(theme));
            assert_eq!(trouble.len(), 1, "{theme}: {trouble:?}");
            assert!(trouble[0].starts_with("f:7: [theme] "), "{trouble:?}");
            assert!(trouble[0].contains(what), "{theme}: {trouble:?}");
            assert_eq!(palette.style("bad", Depth::Ansi).fg, Some(Color::Red));
        }
    }
}
