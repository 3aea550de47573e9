//! The real server on a free port, with a clock that the test moves.

use std::{
    collections::BTreeMap,
    ops::Deref,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use chrono::TimeDelta;
use reqwest::{Client, Method};
use serde_json::Value;
use smart_mining::{
    config::Config,
    domain::time::Timestamp,
    server::{self, Running},
    services::clock::Clock,
};

use super::{Answer, Person, Process, Registrant, TestDatabase, eventually};

/// 1 March 2026, 09:30 UTC.
const START: i64 = 1_772_357_400_000_000;

pub struct App {
    inner: Arc<Inner>,
    running: Option<Running>,
}

pub struct Inner {
    pub database: TestDatabase,
    pub clock: Clock,
    pub url: String,
    pub operator_url: String,
    pub client: Client,
    pub settings: BTreeMap<String, String>,
}

impl Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.inner
    }
}

impl App {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts with settings of the test's own, without their prefix.
    pub async fn start_with(own: &[(&str, &str)]) -> Self {
        Self::start_on(TestDatabase::fresh(), own).await
    }

    pub async fn start_on(database: TestDatabase, own: &[(&str, &str)]) -> Self {
        let settings = settings(&database, own);
        let clock = Clock::by_hand(Timestamp::from_micros(START).expect("an instant"));
        Self::run(database, settings, clock).await
    }

    async fn run(database: TestDatabase, settings: BTreeMap<String, String>, clock: Clock) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let config = Config::from_vars(settings.clone()).expect("the settings are usable");
        let running = server::start(&config, clock.clone()).await.expect("the server starts");
        let inner = Inner {
            url: format!("http://{}", running.address),
            operator_url: format!("http://{}", running.operator_address.expect("an operator's listener")),
            client: client(),
            database,
            clock,
            settings,
        };
        Self { inner: Arc::new(inner), running: Some(running) }
    }

    /// Stops the server and keeps its stores; only the commands reach them then.
    pub async fn stop_and_keep(mut self) -> Self {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
        self
    }

    /// Stops the server and starts it again on the same stores, with changed settings.
    pub async fn restart_with(mut self, own: &[(&str, &str)]) -> Self {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
        let inner = Arc::into_inner(self.inner).expect("nobody else holds the app at a restart");
        let mut settings = inner.settings;
        settings
            .extend(own.iter().map(|(name, value)| (format!("SMART_MINING_{name}"), (*value).to_owned())));
        Self::run(inner.database, settings, inner.clock).await
    }

    pub async fn restart(self) -> Self {
        self.restart_with(&[]).await
    }

    /// A person with an open account, signed in.
    pub async fn person(&self, email: &str) -> Person {
        Inner::person(&self.inner, email).await
    }

    /// Somebody whose session was opened otherwise.
    pub fn person_of(&self, session: &serde_json::Value, cookie: String) -> Person {
        Person::new(Arc::clone(&self.inner), session, cookie)
    }

    /// Somebody who has an account, signed in anew.
    pub async fn signs_in(&self, email: &str, cookie: &str) -> Person {
        let body = serde_json::json!({ "email": email, "password": super::PASSWORD });
        let answer = self.send(Method::POST, "/v1/sessions", &[("cookie", cookie)], Some(&body)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        Person::new(Arc::clone(&self.inner), &answer.json()["session"], cookie.to_owned())
    }

    /// A member of staff who was away during a restart, signed in anew.
    pub async fn welcomes(&self, away: super::Away) -> super::Member {
        away.comes_back(&self.inner).await
    }

    /// Somebody who filled in the form like this, verified and signed in.
    pub async fn registers(&self, body: Value) -> Person {
        let answer = self.post("/v1/accounts", &body).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        let email = body["email"].as_str().expect("an address");
        self.registrant(&answer).verify(&self.code_mailed_to(email).await).await
    }

    /// Who waits for the code of this registration.
    pub fn registrant(&self, answer: &Answer) -> Registrant {
        Registrant::new(Arc::clone(&self.inner), answer)
    }

    /// The two first admins.
    pub async fn admins(&self) -> [super::Member; 2] {
        Inner::admins(&self.inner).await
    }

    /// A member of staff in one role.
    pub async fn member(&self, admins: &[super::Member; 2], role: &str) -> super::Member {
        Inner::member(&self.inner, admins, role).await
    }

    /// A member of this name in one role.
    pub async fn member_called(&self, admins: &[super::Member; 2], name: &str, role: &str) -> super::Member {
        Inner::member_called(&self.inner, admins, name, role).await
    }

    /// A registration that waits for its code.
    pub async fn register(&self, email: &str) -> Registrant {
        Inner::register(&self.inner, email).await
    }
}

impl Inner {
    /// What the tests see of a process, which runs on the machine's clock.
    pub fn of_process(
        database: TestDatabase,
        settings: BTreeMap<String, String>,
        process: &Process,
    ) -> Arc<Self> {
        drop(rustls::crypto::ring::default_provider().install_default());
        Arc::new(Self {
            url: process.url.clone(),
            operator_url: process.operator_url.clone(),
            client: client(),
            database,
            clock: Clock::system(),
            settings,
        })
    }

    /// The same stores behind another process.
    pub fn moved_to(self: Arc<Self>, process: &Process) -> Arc<Self> {
        let inner = Arc::into_inner(self).expect("nobody else holds the process");
        Arc::new(Self { url: process.url.clone(), operator_url: process.operator_url.clone(), ..inner })
    }

