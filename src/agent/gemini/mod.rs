//! `gemini --output-format stream-json`, version 0.61: `init`, pieces of messages, calls and
//! what came of them, `result`.
//!
//! What it used is told in the result alone, by model, and counts this run. That it tries
//! again stands on standard error alone; a command that failed is told of as a success; on
//! a SIGTERM it exits with code 0 and no result.
//!
//! `stream` decodes it; `words` what its errors and its tools say.

mod stream;
mod words;

pub(super) use stream::Gemini;
