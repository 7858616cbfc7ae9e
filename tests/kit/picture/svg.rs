//! A terminal's grid as SVG: text that can be selected, in a window's frame.

use std::fmt::Write;

use alacritty_terminal::Term;
use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::vte::ansi::{Color, NamedColor, Rgb};

/// A cell's width: what 14 px of the usual monospaced fonts advance by.
const WIDTH: f32 = 8.4;
const HEIGHT: f32 = 18.0;
/// From a row's top to the line the letters stand on.
const BASELINE: f32 = 13.5;
const MARGIN: f32 = 16.0;
/// The window's title bar.
const TITLE: f32 = 34.0;

const GROUND: Rgb = rgb(0x16_1b_22);
const TEXT: Rgb = rgb(0xd5_dc_e4);
const PALETTE: [Rgb; 16] = [
    rgb(0x2a_30_3a),
    rgb(0xf4_70_67),
    rgb(0x6b_c4_6d),
    rgb(0xe3_b3_41),
    rgb(0x6c_b6_ff),
    rgb(0xdc_bd_fb),
    rgb(0x4f_c9_d8),
    rgb(0xd5_dc_e4),
    rgb(0x76_83_90),
    rgb(0xff_93_8a),
    rgb(0x8d_db_8c),
    rgb(0xf2_cc_60),
    rgb(0x96_d0_ff),
    rgb(0xe2_c5_ff),
    rgb(0x7e_e0_ec),
    rgb(0xf3_f6_fa),
];

const fn rgb(hex: u32) -> Rgb {
    Rgb {
        r: (hex >> 16) as u8,
        g: (hex >> 8) as u8,
        b: hex as u8,
    }
}

/// How a run of cells looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    text: Rgb,
    ground: Rgb,
    bold: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let (mut text, mut ground) = (colour(cell.fg), colour(cell.bg));
        if cell.flags.contains(Flags::INVERSE) {
            (text, ground) = (ground, text);
        }
        if cell.flags.contains(Flags::DIM) {
            text = between(text, ground);
        }
        Self {
            text,
            ground,
            bold: cell.flags.contains(Flags::BOLD),
        }
    }
}

/// Cells side by side that look alike.
struct Run {
    col: usize,
    cells: usize,
    look: Look,
    text: String,
}

