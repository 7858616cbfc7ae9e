//! The task and its output to be read.

use super::pieces::{Piece, Pieces, changed};
use super::sink::Sink;
use super::verb::Transcript;
use crate::client::detail::tokens;
use crate::client::safe::SafeLines;
use crate::client::table::{self, plain};
use crate::client::trouble::Trouble;
use crate::core::agent::asked::AnswerReport;
use crate::core::agent::bill::least;
use crate::core::agent::tokens::Usd;
use crate::core::exact::exact;
use crate::core::report::RunReport;
use crate::core::version;

/// The shortest fence there is.
const SHORTEST: usize = 3;

/// Writes it.
pub(super) fn write(
    sink: &mut Sink,
    pieces: &mut Pieces,
    transcript: &Transcript,
) -> Result<(), Trouble> {
    let task = &transcript.task;
    sink.put(format!("# Task {}: {}\n\n", task.id, code(&task.name)))?;
    let lines = [
        ("agent", task.agent.as_deref().map(code)),
        ("model", task.model.as_deref().map(code)),
        ("command", Some(code(&task.command))),
        ("directory", Some(code(&task.dir))),
        (
            "labels",
            (!task.labels.is_empty()).then(|| {
                let labels: Vec<String> = task.labels.iter().map(|label| code(label)).collect();
                labels.join(", ")
            }),
        ),
        ("launched by", task.parent.map(|id| format!("task {id}"))),
        ("state", Some(task.state.clone())),
        ("created", Some(task.created_at.clone())),
        (
            "exported",
            Some(format!("{} by wrangle {}", transcript.at, version::ours())),
        ),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            sink.put(format!("- {name}: {value}\n"))?;
        }
    }
    for run in &transcript.runs {
        head(sink, run)?;
        let length = fence(pieces, run)?;
        if !output(sink, pieces, run, length)? {
            return Err(changed(task.id));
        }
    }
    Ok(())
}

/// What is known of a run, before its output.
fn head(sink: &mut Sink, run: &RunReport) -> Result<(), Trouble> {
    let how = table::how(run.outcome.as_deref(), run.exit_code, run.signal);
    let how = how.unwrap_or_else(|| format!("still {}", run.state));
    sink.put(format!("\n## Run {}: {how}\n\n", run.run))?;
    let still = (run.state != "ended").then(|| {
        format!(
            "{}: what follows is what it had written when this was exported",
            run.state
        )
    });
    let lines = [
        ("still", still),
        ("reason", run.reason.as_deref().map(code)),
        ("created", Some(run.created_at.clone())),
        ("started", run.started_at.clone()),
        ("ended", run.ended_at.clone()),
        ("output", Some(table::bytes(run.output_bytes))),
        (
            "tokens",
            run.tokens.map(|used| tokens(used, run.cost_at_least)),
        ),
        (
            "cost",
            run.cost_usd
                .and_then(Usd::of)
                .map(|cost| format!("{}{cost}", least(run.cost_at_least))),
        ),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            sink.put(format!("- {name}: {value}\n"))?;
        }
    }
    for answer in &run.answers {
        let AnswerReport {
            at, number, text, ..
        } = answer;
        let (how, text) = (code(&answer.answer), code(text));
        sink.put(format!("- question {number}: {text}: {how} at {at}\n"))?;
    }
    if let Some(prompt) = &run.prompt {
        let mut ticks = Ticks::new();
        ticks.feed(prompt.as_bytes());
        let fence = "`".repeat(ticks.fence());
        let prompt = exact(prompt.trim_end_matches('\n'));
        sink.put(format!("\nPrompt:\n\n{fence}\n{prompt}\n{fence}\n"))?;
    }
    Ok(())
}

/// How long a fence must be so that nothing of the output ends it.
fn fence(pieces: &mut Pieces, run: &RunReport) -> Result<usize, Trouble> {
    let mut lines = SafeLines::new(false);
    let mut ticks = Ticks::new();
    pieces.each(run, |piece| {
        match piece {
            Piece::Bytes(bytes) => ticks.feed(&fed(&mut lines, bytes)),
            Piece::Missing(_) => ticks.feed(&ended(&mut lines)),
        }
        Ok(())
    })?;
    ticks.feed(&ended(&mut lines));
    Ok(ticks.fence())
}

/// Writes the output between fences of so many backticks; whether they were long enough.
fn output(
    sink: &mut Sink,
    pieces: &mut Pieces,
    run: &RunReport,
    length: usize,
) -> Result<bool, Trouble> {
    let mut block = Block {
        sink,
        ticks: Ticks::new(),
        fence: "`".repeat(length),
        open: false,
        complete: true,
    };
    let mut lines = SafeLines::new(false);
    pieces.each(run, |piece| match piece {
        Piece::Bytes(bytes) => block.put(&fed(&mut lines, bytes)),
        Piece::Missing(count) => {
            block.put(&ended(&mut lines))?;
            block.close()?;
            block.sink.put(format!(
                "\n*{} are missing here: dropped to stay within the cap.*\n",
                table::bytes(count)
            ))
        }
    })?;
    block.put(&ended(&mut lines))?;
    block.close()?;
    Ok(block.ticks.longest < length)
}

