#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wrangle_fuzz::feed(wrangle::core::agent::plan::Speech::Codex, data);
});
