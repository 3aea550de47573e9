//! A database of its own for each test: a folder for SQLite, two copies of a template on PostgreSQL.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        LazyLock, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use diesel::{
    Connection, PgConnection, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_query,
};
use secrecy::SecretString;
use smart_mining::db::{Settings, migrate};
use tempfile::TempDir;

#[expect(clippy::disallowed_methods, reason = "the tests' one setting")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

static SERVER: LazyLock<Option<String>> = LazyLock::new(|| variable("TEST_DATABASE_URL"));

/// Whether the suite runs on PostgreSQL.
pub fn is_postgres() -> bool {
    SERVER.is_some()
}

/// Where the PostgreSQL server of the suite keeps its files.
pub fn postgres_data_directory() -> PathBuf {
    PathBuf::from(variable("TEST_POSTGRES_DATA").expect("scripts/test sets TEST_POSTGRES_DATA"))
}

/// The two stores of one test, and the folder for everything else.
/// The names that copies of the data are given.
const COPIES: [&str; 3] = ["snapshot", "backup", "twin"];

pub struct TestDatabase {
    pub folder: TempDir,
    pub data_url: String,
    pub keys_url: String,
    on_server: Option<[String; 2]>,
}

impl TestDatabase {
    pub fn fresh() -> Self {
        let folder = TempDir::with_prefix("smart-mining-").expect("a folder");
        match SERVER.as_deref() {
            None => {
                let path = folder.path().display();
                Self {
                    data_url: format!("sqlite:{path}/smart-mining.db"),
                    keys_url: format!("sqlite:{path}/keys/keys.db"),
                    folder,
                    on_server: None,
                }
            }
            Some(server) => {
                let names = copy_templates(server);
                let url = |name: &str| format!("{server}/{name}");
                Self { data_url: url(&names[0]), keys_url: url(&names[1]), folder, on_server: Some(names) }
            }
        }
    }

    /// A copy of the data as it is now, which nobody has open; gives its URL.
    pub fn snapshot(&self, name: &str) -> String {
        if let (Some([data, _]), Some(server)) = (&self.on_server, SERVER.as_deref()) {
            let name = format!("{data}_{name}");
            postgres(&format!("{server}/postgres"))
                .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {data}"))
                .expect("a snapshot");
            return format!("{server}/{name}");
        }
        let path = self.folder.path().join(format!("{name}.db"));
        self.sql(&format!("VACUUM INTO '{}'", path.display()));
        format!("sqlite:{}", path.display())
    }

    /// A copy of the data as a backup has them, taken while the service goes on; gives its URL.
    pub fn backup(&self) -> String {
        let (Some([data, _]), Some(server)) = (&self.on_server, SERVER.as_deref()) else {
            return self.snapshot("snapshot");
        };
        let name = format!("{data}_snapshot");
        let copy = format!("{server}/{name}");
        postgres(&format!("{server}/postgres"))
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .expect("a database");
        let mut dump =
            Command::new("pg_dump").arg(&self.data_url).stdout(Stdio::piped()).spawn().expect("pg_dump runs");
        let restored = Command::new("psql")
            .args(["-q", "-v", "ON_ERROR_STOP=1", &copy])
            .stdin(dump.stdout.take().expect("a pipe"))
            .stdout(Stdio::null())
            .status()
            .expect("psql runs");
        assert!(dump.wait().expect("pg_dump ends").success() && restored.success());
        copy
    }

    /// Runs statements against the data, as its owner.
    pub fn sql(&self, statements: &str) {
        self.try_sql(statements).expect("the statements run");
    }

    pub fn try_sql(&self, statements: &str) -> diesel::QueryResult<()> {
        on(&self.data_url, |c| c.batch_execute(statements))
    }

    /// Runs statements against the key store.
    pub fn keys_sql(&self, statements: &str) {
        on(&self.keys_url, |c| c.batch_execute(statements)).expect("the statements run");
    }

    /// The single number that a query of the data gives as `n`.
    pub fn number(&self, query: &str) -> i64 {
        number(&self.data_url, query)
    }

    pub fn keys_number(&self, query: &str) -> i64 {
        number(&self.keys_url, query)
    }

    /// The texts that a query of the data gives as `t`.
    pub fn texts(&self, query: &str) -> Vec<String> {
        texts_of(&self.data_url, query)
    }
}

/// The texts that a query of some data gives as `t`.
pub fn texts_of(url: &str, query: &str) -> Vec<String> {
    let rows: Vec<TextRow> = match SERVER.as_deref() {
        None => sql_query(query).load(&mut sqlite(url)),
        Some(_) => sql_query(query).load(&mut postgres(url)),
    }
    .expect("the query runs");
    rows.into_iter().map(|row| row.t).collect()
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let (Some(names), Some(server)) = (&self.on_server, SERVER.as_deref()) {
            let mut c = postgres(&format!("{server}/postgres"));
            let copies = COPIES.map(|copy| format!("{}_{copy}", names[0]));
            for name in names.iter().chain(&copies) {
                let _ = c.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
            }
        }
    }
}

#[derive(diesel::QueryableByName)]
struct NumberRow {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

#[derive(diesel::QueryableByName)]
struct TextRow {
    #[diesel(sql_type = diesel::sql_types::Text)]
    t: String,
}

fn number(url: &str, query: &str) -> i64 {
    let row: NumberRow = match SERVER.as_deref() {
        None => sql_query(query).get_result(&mut sqlite(url)),
        Some(_) => sql_query(query).get_result(&mut postgres(url)),
    }
    .expect("the query runs");
    row.n
}

fn on<T>(url: &str, run: impl FnOnce(&mut dyn SimpleConnection) -> T) -> T {
    match SERVER.as_deref() {
        None => run(&mut sqlite(url)),
        Some(_) => run(&mut postgres(url)),
    }
}

fn sqlite(url: &str) -> SqliteConnection {
    let mut c = SqliteConnection::establish(url.trim_start_matches("sqlite:")).expect("SQLite opens");
    c.batch_execute("PRAGMA busy_timeout = 5000").expect("a pragma");
    c
}

fn postgres(url: &str) -> PgConnection {
    PgConnection::establish(url).expect("the PostgreSQL server of the suite answers")
}

/// Makes the two templates once, and copies them for this test.
fn copy_templates(server: &str) -> [String; 2] {
    static TEMPLATES: Mutex<Option<[String; 2]>> = Mutex::new(None);
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let mut made = TEMPLATES.lock().unwrap_or_else(PoisonError::into_inner);
    let run = std::process::id();
    let mut c = postgres(&format!("{server}/postgres"));
    let templates = made.get_or_insert_with(|| {
        let names = [format!("template_data_{run}"), format!("template_keys_{run}")];
        for (name, holds_keys) in names.iter().zip([false, true]) {
            c.batch_execute(&format!("CREATE DATABASE {name}")).expect("a template");
            let url = SecretString::from(format!("{server}/{name}"));
            migrate::run(&Settings { url, connections: 1, max_mib: None, holds_keys }, None)
                .expect("migrations");
        }
        names
    });
    let n = COUNT.fetch_add(1, Ordering::SeqCst);
    let names = [format!("t_{run}_{n}_data"), format!("t_{run}_{n}_keys")];
    for (name, template) in names.iter().zip(templates.iter()) {
        c.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}"))
            .expect("a copy of the template");
    }
    names
}