/// Draws what the terminal shows.
pub(crate) fn draw(term: &Term<VoidListener>) -> String {
    let grid = term.grid();
    let (cols, rows) = (grid.columns(), grid.screen_lines());
    let (width, height) = (
        cols as f32 * WIDTH + 2.0 * MARGIN,
        rows as f32 * HEIGHT + TITLE + MARGIN,
    );
    let mut grounds = String::new();
    let mut texts = String::new();
    for row in 0..rows {
        let top = TITLE + row as f32 * HEIGHT;
        let cells: Vec<&Cell> = (0..cols)
            .map(|col| &grid[Line(row as i32)][Column(col)])
            .collect();
        for run in runs(&cells) {
            ground(&mut grounds, &run, top);
            text(&mut texts, &run, top);
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\">\n\
         <title>wrangle: task list, live output, status</title>\n\
         <style>text{{font:14px ui-monospace,SFMono-Regular,Menlo,'DejaVu Sans Mono',\
         'Liberation Mono',Consolas,monospace;white-space:pre}}.b{{font-weight:700}}</style>\n\
         <rect x=\".5\" y=\".5\" width=\"{:.0}\" height=\"{:.0}\" rx=\"10\" fill=\"{}\" stroke=\"#373e47\"/>\n\
         <circle cx=\"20\" cy=\"17\" r=\"5.5\" fill=\"#f47067\"/>\
         <circle cx=\"38\" cy=\"17\" r=\"5.5\" fill=\"#e3b341\"/>\
         <circle cx=\"56\" cy=\"17\" r=\"5.5\" fill=\"#6bc46d\"/>\
         <text x=\"{:.0}\" y=\"22\" fill=\"#768390\" text-anchor=\"middle\">wrangle</text>\n\
         {grounds}<g xml:space=\"preserve\">\n{texts}</g>\n</svg>\n",
        width - 1.0,
        height - 1.0,
        hex(GROUND),
        width / 2.0,
    )
}

/// A row's runs. What is no ASCII stands alone: a font that lacks it lends one whose
/// width differs, and nothing beside it may move.
fn runs(cells: &[&Cell]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (col, cell) in cells.iter().enumerate() {
        if cell.flags.contains(Flags::WIDE_CHAR_SPACER) {
            continue;
        }
        let look = Look::of(cell);
        let own = !cell.c.is_ascii();
        match runs.last_mut() {
            Some(run) if run.look == look && !own && run.text.is_ascii() => {
                run.cells += 1;
                run.text.push(cell.c);
            }
            _ => {
                let mut text = String::from(cell.c);
                text.extend(cell.zerowidth().into_iter().flatten());
                runs.push(Run {
                    col,
                    cells: 1 + usize::from(cell.flags.contains(Flags::WIDE_CHAR)),
                    look,
                    text,
                });
            }
        }
    }
    runs
}

fn ground(to: &mut String, run: &Run, top: f32) {
    if run.look.ground != GROUND {
        let (x, width) = (left(run.col), run.cells as f32 * WIDTH);
        let fill = hex(run.look.ground);
        rectangle(to, (x, top), (width, HEIGHT), &fill);
    }
}

fn text(to: &mut String, run: &Run, top: f32) {
    let (x, fill) = (left(run.col), hex(run.look.text));
    match run.text.as_str() {
        // lines are drawn: letters would leave gaps between the rows
        "│" => return rectangle(to, (x + WIDTH / 2.0 - 0.5, top), (1.0, HEIGHT), &fill),
        "─" => return rectangle(to, (x, top + HEIGHT / 2.0), (WIDTH, 1.0), &fill),
        "▌" => return rectangle(to, (x, top), (WIDTH / 2.0, HEIGHT), &fill),
        _ => {}
    }
    let shown = run.text.trim_end();
    let start = shown.len() - shown.trim_start().len();
    let shown = shown.trim_start();
    if shown.is_empty() {
        return;
    }
    let cells = if shown.is_ascii() {
        shown.len()
    } else {
        run.cells
    };
    let class = if run.look.bold { " class=\"b\"" } else { "" };
    let (x, y, width) = (
        x + start as f32 * WIDTH,
        top + BASELINE,
        cells as f32 * WIDTH,
    );
    let escaped = shown.replace('&', "&amp;").replace('<', "&lt;");
    writeln!(
        to,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{fill}\"{class}>{escaped}</text>"
    )
    .ok();
}

fn rectangle(to: &mut String, (x, y): (f32, f32), (width, height): (f32, f32), fill: &str) {
    writeln!(
        to,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{fill}\"/>"
    )
    .ok();
}

fn left(col: usize) -> f32 {
    MARGIN + col as f32 * WIDTH
}

fn hex(colour: Rgb) -> String {
    format!("#{:02x}{:02x}{:02x}", colour.r, colour.g, colour.b)
}

fn between(one: Rgb, other: Rgb) -> Rgb {
    let mean = |a: u8, b: u8| u8::midpoint(a, b);
    Rgb {
        r: mean(one.r, other.r),
        g: mean(one.g, other.g),
        b: mean(one.b, other.b),
    }
}

fn colour(colour: Color) -> Rgb {
    match colour {
        Color::Spec(own) => own,
        Color::Named(NamedColor::Background) => GROUND,
        Color::Named(name) => PALETTE.get(name as usize).copied().unwrap_or(TEXT),
        Color::Indexed(index) => indexed(index),
    }
}

/// xterm's 256 colours: the palette, a cube of 6 × 6 × 6, 24 greys.
fn indexed(index: u8) -> Rgb {
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    match index {
        0..16 => PALETTE[usize::from(index)],
        16..232 => {
            let cube = index - 16;
            Rgb {
                r: level(cube / 36),
                g: level(cube / 6 % 6),
                b: level(cube % 6),
            }
        }
        232.. => {
            let grey = 8 + 10 * (index - 232);
            Rgb {
                r: grey,
                g: grey,
                b: grey,
            }
        }
    }
}