    pub async fn person(self: &Arc<Self>, email: &str) -> Person {
        let registrant = self.register(email).await;
        let code = self.code_mailed_to(email).await;
        registrant.verify(&code).await
    }

    pub async fn register(self: &Arc<Self>, email: &str) -> Registrant {
        let body = super::registration_body(self, email).await;
        let answer = self.post("/v1/accounts", &body).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        Registrant::new(Arc::clone(self), &answer)
    }

    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    pub fn outbox(&self) -> PathBuf {
        self.database.folder.path().join("outbox")
    }

    /// The newest mail to this address that holds a code.
    pub async fn code_mailed_to(&self, email: &str) -> String {
        self.code_mailed_after(0, email).await
    }

    /// The newest code mailed to this address, once it has been mailed more than so many. Other
    /// mails may come between, so it is the codes that are counted.
    pub async fn code_mailed_after(&self, seen: usize, email: &str) -> String {
        let find = || async { self.codes_mailed_to(email).split_off(seen).pop() };
        eventually("the code", find).await
    }

    /// The codes mailed to this address, oldest first.
    pub fn codes_mailed_to(&self, email: &str) -> Vec<String> {
        self.mails_to(email).iter().filter_map(|mail| code_in(mail)).collect()
    }

    /// All mails to this address, oldest first.
    pub fn mails_to(&self, email: &str) -> Vec<String> {
        let mut mails = self.mails();
        mails.retain(|mail| mail.contains(&format!("To: {email}\r\n")));
        mails
    }

    /// All mails, oldest first.
    pub fn mails(&self) -> Vec<String> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(self.outbox())
            .map(|files| files.filter_map(|file| Some(file.ok()?.path())).collect())
            .unwrap_or_default();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "eml"));
        files.sort_by_key(|file| written_at(file));
        files.iter().filter_map(|file| std::fs::read_to_string(file).ok()).collect()
    }

    /// The newest SMS to this number that holds a code.
    pub async fn code_sent_to(&self, number: &str) -> String {
        let find = || async {
            self.sms_to(number).iter().rev().find_map(|sms| {
                let (_, rest) = sms.split_once("code is ")?;
                Some(rest.chars().take_while(char::is_ascii_digit).collect())
            })
        };
        eventually("the code by SMS", find).await
    }

    /// All SMS to this number, oldest first.
    pub fn sms_to(&self, number: &str) -> Vec<String> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(self.outbox())
            .map(|files| files.filter_map(|file| Some(file.ok()?.path())).collect())
            .unwrap_or_default();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "txt"));
        files.sort_by_key(|file| written_at(file));
        let all = files.iter().filter_map(|file| std::fs::read_to_string(file).ok());
        all.filter(|sms| sms.starts_with(&format!("To: {number}\n"))).collect()
    }

    /// Waits for a mail to this address whose subject or text has these words.
    pub async fn mail_saying(&self, email: &str, words: &str) -> String {
        let find = || async { self.mails_to(email).into_iter().find(|mail| readable(mail).contains(words)) };
        readable(&eventually(&format!("a mail saying {words:?}"), find).await)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        Answer::of(&method, request.send().await.expect("the server answers")).await
    }

    /// Posts bytes as they are.
    pub async fn post_raw(&self, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.client.post(format!("{}{path}", self.url)).header("content-type", content_type);
        Answer::of(&Method::POST, request.body(body).send().await.expect("the server answers")).await
    }
}

/// Ids of one moment have no order, and a clock that stands makes every moment one.
/// Connections are given up before the server does: what is sent on one that it closes just then is lost.
fn client() -> Client {
    let builder = Client::builder().timeout(std::time::Duration::from_secs(30));
    builder.pool_idle_timeout(std::time::Duration::from_secs(2)).build().expect("a client")
}

fn written_at(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|facts| facts.modified()).ok()
}

/// A mail's subject and text on one line.
fn readable(mail: &str) -> String {
    mail.replace("=\r\n", "").replace("=3D", "=").replace("\r\n", " ")
}

fn code_in(mail: &str) -> Option<String> {
    let (_, rest) = mail.split_once("Your code is ")?;
    Some(rest.chars().take_while(char::is_ascii_digit).collect())
}

/// Settings for a test: everything local, hashing cheap, limits out of the way.
pub fn settings(database: &TestDatabase, own: &[(&str, &str)]) -> BTreeMap<String, String> {
    let folder = database.folder.path().display().to_string();
    let usual = [
        ("DATA_DIR", folder.as_str()),
        ("DATABASE_URL", &database.data_url),
        ("KEY_STORE_URL", &database.keys_url),
        ("DATABASE_CONNECTIONS", "4"),
        ("LISTEN", "127.0.0.1:0"),
        ("OPERATOR_LISTEN", "127.0.0.1:0"),
        ("WORKERS", "2"),
        ("SHUTDOWN_SECONDS", "2"),
        ("RATE_ORDINARY", "10000000"),
        ("RATE_COSTLY", "10000000"),
        ("FAILURES_PER_NETWORK", "1000000"),
        ("MAILS_PER_NETWORK", "1000000"),
        ("SMS_PER_NETWORK", "1000000"),
        ("SMS_PER_HOUR", "1000000"),
        ("ARGON2_MEMORY_KIB", "64"),
        ("ARGON2_ITERATIONS", "1"),
        // The tests' own binary decodes nothing.
        ("IMAGE_PROGRAM", env!("CARGO_BIN_EXE_smart-mining")),
    ];
    usual
        .iter()
        .chain(own)
        .map(|(name, value)| (format!("SMART_MINING_{name}"), (*value).to_owned()))
        .collect()
}
