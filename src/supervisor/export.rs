//! Exports that screens ask for. The program itself carries each out as a call like any
//! other: neither a large log nor a slow disk is the loop's business.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;

use super::event::{ClientId, Event};
use super::hub::Hub;
use crate::verb::{Document, Export};

/// How much of what it says is read: a line.
const MOST: u64 = 4 << 10;

impl Hub {
    /// Begins an export; its screen is told how it went.
    pub(super) fn export(&mut self, id: ClientId, asked: &Export) {
        match self.spawn_export(id, asked) {
            Ok(pid) => self.shims.helper(pid),
            Err(error) => self.exported(id, Err(format!("cannot export: {error}; try again"))),
        }
    }

    fn spawn_export(&self, id: ClientId, asked: &Export) -> io::Result<i32> {
        let (said, theirs) = io::pipe()?;
        let mut said = Receiver::from_owned_fd(OwnedFd::from(said))?.take(MOST);
        let mut command = Command::new("/proc/self/exe");
        command
            .arg0("wrangle")
            .args(["export", "--told", "--format"])
            .arg(match asked.document {
                Document::Markdown => "md",
                Document::Json => "json",
            })
            .args(asked.run.map(|run| format!("--run={run}")))
            .arg("--output")
            .args(&asked.to)
            .arg("--")
            .arg(asked.target.to_string())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::from(theirs.try_clone()?))
            .stderr(Stdio::from(theirs));
        if let Some(home) = &self.settings.paths.home {
            command.env("WRANGLE_HOME", home);
        }
        // as a shim is: without pre_exec
        let child = command.spawn()?;
        let events = self.to_answers.clone();
        tokio::spawn(async move {
            let mut text = Vec::new();
            // what cannot be read is as good as nothing said
            said.read_to_end(&mut text).await.ok();
            let text = String::from_utf8_lossy(&text);
            let line = text.lines().last().unwrap_or_default();
            let how = match line.strip_prefix("wrangle: ") {
                Some(why) => Err(why.to_owned()),
                None if line.is_empty() => Err("the export was killed; try again".to_owned()),
                None => Ok(line.to_owned()),
            };
            events.send(Event::Exported(id, how)).ok();
        });
        Ok(child.id() as i32)
    }

    /// An export is over: what there is to say of it.
    pub(super) fn exported(&mut self, id: ClientId, how: Result<String, String>) {
        let Some(session) = self.session(id) else {
            return;
        };
        match how {
            Ok(line) => session.screen.tell(line),
            Err(why) => session.screen.notice(why),
        }
        session.touch();
    }
}
