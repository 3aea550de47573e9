//! Configuration: read once, typed, from the environment and an optional file.
//!
//! One table names every setting; a name that is not in it is refused, since a typing error must
//! not do nothing.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use chrono::TimeDelta;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    db::{Backend, Settings},
    domain::{aggregate::SMALLEST_GROUP, rights::calendar::Region},
    services::{
        consents::Controller,
        files::{FileSettings, S3Settings},
        images::ImageSettings,
        passwords::HashCost,
        throttles::AbuseLimits,
        transports::TransportSettings,
    },
    telemetry::LogFormat,
};

/// Every setting starts with this.
pub const PREFIX: &str = "SMART_MINING_";

/// One setting, as `.env.example` shows it.
pub struct Setting {
    pub name: &'static str,
    pub default: &'static str,
    pub help: &'static str,
}

macro_rules! settings {
    ($( $name:ident = $default:literal, $help:literal; )*) => {
        /// All settings, without their prefix.
        pub const SETTINGS: &[Setting] = &[ $( Setting { name: stringify!($name), default: $default, help: $help }, )* ];
    };
}

settings! {
    PROFILE = "development", "`development` or `production`; production refuses development defaults.";
    CONFIG = "", "A TOML file with the same settings in lower case; the environment wins over it.";
    DATA_DIR = "./data", "Where SQLite, keys and the development outbox live.";
    LISTEN = "127.0.0.1:8080", "Address and port of the API.";
    OPERATOR_LISTEN = "127.0.0.1:9464", "Address and port of /metrics and the health checks; keep it private. `off` closes it.";
    PUBLIC_URL = "http://127.0.0.1:8080", "How clients reach the API; the issuer of tokens.";
    DATABASE_URL = "sqlite:<DATA_DIR>/smart-mining.db", "`sqlite:PATH` or `postgres://…`. `DATABASE_URL` without prefix is taken too.";
    DATABASE_MIGRATION_URL = "", "PostgreSQL: the role that owns the schema, for `migrate`; the role of DATABASE_URL then gets no more than it needs.";
    KEY_STORE_URL = "sqlite:<DATA_DIR>/keys/keys.db", "The store of persons' keys; never the same database as DATABASE_URL.";
    KEY_STORE_MIGRATION_URL = "", "PostgreSQL: the role that owns the key store's schema.";
    KEY_FILE = "<DATA_DIR>/keys/master.keys", "The master keys; readable by the service's user alone.";
    DATABASE_CONNECTIONS = "8", "Connections per store on PostgreSQL, 1 to 200.";
    SQLITE_MAX_MIB = "", "The largest the SQLite database may grow; beyond, writes answer 503.";
    WORKERS = "", "Threads that answer requests; as many as cores if not set.";
    MAX_CONNECTIONS = "10000", "Open client connections per worker.";
    SHUTDOWN_SECONDS = "20", "How long requests under way may take to finish at shutdown.";
    ALLOWED_HOSTS = "", "Host names that are answered, by comma; the host of PUBLIC_URL if not set.";
    CORS_ORIGINS = "", "Web origins whose scripts may call, by comma.";
    TRUSTED_PROXIES = "", "Networks whose X-Forwarded-For is believed, by comma.";
    BODY_SECONDS = "10", "How long a request's body may take to arrive.";
    RATE_ORDINARY = "600", "Requests a minute and client address; a tenth of it as a burst.";
    RATE_COSTLY = "60", "The same for requests that hash a password or send a message.";
    FAILURES_PER_NETWORK = "100", "Wrong passwords an hour from one address or /64, whatever the names.";
    MAILS_PER_NETWORK = "60", "Mails with codes an hour that one address or /64 asks for.";
    SMS_PER_NETWORK = "20", "SMS an hour that one address or /64 asks for.";
    SMS_PER_HOUR = "3000", "SMS an hour altogether; what is asked for beyond is refused.";
    STAFF_READS_PER_HOUR = "120", "Openings an hour by one member of staff: a field of a person, or a picture; a verification takes about ten. More takes a second member.";
    FILES = "folder", "Where documents that people hand in are kept, sealed: `folder` or `s3`.";
    FILES_DIR = "<DATA_DIR>/files", "For FILES=folder: the folder.";
    S3_ENDPOINT = "", "For FILES=s3: the URL of the server, without the bucket.";
    S3_REGION = "us-east-1", "For FILES=s3: the region.";
    S3_BUCKET = "", "For FILES=s3: the bucket; nothing else lies in it.";
    S3_ACCESS_KEY_ID = "", "For FILES=s3: who we are.";
    S3_SECRET_ACCESS_KEY = "", "For FILES=s3: how we prove it.";
    IMAGE_PROGRAM = "", "The program that decodes what people hand in, called with `clean-image`; this very binary if not set.";
    IMAGES_AT_ONCE = "2", "How many files are decoded at a time, each in a process of up to 640 MiB.";
    KYC_FILES_DAYS = "1827", "Documents of a verification are destroyed so many days after its decision; five years are the duty of the AML/CFT Act 2009 (NZ), s 50.";
    UPLOADS_AT_ONCE = "8", "How many uploads are received at a time, each of up to 20 MiB; half of them from one network.";
    UPLOAD_SECONDS = "120", "How long an upload may take to arrive.";
    PLACES = "", "A database of places in the MaxMind format (.mmdb), for the coarse place of sessions.";
    LINK_PAGE = "<PUBLIC_URL>/links", "The page that links in mails lead to; the service has one.";
    ARGON2_MEMORY_KIB = "19456", "Memory of a password hash.";
    ARGON2_ITERATIONS = "2", "Passes of a password hash.";
    MAIL = "file", "`file`, `smtp` or `gateway`.";
    MAIL_FROM = "Smart-mining <no-reply@smart-mining.example>", "The sender of mails.";
    SMTP_URL = "", "For MAIL=smtp: `smtps://user:password@host`, or `smtp://host?tls=required`.";
    MAIL_GATEWAY_URL = "", "For MAIL=gateway: where messages are posted.";
    MAIL_GATEWAY_TOKEN = "", "For MAIL=gateway: the bearer token.";
    SMS = "file", "`file` or `gateway`.";
    SMS_FROM = "Smart-mining", "The sender of SMS.";
    SMS_GATEWAY_URL = "", "For SMS=gateway: where messages are posted.";
    SMS_GATEWAY_TOKEN = "", "For SMS=gateway: the bearer token.";
    SMALLEST_GROUP = "20", "Nothing is published of an hour about fewer people with accounts than this; 20 is what is promised.";
    CLOSED_ACCOUNTS_DAYS = "30", "Everything about a person goes so many days after the account was closed, but for what a law keeps.";
    ERASURE_GRACE_DAYS = "14", "How long an erasure can be taken back, unless the person chose to have it at once.";
    KEY_COPIES_LIVE_DAYS = "7", "How long a copy of the key store lives at most; what was erased is in no backup after that.";
    WORKING_DAYS_OF = "", "The region whose anniversary day is no working day either: an ISO 3166-2 code as `auk` or `wgn`. Deadlines come later then.";
    WEBHOOKS_TO_PRIVATE = "false", "Development only: webhooks may go to private addresses, and over http.";
    CONTROLLER_NAME = "Smart-mining", "Who answers for the processing, as receipts and records of processing name it.";
    CONTROLLER_CONTACT = "privacy@smart-mining.example", "Where people write to about their data.";
    LOG_COPY = "<DATA_DIR>/log", "Where leaves and checkpoints of the tamper-evident log are copied, outside the database.";
    LOG_FORMAT = "text", "`text` or `json`.";
    LOG_LEVEL = "info", "`error`, `warn`, `info`, `debug` or `trace`; or a filter in the syntax of tracing's EnvFilter.";
}

