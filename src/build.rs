//! Links the program at a fixed address.
//!
//! A shim runs beside every task. As a position-independent program each of them would
//! write 220 KiB of relocated tables at its start and keep them for itself, more than
//! all else that it holds; at a fixed address all shims share them.

#![allow(
    clippy::print_stdout,
    reason = "a build script speaks to cargo on standard output"
)]

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
