//! Free memory.

use std::{fs, io};

/// Bytes that could be used without swapping: `MemAvailable` of /proc/meminfo (proc(5),
/// since Linux 3.14).
///
/// # Errors
/// When it can't be read, or says nothing of it.
pub fn available() -> io::Result<u64> {
    parse(&fs::read_to_string("/proc/meminfo")?)
        .ok_or_else(|| io::Error::other("/proc/meminfo does not say what is available"))
}

fn parse(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|it| it.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        let text = "MemTotal:       16 kB\nMemFree: 1 kB\nMemAvailable:    8175372 kB\n";
        assert_eq!(parse(text), Some(8_175_372 * 1024));
        assert_eq!(parse("MemTotal: 16 kB\n"), None);
        assert!(available().unwrap() > 0);
    }
}