/// Which defaults are acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    Development,
    Production,
}

/// Everything the process is told.
#[derive(Clone, Debug)]
pub struct Config {
    pub profile: Profile,
    pub listen: SocketAddr,
    pub operator_listen: Option<SocketAddr>,
    pub public_url: String,
    pub data_dir: PathBuf,
    pub database: Settings,
    pub database_owner: Option<SecretString>,
    pub key_store: Settings,
    pub key_store_owner: Option<SecretString>,
    pub key_file: PathBuf,
    pub http: HttpConfig,
    pub hash_cost: HashCost,
    pub abuse: AbuseLimits,
    pub staff_reads_per_hour: u32,
    pub places: Option<PathBuf>,
    pub files: FileSettings,
    pub images: ImageSettings,
    pub kyc_files_days: u32,
    pub link_page: String,
    pub mail: TransportSettings,
    pub mail_from: String,
    pub sms: TransportSettings,
    pub sms_from: String,
    pub smallest_group: u32,
    /// Whose anniversary day is no working day.
    pub region: Option<Region>,
    pub closed_accounts_days: u32,
    pub erasure_grace: TimeDelta,
    pub key_copies_live: TimeDelta,
    pub webhooks_to_private: bool,
    pub controller: Controller,
    pub log_copy: PathBuf,
    pub log_format: LogFormat,
    pub log_level: String,
}

