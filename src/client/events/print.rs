//! An event in one line.

use jiff::tz::TimeZone;

use super::follow::Teller;
use crate::client::json;
use crate::client::local::instant;
use crate::client::out::Out;
use crate::client::table::{self, plain};
use crate::client::trouble::Trouble;
use crate::core::event::{By, EventReport, What};
use crate::core::exact::exact_line;
use crate::output::display::safe_line;
use crate::verb::zone_here;

/// The word of a line of output, which is no entry of the activity log.
pub(super) const LINE: &str = "line";

/// Prints events.
#[derive(Debug)]
pub(super) struct Printer {
    out: Out,
    json: bool,
    /// Whose clock the times are by.
    zone: TimeZone,
}

impl Printer {
    pub(super) fn new(json: bool) -> Self {
        Self {
            out: Out::new(),
            json,
            zone: zone_here(),
        }
    }
}

impl Teller for Printer {
    fn event(&mut self, event: &EventReport) -> Result<(), Trouble> {
        if self.json {
            return self.out.line(&json::text(event, "an event")?);
        }
        self.out.line(&sentence(event, &self.zone))
    }

    fn flush(&mut self) -> Result<(), Trouble> {
        self.out.flush()
    }
}

/// An event for people: when, which task, what, and what there is to say of it.
fn sentence(event: &EventReport, zone: &TimeZone) -> String {
    let at = instant(&event.at, zone);
    let EventReport {
        task, event: what, ..
    } = event;
    let run = match event.run {
        1 => String::new(),
        run => format!(" (run {run})"),
    };
    let name = plain(&event.name);
    let mut line = format!("{at}  {:>4}  {what:<9}  {name}{run}", task.0);
    let text = event.text.as_deref().unwrap_or_default();
    let safe = |text: &str| {
        let safe = safe_line(text.as_bytes(), false);
        plain(&String::from_utf8_lossy(&safe))
    };
    if what == LINE {
        return format!("{line}: {}", safe(text));
    }
    // what an agent asks is no progress that a return takes back
    let text = (!text.is_empty()).then(|| {
        if what == What::Attention.word() {
            exact_line(text).into_owned()
        } else {
            safe(&text.replace(['\r', '\u{8}'], " "))
        }
    });
    let how = table::how(event.outcome.as_deref(), event.exit_code, event.signal);
    // who did it goes without saying where the task did it itself
    let by = (event.by != By::Task.word()).then(|| format!("by {}", event.by));
    let said: Vec<String> = [how, text, by].into_iter().flatten().collect();
    if !said.is_empty() {
        line.push_str(": ");
        line.push_str(&said.join("; "));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::event::Event;
    use crate::core::id::TaskId;
    use crate::core::task::{Exit, Outcome};
    use crate::core::time::Timestamp;

    fn event(what: What, by: By) -> Event {
        Event {
            seq: 1,
            at: Timestamp(0),
            what,
            by,
            task: TaskId(3),
            run: 1,
            name: "a\x1bpi".into(),
            outcome: None,
            exit: None,
            text: None,
        }
    }

    #[test]
    fn sentences() {
        let at = "1970-01-01 00:00:00.000Z";
        let told = |event: &Event| sentence(&event.into(), &TimeZone::UTC);
        let mut ended = event(What::Ended, By::Task);
        ended.outcome = Some(Outcome::Failed(2));
        assert_eq!(
            told(&ended),
            format!("{at}     3  ended      a\u{fffd}pi: failed, exit code 2")
        );
        let mut stopping = event(What::Stopping, By::Person);
        stopping.run = 2;
        stopping.text = Some("SIGTERM\x1b[2J sent".into());
        assert_eq!(
            told(&stopping),
            format!("{at}     3  stopping   a\u{fffd}pi (run 2): SIGTERM sent; by person")
        );
        let mut asks = event(What::Attention, By::Task);
        asks.text = Some("claude asks: rm -rf ~\rls\u{8}\u{202e}".into());
        assert!(told(&asks).ends_with(": claude asks: rm -rf ~␍ls␈<U+202E>"));
        let mut lingering = event(What::Lingering, By::Task);
        lingering.exit = Some(Exit::Code(0));
        assert!(told(&lingering).ends_with(": succeeded"));
    }
}
