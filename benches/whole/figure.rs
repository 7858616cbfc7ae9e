//! What was measured, beside what it is measured by.

use std::io::Write;
use std::time::Duration;

/// Bytes in a MiB.
pub(crate) const MIB: f64 = 1_048_576.0;

/// What a figure is to reach.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Aim {
    /// No less than.
    AtLeast(f64),
    /// No more than.
    AtMost(f64),
    /// Nothing: it is for information.
    Nothing,
}

/// One measured thing.
#[derive(Debug)]
pub(crate) struct Figure {
    what: String,
    value: f64,
    unit: &'static str,
    /// What ran beside it, its value in the same unit, the median ratio of pairs.
    beside: Option<(String, f64, f64)>,
    aim: Aim,
}

impl Figure {
    /// A value with an aim of its own.
    pub(crate) fn new(what: impl Into<String>, value: f64, unit: &'static str, aim: Aim) -> Self {
        Self {
            what: what.into(),
            value,
            unit,
            beside: None,
            aim,
        }
    }

    /// A value beside another of the same run, of pairs (ours, theirs): the aim is the
    /// median ratio's.
    pub(crate) fn beside(
        what: impl Into<String>,
        unit: &'static str,
        other: impl Into<String>,
        pairs: &[(f64, f64)],
        aim: Aim,
    ) -> Self {
        let ours = median(pairs.iter().map(|pair| pair.0));
        let theirs = median(pairs.iter().map(|pair| pair.1));
        let ratio = median(pairs.iter().map(|pair| pair.0 / pair.1));
        Self {
            what: what.into(),
            value: ours,
            unit,
            beside: Some((other.into(), theirs, ratio)),
            aim,
        }
    }
}

impl Figure {
    /// One line, with the aim and whether it is met where it is `judged`.
    pub(crate) fn line(&self, judged: bool) -> String {
        let value = format!("{} {}", digits(self.value), self.unit);
        let (beside, ratio) = match &self.beside {
            Some((other, theirs, ratio)) => (
                format!("{other} {} {}", digits(*theirs), self.unit),
                format!("{} ×", digits(*ratio)),
            ),
            None => (String::new(), String::new()),
        };
        let line = format!("  {:<44} {value:>14}   {beside:<26} {ratio:>8}", self.what);
        let (value, unit) = match self.beside {
            Some((_, _, ratio)) => (ratio, "×"),
            None => (self.value, self.unit),
        };
        let (bound, is_met) = match self.aim {
            Aim::AtLeast(bound) => (format!("≥ {} {unit}", digits(bound)), value >= bound),
            Aim::AtMost(bound) => (format!("≤ {} {unit}", digits(bound)), value <= bound),
            Aim::Nothing => return line,
        };
        let verdict = if is_met { "met" } else { "NOT MET" };
        if judged {
            format!("{line}   aim {bound:<12} {verdict}")
        } else {
            line
        }
    }
}

/// Three digits that count.
fn digits(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        small if small < 1.0 => format!("{value:.3}"),
        small if small < 10.0 => format!("{value:.2}"),
        small if small < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// The middle value; 0 of none.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    quantile(values, 0.5)
}

/// The value below which that share of all lies; 0 of none.
pub(crate) fn quantile(values: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
    sorted.get(place).copied().unwrap_or(0.0)
}

/// Milliseconds.
pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// MiB a second.
pub(crate) fn rate(bytes: u64, time: Duration) -> f64 {
    bytes as f64 / MIB / time.as_secs_f64()
}

/// One line on standard output; where nobody reads it, nothing is lost.
pub(crate) fn say(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").ok();
}
