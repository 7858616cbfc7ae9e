//! A home with a database that an earlier supervisor could have left.

use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use wrangle::core::record::Change;
use wrangle::store::{Done, Store};

use crate::Outcome;

/// Stores these in a home's database; how long a bare program takes to read every column
/// of every task and run.
pub(crate) fn fill(home: &Path, changes: impl Iterator<Item = Change>) -> Outcome<Duration> {
    let data = home.join("data");
    std::fs::create_dir_all(&data)?;
    let db = data.join("wrangle.db");
    let (sender, done) = channel();
    let report = move |it| drop(sender.send(it));
    let (store, _) = Store::open(&db, &data.join("tasks"), "bench", report)?;
    for change in changes {
        store.save(change, vec![], vec![]);
    }
    store.close();
    for answer in done {
        if let Done::Written {
            error: Some(why), ..
        } = answer
        {
            return Err(why.into());
        }
    }
    let begun = Instant::now();
    let db = Connection::open(&db)?;
    for table in ["task", "run"] {
        let mut query = db.prepare(&format!("SELECT * FROM {table}"))?;
        let columns = query.column_count();
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                std::hint::black_box(row.get_ref(column)?);
            }
        }
    }
    Ok(begun.elapsed())
}
