//! Writers.

use std::io::{BufRead, Read, Write, stdin, stdout};
use std::os::fd::AsFd;
use std::time::Duration;

use crate::content::{BLOCK, Content};
use crate::trees::sleep;

/// Writes past the line buffer of the standard library.
pub(crate) fn out(bytes: &[u8]) {
    let mut file = std::fs::File::from(stdout().as_fd().try_clone_to_owned().expect("dup"));
    file.write_all(bytes).expect("write");
}

/// `len` bytes as fast as they are taken.
pub(crate) fn flood(len: u64, kind: &str, seed: u64) {
    let mut content = Content::new(kind.parse().expect("a kind"), seed, len);
    let mut buffer = vec![0; 4 * BLOCK];
    loop {
        let mut count = 0;
        while count < buffer.len() {
            match content.read(&mut buffer[count..]).expect("content") {
                0 => break,
                more => count += more,
            }
        }
        if count == 0 {
            return;
        }
        out(&buffer[..count]);
    }
}

/// `len` bytes, 16 KiB every `pause` milliseconds.
pub(crate) fn drip(len: u64, kind: &str, seed: u64, pause: u64) {
    let mut content = Content::new(kind.parse().expect("a kind"), seed, len);
    let mut buffer = vec![0; 16 << 10];
    loop {
        match content.read(&mut buffer).expect("content") {
            0 => return,
            count => out(&buffer[..count]),
        }
        std::thread::sleep(Duration::from_millis(pause));
    }
}

/// Everything that could reach out of a pane, between two harmless lines.
pub(crate) fn hostile() {
    out(b"hostile-begin\n");
    for evil in [
        // cursor moves, erasing, scrolling regions, modes
        "\x1b[2J\x1b[H\x1b[1;1HEVIL\x1b[3;2r\x1b[999;999HEVIL\x1b[10A\x1b[10D\x1b[K\x1bM\x1bD\n",
        "\x1b[?1049h\x1b[?1000h\x1b[?25l\x1b[?7l\x1b[?6h\x1b[4h\x1b[20h\x1b#8\x1bc\n",
        // clipboard, titles, directory, links, notifications, colours of the palette
        "\x1b]52;c;RVZJTA==\x07\x1b]0;EVIL\x07\x1b]2;EVIL\x1b\\\x1b]7;file:///EVIL\x07\n",
        "\x1b]8;;http://evil.invalid\x1b\\link\x1b]8;;\x1b\\\x1b]9;EVIL\x07\x1b]777;notify;a;b\x07\n",
        "\x1b]4;1;#000000\x07\x1b]10;#000000\x07\x1b]11;?\x07\x1b]104\x07\n",
        // questions whose answers would be typed into whoever reads the terminal
        "\x1b[c\x1b[>c\x1b[=c\x1b[6n\x1b[5n\x1b[?6n\x1b[18t\x1b[21t\x1bZ\x05\x1bP+q544e\x1b\\\x1b[?2026$p\n",
        // strings that never end, character sets, shifts
        "\x1bP1;2;3qEVIL\x1b\\\x1b^EVIL\x1b\\\x1b_GEVIL\x1b\\\x1bXEVIL\x1b\\\x0e\x0f\x1b(0lqk\x1b(B\n",
        "\x1b]0;never ends\n\x1bPnever ends either\n\x1b\\\n",
        "\x07\x07\x08\x08\x0b\x0c\x7f\u{202e}desrever\u{2066}\u{200b}\n",
        // C1 as UTF-8
        "\u{9b}2J\u{9d}0;EVIL\u{9c}\u{90}EVIL\u{9c}\u{84}\u{8d}\n",
    ] {
        out(evil.as_bytes());
    }
    // C1 as bytes, invalid UTF-8, NUL
    out(b"\x9b2J\x9b1;1HEVIL\x9d0;EVIL\x9c\x90EVIL\x9c\xff\xfe\xc3\x28\xed\xa0\x80\0\0\n");
    out(&vec![0x1b; 4 << 20]);
    out(b"\n");
    out(&vec![0x9b; 1 << 20]);
    out(b"\nhostile-end\n");
    sleep()
}

/// Says back each line of its input, until that ends.
pub(crate) fn echo() {
    out(b"ready\n");
    for line in stdin().lock().lines() {
        out(format!("got: {}\n", line.expect("a line")).as_bytes());
    }
}
