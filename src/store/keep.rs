//! The open database, and how it stays one whatever is done to its files.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::anew::{Fresh, Held, abandon};
use super::db::{self, Refusal};
use super::lie;
use super::load::Loaded;
use super::place::Places;
use crate::core::record::Change;

/// What was mended while the database was in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// What had happened, and what became of it, in one line.
    pub line: String,
    /// Whether everything that was stored is stored again. Else no task is.
    pub whole: bool,
}

/// Keeps the database open.
pub(super) struct Keeper {
    path: PathBuf,
    /// Part of the name of what is set aside.
    stamp: String,
    /// How often a new database was put in its place in this life.
    renewed: u32,
    db: Option<Connection>,
    /// The files that are open.
    places: Places,
    held: Held,
    mended: Vec<Mended>,
}

impl Keeper {
    pub(super) fn new(path: &Path, stamp: &str, db: Connection, loaded: &Loaded) -> Self {
        Self {
            path: path.to_owned(),
            stamp: stamp.to_owned(),
            renewed: 0,
            db: Some(db),
            places: Places::of(path),
            held: Held::of(loaded),
            mended: Vec::new(),
        }
    }

    /// The directory in which it lies.
    pub(super) fn dir(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// A change is stored.
    pub(super) fn note(&mut self, change: &Change) {
        self.held.note(change);
    }

    /// What was mended since this was last asked.
    pub(super) fn take_mended(&mut self) -> Vec<Mended> {
        std::mem::take(&mut self.mended)
    }

    /// Does something with the database that is to lie in its place, once more where it
    /// turns out to be damaged and is made anew.
    pub(super) fn with<T>(
        &mut self,
        mut act: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Refusal> {
        self.set_right()?;
        match self.attempt(&mut act) {
            Err(Refusal::Damaged(why)) => {
                self.renew(&format!("the database was damaged ({why})"), false)?;
                self.attempt(&mut act)
            }
            done => done,
        }
    }

    fn attempt<T>(
        &mut self,
        act: &mut impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Refusal> {
        let Some(db) = &mut self.db else {
            return Err(Refusal::Unusable("it is not open".into()));
        };
        let done = act(db).map_err(Refusal::from);
        // after an error that is more than want of room it is opened anew: a file system
        // that was remounted is noticed then. What has no name any more is in the open
        // files alone
        if matches!(done, Err(Refusal::Unusable(_))) && self.places == Places::of(&self.path) {
            self.db = None;
        }
        done
    }

    /// Sees to it that the files that are open are those that lie there.
    fn set_right(&mut self) -> Result<(), Refusal> {
        let now = Places::of(&self.path);
        let mishap = self.places.mishap(now);
        if self.db.is_none() && self.places.same_file(now) {
            self.open()
        } else if let Some(mishap) = mishap {
            self.renew(mishap, true)
        } else {
            Ok(())
        }
    }

    fn open(&mut self) -> Result<(), Refusal> {
        self.db = Some(db::open(&self.path)?);
        self.places = Places::of(&self.path);
        Ok(())
    }

    /// Puts a new database in its place: with all that the open one holds, where that can
    /// be trusted.
    fn renew(&mut self, mishap: &str, trusted: bool) -> Result<(), Refusal> {
        let failed = |refusal: Refusal| refusal.during(mishap);
        let copy = match self.db.as_ref().filter(|_| trusted) {
            Some(db) => Fresh::copy(&self.path, db).map(Some),
            None => Ok(None),
        };
        let (fresh, whole) = match copy {
            Ok(Some(fresh)) => (fresh, true),
            Ok(None) | Err(Refusal::Damaged(_)) => {
                let fresh = Fresh::rescue(&self.path, self.db.as_ref(), &self.held);
                (fresh.map_err(failed)?, false)
            }
            Err(refusal) => return Err(failed(refusal)),
        };
        let lost = fresh.lost();
        self.renewed += 1;
        let stamp = format!("{}-{}", self.stamp, self.renewed);
        let aside = fresh.settle(&stamp).map_err(failed)?;
        if let Some(db) = self.db.take() {
            abandon(db);
        }
        self.open().map_err(failed)?;
        let kept = aside.map_or_else(String::new, |aside| {
            format!("; what lay there is kept as {}", aside.display())
        });
        let line = format!("{mishap} while it was in use, and is written anew{kept}{lost}");
        self.mended.push(Mended { line, whole });
        Ok(())
    }

    /// Closes it, so that what was stored lies in its place.
    pub(super) fn close(mut self) {
        let right = self.set_right();
        match (right, self.db) {
            (Ok(()), Some(db)) => drop(db),
            (Err(_), Some(db)) => abandon(db),
            (_, None) => {}
        }
    }
}

/// Puts a database in its place that another supervisor had written anew when it died;
/// what became of it.
fn finish(path: &Path, stamp: &str) -> Result<Option<String>, Refusal> {
    let Some(fresh) = Fresh::left_behind(path) else {
        return Ok(None);
    };
    let aside = fresh.settle(&format!("{stamp}-0"))?;
    let kept = aside.map_or_else(String::new, |aside| {
        format!("; what lay there is kept as {}", aside.display())
    });
    Ok(Some(format!(
        "the database was being written anew when the supervisor died: it is in its place now{kept}"
    )))
}

/// Opens and reads with `read`; a damaged database is set aside first, under a name with
/// `stamp`, and another begun.
pub(super) fn open_and_read(
    path: &Path,
    stamp: &str,
    read: impl Fn(&Connection) -> rusqlite::Result<Loaded>,
) -> Result<(Connection, Loaded), Refusal> {
    let finished = finish(path, stamp)?;
    let attempt = || {
        if let Some(obstacle) = lie::obstacle(path) {
            return Err(Refusal::Unusable(obstacle));
        }
        db::private(path).map_err(|error| Refusal::Unusable(error.to_string()))?;
        let db = db::open(path)?;
        let mut loaded = read(&db)?;
        loaded.problems.extend(finished.clone());
        Ok((db, loaded))
    };
    match attempt() {
        Err(Refusal::Damaged(why)) => {
            let fresh = Fresh::rescue(path, None, &Held::default());
            let lost = fresh.as_ref().map_or("", Fresh::lost);
            let aside = fresh.and_then(|fresh| fresh.settle(stamp));
            let aside = aside.map_err(|refusal| {
                Refusal::Unusable(format!("it is damaged ({why}), and {}", refusal.why()))
            })?;
            let (db, mut loaded) = attempt()?;
            let kept = aside.map_or_else(String::new, |aside| {
                format!(" and is kept as {}", aside.display())
            });
            loaded.problems.push(format!(
                "the database was damaged ({why}){kept}; tasks were listed anew from their logs{lost}"
            ));
            Ok((db, loaded))
        }
        done => done,
    }
}
