//! The task and its output as one JSON object.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::pieces::{Piece, Pieces, changed};
use super::sink::Sink;
use super::verb::Transcript;
use crate::client::json::{inside, text};
use crate::client::trouble::Trouble;
use crate::core::report::RunReport;
use crate::core::version;

/// Writes it, as `assets/schemas/export.json` describes it.
pub(super) fn write(
    sink: &mut Sink,
    pieces: &mut Pieces,
    transcript: &Transcript,
) -> Result<(), Trouble> {
    let task = text(&transcript.task, "the task")?;
    let ours = version::ours();
    let at = transcript.at;
    sink.put(format!(
        "{{\"wrangle\":\"{ours}\",\"exported_at\":\"{at}\",\"task\":{task},\"runs\":["
    ))?;
    for (index, run) in transcript.runs.iter().enumerate() {
        if index > 0 {
            sink.put(",")?;
        }
        let fields = text(run, "a run")?;
        sink.put(fields.trim_end_matches('}'))?;
        sink.put(",\"output\":\"")?;
        let (lossy, missing) = output(sink, pieces, run)?;
        sink.put(format!("\",\"output_lossy\":{lossy},\"output_base64\":"))?;
        if lossy {
            sink.put("\"")?;
            if base64(sink, pieces, run)? != missing {
                return Err(changed(transcript.task.id));
            }
            sink.put("\"")?;
        } else {
            sink.put("null")?;
        }
        sink.put(format!(",\"output_missing\":{missing}}}"))?;
    }
    sink.put("]}\n")
}

/// Writes the output as the inside of a string. Whether anything of it had to be
/// replaced, and how much of it is missing.
fn output(sink: &mut Sink, pieces: &mut Pieces, run: &RunReport) -> Result<(bool, u64), Trouble> {
    let mut text = Text::default();
    let mut missing = 0;
    pieces.each(run, |piece| match piece {
        Piece::Bytes(bytes) => sink.put(inside(&text.feed(bytes))),
        Piece::Missing(count) => {
            missing += count;
            sink.put(text.end())
        }
    })?;
    sink.put(text.end())?;
    Ok((text.lossy, missing))
}

/// Writes the output in Base64. How much of it is missing.
fn base64(sink: &mut Sink, pieces: &mut Pieces, run: &RunReport) -> Result<u64, Trouble> {
    let mut left: Vec<u8> = Vec::new();
    let mut missing = 0;
    pieces.each(run, |piece| {
        match piece {
            Piece::Missing(count) => missing += count,
            Piece::Bytes(bytes) => {
                left.extend_from_slice(bytes);
                // three bytes are four letters; what is fewer waits for more
                let whole = left.len() / 3 * 3;
                sink.put(STANDARD.encode(&left[..whole]))?;
                left.drain(..whole);
            }
        }
        Ok(())
    })?;
    sink.put(STANDARD.encode(&left))?;
    Ok(missing)
}

/// Bytes in pieces of any size as text.
#[derive(Debug, Default)]
struct Text {
    /// The beginning of a character that may go on.
    partial: Vec<u8>,
    /// Whether anything was replaced.
    lossy: bool,
}

impl Text {
    fn feed(&mut self, bytes: &[u8]) -> String {
        let mut all = std::mem::take(&mut self.partial);
        all.extend_from_slice(bytes);
        let mut text = String::with_capacity(all.len());
        let mut chunks = all.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            if chunk.invalid().is_empty() {
                continue;
            }
            let open = std::str::from_utf8(chunk.invalid())
                .is_err_and(|error| error.error_len().is_none());
            if open && chunks.peek().is_none() {
                self.partial = chunk.invalid().to_vec();
            } else {
                text.push('\u{fffd}');
                self.lossy = true;
            }
        }
        text
    }

    /// What is left when nothing follows.
    fn end(&mut self) -> &'static str {
        if self.partial.is_empty() {
            return "";
        }
        self.partial.clear();
        self.lossy = true;
        "\u{fffd}"
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'a'), Just(0xe2), Just(0x82), Just(0xac)], 0..60),
            size in 1_usize..9
        ) {
            let mut text = Text::default();
            let mut all = String::new();
            for piece in bytes.chunks(size) {
                all.push_str(&text.feed(piece));
            }
            all.push_str(text.end());
            prop_assert_eq!(&all, &String::from_utf8_lossy(&bytes));
            prop_assert_eq!(text.lossy, std::str::from_utf8(&bytes).is_err());
        }
    }
}
