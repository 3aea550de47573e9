//! Which statuses each operation was seen to answer with, by the whole of the tests: `scripts/refusals` holds them
//! against what the contract says.

use std::{
    collections::BTreeSet,
    fs::File,
    io::Write,
    path::Path,
    sync::{LazyLock, Mutex},
};

use smart_mining::domain::operation::Operation;

use super::is_postgres;

struct Seen {
    answers: BTreeSet<(&'static str, u16)>,
    file: File,
}

static SEEN: LazyLock<Mutex<Seen>> = LazyLock::new(|| {
    let name = if is_postgres() { "answers-postgres.txt" } else { "answers-sqlite.txt" };
    let file = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)).expect("a file to write to");
    Mutex::new(Seen { answers: BTreeSet::new(), file })
});

/// Notes what was answered, if it is an operation that answered.
pub fn note(method: &str, path: &str, status: u16) {
    let Some(operation) = Operation::matching(method, path) else { return };
    let mut seen = SEEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if seen.answers.insert((operation.id, status)) {
        writeln!(seen.file, "{} {status}", operation.id).expect("a line is written");
    }
}
