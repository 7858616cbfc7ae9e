mod claude;
mod codex;
mod common;
mod gemini;
mod hostile;
mod kit;
mod recorded;
