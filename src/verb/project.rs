//! What a project's file offers in a directory, where it is trusted.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::command::Context;
use super::disk::within;
use crate::config::{
    Agents, MOST_GRACE, Offer, PROJECT, Project, Templates, parse_duration, similar,
};
use crate::core::wire::Caller;

/// How long a project's file is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// The variable that goes before a project's `task.grace`.
const GRACE: &str = "WRANGLE_TASK_GRACE";

/// The project's file that holds in a directory.
#[derive(Debug)]
pub(super) struct Found {
    file: PathBuf,
    dir: PathBuf,
    trusted: bool,
    project: Result<Project, String>,
}

/// What tasks in a directory are given where they don't say themselves.
#[derive(Debug, Default)]
pub(super) struct Defaults {
    pub(super) grace: Option<Duration>,
    /// What a person should know of it.
    pub(super) notice: Option<String>,
}

/// Looks for a project's file from a directory upwards.
///
/// # Errors
/// When the disk doesn't answer, or it can't be told whether the file is trusted.
pub(super) fn look(dir: &Path, context: &Context) -> Result<Option<Found>, String> {
    look_for(dir, context, PATIENCE).unwrap_or_else(|| {
        Err(format!(
            "cannot look for {PROJECT} from {} upwards: its disk does not answer; try again",
            dir.display()
        ))
    })
}

/// The same; `None` when it takes longer than `patience`.
fn look_for(
    dir: &Path,
    context: &Context,
    patience: Duration,
) -> Option<Result<Option<Found>, String>> {
    let (from, trust) = (dir.to_path_buf(), context.trust.clone());
    within(patience, move || {
        let from = from.canonicalize().unwrap_or(from);
        let Some(file) = Project::find(&from) else {
            return Ok(None);
        };
        let dir = file.parent().unwrap_or(Path::new("/")).to_path_buf();
        let trusted = trust.covers(&dir)?;
        let project = Project::read(&file)
            .map_err(|problems| problems.into_iter().next().unwrap_or_default());
        Ok(Some(Found {
            file,
            dir,
            trusted,
            project,
        }))
    })
}

/// The names of what is offered in a directory, with their commands, as far as they can
/// be had at once.
pub(super) fn names(dir: &Path, context: &Context, patience: Duration) -> Vec<(String, String)> {
    let Some(Ok(Some(found))) = look_for(dir, context, patience) else {
        return Vec::new();
    };
    let help = |offer: &Offer| {
        if found.trusted {
            offer.command_line()
        } else {
            "not trusted".into()
        }
    };
    let Ok(project) = &found.project else {
        return Vec::new();
    };
    let tasks = project.tasks.iter();
    tasks
        .map(|(name, offer)| (name.clone(), help(offer)))
        .collect()
}

/// The task of this name that is offered in `dir`.
///
/// # Errors
/// One line: there is no such task, or its file is not trusted or wrong.
pub(super) fn offer(found: Option<Found>, dir: &Path, name: &str) -> Result<Offer, String> {
    let Some(found) = found else {
        return Err(format!(
            "no {PROJECT} from {} upwards offers @{name}; write one, or say by --dir where it lies",
            dir.display()
        ));
    };
    found.check_trust()?;
    let mut project = found.project?;
    if let Some(offer) = project.tasks.remove(name) {
        return Ok(offer);
    }
    let file = project.file.display();
    if project.tasks.is_empty() {
        return Err(format!("{file} offers no task; add [tasks.NAME] to it"));
    }
    let all = project.tasks.iter();
    let all: Vec<String> = all
        .map(|(name, offer)| format!("@{name} ({})", offer.command_line()))
        .collect();
    let all = all.join(", ");
    if name.is_empty() {
        return Err(format!("say which task; {file} offers {all}"));
    }
    let meant = similar(name, project.tasks.keys().map(String::as_str));
    let meant = meant.map_or_else(String::new, |meant| format!(" (did you mean @{meant}?)"));
    Err(format!("no task @{name}{meant}; {file} offers {all}"))
}

/// What tasks in a directory are given: the environment goes before the project's file,
/// and that before what else is configured.
///
/// # Errors
/// When a trusted file, or the variable, is wrong.
pub(super) fn defaults(found: Option<&Found>, caller: &Caller) -> Result<Defaults, String> {
    let mut defaults = Defaults::default();
    match found {
        Some(Found {
            trusted: true,
            project,
            ..
        }) => {
            let project = project.as_ref().map_err(Clone::clone)?;
            defaults.grace = project.grace();
        }
        Some(Found {
            project: Ok(project),
            ..
        }) if project.sets_anything() => {
            let (file, dir) = (project.file.display(), project.dir.display());
            defaults.notice = Some(format!(
                "defaults for tasks are ignored, since {file} is not trusted; read it, then wrangle trust {dir}"
            ));
        }
        _ => {}
    }
    if let Some(text) = caller.var(GRACE) {
        let grace =
            parse_duration(&text.lossy(), MOST_GRACE).map_err(|why| format!("{GRACE}: {why}"))?;
        defaults.grace = Some(grace);
    }
    Ok(defaults)
}

/// The agents and templates that there are in a directory.
///
/// # Errors
/// When a trusted file is wrong.
pub(super) fn agents(
    found: Option<&Found>,
    context: &Context,
) -> Result<(Arc<Agents>, Arc<Templates>), String> {
    let all = || (Arc::clone(&context.agents), Arc::clone(&context.templates));
    let Some(found) = found.filter(|found| found.trusted) else {
        return Ok(all());
    };
    let project = found.project.as_ref().map_err(Clone::clone)?;
    let agents = project.agents(&context.agents)?;
    let templates = project.templates(&context.templates);
    Ok((agents.into(), templates.into()))
}

impl Found {
    fn check_trust(&self) -> Result<(), String> {
        if self.trusted {
            return Ok(());
        }
        let (file, dir) = (self.file.display(), self.dir.display());
        Err(format!(
            "{file} is not trusted; read it, then wrangle trust {dir}"
        ))
    }
}