/// What concerns the edge.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    pub workers: usize,
    pub max_connections: usize,
    pub shutdown_seconds: u64,
    pub allowed_hosts: Vec<String>,
    pub cors_origins: Vec<String>,
    pub trusted_proxies: Vec<IpNet>,
    pub body_seconds: u64,
    pub upload_seconds: u64,
    pub uploads_at_once: usize,
    pub rate_ordinary: u32,
    pub rate_costly: u32,
    pub https: bool,
    /// The origin of `PUBLIC_URL`, as browsers write it.
    pub public_origin: String,
    /// Host, and port where it is not the scheme's, of `PUBLIC_URL`.
    pub public_host: String,
}

/// Why a configuration is refused; it names settings and never their values.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    #[error("{PREFIX}{0} is not a setting")]
    Unknown(String),
    #[error("{PREFIX}{0} is not usable: {1}")]
    Invalid(&'static str, &'static str),
    #[error("production does not run with the development default of {PREFIX}{0}: {1}")]
    NotForProduction(&'static str, &'static str),
    #[error("the configuration file is not usable: {0}")]
    File(&'static str),
}

impl Config {
    /// Reads the process's environment, and the file that it names.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], naming the setting.
    pub fn from_environment() -> Result<Self, ConfigError> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        let vars = std::env::vars();
        Self::from_vars(vars)
    }

    /// Reads settings from pairs of name and value; names that are not ours are left alone.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], naming the setting.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut own = BTreeMap::new();
        let mut plain_url = None;
        for (name, value) in vars {
            if name == "DATABASE_URL" {
                plain_url = Some(value);
            } else if let Some(name) = name.strip_prefix(PREFIX) {
                own.insert(known(name)?, value);
            }
        }
        if let Some(url) = plain_url {
            own.entry("DATABASE_URL").or_insert(url);
        }
        if let Some(path) = own.get("CONFIG").filter(|path| !path.is_empty()) {
            for (name, value) in read_file(Path::new(path))? {
                own.entry(name).or_insert(value);
            }
        }
        let config = build(&Source(own))?;
        config.check_production()?;
        Ok(config)
    }

    /// Whether the serving process may change the schema.
    pub fn migrates_itself(&self) -> bool {
        self.profile == Profile::Development || !is_postgres(&self.database) || self.database_owner.is_some()
    }

    fn check_production(&self) -> Result<(), ConfigError> {
        if self.profile == Profile::Development {
            return Ok(());
        }
        let refuse = |name, why| Err(ConfigError::NotForProduction(name, why));
        if !self.http.https {
            return refuse("PUBLIC_URL", "it must be https");
        }
        if matches!(self.mail, TransportSettings::File(_)) {
            return refuse("MAIL", "nobody reads a folder");
        }
        if matches!(self.sms, TransportSettings::File(_)) {
            return refuse("SMS", "nobody reads a folder");
        }
        if self.webhooks_to_private {
            return refuse(
                "WEBHOOKS_TO_PRIVATE",
                "partners would reach into the network that the service stands in",
            );
        }
        if self.mail_from.contains(".example") {
            return refuse("MAIL_FROM", "the domain is not a real one");
        }
        if self.controller.contact.contains(".example") {
            return refuse("CONTROLLER_CONTACT", "nobody reads there");
        }
        if self.hash_cost.memory_kib < 19_456 || self.hash_cost.iterations < 2 {
            return refuse("ARGON2_MEMORY_KIB", "passwords need at least 19456 KiB and 2 iterations");
        }
        if is_postgres(&self.database) && !is_postgres(&self.key_store) {
            return refuse("KEY_STORE_URL", "beside PostgreSQL the key store is a PostgreSQL of its own");
        }
        Ok(())
    }
}

