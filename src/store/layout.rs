//! What a database of ours has to have, whatever its file says of itself.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::db::MIGRATIONS;

/// Every column of every table.
fn columns(db: &Connection) -> rusqlite::Result<BTreeSet<(String, String)>> {
    let mut query = db.prepare(
        "SELECT of.name, has.name FROM sqlite_schema AS of, pragma_table_info(of.name) AS has \
         WHERE of.type = 'table' AND of.name NOT LIKE 'sqlite%'",
    )?;
    let columns = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    columns.collect()
}

/// What is wrong with the layout of a database that says it is of this version.
pub(super) fn fault(db: &Connection, version: u32) -> rusqlite::Result<Option<String>> {
    let has = columns(db)?;
    if version == 0 {
        let theirs = has.first().map(|(table, _)| table);
        return Ok(theirs.map(|table| format!("another program's table {table} is in it")));
    }
    let ideal = Connection::open_in_memory()?;
    for migration in MIGRATIONS.iter().take(version as usize) {
        ideal.execute_batch(migration)?;
    }
    let lacks = columns(&ideal)?.difference(&has).next().cloned();
    Ok(lacks.map(|(table, column)| format!("it lacks {table}.{column}")))
}
