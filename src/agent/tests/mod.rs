mod codex;
mod common;
mod gemini;