/// The safe lines that these bytes complete.
fn fed(lines: &mut SafeLines, bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    // a vector takes whatever is written to it
    lines.feed(bytes, &mut text).ok();
    text
}

/// What of a line is left when nothing follows.
fn ended(lines: &mut SafeLines) -> Vec<u8> {
    let mut text = Vec::new();
    lines.end(&mut text).ok();
    text
}

/// A fenced block of output.
struct Block<'a> {
    sink: &'a mut Sink,
    ticks: Ticks,
    fence: String,
    open: bool,
    /// Whether what was written last ended with a line feed.
    complete: bool,
}

impl Block<'_> {
    fn put(&mut self, text: &[u8]) -> Result<(), Trouble> {
        let Some(last) = text.last() else {
            return Ok(());
        };
        if !self.open {
            self.open = true;
            self.sink.put(format!("\n{}text\n", self.fence))?;
        }
        self.complete = *last == b'\n';
        self.ticks.feed(text);
        self.sink.put(text)
    }

    fn close(&mut self) -> Result<(), Trouble> {
        if !self.open {
            return Ok(());
        }
        if !self.complete {
            self.sink.put("\n")?;
        }
        self.open = false;
        self.ticks.line();
        self.sink.put(format!("{}\n", self.fence))
    }
}

/// Looks for the longest run of backticks that begins a line.
#[derive(Debug)]
struct Ticks {
    longest: usize,
    run: usize,
    /// Whether nothing but blanks and backticks stands on this line so far.
    begins: bool,
}

impl Ticks {
    const fn new() -> Self {
        Self {
            longest: 0,
            run: 0,
            begins: true,
        }
    }

    /// How long a fence must be so that nothing of it ends that.
    fn fence(&self) -> usize {
        (self.longest + 1).max(SHORTEST)
    }

    fn feed(&mut self, text: &[u8]) {
        for byte in text {
            match byte {
                b'\n' => self.line(),
                _ if !self.begins => {}
                b'`' => {
                    self.run += 1;
                    self.longest = self.longest.max(self.run);
                }
                b' ' | b'\t' if self.run == 0 => {}
                _ => self.begins = false,
            }
        }
    }

    /// A line begins.
    const fn line(&mut self) {
        self.run = 0;
        self.begins = true;
    }
}

/// Text within a line, as it is: between more backticks than it has together.
fn code(text: &str) -> String {
    let text = plain(text);
    let runs = text.split(|c| c != '`').map(str::len);
    let ticks = "`".repeat(runs.max().unwrap_or_default() + 1);
    // else a backtick at an end would be the delimiter's, and blanks at both be taken off
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) || text.is_empty() {
        " "
    } else {
        ""
    };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

#[cfg(test)]
mod tests {
    use super::super::pieces::tests::run;
    use super::*;

    fn written(segments: &[(u64, &[u8])], end: u64) -> String {
        let dir = tempfile::tempdir().unwrap();
        let run = run(dir.path(), segments, end);
        let path = dir.path().join("out.md");
        let mut sink = Sink::file(&path).unwrap();
        let mut pieces = Pieces::new(None);
        let length = fence(&mut pieces, &run).unwrap();
        assert!(output(&mut sink, &mut pieces, &run, length).unwrap());
        sink.finish().unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn nothing_that_is_written_ends_the_block() {
        let text = b"```\n  `````x\na ``````` b\n\x1b[31m`\x1b[0m`````\n";
        assert_eq!(
            written(&[(0, text)], text.len() as u64),
            "\n```````text\n```\n  `````x\na ``````` b\n``````\n```````\n"
        );
    }

    #[test]
    fn what_is_missing_stands_between_blocks() {
        assert_eq!(
            written(&[(2, b"a\nb"), (9, b"c\n")], 11),
            "\n*2 B are missing here: dropped to stay within the cap.*\n\
             \n```text\na\nb\n```\n\
             \n*4 B are missing here: dropped to stay within the cap.*\n\
             \n```text\nc\n```\n"
        );
        assert_eq!(written(&[], 0), "");
    }

    #[test]
    fn a_fence_that_is_too_short_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(dir.path(), &[(0, b"````")], 4);
        let mut sink = Sink::file(&dir.path().join("out.md")).unwrap();
        assert!(!output(&mut sink, &mut Pieces::new(None), &run, 4).unwrap());
    }

    #[test]
    fn code_is_what_it_was() {
        assert_eq!(code("make test"), "`make test`");
        assert_eq!(code("echo `date`"), "`` echo `date` ``");
        assert_eq!(code("a\x1b``b"), "```a\u{fffd}``b```");
        assert_eq!(code(""), "`  `");
    }
}