fn is_postgres(store: &Settings) -> bool {
    Backend::of(store.url.expose_secret()).is_ok_and(|backend| backend == Backend::Postgres)
}

fn known(name: &str) -> Result<&'static str, ConfigError> {
    let setting = SETTINGS.iter().find(|setting| setting.name == name);
    setting.map(|setting| setting.name).ok_or_else(|| ConfigError::Unknown(name.to_owned()))
}

fn read_file(path: &Path) -> Result<Vec<(&'static str, String)>, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|_| ConfigError::File("it cannot be read"))?;
    let table: toml::Table = text.parse().map_err(|_| ConfigError::File("it is not TOML"))?;
    table
        .into_iter()
        .map(|(name, value)| {
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                _ => return Err(ConfigError::File("a value is neither a text nor a whole number")),
            };
            Ok((known(&name.to_uppercase())?, value))
        })
        .collect()
}

struct Source(BTreeMap<&'static str, String>);

impl Source {
    /// What is set, or else the table's default; `None` if both are empty.
    fn get(&self, name: &'static str) -> Option<&str> {
        let set = self.0.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let default = || SETTINGS.iter().find(|setting| setting.name == name).map(|setting| setting.default);
        set.or_else(|| {
            default().filter(|value| {
                !value.is_empty() && !value.contains("<DATA_DIR>") && !value.contains("<PUBLIC_URL>")
            })
        })
    }

    fn text(&self, name: &'static str) -> Result<String, ConfigError> {
        self.get(name).map(str::to_owned).ok_or(ConfigError::Invalid(name, "it is missing"))
    }

    fn secret(&self, name: &'static str) -> Option<SecretString> {
        self.get(name).map(SecretString::from)
    }

    fn parsed<T: std::str::FromStr>(&self, name: &'static str, why: &'static str) -> Result<T, ConfigError> {
        self.text(name)?.parse().map_err(|_| ConfigError::Invalid(name, why))
    }

    fn number(&self, name: &'static str, range: std::ops::RangeInclusive<u32>) -> Result<u32, ConfigError> {
        let number = self.parsed(name, "it is not a whole number")?;
        if range.contains(&number) {
            Ok(number)
        } else {
            Err(ConfigError::Invalid(name, "it is out of range"))
        }
    }

    fn list<T: std::str::FromStr>(&self, name: &'static str) -> Result<Vec<T>, ConfigError> {
        let items =
            self.get(name).unwrap_or_default().split(',').map(str::trim).filter(|item| !item.is_empty());
        items
            .map(|item| item.parse().map_err(|_| ConfigError::Invalid(name, "an item does not parse")))
            .collect()
    }

    fn transport(
        &self,
        channel: &'static str,
        gateway: [&'static str; 2],
        outbox: &Path,
    ) -> Result<TransportSettings, ConfigError> {
        match self.get(channel) {
            Some("file") => Ok(TransportSettings::File(outbox.to_owned())),
            Some("smtp") if channel == "MAIL" => Ok(TransportSettings::Smtp(self.text("SMTP_URL")?.into())),
            Some("gateway") => {
                let [url, token] = gateway;
                Ok(TransportSettings::Gateway { url: self.text(url)?, token: self.text(token)?.into() })
            }
            _ => Err(ConfigError::Invalid(channel, "it is none of the known ways")),
        }
    }
}

fn build(source: &Source) -> Result<Config, ConfigError> {
    let data_dir: PathBuf = source.text("DATA_DIR")?.into();
    let (database, key_store) = stores(source, &data_dir)?;
    let public_url = source.text("PUBLIC_URL")?.trim_end_matches('/').to_owned();
    let outbox = data_dir.join("outbox");
    Ok(Config {
        profile: match source.get("PROFILE") {
            Some("development") => Profile::Development,
            Some("production") => Profile::Production,
            _ => return Err(ConfigError::Invalid("PROFILE", "it is development or production")),
        },
        listen: source.parsed("LISTEN", "it is not ADDRESS:PORT")?,
        operator_listen: match source.get("OPERATOR_LISTEN") {
            Some("off") => None,
            _ => Some(source.parsed("OPERATOR_LISTEN", "it is not ADDRESS:PORT")?),
        },
        http: http(source, &public_url)?,
        key_file: source.get("KEY_FILE").map_or_else(|| data_dir.join("keys/master.keys"), PathBuf::from),
        database,
        database_owner: source.secret("DATABASE_MIGRATION_URL"),
        key_store,
        key_store_owner: source.secret("KEY_STORE_MIGRATION_URL"),
        hash_cost: HashCost {
            memory_kib: source.number("ARGON2_MEMORY_KIB", 8..=262_144)?,
            iterations: source.number("ARGON2_ITERATIONS", 1..=16)?,
        },
        abuse: abuse(source)?,
        staff_reads_per_hour: source.number("STAFF_READS_PER_HOUR", 1..=10_000)?,
        places: source.get("PLACES").map(PathBuf::from),
        files: files(source, &data_dir)?,
        kyc_files_days: source.number("KYC_FILES_DAYS", 0..=36_500)?,
        images: ImageSettings {
            program: source.get("IMAGE_PROGRAM").map(PathBuf::from),
            at_once: size(source.number("IMAGES_AT_ONCE", 1..=64)?),
        },
        link_page: source.get("LINK_PAGE").map_or_else(|| format!("{public_url}/links"), str::to_owned),
        mail: source.transport("MAIL", ["MAIL_GATEWAY_URL", "MAIL_GATEWAY_TOKEN"], &outbox)?,
        mail_from: source.text("MAIL_FROM")?,
        sms: source.transport("SMS", ["SMS_GATEWAY_URL", "SMS_GATEWAY_TOKEN"], &outbox)?,
        sms_from: source.text("SMS_FROM")?,
        smallest_group: source.number("SMALLEST_GROUP", SMALLEST_GROUP..=10_000)?,
        region: region(source)?,
        closed_accounts_days: source.number("CLOSED_ACCOUNTS_DAYS", 0..=3_650)?,
        erasure_grace: TimeDelta::days(source.number("ERASURE_GRACE_DAYS", 0..=30)?.into()),
        key_copies_live: TimeDelta::days(source.number("KEY_COPIES_LIVE_DAYS", 1..=90)?.into()),
        webhooks_to_private: source.parsed("WEBHOOKS_TO_PRIVATE", "it is `true` or `false`")?,
        controller: Controller {
            name: source.text("CONTROLLER_NAME")?,
            contact: source.text("CONTROLLER_CONTACT")?,
            url: public_url.clone(),
        },
        log_copy: source.get("LOG_COPY").map_or_else(|| data_dir.join("log"), PathBuf::from),
        log_format: match source.get("LOG_FORMAT") {
            Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            _ => return Err(ConfigError::Invalid("LOG_FORMAT", "it is text or json")),
        },
        log_level: source.text("LOG_LEVEL")?,
        public_url,
        data_dir,
    })
}

fn abuse(source: &Source) -> Result<AbuseLimits, ConfigError> {
    Ok(AbuseLimits {
        failures_per_network: source.number("FAILURES_PER_NETWORK", 1..=1_000_000)?,
        mails_per_network: source.number("MAILS_PER_NETWORK", 1..=1_000_000)?,
        sms_per_network: source.number("SMS_PER_NETWORK", 1..=1_000_000)?,
        sms_in_all: source.number("SMS_PER_HOUR", 1..=1_000_000)?,
    })
}

fn region(source: &Source) -> Result<Option<Region>, ConfigError> {
    let unknown = ConfigError::Invalid("WORKING_DAYS_OF", "it is not the code of a region");
    source.get("WORKING_DAYS_OF").map(|code| Region::parse(code).ok_or(unknown)).transpose()
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Where documents are kept.
fn files(source: &Source, data_dir: &Path) -> Result<FileSettings, ConfigError> {
    match source.get("FILES") {
        Some("folder") => {
            let folder = source.get("FILES_DIR").map_or_else(|| data_dir.join("files"), PathBuf::from);
            Ok(FileSettings::Folder(folder))
        }
        Some("s3") => Ok(FileSettings::S3(S3Settings {
            endpoint: source.text("S3_ENDPOINT")?,
            region: source.text("S3_REGION")?,
            bucket: source.text("S3_BUCKET")?,
            access_key_id: source.text("S3_ACCESS_KEY_ID")?,
            secret_access_key: source.text("S3_SECRET_ACCESS_KEY")?.into(),
        })),
        _ => Err(ConfigError::Invalid("FILES", "it is folder or s3")),
    }
}

/// The settings of the data and of the keys.
fn stores(source: &Source, data_dir: &Path) -> Result<(Settings, Settings), ConfigError> {
    let connections = source.number("DATABASE_CONNECTIONS", 1..=200)?;
    let store = |name: &'static str, file: &str, max_mib, holds_keys| {
        let default = || format!("sqlite:{}", data_dir.join(file).display());
        let url = source.get(name).map_or_else(default, str::to_owned);
        Backend::of(&url).map_err(|_| {
            ConfigError::Invalid(
                name,
                "it starts with sqlite: or postgres://, and asks for TLS only of a build that speaks it",
            )
        })?;
        let connections = usize::try_from(connections).unwrap_or(8);
        Ok(Settings { url: SecretString::from(url), connections, max_mib, holds_keys })
    };
    let max_mib =
        source.get("SQLITE_MAX_MIB").map(|_| source.number("SQLITE_MAX_MIB", 1..=1_000_000)).transpose()?;
    let database = store("DATABASE_URL", "smart-mining.db", max_mib, false)?;
    let key_store = store("KEY_STORE_URL", "keys/keys.db", None, true)?;
    if database.url.expose_secret() == key_store.url.expose_secret() {
        return Err(ConfigError::Invalid("KEY_STORE_URL", "keys must not lie beside the data they open"));
    }
    Ok((database, key_store))
}

fn http(source: &Source, public_url: &str) -> Result<HttpConfig, ConfigError> {
    let url =
        reqwest::Url::parse(public_url).map_err(|_| ConfigError::Invalid("PUBLIC_URL", "it is not a URL"))?;
    let host = url.host_str().ok_or(ConfigError::Invalid("PUBLIC_URL", "it names no host"))?;
    let mut allowed_hosts: Vec<String> = source.list("ALLOWED_HOSTS")?;
    if allowed_hosts.is_empty() {
        allowed_hosts.push(host.to_owned());
        if host == "127.0.0.1" {
            allowed_hosts.push("localhost".to_owned());
        }
    }
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    Ok(HttpConfig {
        workers: match source.get("WORKERS") {
            Some(_) => size(source.number("WORKERS", 1..=1_024)?),
            None => cores,
        },
        max_connections: size(source.number("MAX_CONNECTIONS", 1..=1_000_000)?),
        shutdown_seconds: source.number("SHUTDOWN_SECONDS", 0..=600)?.into(),
        allowed_hosts,
        cors_origins: source.list("CORS_ORIGINS")?,
        trusted_proxies: source.list("TRUSTED_PROXIES")?,
        body_seconds: source.number("BODY_SECONDS", 1..=600)?.into(),
        upload_seconds: source.number("UPLOAD_SECONDS", 1..=3_600)?.into(),
        uploads_at_once: size(source.number("UPLOADS_AT_ONCE", 1..=1_000)?),
        rate_ordinary: source.number("RATE_ORDINARY", 1..=100_000_000)?,
        rate_costly: source.number("RATE_COSTLY", 1..=100_000_000)?,
        https: url.scheme() == "https",
        public_host: url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
        public_origin: url.origin().ascii_serialization(),
    })
}

/// `.env.example`, from the table above.
pub fn env_example() -> String {
    let intro = "# Every setting with its default. Copy what you change; an unknown name is refused.\n";
    let lines = SETTINGS.iter().map(|s| format!("\n# {}\n#{PREFIX}{}={}\n", s.help, s.name, s.default));
    std::iter::once(intro.to_owned()).chain(lines).collect()
}
