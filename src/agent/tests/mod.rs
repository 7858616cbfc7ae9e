mod codex;
mod common;
