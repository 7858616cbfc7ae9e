//! The room's tests, a file per concern, and what they share.

mod display;
mod log;
mod pane;
mod reader;
mod ring;
mod search;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use crate::core::log::segment_name;

/// Writes `text` as segments of `size` bytes, its first byte being at `offset`.
fn write_log(dir: &Path, offset: u64, text: &[u8], size: usize) {
    for (index, part) in text.chunks(size).enumerate() {
        let at = offset + (index * size) as u64;
        fs::write(dir.join(segment_name(at)), part).unwrap();
    }
}

/// Output as programs write it, and as they shouldn't.
fn output() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => "[ -~]{0,60}".prop_map(String::into_bytes),
        6 => Just(b"\n".to_vec()),
        1 => Just(b"\r\n".to_vec()),
        2 => "\x1b\\[[0-9;:]{0,8}[mKHJ]".prop_map(String::into_bytes),
        1 => "\x1b[\\]P_X^][ -~]{0,9}(\x07|\x1b\\\\)?".prop_map(String::into_bytes),
        1 => "\\PC{0,20}".prop_map(String::into_bytes),
        1 => "[\t\r\x08é世e\u{301}👩‍👩‍👧\u{202e}\u{200b}\u{9b}]{0,12}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => (1..40_000usize).prop_map(|n| vec![b'y'; n]),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}
