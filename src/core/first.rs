//! Version 0.1, before there was a database and before one supervisor could take over
//! from another: how it is known, and what is left of it.
//!
//! It hangs up on a newcomer that wants to take over and refuses every other protocol in
//! words. SIGKILL leaves its shims as it leaves ours, and these speak as ours do.

/// The protocol that it speaks.
pub const PROTOCOL: u32 = 1;

/// The file in a task's directory that held what was stored of it.
pub const RECORD: &str = "task.json";

/// Whether a refusal is that of its supervisor.
pub fn refuses(why: &str) -> bool {
    why.starts_with("the running supervisor is wrangle ") && why.contains(" (protocol 1), this is ")
}

/// What is to be done about its supervisor, which has this pid.
pub fn remedy(pid: &str) -> String {
    let pid = pid.trim();
    format!(
        "the running supervisor (pid {pid}) is of wrangle 0.1, which can't hand over; kill -KILL {pid} ends it without its tasks, and whoever starts next takes them over (its own wrangle shutdown would end them)"
    )
}

/// What its clients are told: words of ours they wouldn't understand.
pub fn refusal(ours: &str, program: &str) -> String {
    format!(
        "the running supervisor is wrangle {ours}, and has taken over the tasks of 0.1; use its program: {program}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_refusal_is_known_and_no_other_is() {
        let its = "the running supervisor is wrangle 0.1.0 (protocol 1), this is 0.2.0 (protocol 2); use the same program, or wrangle shutdown first";
        assert!(refuses(its));
        for other in [
            "the running supervisor is shutting down; start another once it has ended",
            "the running supervisor is wrangle 3.0.0 (protocol 3), this is 0.1.0 (protocol 1); x",
            &refusal("0.2.0", "/bin/wrangle"),
            &remedy("7"),
        ] {
            assert!(!refuses(other), "{other}");
        }
    }
}
