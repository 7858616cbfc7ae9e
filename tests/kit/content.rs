//! Output that a writer writes and a reader can recompute: the same numbered blocks,
//! so that a byte that is missing, doubled or out of place shows at its offset.

use std::io::{self, Read};
use std::str::FromStr;

/// Bytes of a block. Each begins with its number, so no two are alike.
pub(crate) const BLOCK: usize = 64 << 10;

/// What it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Lines of 100 bytes.
    Plain,
    /// Lines with colours.
    Ansi,
    /// Lines of 2 KiB, an object each.
    Json,
    /// Text without a newline.
    Noline,
    /// All byte values.
    Binary,
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Ok(match word {
            "plain" => Self::Plain,
            "ansi" => Self::Ansi,
            "json" => Self::Json,
            "noline" => Self::Noline,
            "binary" => Self::Binary,
            _ => return Err(format!("unknown kind {word}")),
        })
    }
}

/// So many bytes of a kind, told apart from others by a seed.
#[derive(Debug)]
pub(crate) struct Content {
    block: Vec<u8>,
    at: u64,
    len: u64,
}

impl Content {
    /// `len` bytes.
    pub(crate) fn new(kind: Kind, seed: u64, len: u64) -> Self {
        let mut block = Vec::with_capacity(BLOCK + 4096);
        let mut noise = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut line = 0;
        while block.len() < BLOCK {
            line += 1;
            match kind {
                Kind::Plain => {
                    block.extend(format!("{line:>24} seed {seed:<20} ").bytes());
                    block.resize(block.len().next_multiple_of(100) - 1, b'.');
                    block.push(b'\n');
                }
                Kind::Ansi => {
                    let colour = 31 + line % 7;
                    block.extend(
                        format!(
                            "{line:>24} \x1b[1;{colour}mseed {seed}\x1b[0m ok \x1b[2mdim\x1b[0m\n"
                        )
                        .bytes(),
                    );
                }
                Kind::Json => {
                    let text = "lorem ipsum ".repeat(165);
                    block.extend(
                        format!("{line:>24}{{\"seed\":{seed},\"text\":\"{text}\"}}\n").bytes(),
                    );
                }
                Kind::Noline => block.extend(format!("{line:>24} seed {seed} ").bytes()),
                Kind::Binary => {
                    noise ^= noise << 13;
                    noise ^= noise >> 7;
                    noise ^= noise << 17;
                    block.extend(noise.to_le_bytes());
                }
            }
        }
        block.truncate(BLOCK);
        Self { block, at: 0, len }
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let within = (self.at % BLOCK as u64) as usize;
        if within == 0 {
            let number = format!("{:020}", self.at / BLOCK as u64);
            self.block[..20].copy_from_slice(number.as_bytes());
        }
        let left = usize::try_from(self.len - self.at).unwrap_or(usize::MAX);
        let count = buffer.len().min(BLOCK - within).min(left);
        buffer[..count].copy_from_slice(&self.block[within..within + count]);
        self.at += count as u64;
        Ok(count)
    }
}
